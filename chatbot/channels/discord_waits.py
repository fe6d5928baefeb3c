"""How long anything on Discord is waited for, in one place: tests shorten it, nothing waits without a bound."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds of real time."""

    defer: float = 1.5  # an answer that takes longer is announced; Discord gives up after 3
    answer: float = 15.0  # to bring an answer, once there is one
    post: float = 10.0  # to send one notice; half of it to connect
    login: float = 20.0
    hello: float = 20.0  # to open a connection to the gateway and say who we are
    silent: float = 60.0  # without a word from the gateway; its heartbeat is 41 s
    hang_up: float = 1.0  # for the other side to answer a close
    identify: float = 5.0  # between two IDENTIFYs, by Discord's rule
    steady: float = 60.0  # a connection that lasted this long was a good one
    again: float = 1.0  # before the third try in a row, then doubling
    again_max: float = 120.0  # 720 IDENTIFYs a day; Discord resets the token after 1,000
    mend: float = 300.0  # between tries of what only a person can mend
    lost: float = 60.0  # without a connection until people are told
    log: float = 5.0  # between two messages of log lines
    rival: float = 600.0  # within which two answers that somebody else gave are no chance

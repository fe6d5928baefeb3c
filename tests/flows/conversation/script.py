"""The words of a conversation: what people do at each step, and what they get to see on whichever channel it is.

Each step is one person's line or press, or nothing but market time passing; `sees` are words that the message which
then appears must have, all of them. What a platform cannot have (several people at one terminal, free typing on
Discord) is left out there and named; whatever only needs a higher role than the terminal's other people have is played
by its owner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["say", "press", "silence", "together", "live", "restart", "code"]
Need = Literal["people", "typing", "age"]  # several people; free text; lines that were sent a while ago


@dataclass(frozen=True, slots=True)
class Step:
    """`who` does `kind` with `what`: a line, or a button's label."""

    kind: Kind
    who: str = ""
    what: str = ""
    sees: tuple[str, ...] = ()
    needs: frozenset[Need] = frozenset()
    minutes: float = 0.0  # of market time, for `live`
    ago: float = 0.0  # seconds since it was sent
    own: bool = False  # its answer is the platform's own: only its title is the same everywhere

    def __str__(self) -> str:
        return " ".join(part for part in (self.who, self.kind, self.what or f"{self.minutes:g} min") if part)


def say(who: str, line: str, *sees: str, own: bool = False) -> Step:
    """A line, and what its answer has."""
    return Step("say", who, line, sees, own=own)


def typed(who: str, line: str, *sees: str) -> Step:
    """A line as phones and people type it, which no slash command can be."""
    return Step("say", who, line, sees, frozenset({"typing"}))


def refused(who: str, line: str, *sees: str) -> Step:
    """A line of somebody whose role does not allow it."""
    return Step("say", who, line, sees, frozenset({"people"}))


def late(who: str, line: str, seconds: float, *sees: str) -> Step:
    """A line that comes through long after it was sent."""
    return Step("say", who, line, sees, frozenset({"age"}), ago=seconds)


def press(who: str, label: str, *sees: str) -> Step:
    """A button, or an entry of a menu, of the newest message that has it."""
    return Step("press", who, label, sees)


def silence(who: str, line: str) -> Step:
    """A line that nobody is answered to, and that changes nothing."""
    return Step("silence", who, line, needs=frozenset({"people"}))


def together(first: str, second: str, line: str, *sees: str) -> Step:
    """Two people send the same line at the same moment, and both get an answer."""
    return Step("together", f"{first}+{second}", line, sees, frozenset({"people"}))


def live(minutes: float, *sees: str) -> Step:
    """Market time passes, and what comes of it by itself."""
    return Step("live", sees=sees, minutes=minutes)


def restart(*sees: str) -> Step:
    """The bot ends cleanly and starts again on the same folder."""
    return Step("restart", what="the bot", sees=sees)


def code(who: str, *sees: str, wrong: bool = False) -> Step:
    """The one-time code that a question waits for, or a wrong one."""
    return Step("code", who, "wrong" if wrong else "right", sees)


def by_owner(step: Step) -> Step:
    """The same step where there is nobody but the owner."""
    return replace(step, who="owner") if step.who and step.kind != "together" else step

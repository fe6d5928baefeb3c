"""Where a simulation puts its own parts in the place of the world's: elsewhere a bot is wired as people run it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from chatbot.access import Confirmations
from chatbot.config import Settings, load
from chatbot.front import Front
from chatbot.life.marker import MARKER, leave, take
from chatbot.outbox.channel import Channel
from trading.clock import real_now
from trading.domain.intent import View
from trading.engine.broker import Broker
from trading.engine.cycle import no_log
from trading.engine.desk import Desk
from trading.ports import IntentLog
from trading.strategies import Strategy

ChannelMaker = Callable[[Settings, Front, Desk, Callable[[str], None]], Sequence[Channel]]
log = logging.getLogger("kalshi-chatops")


def no_channels(settings: Settings, front: Front, desk: Desk, told: Callable[[str], None]) -> Sequence[Channel]:
    """Nobody to talk to."""
    return ()


@dataclass(frozen=True, slots=True)
class Seams:
    """`mark` keeps a halt where the store cannot, `take` gives one so kept to the broker. `now` is real time, for what
    people and networks do. `strategies` trade beside those of the settings, `paper` on paper alone; `intent_log` is
    told what all of them wish. `installation` is the id of a data folder that has none yet, made at random where it is
    empty; `reread` reads the settings again."""

    mark: Callable[[str], None]
    take: Callable[[Broker], None]
    channels: ChannelMaker = no_channels
    on_beat: Callable[[View], None] | None = None
    strategies: Sequence[Strategy] = ()
    paper: Sequence[Strategy] = ()
    intent_log: IntentLog = no_log
    installation: str = ""
    now: Callable[[], datetime] = real_now
    confirmations: Callable[[], Confirmations] = Confirmations
    reread: Callable[[], Settings] = load
    jitter: Random = field(default_factory=Random)


def marking(folder: Path) -> tuple[Callable[[str], None], Callable[[Broker], None]]:
    """`mark` and `take` of the marker in a data folder."""
    where = folder / MARKER
    return lambda by: _mark(where, by), lambda broker: take(where, broker)


def _mark(where: Path, by: str) -> None:
    """The disk may refuse the marker too, and then memory alone has the halt."""
    try:
        leave(where, by)
    except OSError as error:
        log.error("the halt could not be marked in %s: %s", where, error)

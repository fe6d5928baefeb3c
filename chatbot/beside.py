"""What commands are given beside the desk: one object for a running bot, wired in `app`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from chatbot.access import Access
from chatbot.backtests import Play, unplayable
from chatbot.charts.drawing import Draw, undrawable
from chatbot.knocks import Knocks
from chatbot.locking import Lock
from chatbot.program import Program
from chatbot.rules import Rules

Words = Callable[[], Sequence[str]]  # all that could stand there now, the likeliest first


@dataclass(frozen=True, slots=True)
class Beside:
    """`zone` is the owner's time zone; `words` complete arguments, by the source that a parameter names; `knocks` are
    people on no list who wrote, `rules` how people are told, `draw` makes pictures, `backtest` plays the past."""

    version: str
    zone: tzinfo
    access: Access
    lock: Lock
    words: Mapping[str, Words] = field(default_factory=dict)
    knocks: Knocks = field(default_factory=Knocks)
    rules: Rules = field(default_factory=Rules)
    draw: Draw = undrawable
    backtest: Play = unplayable
    program: Program = field(kw_only=True)

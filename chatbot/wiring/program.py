"""The running program, wired for the chat: what may be seen of it, and which settings can change while it runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from chatbot.access import Access
from chatbot.config import Settings
from chatbot.life.housekeeping import Housekeeping
from chatbot.life.reloading import Reloading, Taker
from chatbot.rules import Rules
from chatbot.wiring.engine import LIMITS, Engine, limits, most_fills
from chatbot.wiring.people import roles_of
from chatbot.wiring.strategies_file import file_rows, plan
from chatbot.wiring.strategies_values import Rows
from storage.store import TinyStore
from trading.engine.reports import Digests
from trading.strategies import Strategy

STAKE = "stake_usd"
PEOPLE = ("telegram_users_text", "discord_users_text")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a setting is part of, beside the engine."""

    access: Access
    rules: Rules
    digests: Digests


def program_of(
    settings: Settings,
    store: TinyStore,
    engine: Engine,
    parts: Parts,
    reread: Callable[[], Settings],
) -> Housekeeping:
    """What commands may ask of the program; `reread` reads the settings again."""
    rows = file_rows(settings)

    def checked() -> tuple[Settings, Sequence[str]]:
        now = reread()
        read = file_rows(now)
        plan(now, read)  # a strategies file that has become wrong is refused before anything is taken
        edited = now.strategies_file == settings.strategies_file and read != rows
        return now, (f"STRATEGIES_FILE ({now.strategies_file} was edited)",) if edited else ()

    reloading = Reloading(settings, checked, takers(engine, parts, rows))
    return Housekeeping(reloading, store, engine.cycle.broker, parts.access)


def takers(engine: Engine, parts: Parts, rows: Rows) -> Mapping[str, Taker]:
    """What takes each setting that may change while the bot runs, by its field. `rows` are those of the strategies file
    as the bot began with it: an edited one waits for a restart, whole."""
    cycle, broker = engine.cycle, engine.cycle.broker

    def take_limits(now: Settings) -> None:
        broker.limits = limits(now, rows)
        if engine.fill_cap:
            engine.fill_cap.allow(most_fills(now))

    def take_stake(now: Settings) -> None:
        named = {each.name: each.strategy for each in plan(now, rows).assigned}
        cycle.strategies = tuple(_staking_as(named.get(each.name), each) for each in cycle.strategies)

    def take_people(now: Settings) -> None:
        parts.access.settle(roles_of(now))

    def take_rules(now: Settings) -> None:
        parts.rules.configure(now.notify)

    def take_hour(now: Settings) -> None:
        parts.digests.hour = now.digest_time

    def take_log_level(now: Settings) -> None:
        logging.getLogger().setLevel(now.log_level)

    return {
        **dict.fromkeys(LIMITS, take_limits),
        **dict.fromkeys(PEOPLE, take_people),
        STAKE: take_stake,
        "notify": take_rules,
        "daily_digest_at": take_hour,
        "log_level": take_log_level,
    }


def _staking_as(configured: Strategy | None, running: Strategy) -> Strategy:
    """The running strategy with the configured stake, and nothing else of a file that may have changed meanwhile."""
    if configured is None or not hasattr(configured, STAKE):
        return running
    return cast(Strategy, replace(cast(Any, running), **{STAKE: getattr(configured, STAKE)}))

"""The scanner, wired: it lists what the adapter lists, and has a job of its own where it is among the strategies."""

from __future__ import annotations

import logging
from typing import cast

from chatbot.config import Settings
from chatbot.wiring.places import Places
from chatbot.wiring.strategies_file import plan
from trading.engine.assigned import Assigned
from trading.engine.cycle import Cycle
from trading.engine.scanning import Pass, Scanning
from trading.strategies import Strategy

log = logging.getLogger("kalshi-chatops")


def scanning_of(settings: Settings, places: Places, cycle: Cycle) -> Scanning | None:
    """The scanner of a bot; None where a recording is played, which lists nothing. Raises Misconfigured."""
    kalshi, scanner = places.kalshi, plan(settings).scanner
    if kalshi is None:
        return None
    running = scanner.name in settings.strategies
    if running:
        cycle.jobs = (*cycle.jobs, Assigned(cast(Strategy, scanner), ()))
    return Scanning(cycle.account, kalshi.open_markets, kalshi.quotes, scanner, running=running, on_pass=log_pass)


def log_pass(passed: Pass) -> None:
    """One line a pass: what each layer kept, what it dropped, what came of the candidates, and the day's risk."""
    funnel = passed.funnel
    log.info(
        "scan",
        extra={
            "at": passed.began.isoformat(timespec="seconds"),
            "kept": dict(funnel.kept),
            "dropped": {f"{layer} {reason}": count for (layer, reason), count in funnel.dropped.most_common()},
            "candidates": [candidate.listed.market.ticker for candidate in funnel.candidates],
            "acted": dict(passed.acted),
            "risked_usd": str(passed.risked),
            "seconds": round(passed.seconds, 2),
        },
    )

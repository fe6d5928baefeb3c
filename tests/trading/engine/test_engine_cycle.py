"""The beat's own watch: over the clock, the cash of the shard, and what a refusal says about the world."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import cast

import pytest

from tests.trading.build import TICKER, market, quote
from tests.trading.engine.rig import START, WISH, Rig, rig
from trading.domain.error_counts import ERROR_REPEAT_AFTER
from trading.domain.errors import Rejected, Unavailable
from trading.domain.events import ErrorSeen
from trading.domain.intent import Decision, View
from trading.domain.market import LINEAR_CENT
from trading.domain.order import Balance, Mode
from trading.domain.records import Notice
from trading.domain.state import ErrorTold, Reason
from trading.engine.cash import CASH_SECONDS
from trading.strategies.base import Strategy


class Wishing:
    """A strategy that always wishes the same."""

    name = "consensus"

    def on_tick(self, view: View) -> Decision:
        return Decision(intents=(WISH,))


def wishing(r: Rig, refusal: Rejected) -> None:
    r.cycle.strategies = (cast(Strategy, Wishing()),)
    r.real.on_place, r.real.lands = [refusal], False


async def beats(r: Rig, count: int = 1) -> None:
    for _ in range(count):
        r.real.quotes[TICKER] = quote(at=r.clock.now())
        await r.cycle.beat()
        r.clock.advance_to(r.clock.now() + timedelta(seconds=5))


async def told_of_the_clock(r: Rig, *skews: float | None) -> list[bool]:
    """Whether the clock stands among the problems after a beat with each skew, in seconds."""
    found = []
    for skew in skews:
        r.cycle._skew = lambda now=skew: now  # type: ignore[misc]
        await r.cycle.beat()
        found.append("clock:skew" in r.cycle.pulse.problems)
    return found


async def test_a_wrong_clock_is_a_problem_until_it_is_right_again() -> None:
    r = rig()
    assert await told_of_the_clock(r, None, 1.9, -2.1, -1.8, -1.4, 1.8) == [False, False, True, True, False, False]


async def test_a_wrong_clock_is_told_once_with_the_way_and_the_fix() -> None:
    r = rig()
    await told_of_the_clock(r, 3.2, 3.3, 3.1)
    errors = [n for n in r.store.rows["outbox"].values() if isinstance(n, Notice) and n.kind == "ErrorSeen"]
    assert len(errors) == 1
    assert r.cycle.pulse.problems["clock:skew"] == (
        "this machine's clock is 3.1 s behind the exchange's: keep it right by NTP"
    )


async def test_a_pause_that_a_refusal_tells_of_is_seen_in_the_next_beat() -> None:
    r = rig()
    wishing(r, Rejected("trading_is_paused", "", 409))
    await beats(r)
    r.real.trading_active = False
    assert Reason.EXCHANGE_PAUSED not in r.book.state.halts
    await beats(r)
    assert Reason.EXCHANGE_PAUSED in r.book.state.halts
    r.real.trading_active = True
    r.clock.advance_to(START + timedelta(minutes=2))
    await beats(r)
    assert Reason.EXCHANGE_PAUSED not in r.book.state.halts, "it goes on by itself"


@pytest.mark.parametrize(("code", "listed_again"), [("invalid_parameters", True), ("insufficient_balance", False)])
async def test_a_price_off_the_grid_reads_the_grid_again(code: str, listed_again: bool) -> None:
    r = rig()
    wishing(r, Rejected(code, "", 400))
    await beats(r)
    r.real.known[market().ticker] = market(price_ranges=LINEAR_CENT)
    await beats(r)
    known = r.cycle.observer.view and r.cycle.observer.view.market
    assert known
    assert (known.price_ranges == LINEAR_CENT) is listed_again


async def test_cash_is_read_once_a_minute_and_after_what_moves_it() -> None:
    r = rig()
    await beats(r, 3)
    assert r.real.calls.count("balance") == 1
    assert r.broker.cash.shards == {2: Decimal(1000)}
    r.clock.advance_to(START + timedelta(seconds=CASH_SECONDS + 1))
    await beats(r)
    assert r.real.calls.count("balance") == 2
    await r.submit()
    await beats(r)
    assert r.real.calls.count("balance") == 3


async def test_cash_that_could_not_be_read_is_asked_for_again() -> None:
    r = rig()
    r.real.down = Unavailable("gone")
    with pytest.raises(Unavailable):
        await r.broker.cash.read()
    r.real.down = None
    await r.broker.cash.read()
    assert r.broker.cash.shards == {2: Decimal(1000)}


async def test_a_shard_that_is_short_keeps_the_order_at_home() -> None:
    r = rig()

    async def poor() -> Balance:
        return Balance(Decimal(1000), {0: Decimal(999), 2: Decimal(1)})

    r.real.balance = poor  # type: ignore[method-assign]
    wishing(r, Rejected("never", ""))
    await beats(r)
    assert "place" not in r.real.calls
    window = r.cycle.windows.current["consensus", "KXBTC15M"]
    assert (window.reason, "shard 2 has $1.00" in window.detail) == ("denied:low_cash", True)


async def test_a_dry_run_asks_for_no_cash() -> None:
    r = rig(mode=Mode.DRY_RUN)
    await beats(r)
    assert "balance" not in r.real.calls


@pytest.mark.parametrize("fails", [False, True])
async def test_a_beat_alone_says_how_often_an_error_came_again(fails: bool) -> None:
    r = rig()
    r.book.record(ErrorSeen(START, "stream", "cut"), ErrorSeen(START, "stream", "cut"))
    r.clock.advance_to(START + ERROR_REPEAT_AFTER - timedelta(seconds=1))
    await r.cycle.beat()
    assert r.told().count("ErrorsCounted") == 0
    if fails:
        r.cycle.observer.look = None  # type: ignore[assignment, method-assign]
    r.clock.advance_to(START + ERROR_REPEAT_AFTER)
    for _ in range(2):
        await r.cycle.beat()
    assert r.told().count("ErrorsCounted") == 1
    assert r.book.state.errors["stream"] == ErrorTold(START + ERROR_REPEAT_AFTER, "cut")

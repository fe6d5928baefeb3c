"""The bench of many trades: the bots have them, some in archives, and the answers that are measured are the right ones.
No figure is judged, only its shape."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from chatbot.tools.bench.deals import SERIES
from chatbot.tools.bench.filling import aged
from chatbot.tools.bench.many_trades import DEEP, EXPORT, FLAT, LONG, LONG_TIMES, ask, bot, many_trades
from chatbot.tools.bench.passes import AT, measured
from storage.store import TinyStore
from trading.clock import monotonic
from trading.domain.errors import Unavailable
from trading.domain.trade import Trade

FEW, MANY, ROUNDS = 15, 400, 2
BEFORE = AT - timedelta(hours=6)  # what ended before that is archived here, in the place of three months


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trades are archived after some hours; and what `steady` does is for good."""

    monkeypatch.setattr("chatbot.tools.bench.filling.archive_before", lambda now, zone: BEFORE)
    monkeypatch.setattr("chatbot.tools.bench.many_trades.steady", lambda: None)
    monkeypatch.setattr("chatbot.tools.bench.many_trades.WARM_UP", 1)


def test_old_trades_stand_in_the_archives_and_the_rest_in_the_store(tmp_path: Path) -> None:
    aged(tmp_path, MANY, AT)
    store = TinyStore.open(tmp_path)
    kept, gone = (cast(list[Trade], rows) for rows in (store.select("trades"), store.archived("trades")))
    assert len({trade.trade_id for trade in (*kept, *gone)}) == len(kept) + len(gone) == MANY
    assert kept
    assert gone
    assert all(trade.closed_at and trade.closed_at >= BEFORE for trade in kept)
    assert all(trade.closed_at and trade.closed_at < BEFORE for trade in gone)
    assert max(trade.closed_at for trade in kept if trade.closed_at) <= AT
    assert {trade.ticker.partition("-")[0] for trade in kept} == set(SERIES)
    for table in ("orders", "fills", "settlements", "windows"):
        assert (store.count(table), len(store.archived(table))) == (len(kept), len(gone))
    store.close()


async def test_every_line_is_measured_at_both_sizes(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    rows = {row["name"]: row for row in await many_trades(tmp_path, ROUNDS, lambda *d: told.append(d), (FEW, MANY))}
    count = len(FLAT) * (ROUNDS + 1) + len(LONG) * LONG_TIMES
    assert told == [(n + 1, count) for n in range(count)]
    for line in (*FLAT, *LONG):
        name = f"{line.format(oldest='to the oldest')} at {MANY} trades"
        time, block = rows.pop(f"{name}, beside {FEW}"), rows.pop(f"{name}, longest block of the loop")
        assert min(time["value"], time["limit"], block["value"]) > 0
        expected = pytest.approx(2 * time["limit"], abs=0.002) if line in FLAT else None
        assert time["reach"] == expected
        assert (block["limit"], block["reach"]) == (None, 20)
    [exported] = rows
    assert exported == f"{EXPORT} at {MANY} trades, beside {FEW}"
    assert (tmp_path / "trades.csv").read_text().count("\n") == MANY + 1


async def test_the_answers_are_about_all_trades(tmp_path: Path) -> None:
    async with bot(tmp_path, MANY) as app:
        desk = app.desk
        assert app.cycle.observer.view
        assert app.cycle.observer.view.market
        assert 0 < app.store.count("trades") < MANY
        everything, sums, oldest = (
            await desk.performance("all"),
            await desk.pnl("all"),
            await desk.trades(10, MANY - 10),
        )
        assert everything.tally.trades == sums.totals.trades == oldest.total == MANY
        assert everything.tally.profit == sums.totals.profit
        assert len(oldest.trades) == 10
        assert oldest.trades[-1].opened_at < BEFORE
        assert (await ask(app, "/export"))["bytes"] > MANY * 150
        assert (await ask(app, DEEP.format(oldest=MANY - 10)))["title"].startswith("Trades")
        with pytest.raises(Unavailable, match=r"/trades 1000 is not done"):
            await ask(app, "/trades 1000")


async def test_a_block_counts_also_where_the_work_never_gives_way() -> None:
    async def work() -> dict[str, object]:
        until = monotonic() + 0.03
        while monotonic() < until:
            pass
        return {"done": True}

    seen = await measured(work)
    assert seen["done"]
    assert seen["block"] >= 0.028

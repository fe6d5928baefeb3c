"""The metrics: what is counted from which events, how things stand, and what never gets into a label."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chatbot.app import build
from chatbot.config import load
from chatbot.life.life import App
from chatbot.life.watchdog import Watchdog
from chatbot.tools.demo import EPOCH
from chatbot.tools.watching import BEAT, LOOP
from chatbot.watch.metrics import NAME, Metrics
from chatbot.watch.probes import BotProbe
from tests.trading.build import TICKER, fill, order
from trading.clock import VirtualClock, monotonic
from trading.domain.events import (
    CancelRequested,
    ErrorSeen,
    HaltCleared,
    HaltRaised,
    MarketSettled,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    OrderUnresolved,
    Started,
)
from trading.domain.intent import Intent
from trading.domain.market import Outcome
from trading.domain.order import Mode, OrderStatus
from trading.domain.state import Reason

ORDER = order()
TOKEN = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFake0"
BLOCK_SECONDS_MAX = 0.02  # of the loop
NAMES = re.compile(rf"(?:{NAME}|process)_[a-z_]+")


def samples(text: bytes) -> dict[str, float]:
    """Every sample as it is written, without what the process itself takes."""
    found = (each for family in text_string_to_metric_families(text.decode()) for each in family.samples)
    return {_written(s.name, s.labels): s.value for s in found if s.name.startswith(NAME)}


def _written(name: str, labels: dict[str, str]) -> str:
    inner = ",".join(f"{key}={value}" for key, value in labels.items())
    return name.removeprefix(f"{NAME}_") + (f"{{{inner}}}" if inner else "")


def changed(metrics: Metrics, before: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in samples(metrics.text()).items() if value != before[name]}


@pytest.mark.parametrize(
    ("event", "counted"),
    [
        (OrderIntended(EPOCH, ORDER), {"orders_total{mode=real}": 1}),
        (
            OrderRejected(EPOCH, "k", "insufficient_balance", ""),
            {"order_rejections_total{code=insufficient_balance}": 1},
        ),
        (OrderRejected(EPOCH, "k", "never heard of", ""), {"order_rejections_total{code=other}": 1}),
        (OrderUnresolved(EPOCH, "k", "timeout"), {"orders_unresolved_total": 1}),
        (CancelRequested(EPOCH, "k", "late"), {"cancels_total": 1}),
        (
            OrderFilled(EPOCH, replace(fill(ORDER, "2.5", fee="0.10"), mode=Mode.DRY_RUN)),
            {
                "fills_total{mode=dry_run}": 1,
                "filled_contracts_total{mode=dry_run}": 2.5,
                "fees_usd_total{mode=dry_run}": 0.1,
            },
        ),
        (MarketSettled(EPOCH, TICKER, Mode.REAL, "yes", Decimal(1)), {"settlements_total{mode=real}": 1}),
        (HaltRaised(EPOCH, Reason.DAY_LOSS, "engine"), {"halts_total{reason=day_loss}": 1}),
        (ErrorSeen(EPOCH, "market data of KXETH15M:quote", "x"), {"errors_total{part=market data}": 1}),
        (ErrorSeen(EPOCH, f"channel: {TICKER} {TOKEN}", "x"), {"errors_total{part=channel}": 1}),
        (ErrorSeen(EPOCH, TICKER, "x"), {"errors_total{part=other}": 1}),
        (Started(EPOCH, Mode.REAL, "demo"), {}),
    ],
)
def test_each_event_counts_what_it_is(event: object, counted: dict[str, float]) -> None:
    metrics = Metrics("simulated")
    before = samples(metrics.text())
    metrics.count([event])  # type: ignore[list-item]
    assert changed(metrics, before) == counted
    assert TICKER not in metrics.text().decode()


def test_what_never_happened_is_zero_and_not_missing() -> None:
    told = samples(Metrics("simulated").text())
    assert told["fills_total{mode=real}"] == told["halts_total{reason=manual}"] == 0
    assert told["environment_info{environment=simulated}"] == 1


# --- a bot ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    settings = {
        "DATA_DIR": str(tmp_path),
        "KALSHI_ENV": "simulated",
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_CHAT_ID": "7",
    }
    made = await build(load(None, settings), clock=VirtualClock(EPOCH))
    yield made
    await made.stop("the end")


@pytest.fixture
def probe(app: App) -> BotProbe:
    dog = Watchdog({LOOP: 5.0, BEAT: 60.0}, [])
    dog.hear(BEAT)
    return BotProbe(app, dog)


async def test_a_bot_at_work_tells_how_it_stands(app: App, probe: BotProbe) -> None:
    await app.start()
    await app.beat()
    told = samples(await probe.metrics())
    assert told["trading_state{state=ACTIVE}"] == 1
    assert told["trading_state{state=HALTED}"] == 0
    assert (told["dry_run"], told["open_orders"], told["day_profit_usd"]) == (0, 0, 0)
    assert told["cash_usd"] == 2000
    assert told["beat_seconds_count"] == 1
    assert told["beat_seconds_sum"] == pytest.approx(app.cycle.pulse.seconds)
    assert told["exchange_requests_total{lane=reads,outcome=ok}"] > 3
    assert "rate_tokens{bucket=read}" in told
    assert told["commit_seconds_count"] > 0
    assert told["store_rows{table=outbox}"] == app.store.count("outbox")
    assert 0 <= told["last_beat_age_seconds"] < 60


async def test_a_halt_and_its_end_are_seen(app: App, probe: BotProbe) -> None:
    app.book.record(HaltRaised(EPOCH, Reason.MANUAL, "Ann"))
    app.book.record(HaltRaised(EPOCH, Reason.MANUAL, "Bo"))  # which changes nothing
    told = samples(await probe.metrics())
    assert (told["trading_state{state=HALTED}"], told["halt{reason=manual}"]) == (1, 1)
    assert told["halts_total{reason=manual}"] == 1
    app.book.record(HaltCleared(EPOCH, Reason.MANUAL, "Ann"))
    assert samples(await probe.metrics())["halt{reason=manual}"] == 0


async def test_denials_are_counted_by_the_gates_code(app: App, probe: BotProbe) -> None:
    wish = Intent("consensus", TICKER, Outcome.YES, Decimal("0.50"), Decimal(1), "why")
    for _ in range(2):
        await app.cycle.broker.submit(wish, None, None)
    assert samples(await probe.metrics())["denials_total{code=market_closed}"] == 2


async def test_names_are_as_prometheus_wants_them_and_no_label_names_anybody(app: App, probe: BotProbe) -> None:
    await app.start()
    app.book.record(OrderIntended(EPOCH, replace(ORDER, created_at=EPOCH)))
    app.book.record(ErrorSeen(EPOCH, "stranger", "somebody: @mallory 6660666066606660666"))
    text = (await probe.metrics()).decode()
    assert 'kalshi_chatops_orders_total{mode="real"} 1.0' in text
    for family in text_string_to_metric_families(text):
        assert NAMES.fullmatch(family.name), family.name
        assert family.documentation.endswith("."), family.name
        for sample in family.samples:
            if family.type == "counter":
                assert sample.name.endswith("_total"), sample.name
            assert len(sample.labels) <= 2, sample
    for word in (TICKER, "mallory", "6660666066606660666", TOKEN, app.settings.kalshi_event_ticker_prefix, "k1-a"):
        assert word not in text


async def test_a_scrape_does_not_hold_up_the_loop_and_asks_nobody(app: App, probe: BotProbe) -> None:
    await app.start()
    orders = [
        replace(ORDER, client_order_id=f"k{n}", order_id=f"o{n}", status=OrderStatus.RESTING, created_at=EPOCH)
        for n in range(500)
    ]
    app.book.state = replace(app.book.state, orders={each.client_order_id: each for each in orders})
    assert app.places.kalshi
    requests = app.places.kalshi.traffic.counts.total()
    took: list[float] = []
    for _ in range(9):
        began = monotonic()
        text = await probe.metrics()
        took.append(monotonic() - began)
    assert samples(text)["open_orders"] == 500
    assert sorted(took)[len(took) // 2] < BLOCK_SECONDS_MAX
    assert app.places.kalshi.traffic.counts.total() == requests
    app.book.state = replace(app.book.state, orders={})


async def test_what_waits_for_a_channel_is_told_by_its_name(tmp_path: Path) -> None:
    from fakes_outbox import FakeChannel

    clock = VirtualClock(EPOCH)
    settings = load(None, {"DATA_DIR": str(tmp_path), "KALSHI_ENV": "simulated"})
    app = await build(settings, clock=clock, channels=lambda *_: (FakeChannel("telegram"),))
    app.book.record(HaltRaised(EPOCH, Reason.MANUAL, "Ann"))
    clock.advance_to(EPOCH + timedelta(seconds=90))
    told = samples(await BotProbe(app, Watchdog({}, [])).metrics())
    assert told["outbox_queued{channel=telegram}"] == 1
    assert told["outbox_oldest_seconds{channel=telegram}"] == 90
    assert told["channel_up{channel=telegram}"] == 1
    delivering = asyncio.create_task(app.outbox.run())
    await app.stop("the end")
    delivering.cancel()

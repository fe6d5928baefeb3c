"""Made-up pages of the desk, and what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from trading.domain.events import WindowPassed
from trading.domain.market import Level, Market, MarketStatus, Outcome, Quote, Tick
from trading.domain.money import ZERO
from trading.domain.order import Fill, Mode, Order, OrderStatus, Side
from trading.domain.report import Report
from trading.domain.signal import Signal
from trading.domain.state import Halt, Reason, TradingState
from trading.domain.statistics import UNCOUNTED, by_hour, by_price, by_signals, grouped, sentence, tally_of
from trading.domain.trade import Trade, TradeOutcome
from trading.engine import pages, pages_figures, pages_scan

NOW = datetime(2026, 10, 3, 14, 5, 9, tzinfo=UTC)
TICKER = "KXBTC15M-26OCT031015-15"


def d(text: str | int) -> Decimal:
    return Decimal(text)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


LABEL = pages.Label("attic", "simulated", Mode.REAL, NOW)
MARKET = Market(
    TICKER, "KXBTC15M-26OCT031015", ago(309), ago(-591), MarketStatus.ACTIVE, strike=d("67123.45"), title="BTC up?"
)
QUOTE = Quote(TICKER, ago(2), Level(d("0.50"), d(120)), Level(d("0.51"), d(80)))
TICK = Tick("BRTI", d("67140.12"), ago(1))


def trade(n: int = 0, **changed: Any) -> Trade:
    """A trade that won: nine YES at 51 cents."""
    made = Trade(
        trade_id=f"kc-{n}",
        mode=Mode.REAL,
        strategy="consensus",
        ticker=TICKER,
        side=Outcome.YES,
        opened_at=ago(1800 + 900 * n),
        close_time=ago(900 * (n + 1)),
        limit_price=d("0.51"),
        ordered=d(9),
        contracts=d(9),
        cost=d("4.59"),
        cash=d("-4.59"),
        position=d(9),
        fees=d("0.1575"),
        outcome=TradeOutcome.WIN,
        payout=d(9),
        profit=d("4.2525"),
        closed_at=ago(900 * (n + 1) - 5),
    )
    return replace(made, **changed)


def order(**changed: Any) -> Order:
    """Nine YES at 51 cents, resting."""
    made = Order(
        client_order_id="kc-0",
        mode=Mode.REAL,
        strategy="consensus",
        ticker=TICKER,
        side=Side.BID,
        price=d("0.51"),
        count=d(9),
        status=OrderStatus.RESTING,
        created_at=ago(12),
        updated_at=ago(12),
        close_time=ago(-591),
        order_id="0f4b5c9e-3d21-4a57-9d4e-8c0e6f1a2b3c",
        why="both say yes",
    )
    return replace(made, **changed)


def status_page(**changed: Any) -> pages.StatusPage:
    made = pages.StatusPage(
        label=LABEL,
        trading=TradingState.ACTIVE,
        halts=(),
        strategies=("consensus",),
        market=MARKET,
        quote=QUOTE,
        tick=TICK,
        day_profit=d("12.4037"),
        at_risk=d("4.7475"),
        open_trades=1,
        live_orders=1,
        unknown_orders=0,
        last_beat=ago(2),
        poll_seconds=5.0,
        notices_queued=0,
    )
    return replace(made, **changed)


MANUAL = Halt(Reason.MANUAL, ago(300), "Ann (telegram:1)", "killed")
STALE_FEED = Halt(Reason.STALE_FEED, ago(30), "", "no spot for 31 s")


def all_trades() -> tuple[Trade, ...]:
    """Newest first: one of each kind, with wide figures."""
    return (
        trade(0, outcome=TradeOutcome.OPEN),
        trade(1),
        trade(2, outcome=TradeOutcome.LOSS, side=Outcome.NO, profit=d("-4.7475"), contracts=d("10.5")),
        trade(3, outcome=TradeOutcome.SCALAR, profit=d("0.25")),
        trade(4, outcome=TradeOutcome.CORRECTED, profit=d("-1000.1")),
        trade(5, outcome=TradeOutcome.UNFILLED, contracts=d(0)),
    )


FILL = Fill(
    "f-1", order().order_id, TICKER, Side.BID, d("0.51"), d(9), d("0.1575"), True, ago(11), client_order_id="kc-0"
)


def performance_page(trades: Sequence[Trade], **changed: Any) -> pages_figures.PerformancePage:
    """What these trades say, as the desk works it out."""
    tally = tally_of(trades)
    made = pages_figures.PerformancePage(
        label=LABEL,
        period="all",
        start=None,
        strategies=("consensus",),
        tally=tally,
        sentence=sentence(tally),
        signals=tuple(grouped(trades, by_signals).items()),
        prices=tuple(grouped(trades, by_price).items()),
        hours=tuple(grouped(trades, by_hour(UTC)).items()),
    )
    return replace(made, **changed)


def report_of(period: str, **changed: Any) -> Report:
    """A day with one of each kind of trade, and two halts."""
    made = Report(
        period=period,
        mode=Mode.REAL,
        since=ago(86_400),
        until=NOW,
        tally=tally_of(all_trades()),
        today=d("12.4037"),
        open_trades=1,
        at_risk=d("4.7475"),
        halts=(("stale_feed", 2), ("manual", 1)),
        stands=("manual",),
        strategies=(("consensus", True), ("momentum", False)),
        audit=(12, "3fa8c1d2e4b5" * 5),
    )
    return replace(made, **changed)


def equity_page(trades: Sequence[Trade]) -> pages.EquityPage:
    """The curve of those that closed and bought something, on one day."""
    closed = [t for t in reversed(trades) if t.outcome not in UNCOUNTED and t.closed_at]
    days = ((NOW.date(), sum((t.profit for t in closed), ZERO)),) if closed else ()
    return curve([(t.closed_at, t.profit) for t in closed if t.closed_at], period="all", days=days)


def curve(profits: Sequence[tuple[datetime, Decimal]], **changed: Any) -> pages.EquityPage:
    """What trades that closed at these moments came to together."""
    sums = list(accumulate((profit for _, profit in profits), initial=ZERO))
    made = pages.EquityPage(
        label=LABEL,
        period="week",
        mode=Mode.REAL,
        closes=[at for at, _ in profits],
        sums=[float(total) for total in sums],
        total=sums[-1],
        lowest=min(sums),
        highest=max(sums),
    )
    return replace(made, **changed)


def samples() -> tuple[pages.Sample, ...]:
    """Five minutes of a market that rises with its spot."""
    return tuple(
        pages.Sample(ago(300 - 5 * n), d(67100 + n), d(40 + n // 4) / 100, d(42 + n // 4) / 100) for n in range(60)
    )


def scan_page(**changed: Any) -> pages_scan.ScanPage:
    """Twelve candidates, more than are shown, of markets with long names."""
    finds = tuple(
        pages_scan.Find(
            f"KXNBATOTAL-26NOV2217ACDZ-L{n:02}",
            "Basketball total points ACDZ 83",
            Outcome.NO if n % 2 else Outcome.YES,
            d("0.771"),
            d(6),
            d("4.7002"),
            ago(-7_200 * n - 3_600),
            "yes at 0.7710, spread 0.0050, 121,601 contracts in 24 h",
        )
        for n in range(12)
    )
    layers = (
        pages_scan.Layer("hydrate", 15_002, (("not_open", 553),)),
        pages_scan.Layer("band", 3_701, (("price", 6_956), ("one_sided", 4_345))),
        pages_scan.Layer("validation", 223, (("volume", 1_768), ("spread", 1_596), ("far", 114))),
        pages_scan.Layer("risk", 12, (("cap", 211),)),
    )
    made = pages_scan.ScanPage(LABEL, layers, finds, d("9.4004"), d(50), 2.7)
    return replace(made, **changed)


def market_page(**changed: Any) -> pages_figures.MarketPage:
    made = pages_figures.MarketPage(
        label=LABEL,
        market=MARKET,
        quote=QUOTE,
        tick=TICK,
        position=d(9),
        orders=(order(filled=d(9), status=OrderStatus.EXECUTED),),
        fills=(FILL,),
        trades=(trade(0, outcome=TradeOutcome.OPEN),),
        opinions=(pages_figures.Opinion("consensus", signals_page().signals, "ordered"),),
    )
    return replace(made, **changed)


def signals_page(**changed: Any) -> pages_figures.SignalsPage:
    reasons = ("", "disagree", "price_band", "denied:max_open_orders", "previous_contradicted", "something_new")
    windows = tuple(
        WindowPassed(ago(900 * n), "consensus", TICKER, ago(900 * n), Mode.REAL, n < 3, not reason, reason)
        for n, reason in enumerate(reasons)
    )
    signals = (
        Signal("previous", Outcome.YES, ago(309), "67,100.10 -> 67,123.45"),
        Signal("momentum", None, ago(1), "67139.8 -> 67140.12 (+0.0 bp)", 0.05, "flat"),
    )
    made = pages_figures.SignalsPage(LABEL, "consensus", MARKET, signals, "flat", "momentum: +0.0 bp", windows)
    return replace(made, **changed)

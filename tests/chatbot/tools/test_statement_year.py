"""A year that was worked out by hand: trades of every kind around New Year in a zone with summer time, and its sums."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chatbot.config import Settings, load
from chatbot.tools.exporting import Wanted, export_trades
from storage.store import TinyStore
from tests.trading.build import order
from trading.domain.account_records import CashDirection, CashFlow
from trading.domain.events import CashMoved, MarketSettled, OrderFilled, OrderIntended, OrderRejected, ResultAmended
from trading.domain.market import Outcome
from trading.domain.order import Fill, Mode, Settlement, Side, yes_price
from trading.domain.records import Control, Put
from trading.domain.state import State
from trading.domain.trade import Trade
from trading.engine.book import Book
from trading.engine.cash_check import ROW as CHECKED
from trading.engine.reconcile import BASELINE
from trading.engine.statement import Basis, Period

YORK = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)
D = Decimal


def york(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=YORK).astimezone(UTC)  # type: ignore[arg-type]


class Ledger:
    """The bot's own ledger on a real store: what is bought, sold and settled here becomes trades by its rules."""

    def __init__(self, settings: Settings) -> None:
        self.store = TinyStore.open(settings.data_folder / "store")
        self.book = Book(self.store, State(), lambda event, before, after: (), YORK)

    def buys(
        self, name: str, side: Outcome, count: str, price: str, fee: str, at: datetime, mode: Mode = Mode.REAL
    ) -> None:
        self._fills(f"{name}-buy", name, Side.buying(side), count, yes_price(side, D(price)), fee, at, mode)

    def sells(self, name: str, side: Outcome, count: str, price: str, fee: str, at: datetime) -> None:
        other = Side.ASK if side is Outcome.YES else Side.BID
        self._fills(f"{name}-sell", name, other, count, yes_price(side, D(price)), fee, at, Mode.REAL)

    def _fills(
        self, key: str, ticker: str, side: Side, count: str, price: Decimal, fee: str, at: datetime, mode: Mode
    ) -> None:
        wish = order(
            client_order_id=key, ticker=ticker, side=side, count=D(count), price=price, mode=mode, created_at=at,
            updated_at=at, close_time=at + 20 * MINUTE, order_id=f"x-{key}",
        )  # fmt: skip
        done = Fill(f"f-{key}", f"x-{key}", ticker, side, price, D(count), D(fee), True, at, mode, key, "consensus")
        self.book.record(OrderIntended(at, wish), OrderFilled(at, done))

    def pays(self, name: str, value: str, at: datetime, mode: Mode = Mode.REAL) -> None:
        self.book.record(MarketSettled(at, name, mode, {"1": "yes", "0": "no"}.get(value, "scalar"), D(value)))

    def says(self, name: str, revenue: str, fees: str, at: datetime) -> None:
        row = Settlement(name, "yes", D(revenue), D(fees), D(0), D(0), D(0), D(0), at)
        self.store.commit([Put("settlements", name, row)])

    def cash(self, name: str, usd: str, at: datetime) -> None:
        row = Control(name, {"cash": usd, "flows": "0", "foreign_positions": "0"}, at)
        self.store.commit([Put("control", name, row)])

    def moves(self, direction: CashDirection, usd: str, at: datetime) -> None:
        flow = CashFlow(f"flow-{usd}", direction, "applied", "ach", D(usd), D(0), at)
        self.book.record(CashMoved(at, flow, flow.moved))

    def trade(self, name: str) -> Trade:
        [found] = self.store.select("trades", ticker=name)
        assert isinstance(found, Trade)
        return found


YES, NO = Outcome.YES, Outcome.NO
CLOSING = D("1025.0941")


@pytest.fixture
def year(tmp_path: Path) -> Settings:
    """The account begins with $1,000 in December 2025."""
    settings = load(None, {"DATA_DIR": str(tmp_path), "TIMEZONE": "America/New_York", "KALSHI_ENV": "simulated"})
    led = Ledger(settings)
    led.cash(BASELINE, "1000", york(2025, 12, 1))
    # -5.00 - 0.175 = -5.175, closed a minute before the year began in New York, and in the new one by UTC
    led.buys("OLD", YES, "10", "0.50", "0.175", york(2025, 12, 31, 23, 40))
    led.pays("OLD", "0", york(2025, 12, 31, 23, 59))
    # 10 - 4.00 - 0.17 = 5.83, bought in the old year and paid a minute into the new one
    led.buys("NIGHT", YES, "10", "0.40", "0.17", york(2025, 12, 31, 23, 50))
    led.pays("NIGHT", "1", york(2026, 1, 1, 0, 1))
    led.says("NIGHT", "10", "0.18", york(2026, 1, 1, 0, 1))  # the exchange charged a cent more than its fills say
    # 8 x 0.70 - 8 x 0.50 - 0.14 - 0.12 = 1.34, all of it sold before the end
    led.buys("SOLD", YES, "8", "0.50", "0.14", york(2026, 2, 1, 12))
    led.sells("SOLD", YES, "8", "0.70", "0.12", york(2026, 2, 1, 12, 5))
    led.moves(CashDirection.DEPOSIT, "50", york(2026, 3, 1))
    # 4 x 0.60 - 10 x 0.45 - 0.18 - 0.07 = -2.35, some of it sold, the rest lost, on the night when the clocks go on
    led.buys("PART", NO, "10", "0.45", "0.18", york(2026, 3, 8, 1, 50))
    led.sells("PART", NO, "4", "0.60", "0.07", york(2026, 3, 8, 1, 55))
    led.pays("PART", "1", york(2026, 3, 8, 3, 5))
    led.says("PART", "0", "0.25", york(2026, 3, 8, 3, 5))
    led.store.archive(york(2026, 6, 1))
    # 5 x 0.50 - 5 x 0.30 - 0.08 = 0.92, a market that paid half a dollar, at the last minute of June
    led.buys("HALF", YES, "5", "0.30", "0.08", york(2026, 6, 30, 23, 45))
    led.pays("HALF", "0.5", york(2026, 6, 30, 23, 59))
    led.says("HALF", "2.5", "0.08", york(2026, 6, 30, 23, 59))
    led.moves(CashDirection.WITHDRAWAL, "20", york(2026, 11, 1, 1, 30))
    # 9 - 4.68 - 0.1573 at first; amended in January to 0 - 4.68 - 0.1573 = -4.8373
    led.buys("WRONG", YES, "9", "0.52", "0.1573", york(2026, 12, 31, 23, 45))
    led.pays("WRONG", "1", york(2026, 12, 31, 23, 58))
    led.book.record(
        OrderIntended(york(2026, 9, 9), order(client_order_id="none", ticker="NONE", created_at=york(2026, 9, 9)))
    )
    led.book.record(OrderRejected(york(2026, 9, 9), "none", "invalid_order", ""))
    led.buys("PAPER", YES, "100", "0.50", "1.75", york(2026, 5, 5), Mode.DRY_RUN)
    led.pays("PAPER", "1", york(2026, 5, 5, 1), Mode.DRY_RUN)
    led.buys("OPEN", NO, "3", "0.20", "0.0336", york(2026, 12, 31, 23, 55))  # -0.6336 until it is paid
    led.book.record(ResultAmended(york(2027, 1, 3), led.trade("WRONG"), D(0)))
    led.says("WRONG", "0", "0.1573", york(2026, 12, 31, 23, 58))
    led.cash(CHECKED, str(CLOSING), york(2027, 1, 4))
    led.store.close()
    return settings


def exported(settings: Settings, first: date | None, last: date | None, **wanted: object) -> dict[str, object]:
    stream = Path(settings.data_dir) / "out.json"
    asked = Wanted(period=Period(first, last, settings.zone))
    export_trades(settings, "json", stream, replace(asked, **wanted))  # type: ignore[arg-type]
    made: dict[str, object] = json.loads(stream.read_text(), parse_float=Decimal)
    return made


def tickers(made: dict[str, object]) -> list[str]:
    rows = made["trades"]
    assert isinstance(rows, list)
    return [row["buy_ticker"] for row in rows]


def test_the_sums_are_those_made_by_hand(year: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    made = exported(year, date(2026, 1, 1), date(2026, 12, 31))
    assert tickers(made) == ["NIGHT", "SOLD", "PART", "HALF", "WRONG"]
    summary = made["summary"]
    assert isinstance(summary, dict)
    assert {key: summary[key] for key in summary if key not in ("differences", "opening_balance_why", "imported")} == {
        "environment": "simulated",
        "mode": "real",
        "from": "2026-01-01",
        "to": "2026-12-31",
        "timezone": "America/New_York",
        "basis": "settled",
        "count": 5,
        "proceeds_usd": D("20.50"),
        "cost_usd": D("18.68"),
        "fees_usd": D("0.9173"),
        "net_usd": D("0.9027"),
        "corrected": 1,
        "still_open": 1,
        "opening_balance_usd": D("990.655"),  # 1000 - 5.175 - 4.17, which was at risk over midnight
        "closing_balance_usd": D("1025.0941"),  # 1000 - 5.175 + 0.9027 + 50 - 20 - 0.6336
        "closing_balance_why": "",
        "deposits_usd": D(50),
        "withdrawals_usd": D(20),
        "without_record": 0,
    }
    [difference] = summary["differences"]
    assert (difference["ticker"], difference["exchange_fees_usd"], difference["fees_usd"]) == (
        "NIGHT",
        D("0.18"),
        D("0.17"),
    )
    said = capsys.readouterr().err
    for line in ("Net         +$0.9027", "Opening     $990.655", "Closing     $1,025.0941", "Corrected   1 trade"):
        assert line in said
    assert "by the dates of America/New_York" in said


@pytest.mark.parametrize(
    ("first", "last", "basis", "found"),
    [
        (None, date(2025, 12, 31), Basis.SETTLED, ["OLD"]),
        (None, date(2025, 12, 31), Basis.OPENED, ["OLD", "NIGHT"]),
        (date(2026, 6, 30), date(2026, 6, 30), Basis.SETTLED, ["HALF"]),
        (date(2026, 7, 1), date(2026, 7, 1), Basis.SETTLED, []),
        (date(2026, 3, 8), date(2026, 3, 8), Basis.SETTLED, ["PART"]),
        (date(2026, 12, 31), None, Basis.SETTLED, ["WRONG"]),
        (date(2027, 1, 1), None, Basis.SETTLED, []),
        (date(2026, 12, 31), None, Basis.OPENED, ["WRONG"]),
    ],
)
def test_a_trade_counts_on_one_of_the_owners_days(
    year: Settings, first: date | None, last: date | None, basis: Basis, found: list[str]
) -> None:
    assert tickers(exported(year, first, last, basis=basis)) == found


def test_each_mode_for_itself_and_both_when_asked(year: Settings) -> None:
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    paper = exported(year, first, last, mode=Mode.DRY_RUN)
    assert tickers(paper) == ["PAPER"]
    assert isinstance(paper["summary"], dict)
    assert paper["summary"]["opening_balance_usd"] is None
    assert "real account" in paper["summary"]["opening_balance_why"]
    assert sorted(tickers(exported(year, first, last, mode=None))) == [
        "HALF",
        "NIGHT",
        "PAPER",
        "PART",
        "SOLD",
        "WRONG",
    ]


def test_without_a_period_all_real_ones_as_a_plain_list(year: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    export_trades(year, "csv", None)
    found = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(found.out)))
    assert [row["buy_ticker"] for row in rows] == ["OLD", "NIGHT", "SOLD", "PART", "HALF", "WRONG", "NONE", "OPEN"]
    assert {row["mode"] for row in rows} == {"real"}
    assert found.err == ""
    export_trades(year, "json", None, Wanted(mode=None))
    assert len(json.loads(capsys.readouterr().out)) == 9


def test_where_only_the_other_mode_has_any_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = load(None, {"DATA_DIR": str(tmp_path), "KALSHI_ENV": "simulated"})
    ledger = Ledger(settings)
    ledger.buys("PAPER", YES, "1", "0.50", "0.02", york(2026, 5, 5), Mode.DRY_RUN)
    ledger.store.close()
    export_trades(settings, "json", None)
    found = capsys.readouterr()
    assert found.out == "[]\n"
    assert "--mode dry_run or all writes them" in found.err


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ({CHECKED: "1024.09"}, "others traded there"),
        ({CHECKED: None}, "ever held against"),
        ({BASELINE: None}, "ever held against"),
    ],
)
def test_a_balance_that_cannot_be_proved_is_unknown(year: Settings, rows: dict[str, str | None], why: str) -> None:
    store = TinyStore.open(year.data_folder / "store")
    for name, cash in rows.items():
        row = Control(name, {"cash": cash, "flows": "0"}, york(2027, 1, 4)) if cash else None
        store.commit([Put("control", name, row)])
    store.close()
    summary = exported(year, date(2026, 1, 1), date(2026, 12, 31))["summary"]
    assert isinstance(summary, dict)
    for which in ("opening", "closing"):
        assert summary[f"{which}_balance_usd"] is None
        assert why in summary[f"{which}_balance_why"]
    assert summary["net_usd"] == D("0.9027")


def test_before_the_first_record_nothing_is_known_of_the_balance(year: Settings) -> None:
    summary = exported(year, date(2025, 1, 1), date(2025, 12, 31))["summary"]
    assert isinstance(summary, dict)
    assert summary["opening_balance_usd"] is None
    assert "2025-12-01 05:00 UTC, with $1,000.0000" in summary["opening_balance_why"]
    assert summary["closing_balance_usd"] == D("990.655")


def test_a_running_bots_trades_are_exported_too(year: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    running = TinyStore.open(year.data_folder / "store")
    export_trades(year, "csv", None)
    running.close()
    assert len(capsys.readouterr().out.splitlines()) == 9

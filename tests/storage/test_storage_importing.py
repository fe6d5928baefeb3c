"""Reading other bots' CSV files: what each form of a line comes to, and what is wrong with one that cannot be read."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from storage_samples import trade, won

from storage.export import write_csv
from storage.importing import Read, read_trades
from trading.domain.market import Outcome
from trading.domain.money import ONE, ZERO
from trading.domain.order import Mode
from trading.domain.trade import IMPORTED, Trade, TradeOutcome

GOOD = {
    "time": "2025-11-03T14:00:07Z",
    "buy_ticker": "KXBTC15M-1",
    "buy_side": "YES",
    "stake_usd": "4.68",
    "price_usd": "0.52",
    "contracts": "9",
    "order_id": "o-1",
    "prev_signal": "YES",
    "mom_signal": "yes",
    "outcome": "WIN",
    "payout_usd": "9.00",
    "profit_usd": "4.32",
}
D = Decimal


def lines(*rows: dict[str, str]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return "\n".join([",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]) + "\n"


def read(**changes: str) -> Read:
    return read_trades(lines(GOOD | changes), "production")


def one(**changes: str) -> Trade:
    found = read(**changes)
    assert not found.bad, found.bad
    [row] = found.rows
    return row.trade


def figures(made: Trade) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return made.cost, made.payout, made.fees, made.profit


def test_a_line_becomes_a_closed_real_trade_of_its_own_strategy() -> None:
    made = one()
    assert (made.mode, made.strategy, made.ticker, made.side) == (Mode.REAL, IMPORTED, "KXBTC15M-1", Outcome.YES)
    assert (made.outcome, made.order_id, made.previous_signal, made.momentum_signal) == ("WIN", "o-1", "yes", "yes")
    assert made.opened_at == made.closed_at == datetime(2025, 11, 3, 14, 0, 7, tzinfo=UTC)
    assert made.trade_id.startswith("imported-")
    assert figures(made) == (D("4.68"), D(9), D(0), D("4.32"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"profit_usd": "4.16"}, ("4.68", "9.00", "0.16", "4.16")),  # a fee that is not told
        ({"fee_usd": "0.1573", "profit_usd": "4.1627"}, ("4.68", "9.00", "0.1573", "4.1627")),
        ({"stake_usd": "5.00"}, ("4.68", "9.00", "0", "4.32")),  # the stake that was meant
        ({"stake_usd": "5.00", "profit_usd": "4.00"}, ("5.00", "9.00", "0", "4.00")),  # and one that was paid
        ({"stake_usd": ""}, ("4.68", "9.00", "0", "4.32")),
        ({"price_usd": "52"}, ("4.68", "9.00", "0", "4.32")),  # cents
        ({"payout_usd": "", "profit_usd": ""}, ("4.68", "9", "0", "4.32")),
        ({"outcome": "Loss", "payout_usd": "", "profit_usd": ""}, ("4.68", "0", "0", "-4.68")),
        ({"outcome": "lost", "payout_usd": "0", "profit_usd": "-4.84"}, ("4.68", "0", "0.16", "-4.84")),
        ({"outcome": "LOSS", "payout_usd": "3.60", "profit_usd": "-1.24"}, ("4.68", "3.60", "0.16", "-1.24")),  # sold
        ({"outcome": "scalar", "payout_usd": "4.50", "profit_usd": "-0.18"}, ("4.68", "4.50", "0", "-0.18")),
        ({"payout_usd": "$9.00", "profit_usd": "+4.32"}, ("4.68", "9.00", "0", "4.32")),
        ({"buy_side": "no"}, ("4.68", "9.00", "0", "4.32")),
    ],
)
def test_figures(changes: dict[str, str], expected: tuple[str, ...]) -> None:
    made = one(**changes)
    assert figures(made) == tuple(map(D, expected))
    value = ONE if (made.payout > 0) == (made.side is Outcome.YES) else ZERO
    if made.position and made.outcome is not TradeOutcome.SCALAR:
        assert made.paying(value) == made, "it adds up by the same rule as our own"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"time": "yesterday"}, "line 2: time 'yesterday' is no time: write it like"),
        ({"time": ""}, "time '' is no time"),
        ({"buy_ticker": ""}, "buy_ticker '' names no market"),
        ({"buy_side": "up"}, "buy_side 'up' is unknown: use one of yes, no"),
        ({"outcome": "draw"}, "outcome 'draw' is unknown"),
        ({"contracts": "nine"}, "contracts 'nine' is no number"),
        ({"contracts": "0"}, "contracts '0' is nothing"),
        ({"contracts": "-9"}, "contracts -9 is below 0"),
        ({"contracts": "NaN"}, "contracts 'NaN' is no number"),
        ({"price_usd": ""}, "price_usd '' is nothing"),
        ({"price_usd": "520"}, "price_usd 520 is above a dollar"),
        ({"price_usd": "1.5"}, "price_usd 1.5 is above a dollar"),
        ({"profit_usd": "5.32"}, "payout_usd 9.00 less stake_usd 4.68 less fee_usd 0 is not profit_usd 5.32"),
        ({"profit_usd": "3.32"}, "is not profit_usd 3.32: correct the figure that is wrong"),
        ({"fee_usd": "0.50"}, "less fee_usd 0.50 is not profit_usd 4.32"),
        ({"outcome": "scalar", "payout_usd": ""}, "payout_usd is blank, and does not follow"),
        ({"environment": "demo"}, "environment demo is not production: import it where KALSHI_ENV=demo"),
        ({"closed_time": "2025-11-03T13:00:00Z"}, "is before time"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_the_fix(changes: dict[str, str], sentence: str) -> None:
    found = read(**changes)
    [said] = found.bad
    assert sentence in said
    assert said.startswith("line 2: ")
    assert not found.rows


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"outcome": "", "payout_usd": "", "profit_usd": ""}, (1, 0, 0)),
        ({"outcome": "Pending"}, (1, 0, 0)),
        ({"order_id": "DRY-RUN-77"}, (0, 1, 0)),
        ({"order_id": "dry-run"}, (0, 1, 0)),
        ({"mode": "dry_run"}, (0, 1, 0)),
        ({"outcome": "UNFILLED"}, (0, 0, 1)),
    ],
)
def test_what_is_no_closed_real_trade_is_left_out_and_counted(changes: dict[str, str], left: tuple[int, ...]) -> None:
    found = read(**changes)
    assert (found.pending, found.paper, found.unfilled) == left
    assert not found.rows
    assert not found.bad


def test_every_wrong_line_is_told_with_its_own_number() -> None:
    text = lines(GOOD, GOOD | {"order_id": "o-2", "contracts": "x"}, {"time": ""}, GOOD)
    found = read_trades(text, "production")
    assert [sentence.partition(":")[0] for sentence in found.bad] == ["line 3", "line 5"]
    assert "it is the trade of line 2 again" in found.bad[1]


def test_columns_may_be_in_any_order_and_case_and_must_be_there() -> None:
    text = lines(dict(reversed(GOOD.items())))
    header, rest = text.split("\n", 1)
    assert read_trades(f"\ufeff{header.upper()}\n{rest}", "production").rows == read().rows
    for nothing in ("", "a,b\n1,2\n", "\n"):
        assert "line 1: the columns time, buy_ticker" in read_trades(nothing, "production").bad[0]


def test_the_id_is_that_of_the_bet_whatever_became_of_it() -> None:
    same = one(), one(outcome="loss", payout_usd="0", profit_usd="-4.68"), one(buy_side="Yes", stake_usd="5")
    assert len({made.trade_id for made in same}) == 1
    others = one(order_id="o-2"), one(time="2025-11-03T14:00:08Z"), one(buy_side="no"), one(buy_ticker="KX-2")
    assert len({made.trade_id for made in (*same, *others)}) == 5


def test_our_own_export_comes_back_with_the_same_figures() -> None:
    mine = [
        won(1),
        won(2, side=Outcome.NO, trade_id="b", outcome=TradeOutcome.CORRECTED),
        won(3, trade_id="c", payout=D("2.5"), profit=D("-2.3373"), outcome=TradeOutcome.SCALAR),
        trade(4),
    ]
    mine = [replace(t, closed_at=t.opened_at) if t.closed_at else t for t in mine]
    stream = io.StringIO()
    write_csv(mine, stream, "production")
    found = read_trades(stream.getvalue(), "production")
    assert (found.bad, found.pending) == ((), 1)
    assert [row.own_id for row in found.rows] == [t.trade_id for t in mine[:3]]
    for row, was in zip(found.rows, mine, strict=False):
        assert figures(row.trade) == figures(was)
        assert (row.trade.outcome, row.trade.side, row.trade.ticker) == (was.outcome, was.side, was.ticker)
        assert abs((row.trade.closed_at or was.opened_at) - was.opened_at).total_seconds() < 1


@given(st.dictionaries(st.sampled_from([*GOOD, "fee_usd", "mode", "closed_time"]), st.text(max_size=12), max_size=6))
def test_any_text_is_read_or_refused_in_a_sentence(changes: dict[str, str]) -> None:
    stream = io.StringIO()
    write = csv.DictWriter(stream, list(GOOD | changes))
    write.writeheader()
    write.writerow(GOOD | changes)
    found = read_trades(stream.getvalue(), "production")
    for row in found.rows:
        assert row.trade.profit == row.trade.payout - row.trade.cost - row.trade.fees

"""Reading the CSV files of the field's CONSENSUS bots, and our own, as closed trades.

The twelve known columns, in any order and case; ours where they are there. Older files differ: they have no fees,
prices in cents, a stake that was meant and not paid, and a blank outcome for what is not settled. So the figures of a
line are held against each other: what was paid out, less what was paid and the fee, must be the profit. A fee that is
not told is what is left, where the exchange could have charged it. A line that does not add up is refused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b

from storage.csv_cells import BadLine, above_zero, dollars, moment, price_of, word
from trading.domain.market import Outcome
from trading.domain.money import CENT, ZERO
from trading.domain.order import Mode
from trading.domain.trade import IMPORTED, Trade, TradeOutcome

NEEDED = ("time", "buy_ticker", "buy_side", "price_usd", "contracts", "outcome")
PAPER_PREFIX = "DRY-RUN"  # begins the order ids of a dry run, in the field's files and in ours
OUTCOMES = {
    "win": TradeOutcome.WIN,
    "won": TradeOutcome.WIN,
    "loss": TradeOutcome.LOSS,
    "lost": TradeOutcome.LOSS,
    "lose": TradeOutcome.LOSS,
    "scalar": TradeOutcome.SCALAR,
    "corrected": TradeOutcome.CORRECTED,
}
PENDING = ("", "pending", "open", "none", "nan")
NO_BET = ("unfilled",)
SIDES = {"yes": Outcome.YES, "no": Outcome.NO}
FEE_PART_MAX = Decimal("0.0175")  # of a dollar a contract: 0.07 x price x (1 - price) at 50 cents
TOLERANCE = CENT  # dollars: older files round each figure


@dataclass(frozen=True, slots=True)
class Row:
    """A trade of the file, its line number, and the id under which this program may have written it."""

    line: int
    trade: Trade
    own_id: str


@dataclass(frozen=True, slots=True)
class Read:
    """`bad` are sentences, one a line; `pending`, `paper`, `unfilled` count the lines that are no closed real trade."""

    rows: tuple[Row, ...]
    bad: tuple[str, ...]
    pending: int = 0
    paper: int = 0
    unfilled: int = 0


def read_trades(text: str, environment: str) -> Read:
    """What a file's text says; `environment` is the one into which it goes."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    names = [(name or "").strip().casefold() for name in reader.fieldnames or ()]
    if missing := [name for name in NEEDED if name not in names]:
        return Read((), (f"line 1: the columns {', '.join(missing)} are missing: give a file with the known columns",))
    reader.fieldnames = names
    reading = _Reading(environment)
    for cells in reader:
        reading.take(
            reader.line_num, {k: (v or "").strip() for k, v in cells.items() if isinstance(v, str | None) and k}
        )
    return Read(
        tuple(reading.rows), tuple(reading.bad), *(reading.left[why] for why in ("pending", "paper", "unfilled"))
    )


class _Reading:
    def __init__(self, environment: str) -> None:
        self._environment = environment
        self.rows: list[Row] = []
        self.bad: list[str] = []
        self.left = {"pending": 0, "paper": 0, "unfilled": 0}
        self._lines: dict[str, int] = {}  # trade id -> its line

    def take(self, number: int, cells: Mapping[str, str]) -> None:
        if not any(cells.values()):
            return
        if why := _left_out(cells):
            self.left[why] += 1
            return
        try:
            _same_environment(cells, self._environment)
            trade = _trade(cells)
            if trade.trade_id in self._lines:
                raise BadLine(f"it is the trade of line {self._lines[trade.trade_id]} again: take one of them out")
        except BadLine as error:
            self.bad.append(f"line {number}: {error}")
            return
        self._lines[trade.trade_id] = number
        self.rows.append(Row(number, trade, cells.get("trade_id", "")))


def _left_out(cells: Mapping[str, str]) -> str:
    """Why a line is no closed real trade; empty where it is one."""
    outcome = cells["outcome"].casefold()
    if cells.get("order_id", "").upper().startswith(PAPER_PREFIX) or cells.get("mode", "") == Mode.DRY_RUN:
        return "paper"
    if outcome in PENDING:
        return "pending"
    return "unfilled" if outcome in NO_BET else ""


def _same_environment(cells: Mapping[str, str], environment: str) -> None:
    if (theirs := cells.get("environment", "")) and theirs != environment:
        raise BadLine(f"environment {theirs} is not {environment}: import it where KALSHI_ENV={theirs}")


def _trade(cells: Mapping[str, str]) -> Trade:
    side, outcome = word(cells, "buy_side", SIDES), word(cells, "outcome", OUTCOMES)
    opened, closed = moment(cells, "time"), moment(cells, "closed_time", cells["time"])
    if closed < opened:
        raise BadLine(f"closed_time {cells['closed_time']} is before time {cells['time']}: correct one of them")
    if not (ticker := cells["buy_ticker"]) or len(ticker) > 100:
        raise BadLine(f"buy_ticker {ticker!r} names no market: give its ticker")
    contracts, price = above_zero(cells, "contracts"), price_of(cells)
    paid = _paid(cells, contracts, price, outcome)
    held = paid.payout in (ZERO, contracts) or outcome is TradeOutcome.SCALAR  # to the end; otherwise it was sold
    position = contracts * (1 if side is Outcome.YES else -1) if held else ZERO
    put_up = max(-position, ZERO)  # of a NO contract, a dollar
    return Trade(
        trade_id=_id(cells, ticker, side, opened),
        mode=Mode.REAL,
        strategy=IMPORTED,
        ticker=ticker,
        side=side,
        opened_at=opened,
        close_time=closed,
        limit_price=price,
        ordered=contracts,
        order_id=cells.get("order_id", ""),
        previous_signal=cells.get("prev_signal", "").casefold(),
        momentum_signal=cells.get("mom_signal", "").casefold(),
        contracts=contracts,
        cost=paid.cost,
        cash=put_up - paid.cost if held else paid.payout - paid.cost,
        position=position,
        fees=paid.fee,
        outcome=outcome,
        payout=paid.payout,
        profit=paid.payout - paid.cost - paid.fee,
        closed_at=closed,
        sold_cost=ZERO if held else paid.cost,
    )


def _id(cells: Mapping[str, str], ticker: str, side: Outcome, opened: datetime) -> str:
    """The same for the same trade in whichever file; the result has no part in it."""
    known = cells.get("trade_id") or "|".join((opened.isoformat(), ticker, side, cells.get("order_id", "")))
    return f"{IMPORTED}-{blake2b(known.encode(), digest_size=10).hexdigest()}"


# --- money ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Paid:
    """Dollars of one trade that add up: the profit is payout - cost - fee."""

    cost: Decimal
    payout: Decimal
    fee: Decimal


def _paid(cells: Mapping[str, str], contracts: Decimal, price: Decimal, outcome: TradeOutcome) -> _Paid:
    """The first reading of the line that adds up. Raises BadLine."""
    stake, payout = dollars(cells, "stake_usd"), dollars(cells, "payout_usd")
    profit, fee = dollars(cells, "profit_usd", least=None), dollars(cells, "fee_usd")
    if payout is None:
        payout = _payout(cells, contracts, outcome)
    costs = list(dict.fromkeys(cost for cost in (stake, contracts * price) if cost is not None))
    for cost in costs:
        if profit is None:
            return _Paid(cost, payout, fee or ZERO)
        left = payout - cost - profit
        if fee is not None and abs(left - fee) <= TOLERANCE:
            return _Paid(cost, payout, fee)
        if fee is None and -TOLERANCE < left <= contracts * FEE_PART_MAX + TOLERANCE:
            return _Paid(cost, payout, max(left, ZERO))
    tried, charged = " or ".join(map(str, costs)), ZERO if fee is None else fee
    raise BadLine(
        f"payout_usd {payout} less stake_usd {tried} less fee_usd {charged} is not profit_usd {profit}: correct the "
        "figure that is wrong"
    )


def _payout(cells: Mapping[str, str], contracts: Decimal, outcome: TradeOutcome) -> Decimal:
    """What is not told and follows from the outcome: a won contract pays a dollar, a lost one nothing."""
    known = {TradeOutcome.WIN: contracts, TradeOutcome.LOSS: ZERO}
    if outcome not in known:
        raise BadLine(f"payout_usd is blank, and does not follow from outcome {cells['outcome']}: give it in dollars")
    return known[outcome]

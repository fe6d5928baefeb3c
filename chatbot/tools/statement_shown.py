"""A statement in words for a person, and as plain figures for a program."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from chatbot.config import Settings
from chatbot.formats import count, exact_money, gain
from trading.domain.order import Mode
from trading.engine.balances import Known
from trading.engine.statement import Difference, Period, Statement, Sums

Figures = dict[str, object]

MODES = {Mode.REAL: "real", Mode.DRY_RUN: "dry_run", None: "all"}
SHOWN_MAX = 20  # differences, in words
BASES = {"settled": "closed (settled or sold)", "opened": "opened"}


def figures(made: Statement, settings: Settings, mode: Mode | None) -> Figures:
    """As JSON has it: `*_usd` are Decimals with four decimals, None (and why) for what is not known."""
    first, last = made.period.first, made.period.last
    return {
        "environment": settings.environment,
        "mode": MODES[mode],
        "from": first and first.isoformat(),
        "to": last and last.isoformat(),
        "timezone": settings.timezone,
        "basis": made.basis.value,
        **_sums(made.sums),
        "imported": _sums(made.imported),
        "corrected": made.corrected,
        "still_open": made.still_open,
        **_known("opening_balance", made.opening),
        **_known("closing_balance", made.closing),
        "deposits_usd": _usd(made.deposits),
        "withdrawals_usd": _usd(made.withdrawals),
        "differences": [_difference(each) for each in made.differences],
        "without_record": made.without_record,
    }


def lines(made: Statement, settings: Settings, mode: Mode | None) -> Iterator[str]:
    """One thing a line."""
    sums, book = made.sums, MODES[mode].replace("_", "-")
    yield f"{_period(made.period)}, by the dates of {settings.timezone}, {settings.environment}, mode {book}"
    yield f"Trades      {sums.trades:,} that were {BASES[made.basis.value]} in it"
    yield from _amounts(sums)
    if made.imported.trades:
        yield f"Imported    {made.imported.trades:,} of these trades, net {gain(made.imported.net, exact_money)}"
    if made.corrected:
        yield f"Corrected   {count(made.corrected, 'trade')}, counted with the corrected result"
    if made.still_open:
        yield f"Still open  {count(made.still_open, 'trade')}, not counted"
    yield f"Opening     {_words(made.opening)}"
    yield f"Closing     {_words(made.closing)}"
    yield f"Deposits    {exact_money(made.deposits)}"
    yield f"Withdrawals {exact_money(made.withdrawals)}"
    yield from _checked(made)


def _amounts(sums: Sums) -> Iterator[str]:
    yield f"Proceeds    {exact_money(sums.proceeds)}"
    yield f"Cost        {exact_money(sums.cost)}"
    yield f"Fees        {exact_money(sums.fees)}"
    yield f"Net         {gain(sums.net, exact_money)}"


def _checked(made: Statement) -> Iterator[str]:
    differing = count(len(made.differences), "market") if made.differences else "none"
    yield f"Differences from the exchange's settlement records: {differing}"
    for each in made.differences[:SHOWN_MAX]:
        yield (
            f"  {each.ticker}: paid {exact_money(each.paid_theirs)}, we have {exact_money(each.paid_ours)}; "
            f"fees {exact_money(each.fees_theirs)}, we have {exact_money(each.fees_ours)}"
        )
    if len(made.differences) > SHOWN_MAX:
        yield f"  and {len(made.differences) - SHOWN_MAX} more: --format json lists all"
    if made.without_record:
        yield f"Without such a record: {count(made.without_record, 'trade')}"


def _period(period: Period) -> str:
    first = period.first.isoformat() if period.first else "the beginning"
    return f"From {first} to {period.last.isoformat() if period.last else 'now'}"


def _words(known: Known) -> str:
    return f"unknown: {known.why}" if known.usd is None else exact_money(known.usd)


def _sums(sums: Sums) -> Figures:
    amounts = {"proceeds": sums.proceeds, "cost": sums.cost, "fees": sums.fees, "net": sums.net}
    return {"count": sums.trades} | {f"{name}_usd": _usd(amount) for name, amount in amounts.items()}


def _known(name: str, known: Known) -> Figures:
    return {f"{name}_usd": None if known.usd is None else _usd(known.usd), f"{name}_why": known.why}


def _difference(each: Difference) -> Figures:
    return {
        "ticker": each.ticker,
        "paid_usd": _usd(each.paid_ours),
        "exchange_paid_usd": _usd(each.paid_theirs),
        "fees_usd": _usd(each.fees_ours),
        "exchange_fees_usd": _usd(each.fees_theirs),
    }


def _usd(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.0001")) + 0  # no negative zero

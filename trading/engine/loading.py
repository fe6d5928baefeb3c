"""Reading the State back from the store: every part of it is rows, so what comes out is what was committed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from trading.domain.error_counts import ROW as ERROR
from trading.domain.order import LIVE, Fill, Mode, Order, Position
from trading.domain.pruning import KEPT, pruned
from trading.domain.records import Control, Put
from trading.domain.state import ErrorTold, Halt, LossTold, Reason, State, Totals, book_key
from trading.domain.step import BOOK
from trading.domain.switches import OFF
from trading.domain.told import LOW, REPORTED
from trading.domain.trade import Trade, TradeOutcome
from trading.ports import Store

ONLY_STRATEGY = "consensus"  # of folders from before there were several
RECENT_ROWS_MAX = 20_000  # of orders and of fills that two days can hold, with room


def load_state(store: Store, now: datetime, mode: Mode) -> State:
    """The State that the store's rows stand for; `mode` where none was ever chosen."""
    trades = cast(list[Trade], store.select("trades", outcome=""))
    orders = _orders(store, trades, now)
    fills = [f for f in cast(list[Fill], store.tail("fills", RECENT_ROWS_MAX)) if f.at >= now - KEPT]
    controls = {c.name: c for c in cast(list[Control], store.select("control"))}
    state = State(
        mode=Mode(controls["mode"].value["mode"]) if "mode" in controls else mode,
        orders={o.client_order_id: o for o in orders},
        trades={t.trade_id: t for t in trades},
        positions={p.key: p for p in cast(list[Position], store.select("positions"))},
        halts=_halts(controls),
        totals={m: totals for m in Mode if (totals := _totals_of(store, controls, m)) != Totals()},
        books=_books(controls),
        loss_told={m: _loss_told(controls[f"loss_told:{m}"]) for m in Mode if f"loss_told:{m}" in controls},
        reported=_reported(controls),
        balance_low=frozenset(m for m in Mode if f"{LOW}{m}" in controls),
        limits=_numbers(controls, "limit:"),
        disabled=_disabled(controls),
        parameters=_numbers(controls, "parameter:"),
        real_since=_real_since(controls.get("mode")),
        errors=_errors(controls),
        attempts={o.client_order_id: o.created_at for o in orders},
        fill_ids={f.fill_id: f.at for f in fills},
        rejections=int(controls["rejections"].value["count"]) if "rejections" in controls else 0,
    )
    return pruned(state, now)


def _orders(store: Store, trades: list[Trade], now: datetime) -> list[Order]:
    """Live ones whatever their age, those of open trades, and those of the last two days: oldest first."""
    found = {o.client_order_id: o for status in LIVE for o in cast(list[Order], store.select("orders", status=status))}
    for trade in trades:
        for order in cast(list[Order], store.select("orders", ticker=trade.ticker)):
            found[order.client_order_id] = order
    for order in cast(list[Order], store.tail("orders", RECENT_ROWS_MAX)):
        if order.created_at >= now - KEPT:
            found[order.client_order_id] = order
    return sorted(found.values(), key=lambda o: o.created_at)


def _halts(controls: Mapping[str, Control]) -> dict[Reason, Halt]:
    rows = [c for name, c in controls.items() if name.startswith("halt:")]
    halts = [Halt(Reason(c.name.removeprefix("halt:")), c.at, c.value["by"], c.value["detail"]) for c in rows]
    return {h.reason: h for h in halts}


def _numbers(controls: Mapping[str, Control], prefix: str) -> dict[str, Decimal]:
    """The values of the rows whose names begin so, by what follows."""
    rows = [c for name, c in controls.items() if name.startswith(prefix)]
    return {c.name.removeprefix(prefix): Decimal(c.value["value"]) for c in rows}


def _disabled(controls: Mapping[str, Control]) -> frozenset[str]:
    rows = [c for name, c in controls.items() if name.startswith("strategy:")]
    return frozenset(c.name.removeprefix("strategy:") for c in rows if c.value["is"] == OFF)


def _real_since(mode: Control | None) -> datetime | None:
    since = mode.value.get("real_since") if mode else None
    return datetime.fromisoformat(since) if since else None


def _reported(controls: Mapping[str, Control]) -> dict[str, date]:
    rows = [c for name, c in controls.items() if name.startswith(REPORTED)]
    return {c.name.removeprefix(REPORTED): date.fromisoformat(c.value["day"]) for c in rows}


def _errors(controls: Mapping[str, Control]) -> dict[str, ErrorTold]:
    rows = [c for name, c in controls.items() if name.startswith(ERROR)]
    return {c.name.removeprefix(ERROR): ErrorTold(c.at, c.value["text"], int(c.value["again"])) for c in rows}


def _loss_told(row: Control) -> LossTold:
    return LossTold(date.fromisoformat(row.value["day"]), int(row.value["level"]))


def _totals_of(store: Store, controls: Mapping[str, Control], mode: Mode) -> Totals:
    """A mode's sums; what came to nothing is counted from its rows where the sums are older than that figure."""
    row = controls.get(f"totals:{mode}")
    totals = totals_of_row(row) if row else Totals()
    if row and "unfilled" in row.value:
        return totals
    return replace(totals, unfilled=len(store.select("trades", mode=mode, outcome=TradeOutcome.UNFILLED)))


def _books(controls: Mapping[str, Control]) -> dict[str, Totals]:
    return {name.removeprefix(BOOK): totals_of_row(row) for name, row in controls.items() if name.startswith(BOOK)}


def adopt_books(store: Store) -> None:
    """Give the sums of a folder from before each strategy had its own to the one strategy that there was. Raises
    StoreFailed."""
    controls = {c.name: c for c in cast(list[Control], store.select("control"))}
    if any(name.startswith(BOOK) for name in controls):
        return
    rows = [controls[f"totals:{mode}"] for mode in Mode if f"totals:{mode}" in controls]
    names = [f"{BOOK}{book_key(Mode(row.name.removeprefix('totals:')), ONLY_STRATEGY)}" for row in rows]
    if rows:
        store.commit([Put("control", name, replace(row, name=name)) for name, row in zip(names, rows, strict=True)])


def totals_of_row(row: Control) -> Totals:
    """The sums that a row of the control table holds."""
    parse: dict[str, Any] = {"day": date.fromisoformat, "week": date.fromisoformat}
    parse |= dict.fromkeys(("wins", "losses", "others", "unfilled"), int)
    return replace(Totals(), **{key: parse.get(key, Decimal)(text) for key, text in row.value.items()})

"""Trades out of the store into a file or standard output, and for a period what they come to, as a tax form asks it.

The bot may run meanwhile: a copy of its store is read then.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

from chatbot.config import Settings
from chatbot.tools.statement_shown import figures, lines
from storage.copying import readable
from storage.export import write_csv, write_json, write_summed
from storage.store import TinyStore
from trading.domain.order import Fill, Mode, Settlement
from trading.domain.records import Control
from trading.domain.trade import Trade
from trading.engine.balances import Balances
from trading.engine.statement import Basis, Period, Statement, counted, statement


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which trades: of one mode, None for both; of a period, None for all there are, open ones too."""

    mode: Mode | None = Mode.REAL
    period: Period | None = None
    basis: Basis = Basis.SETTLED


def export_trades(settings: Settings, form: str, output: Path | None, wanted: Wanted | None = None) -> None:
    """Write trades of the settings' environment, archived ones too, oldest first; by default all real ones.

    What a period comes to goes to standard error in words, and into the JSON. Raises StoreRefused, OSError.
    """
    wanted = wanted or Wanted()
    folder = settings.data_folder / "store"
    with tempfile.TemporaryDirectory() as aside, readable(folder, Path(aside) / "store") as store:
        every = cast(list[Trade], store.all("trades"))
        trades = [t for t in every if wanted.mode in (None, t.mode)]
        made = _statement(store, trades, wanted)
    if every and not trades:
        _say([f"no trade is of this mode, {len(every):,} are of the other: --mode {Mode.DRY_RUN} or all writes them"])
    _write(trades, made, settings, form, output or sys.stdout, wanted.mode)


def _write(
    trades: Sequence[Trade],
    made: Statement | None,
    settings: Settings,
    form: str,
    target: Path | TextIO,
    mode: Mode | None,
) -> None:
    if made is None:
        (write_csv if form == "csv" else write_json)(trades, target, settings.environment)
        return
    rows = counted(trades, made.period, made.basis)
    if form == "csv":
        write_csv(rows, target, settings.environment)
    else:
        write_summed(rows, figures(made, settings, mode), target, settings.environment)
    _say(lines(made, settings, mode))


def _statement(store: TinyStore, trades: list[Trade], wanted: Wanted) -> Statement | None:
    if wanted.period is None:
        return None
    settlements = cast(list[Settlement], store.all("settlements"))
    balances = Balances(
        cast(list[Fill], store.all("fills")),
        cast(list[Trade], store.all("trades")),
        settlements,
        cast(list[Control], store.select("control")),
        "it is that of the real account" if wanted.mode is Mode.DRY_RUN else "",
    )
    return statement(trades, settlements, balances, wanted.period, wanted.basis)


def _say(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        print(sentence, file=sys.stderr)

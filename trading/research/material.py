"""What a backtest is made of: a tape that can be loaded here or in another process, its name, and what is assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path

from trading.domain.errors import Misconfigured
from trading.domain.money import ONE, ZERO
from trading.research.candle_tape import kept
from trading.research.history import kept_days
from trading.research.sweep import Load
from trading.research.tape import DEPTH, HELD, OFFERED_AFTER, Record, in_order, of_results, recorded

PRICE = Decimal("0.50")  # dollars, where only results are known
EXAMPLE = "kalshi-chatops backtest previous --data results.csv, or --data snapshots.jsonl.gz results.csv"


@dataclass(frozen=True, slots=True)
class Material:
    """`load` is picklable; `assumed` are sentences that whoever reads the figures must know."""

    name: str
    load: Load
    assumed: tuple[str, ...] = ()


def of_files(paths: Sequence[Path], price: Decimal | None = None) -> Material:
    """A recording (.jsonl, .jsonl.gz) with its results (.csv), or results alone, bought at `price` dollars. Raises
    Misconfigured."""
    snapshots = [path for path in paths if ".jsonl" in path.suffixes]
    results = [path for path in paths if path.suffix == ".csv"]
    _known(paths, snapshots, results)
    if snapshots:
        if price is not None:
            raise Misconfigured("--price is for results alone: leave it out, the snapshots have prices")
        return Material(snapshots[0].name, partial(recorded, snapshots[0].absolute(), results[0].absolute()))
    return _assuming([path.absolute() for path in results], PRICE if price is None else price)


def _known(paths: Sequence[Path], snapshots: Sequence[Path], results: Sequence[Path]) -> None:
    for path in paths:
        if path not in snapshots and path not in results:
            raise Misconfigured(f"{path} is neither snapshots (.jsonl, .jsonl.gz) nor results (.csv): {EXAMPLE}")
        if not path.is_file():
            raise Misconfigured(f"there is no file {path}: {EXAMPLE}")
    if not results:
        raise Misconfigured(f"no results: snapshots say nothing of how markets ended ({EXAMPLE})")
    if snapshots and (len(snapshots), len(results)) != (1, 1):
        raise Misconfigured(f"{len(snapshots)} files of snapshots and {len(results)} of results: give one of each")


def _assuming(results: Sequence[Path], price: Decimal) -> Material:
    if not ZERO < price < ONE:
        raise Misconfigured(f"--price {price} is no price: use dollars between 0 and 1, for example 0.50")
    name = ", ".join(path.name for path in results)
    stands = f"from {OFFERED_AFTER.seconds} to {(OFFERED_AFTER + HELD).seconds} s after the open, {DEPTH} contracts"
    assumed = f"The price is assumed: YES and NO cost ${price:.2f} each ({stands}). No spot price is known."
    return Material(name, partial(all_results, tuple(results), price), (assumed,))


def all_results(results: Sequence[Path], price: Decimal) -> list[Record]:
    """Several files of results as one tape."""
    return in_order(chain.from_iterable(of_results(path, price) for path in results))


def of_kept(folder: Path, series: str, days: Sequence[date]) -> Material:
    """The days of a series that are kept among these. Raises Misconfigured where there are none."""
    here = sorted(set(kept_days(folder, series)) & set(days))
    if not here:
        raise Misconfigured(
            f"no data of {series} is kept for these days: on the host run "
            f"kalshi-chatops backtest consensus --series {series} --days {len(days)}"
        )
    span = f"{here[0]:%d %b %Y}" + (f" to {here[-1]:%d %b %Y}" if len(here) > 1 else "")
    touch = (
        f"Quotes are the touch as each minute ended, taken to stand for {HELD.seconds} s with {DEPTH} contracts; "
        "what happened inside a minute is not seen. Spot prices, where there are any, are closes of a public venue's "
        "minutes."
    )
    return Material(f"{series}, {span}", partial(kept, folder, series, tuple(here)), (touch,))

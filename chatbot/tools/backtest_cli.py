"""`kalshi-chatops backtest`: its options. The work is imported when it runs."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from trading.domain.errors import Misconfigured


def backtest(
    strategy: Annotated[str, typer.Argument(help="Its name: consensus, previous, momentum, threshold, ...")],
    more: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH|NAME=V1,V2]...", help="More files, or more to sweep.")
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option(help="Snapshots (.jsonl, .gz) and their results (.csv), or results alone.")
    ] = None,
    series: Annotated[str, typer.Option(help="Fetch the past of this series instead, and keep it.")] = "",
    days: Annotated[int, typer.Option(help="How many whole days of it.")] = 30,
    latency: Annotated[float, typer.Option(min=0, max=3600, help="Seconds until an order arrives.")] = 0.25,
    fill: Annotated[str, typer.Option(help="When a resting order fills: touch, through or queue.")] = "touch",
    split: Annotated[float, typer.Option(min=0.01, max=0.99, help="The share of the time before the cut.")] = 0.7,
    price: Annotated[str, typer.Option(help="What YES and NO cost where only results are known; 0.50.")] = "",
    html: Annotated[Path | None, typer.Option(dir_okay=False, help="Write a page with pictures too.")] = None,
    sweep: Annotated[list[str] | None, typer.Option(help="NAME=V1,V2: try every combination.")] = None,
    walk_forward: Annotated[
        int, typer.Option(min=0, max=50, help="Parts of the time: the best try of all before a part is asked in it.")
    ] = 0,
    dask: Annotated[str, typer.Option(help="The address of a Dask scheduler to sweep on.")] = "",
    processes: Annotated[int, typer.Option(min=0, max=256, help="For a sweep; 0: one for each processor.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The last line of output is one JSON value.")] = False,
) -> None:
    """Play a strategy over the past, never seeing ahead: what it made, and whether that differs from luck."""
    from chatbot.config import load
    from chatbot.tools.backtest import Asked, run
    from trading.research.backtest import Terms
    from trading.research.fill_models import MODELS

    if fill not in MODELS:
        raise Misconfigured(f"--fill {fill} is unknown: use {', '.join(MODELS)}")
    rest = more or []
    asked = Asked(
        strategy=strategy,
        paths=tuple(Path(word) for word in (*(data or ()), *(word for word in rest if "=" not in word))),
        price=_price(price),
        series=series.upper(),
        days=days,
        terms=Terms(latency_seconds=latency, fill=fill),
        split=split,
        axes=(*(sweep or ()), *(word for word in rest if "=" in word)),
        walk_parts=walk_forward,
        processes=processes,
        dask=dask,
        html=html,
        as_json=as_json,
    )
    run(asked, load())


def _price(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        raise Misconfigured(f"--price {text} is no price: use dollars between 0 and 1, for example 0.50") from None

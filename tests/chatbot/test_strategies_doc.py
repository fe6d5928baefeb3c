"""docs/strategies.md lists every parameter with its default, and marks those that /set knows: held against the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trading.strategies import STRATEGIES
from trading.strategies.arbitrage import Arbitrage
from trading.strategies.base import tunables
from trading.strategies.exits import ExitRules
from trading.strategies.scanner import Scanner

DOCUMENT = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text()
ROW = re.compile(r"^\| `([a-z_.]+)`( \*)? \| (\S+)", re.MULTILINE)
NOTHING = {"off": None, "none": (), "true": True, "false": False}
SPANS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def section(title: str) -> str:
    return DOCUMENT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def documented(title: str) -> dict[str, tuple[str, bool]]:
    """Parameter -> its default as it is written, and whether it is marked."""
    return {name: (default, bool(star)) for name, star, default in ROW.findall(section(title))}


def parameters(made: Any, part: str = "") -> Iterator[tuple[str, Any]]:
    for each in fields(made):
        value = getattr(made, each.name)
        if is_dataclass(value) and not isinstance(value, ExitRules):
            yield from parameters(value, f"{each.name}.")
        elif each.name not in ("name", "exits"):
            yield part + each.name, value


def read(text: str) -> Any:
    if text in NOTHING:
        return NOTHING[text]
    if span := re.fullmatch(r"(\d+)([smhd])", text):
        return timedelta(seconds=int(span[1]) * SPANS[span[2]])
    return Decimal(text) if re.fullmatch(r"[\d.]+", text) else text


CASES = [
    *(("consensus, previous, momentum, momentum_15", STRATEGIES[name]()) for name in ("consensus", "momentum")),
    *((name, STRATEGIES[name]()) for name in ("threshold", "market_maker", "news")),
    ("scanner", Scanner()),
    ("arbitrage", Arbitrage()),
]


@pytest.mark.parametrize(("title", "made"), CASES, ids=[made.name for _, made in CASES])
def test_every_parameter_stands_there_with_its_default(title: str, made: Any) -> None:
    written, real = documented(title), dict(parameters(made))
    assert written.keys() == real.keys()
    for name, (default, _) in written.items():
        value = real[name]
        shown = tuple(value) if isinstance(value, frozenset) else Decimal(str(value)) if type(value) is float else value
        assert read(default) == shown, name


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_mark_is_what_can_be_set(name: str) -> None:
    title = name if f"\n## {name}\n" in DOCUMENT else "consensus, previous, momentum, momentum_15"
    marked = {each for each, (_, star) in documented(title).items() if star}
    assert marked == set(tunables(STRATEGIES[name]()))


def test_the_exit_rules_stand_there() -> None:
    written = documented("Exit rules")
    assert written.keys() == {f"exits.{each.name}" for each in fields(ExitRules)}
    for name, (default, _) in written.items():
        assert read(default) == getattr(ExitRules(), name.removeprefix("exits."))


def test_previous_has_all_but_the_momentum_and_momentum_15_its_own_window() -> None:
    shared = documented("consensus, previous, momentum, momentum_15")
    assert dict(parameters(STRATEGIES["previous"]())).keys() == {n for n in shared if not n.startswith("momentum.")}
    quarter: Any = STRATEGIES["momentum_15"]()
    assert f"momentum_15: {quarter.momentum.window_seconds:g}" in section("consensus, previous, momentum, momentum_15")

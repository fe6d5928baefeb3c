"""The numbers in docs/strategies.md are those that its commands print today."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from pathlib import Path

import pytest

from chatbot.formats import gain, money
from trading.domain.statistics import share
from trading.research.backtest import Terms, backtest
from trading.research.bootstrap import TRADES_MIN, Luck
from trading.research.material import Material, of_files
from trading.research.report import Report, about_of, report
from trading.strategies import STRATEGIES

DOCUMENT = Path(__file__).parents[3] / "docs" / "strategies.md"


@pytest.fixture(scope="module")
def measured() -> str:
    return DOCUMENT.read_text().partition("## Measured")[2]


def played(name: str, material: Material) -> Report:
    """What the command `backtest NAME --data ...` tells."""
    strategy, tape = STRATEGIES[name](), material.load()
    about = about_of(strategy, material, tape, Terms())
    return report(backtest(strategy, tape, Terms()), about, UTC)


def test_previous_over_all_results(reference: Path, measured: str) -> None:
    made = played("previous", of_files([reference / "data" / "kxbtc15m_results_2025-12_2026-05.csv"], Decimal("0.50")))
    assert made.markets == 15_890
    for sentence in made.sentences:
        assert f"> {sentence}" in measured
    tally = made.whole.tally
    assert f"That is {money(-tally.profit)} lost with stakes of $5, of which {money(tally.fees)} are fees" in measured
    assert tally.profit + tally.fees < 0  # it would lose without them too
    assert tally.rate is not None
    assert f"The opposite bet wins {share(1 - tally.rate)[:-1]} % of the time" in measured


@pytest.fixture(scope="module")
def xrp(reference: Path) -> Material:
    data = reference / "data"
    return of_files([data / "KXXRP15M_raw_snapshots.jsonl.gz", data / "KXXRP15M_results_2026-08-15on.csv"])


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name != "news"])
def test_each_strategy_over_the_recorded_windows(name: str, xrp: Material, measured: str) -> None:
    made = played(name, xrp)
    assert made.markets == 94
    assert row(made) in measured.split("\n"), f"docs/strategies.md should have the line\n{row(made)}"


def test_news_has_no_headlines_in_a_recording(xrp: Material) -> None:
    assert played("news", xrp).whole.luck.trades == 0


def row(made: Report) -> str:
    """A line of the document's table."""
    tally, luck = made.whole.tally, made.whole.luck
    rate, needed = ("-" if part is None else share(part) for part in (tally.rate, tally.needed))
    between = f"{luck.mean:+.2f} ({luck.low:+.2f} to {luck.high:+.2f})"
    cells = (made.about.strategy, f"{luck.trades}", rate, needed, gain(tally.profit), between, differs(luck))
    return f"| {' | '.join(cells)} |"


def differs(luck: Luck) -> str:
    if luck.trades < TRADES_MIN:
        return "too few to tell"
    return "for the better" if luck.low > 0 else "for the worse" if luck.high < 0 else "no"


if __name__ == "__main__":  # the lines of the table, for whoever has changed a strategy
    from tests.conftest import REFERENCE

    for each in STRATEGIES:
        data = REFERENCE / "data"
        files = [data / "KXXRP15M_raw_snapshots.jsonl.gz", data / "KXXRP15M_results_2026-08-15on.csv"]
        print(row(played(each, of_files(files))))

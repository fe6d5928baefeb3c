"""What a backtest is made of: files that fit together, and what is assumed where only results are known."""

from __future__ import annotations

import pickle
from decimal import Decimal
from pathlib import Path

import pytest

from trading.domain.errors import Misconfigured
from trading.domain.market import Quote
from trading.research.backtest import Terms, backtest
from trading.research.material import of_files
from trading.research.tape import DEPTH, HELD, OFFERED_AFTER, Paid, of_results, quoted
from trading.strategies import STRATEGIES

D = Decimal
HEADER = "event_ticker,open_time_utc,close_time_utc,floor_strike,expiration_value,result\n"
ROWS = (
    "KXBTC15M-26JAN041915,2026-01-05T00:00:00Z,2026-01-05T00:15:00Z,90000,90010,yes\n",
    "KXBTC15M-26JAN041930,2026-01-05T00:15:00Z,2026-01-05T00:30:00Z,90010,90005,no\n",
    "KXBTC15M-26JAN041945,2026-01-05T00:30:00Z,2026-01-05T00:45:00Z,90005,90001,no\n",
    "KXBTC15M-26JAN042000,2026-01-05T00:45:00Z,2026-01-05T01:00:00Z,90001,,\n",
)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "results.csv"
    path.write_text(HEADER + "".join(ROWS))
    return path


def test_results_alone_are_bought_at_an_assumed_price_that_is_said(results: Path) -> None:
    material = of_files([results], D("0.52"))
    assert material.name == "results.csv"
    assert "YES and NO cost $0.52 each" in material.assumed[0]
    quotes = [record.what for record in material.load() if isinstance(record.what, Quote)]
    assert len(quotes) == 2 * len(ROWS)
    assert {(q.bid.price, q.ask.price, q.ask.count) for q in quotes if q.bid and q.ask} == {
        (D("0.48"), D("0.52"), DEPTH)
    }


def test_previous_is_measured_by_hand_over_them(results: Path) -> None:
    """The market after a YES is bought YES and lost, the one after a NO is bought NO and won, the last one is open."""
    came = backtest(STRATEGIES["previous"](), of_files([results]).load(), Terms())
    assert [(trade.side.value, trade.outcome.value) for trade in came.trades] == [("yes", "LOSS"), ("no", "WIN")]
    fee = D("0.175")  # 0.07 x 10 x 0.5 x 0.5
    assert [trade.profit for trade in came.trades] == [-5 - fee, 5 - fee]
    assert [trade.contracts for trade in came.open] == [10]


def test_a_quote_is_not_there_before_its_time(results: Path) -> None:
    for record in of_results(results, D("0.5")):
        if isinstance(record.what, Quote):
            assert record.at.minute % 15 == 0
            assert record.at.second in (OFFERED_AFTER.seconds, (OFFERED_AFTER + HELD).seconds)


def test_what_can_be_decided_lies_between_the_first_quote_and_the_last(results: Path) -> None:
    first, last = quoted(of_results(results, D("0.5")))
    assert (first.minute, first.second, last.minute, last.second) == (0, 30, 45, 35)
    bare = of_results(results)
    assert quoted(bare) == (bare[0].at, bare[-1].at)


def test_several_results_are_one_tape(results: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + ROWS[0])
    (tmp_path / "b.csv").write_text(HEADER + ROWS[1])
    tape = of_files([tmp_path / "b.csv", tmp_path / "a.csv"]).load()
    assert [r.what.value for r in tape if isinstance(r.what, Paid)] == [1, 0]
    assert [record.at for record in tape] == sorted(record.at for record in tape)


def test_a_load_goes_to_other_processes(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(results.parent)
    load = of_files([Path("results.csv")]).load
    monkeypatch.chdir("/")
    assert pickle.loads(pickle.dumps(load))() == load() != []


@pytest.mark.parametrize(
    ("names", "price", "said"),
    [
        (["notes.txt"], None, "is neither snapshots"),
        (["none.csv"], None, "there is no file"),
        (["s.jsonl"], None, "no results: snapshots say nothing"),
        (["s.jsonl", "r.csv", "t.jsonl"], None, "2 files of snapshots and 1 of results: give one of each"),
        (["s.jsonl", "r.csv"], "0.5", "--price is for results alone"),
        (["r.csv"], "1", "--price 1 is no price"),
        (["r.csv"], "-0.5", "is no price"),
        (["empty.csv"], None, "has no event_ticker in its first row"),
    ],
)
def test_what_does_not_fit_is_one_sentence(tmp_path: Path, names: list[str], price: str | None, said: str) -> None:
    for name in ("notes.txt", "s.jsonl", "t.jsonl", "empty.csv"):
        (tmp_path / name).touch()
    (tmp_path / "r.csv").write_text(HEADER + ROWS[0])
    with pytest.raises(Misconfigured, match=said):
        of_files([tmp_path / name for name in names], price and D(price)).load()  # type: ignore[arg-type]

"""The forward test as a command: its table, its JSON, and one sentence for every wrong thing."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chatbot.cli import app
from chatbot.tools.forward_test import MARKETS_SHOWN_MAX
from trading.domain.errors import Misconfigured

DOCS = Path(__file__).parent.parent.parent.parent / "docs" / "forward-test.md"
TICKER = "KXBTC15M-26SEP010815-15"
D = Decimal


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def by_hand() -> str:
    """The lines that the document shows."""
    return next(block for block in re.findall(r"```json\n(.*?)```", DOCS.read_text(), re.DOTALL))


def told(*words: str) -> str:
    result = CliRunner().invoke(app, ["forward-test", *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def figures(*words: str) -> dict[str, object]:
    made = json.loads(told(*words, "--json").splitlines()[-1])
    assert isinstance(made, dict)
    return made


def file(path: str, *lines: str) -> str:
    Path(path).write_text("\n".join(lines))
    return path


def look(ts: str, bid: str, ask: str, **more: object) -> str:
    top = {"bid": bid, "bid_size": 10, "ask": ask, "ask_size": 10}
    return json.dumps({"ts": ts, "strategy": "m", "ticker": "KX-A", "top_of_book": top} | more)


def test_the_lines_of_the_document_give_these_figures() -> None:
    made = figures(file("mine.jsonl", by_hand()))
    # 3 contracts are taken at 0.46, and the 2 left fill at their own price when the ask is 0.45.
    fees = D("0.0522") + D("0.0348")  # 0.07 x C x 0.46 x 0.54 of either, rounded up to 0.0001
    assert (made["intents"], made["filled"], made["fills"], made["contracts"]) == (1, 1, 2, 5.0)
    assert made["fees_usd"] == float(fees)
    assert made["pnl_usd"] == float(5 * (1 - D("0.46")) - fees)
    assert made["open_contracts"] == 0
    assert [(day["day"], day["pnl_usd"]) for day in made["days"]] == [("2026-09-01", made["pnl_usd"])]  # type: ignore[attr-defined]
    assert [market["ticker"] for market in made["markets"]] == [TICKER]  # type: ignore[attr-defined]


def test_the_table_fits_80_columns_and_has_the_same_figures() -> None:
    text = told(file("mine.jsonl", by_hand()))
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(rf"{TICKER} +2 +5 +\$0.087 +\+\$2.61", text)
    assert re.search(r"2026-09-01 +2 ", text)


def test_a_table_of_many_markets_is_cut_and_says_so() -> None:
    wish = {"side": "yes", "price": "0.46", "count": 1}
    lines = [look("100", "0.44", "0.46", **wish, ticker=f"KXLONGSERIES-{n:03}-{'X' * 30}") for n in range(50)]
    text = told(file("many.jsonl", *lines))
    assert max(map(len, text.splitlines())) <= 80
    assert f"and {50 - MARKETS_SHOWN_MAX} more markets: --json has all" in text
    assert "50 contracts are valued at what is bid for them" in text


def test_files_are_played_in_the_order_of_time_whatever_their_order() -> None:
    first = file("a.jsonl", look("100", "0.44", "0.48", side="yes", price="0.45", count=5, id="a"))
    second = file("b.jsonl", look("105", "0.43", "0.45"), look("110", "0.50", "0.52"))
    assert figures(first, second)["contracts"] == figures(second, first)["contracts"] == 5
    assert figures(first)["contracts"] == 0


def test_models_latency_and_rest_are_heard() -> None:
    log = file(
        "a.jsonl",
        look("100", "0.44", "0.48", side="yes", price="0.45", count=5),
        look("105", "0.43", "0.45"),
        look("120", "0.42", "0.44"),
    )
    expected = {
        "": 1,
        "--model through": 0,
        "--model through --rest 30": 1,
        "--latency 5": 1,
        "--latency 10": 0,  # it has ended when the next look comes
        "--latency 10 --rest 11": 1,
        "--rest 3": 0,
    }
    assert {words: figures(log, *words.split())["fills"] for words in expected} == expected


@pytest.mark.parametrize(
    ("column", "name", "said", "profit"),
    [
        ("ticker", "KX-A-1", "yes", "2.70"),
        ("event_ticker", "KX-A", "NO", "-2.30"),
        ("event_ticker", "KX-A", "0.5", "0.20"),
        ("ticker", "KX-B", "yes", "0.90"),  # of another market: ours is worth its bid
    ],
)
def test_results_tell_what_markets_paid(column: str, name: str, said: str, profit: str) -> None:
    wish = {"ticker": "KX-A-1", "side": "yes", "price": "0.46", "count": 5, "post_only": True, "id": "a"}
    log = file(
        "a.jsonl",
        look("100", "0.44", "0.48", **wish),
        look("105", "0.43", "0.46", ticker="KX-A-1"),
        look("200", "0.64", "0.66", ticker="KX-A-1"),
    )
    results = file("results.csv", f"{column},close_time_utc,result", f"{name},,{said}", f"{name}-OTHER,,")
    made = figures(log, "--results", results)
    assert made["pnl_usd"] == float(profit)
    assert made["fees_usd"] == 0


def test_the_log_outdoes_the_results() -> None:
    wish = {"side": "yes", "price": "0.48", "count": 1}
    log = file("a.jsonl", look("100", "0.44", "0.48", **wish), look("900", "0.44", "0.48", settled="1"))
    made = figures(log, "--results", file("r.csv", "ticker,result", "KX-A,no"))
    assert made["pnl_usd"] == float(D("0.52") - D("0.0175"))


@pytest.mark.parametrize(
    ("lines", "words", "said"),
    [
        ((look("100", "0.44", "0.48"), "{"), (), r"^a.jsonl, line 2: '{' is no JSON object: write one in braces"),
        (
            (look("100", "0.44", "0.48"), look("99", "0.44", "0.48")),
            (),
            r"^a.jsonl is not in the order of time .*: sort",
        ),
        (
            (look("100", "0.44", "0.48"),),
            ("--model", "hope"),
            "^--model hope is unknown: use one of touch, through, queue",
        ),
        ((look("100", "0.44", "0.48"),), ("--results", "a.jsonl"), "^a.jsonl lacks a column"),
        (
            (look("100", "0.44", "0.48"),),
            ("--results", "odd.csv"),
            "^odd.csv, line 2: result is 'maybe': write yes, no",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence(lines: tuple[str, ...], words: tuple[str, ...], said: str) -> None:
    file("odd.csv", "ticker,result", "KX-A,maybe")
    with pytest.raises(Misconfigured, match=said):
        told(file("a.jsonl", *lines), *words)


def test_an_empty_log_is_no_error() -> None:
    made = figures(file("empty.jsonl"))
    assert (made["intents"], made["fills"], made["pnl_usd"], made["markets"]) == (0, 0, 0, [])
    assert "0 intents" in told("empty.jsonl")


def test_bytes_that_are_no_text_are_one_sentence() -> None:
    Path("bad.jsonl").write_bytes(b"\xff\xfe\x00{}\n")
    with pytest.raises(Misconfigured, match=r"^bad.jsonl, line 1: .* is no JSON object"):
        told("bad.jsonl")

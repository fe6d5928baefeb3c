"""What a typed line becomes, whatever a phone has made of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.line import Line, read_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/status", Line("status")),
        ("  STATUS ", Line("status")),
        ("/Status@kalshi_bot", Line("status")),
        ("Status.", Line("status")),
        ("/ status", Line("status")),
        ("//status", Line("status")),
        ("/kill!!", Line("kill")),
        ("*kill*", Line("kill")),
        ("kill🛑", Line("kill")),
        ("KİLL", Line("kill")),
        ("“/pnl” ‘week’", Line("pnl", ("week",))),
        ("/market <KXBTC-1>", Line("market", ("KXBTC-1",))),
        ("—status", Line("status")),
        ("/trades, 10,", Line("trades", ("10",))),
        ("/cancel DRY–RUN–7", Line("cancel", ("DRY-RUN-7",))),
        ("/set stake=5", Line("set", ("stake", "5"))),
        ("/limit order: 5.", Line("limit", ("order", "5"))),
        ("\u200b/pnl\u00a0week\ufeff", Line("pnl", ("week",))),
        ("／ｓｔａｔｕｓ", Line("status")),
        ("day_loss", Line("day_loss")),
        ("", Line("")),
        ("///", Line("")),
        (" , ' ", Line("")),
    ],
)
def test_a_line_is_read_as_it_was_meant(text: str, line: Line) -> None:
    assert read_line(text) == line


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("5", ("5",)),
        ("2,5", ("2.5",)),
        ("2,50", ("2.50",)),
        ("0,250", ("0.250",)),
        ("1234,567", ("1234.567",)),
        ("1,250", ("1250",)),
        ("1,250.50", ("1250.50",)),
        ("1.250,50", ("1250.50",)),
        ("1.234.567,5", ("1234567.5",)),
        ("1.250", ("1.250",)),
        ("1,2,3", ("1", "2", "3")),
        ("5, 10", ("5", "10")),
        ("KX-T3.50", ("KX-T3.50",)),
        ("12.10.2026", ("12.10.2026",)),
    ],
)
def test_a_number_is_read_where_only_one_reading_is_possible(written: str, words: tuple[str, ...]) -> None:
    assert read_line(f"/stake {written}") == Line("stake", words)


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_an_amount_means_the_same_however_it_is_written(amount: Decimal) -> None:
    american = f"{amount:,}"
    european = american.translate(str.maketrans(",.", ".,"))
    for written in (str(amount), american, european):
        [word] = read_line(f"/stake {written}").words
        assert Decimal(word) == amount

"""Replies as a terminal shows them: its width, its colours, choices by number."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from terminal_rig import Screen as Shown

from chatbot.channels.terminal_text import Screen, blocks_of, choices_of, styled
from chatbot.message import Button, File, Picture, Reply, Table
from chatbot.render import columns, joined

CHOICES = tuple(Button(f"Cancel 9 YES of number {n}", f"/cancel {'7d1f1c3e' * 4}-{n}") for n in range(1, 12))
BUTTONS = (Button("Refresh", "/orders"), Button("Next page", "/orders 10 10"), Button("Yes", "/confirm 1", typed="yes"))


def test_titles_stand_out_in_the_colour_of_the_mood() -> None:
    reply = Reply("T", label="l", note="n")
    assert styled(blocks_of(reply)) == "\x1b[1mT\x1b[0m\n\x1b[2ml\x1b[0m\nn"
    assert styled(blocks_of(reply), "gain").startswith("\x1b[1;32mT")
    assert styled(blocks_of(reply), "loss").startswith("\x1b[1;31mT")


def test_choices_and_pages_have_a_number_and_a_refresh_has_none() -> None:
    reply = Reply("Orders", choices=CHOICES[:1], buttons=BUTTONS)
    assert [each.label for each in choices_of(reply)] == ["Cancel 9 YES of number 1", "Next page"]
    assert joined(blocks_of(reply)).split("\n") == [
        "Orders",
        "Type a number, or the line behind it:",
        "1) Cancel 9 YES of number 1: /cancel",
        "   7d1f1c3e7d1f1c3e7d1f1c3e7d1f1c3e-1",
        "2) Next page: /orders 10 10",
        "Type yes to yes.",
    ]


@given(st.integers(20, 100), st.text(max_size=80), st.text(max_size=80))
def test_nothing_is_wider_than_the_terminal(width: int, text: str, more: str) -> None:
    table = Table(("A", "B"), ((text, more), (more, text)))
    reply = Reply(text, more, ((text, more),), table, more, Picture(b"", text, more), choices=CHOICES, buttons=BUTTONS)
    assert all(columns(line) <= width for block in blocks_of(reply, width) for line in block.lines)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1", CHOICES[0].line),
        (" 11. ", CHOICES[10].line),
        ("000007", "000007"),
        ("12", "12"),
        ("0", "0"),
        ("²", "²"),
        ("", ""),
    ],
)
async def test_a_number_is_the_choice_of_the_newest_answer(typed: str, meant: str) -> None:
    screen = Screen(lambda text: None)
    assert screen.meant("1") == "1"
    await screen.answer(Reply("Orders", choices=CHOICES))
    await screen.notice(Reply("Filled"))
    assert screen.meant(typed) == meant
    await screen.answer(Reply("Status"))
    assert screen.meant(typed) == typed


async def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("a file in the way")
    shown = Shown()
    await Screen(shown.write, folder=tmp_path).answer(Reply("Export", note="57 trades", file=File("t.csv", b"")))
    assert shown.text.split("\n") == ["Export", "57 trades", "(t.csv could not be written: File exists)"]


async def test_without_a_folder_files_are_only_named() -> None:
    shown = Shown()
    await Screen(shown.write).answer(Reply("Export", file=File("t.csv", b"")))
    assert shown.text == "Export\nt.csv"

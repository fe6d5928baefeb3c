"""Replies as Telegram takes them: markup that parses whatever the text, pages within its length, buttons."""

from __future__ import annotations

from doubles.telegram_rules import TEXT_UNITS_MAX, parsed, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.channels.telegram_markup import (
    CUT,
    PAGES_MAX,
    REPEATED,
    blocks_of,
    html,
    keyboard,
    pages_of,
    plain,
    repeated,
    split,
    units,
)
from chatbot.message import Button, Reply, Table
from chatbot.render import table_lines

MARKUP = '`<b>&"*_[]()~>#+-=|{}.!</pre></b>&lt;'


def test_each_part_has_its_look() -> None:
    reply = Reply("T", "l", (("Name", "value"),), Table(("A", "B"), (("1", "2"),)), "A note that is\nfor reading.")
    [page] = pages_of(reply)
    assert html(page) == (
        "<b>T</b>\n<i>l</i>\n<pre>Name  value</pre>\n<pre>A  B\n1  2</pre>\nA note that is\nfor reading."
    )


def test_prose_is_left_to_the_phone_to_wrap() -> None:
    note = "word " * 30
    assert plain(pages_of(Reply("T", note=note))[0]) == f"T\n{note.strip()}"


def test_nothing_at_all_is_still_something() -> None:
    assert html(blocks_of(Reply(" "))) == "-"


def test_length_is_counted_as_telegram_counts_it() -> None:
    assert [units(text) for text in ("a", "é", "€", "😀", "\n")] == [1, 1, 1, 2, 1]


TEXT = st.text(max_size=300) | st.just(MARKUP) | st.text("<>&;\"'`*_/bpre \n😀", max_size=60)
REPLIES = st.builds(
    Reply,
    TEXT,
    label=TEXT,
    fields=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    note=TEXT | TEXT.map(lambda text: text * 40),
)


@given(REPLIES)
@settings(max_examples=150)
def test_whatever_the_text_telegram_parses_it_and_shows_just_that(reply: Reply) -> None:
    for page in pages_of(reply):
        shown = parsed(html(page), "HTML")
        assert shown == plain(page)
        if shown.strip():
            assert text_of(html(repeated(page)), "HTML")


CELL = st.text(max_size=12) | st.sampled_from((MARKUP[:12], "😀😀😀", "row"))
TABLES = st.builds(
    lambda rows: Table(("A", "B"), tuple(rows * 40)), st.lists(st.tuples(CELL, CELL), min_size=1, max_size=12)
)


@given(TABLES, TEXT)
@settings(max_examples=60)
def test_no_page_is_too_long_or_cuts_a_row_or_an_entity(table: Table, note: str) -> None:
    reply = Reply("T", "l", table=table, note=note * 20)
    rows = table_lines(table)
    shown = []
    for page in pages_of(reply):
        assert units(plain(page)) <= TEXT_UNITS_MAX
        assert parsed(html(page), "HTML") == plain(page)  # each page is whole HTML by itself
        shown += [line for block in page if block.kind == "table" for line in block.lines]
    assert shown == rows  # each row whole, once, and in order


def test_a_long_reply_is_split_between_rows_and_loses_nothing() -> None:
    rows = tuple((f"row {n}", "😀" * 5, MARKUP[:9]) for n in range(1, 300))
    pages = pages_of(Reply("T", table=Table(("A", "B", "C"), rows)))
    assert len(pages) > 2
    assert all(units(parsed(html(page), "HTML")) <= TEXT_UNITS_MAX for page in pages)
    lines = [line for page in pages for line in plain(page).split("\n")]
    assert [line.split("  ")[0] for line in lines[2:]] == [row[0] for row in rows]


def test_a_text_without_end_is_cut_and_says_so() -> None:
    pages = pages_of(Reply("T", note="x" * 4096 * 40))
    assert (len(pages), plain(pages[-1])) == (PAGES_MAX, CUT)


def test_a_page_is_marked_as_a_repeat_once() -> None:
    page = repeated(repeated(pages_of(Reply("T"))[0]))
    assert plain(page) == f"{REPEATED}\nT"


def test_a_page_found_too_long_is_halved() -> None:
    [page] = pages_of(Reply("T", note="word " * 100))
    halves = split(page, units(plain(page)) // 2)
    assert " ".join(" ".join(map(plain, halves)).split()) == " ".join(plain(page).split())


def test_buttons_stand_two_in_a_row_and_carry_their_lines() -> None:
    buttons = (Button("Confirm", "/confirm 1", "danger"), Button("Cancel", "/decline 1"), Button("X", "/x"))
    choices = tuple(Button(f"Flatten {n}", f"/flatten {n}", "danger") for n in (1, 2))
    made = keyboard(Reply("T", buttons=buttons, choices=choices))
    assert made
    assert [[(key.text, key.callback_data, key.style) for key in row] for row in made.inline_keyboard] == [
        [("Flatten 1", "/flatten 1", "danger")],
        [("Flatten 2", "/flatten 2", "danger")],
        [("Confirm", "/confirm 1", "danger"), ("Cancel", "/decline 1", None)],
        [("X", "/x", None)],
    ]
    assert keyboard(Reply("T")) is None

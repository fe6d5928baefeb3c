"""Layout within 40 columns, and splitting that cuts no row and no word."""

from __future__ import annotations

import pytest
from fakes_outbox import notice
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.message import Button, Picture, Reply, Table
from chatbot.render import (
    WIDTH_MAX,
    Block,
    clean,
    columns,
    fits,
    joined,
    layout,
    of_notice,
    pages,
    plain,
    table_lines,
    wrap,
)


def test_a_reply_becomes_lines_in_order() -> None:
    reply = Reply(
        "Title",
        label="bot · REAL",
        fields=(("Short", "one two three four five six seven eight"), ("", "below"), ("A name too long", "own line")),
        table=Table(("A", "B"), (("x", "1"), ("yy", "22")), ("left", "right")),
        note="the note",
        picture=Picture(b"", "a curve"),
        buttons=(Button("Confirm", "/confirm 1", typed="yes"), Button("Cancel", "/decline 1", typed="no")),
    )
    assert plain(reply).split("\n") == [
        "Title",
        "bot · REAL",
        "Short  one two three four five six seven",
        "       eight",
        "       below",
        "A name too long",
        "  own line",
        "A    B",
        "x    1",
        "yy  22",
        "the note",
        "[a curve]",
        "Type yes to confirm, no to cancel.",
    ]


def test_wide_characters_count_two_columns() -> None:
    assert columns("市場é❤️") == 6
    lines = table_lines(Table(("市場", "B"), (("あ" * 30, "1"), ("x", "22"))))
    assert max(map(columns, lines)) <= WIDTH_MAX
    assert lines[1].startswith("ああ")
    assert "…" in lines[1]


def test_a_table_gives_up_its_gaps_before_its_cells() -> None:
    tight = Table(("a" * 20, "b" * 19), (("1", "2"),))
    assert fits(tight)
    assert table_lines(tight)[0] == "a" * 20 + " " + "b" * 19
    assert not fits(Table(("a" * 20, "b" * 20), ()))


def test_texts_from_outside_cannot_drive_a_terminal() -> None:
    assert clean("a\x1b[2Jb\r\u202ec\nd") == "a [2Jb c\nd"


@pytest.mark.parametrize(
    ("repeat", "late", "title"),
    [(False, 0, "notice 1"), (True, 0, "notice 1 (repeat)"), (False, 59, "notice 1"), (True, 185, None)],
)
def test_a_notice_says_that_it_is_a_repeat_and_how_late(repeat: bool, late: float, title: str | None) -> None:
    shown = of_notice(notice(1), repeat=repeat, late_seconds=late)
    assert shown.title == (title or "notice 1 (repeat, 3 min late)")
    assert shown.fields == notice(1).fields


texts = st.text(st.characters(codec="utf-8"), max_size=60)
replies = st.builds(
    Reply,
    texts,
    label=texts,
    fields=st.lists(st.tuples(texts, texts), max_size=4).map(tuple),
    note=texts,
    table=st.integers(1, 4).flatmap(
        lambda n: st.builds(
            Table, st.tuples(*[texts] * n), st.lists(st.tuples(*[texts] * n), max_size=3).map(tuple), st.just(())
        )
    ),
)


@given(replies, st.integers(12, 40))
@settings(max_examples=150)
def test_no_line_is_wider_than_the_screen(reply: Reply, width: int) -> None:
    if reply.table and len(reply.table.headers) * 4 > width:
        return
    wide = [line for block in layout(reply, width) for line in block.lines if columns(line) > width]
    assert not wide


words = st.lists(st.text("abcdefgh", min_size=1, max_size=12), max_size=40)
lines = st.lists(st.text("abcdef |", max_size=30), max_size=30).map(tuple)


@given(words, st.integers(14, 40))
@settings(max_examples=150)
def test_wrapping_keeps_every_word_whole(given_words: list[str], width: int) -> None:
    wrapped = wrap(" ".join(given_words), width, "  ")
    assert " ".join(wrapped).split() == given_words
    assert all(columns(line) <= width for line in wrapped)


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(st.lists(lines, max_size=5), st.integers(31, 200))
@settings(max_examples=150)
def test_pages_cut_between_lines_only(blocks_of: list[tuple[str, ...]], limit: int) -> None:
    blocks = [Block("table" if n % 2 else "fields", each) for n, each in enumerate(blocks_of)]
    dealt = pages(blocks, limit, utf16)
    assert all(utf16(joined(page)) <= limit for page in dealt)
    assert [line for page in dealt for block in page for line in block.lines] == [x for each in blocks_of for x in each]


@given(st.lists(st.text("abcdefgh😀", min_size=1, max_size=20), min_size=1, max_size=60), st.integers(40, 90))
@settings(max_examples=150)
def test_a_line_too_long_for_a_page_is_cut_between_words(given_words: list[str], limit: int) -> None:
    dealt = pages([Block("note", (" ".join(given_words),))], limit, utf16)
    assert all(utf16(joined(page)) <= limit for page in dealt)
    assert " ".join(joined(page) for page in dealt).split() == given_words


@given(st.text(max_size=300), st.integers(1, 10))
@settings(max_examples=150)
def test_any_text_fits_any_limit_and_loses_nothing_but_space(text: str, limit: int) -> None:
    dealt = pages([Block("note", tuple(text.split("\n")))], limit)
    assert all(len(joined(page)) <= limit for page in dealt)
    assert "".join("".join(joined(page).split()) for page in dealt) == "".join(text.split())


def test_pages_keep_the_kind_of_each_block() -> None:
    blocks = [Block("title", ("T",)), Block("table", ("h", "1", "2")), Block("table", ("x",))]
    assert pages(blocks, 5) == [
        [Block("title", ("T",)), Block("table", ("h", "1"))],
        [Block("table", ("2",)), Block("table", ("x",))],
    ]

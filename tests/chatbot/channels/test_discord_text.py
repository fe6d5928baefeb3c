"""How replies read on Discord: a coloured embed, small print, code blocks; escaped, split, and within the limits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.channels.discord_text import (
    ANSWER_LENGTH_MAX,
    COLOURS,
    CONTENT_LENGTH_MAX,
    NOTICE_LENGTH_MAX,
    Page,
    pages_of,
)
from chatbot.message import Mood, Picture, Reply, Table
from tests.doubles.discord_limits import unfit, units

TABLE = Table(("Market", "P&L"), (("KXBTC15M", "+$4.25"), ("KXETH", "-$0.10")), ("left", "right"))
WIDE = Table(("Market", "P&L"), tuple((f"KX{n:04}", f"+${n}.25") for n in range(500)))
NASTY = st.text("ab`*_~|>#-\\@[]()<\n 😀漢", max_size=4000)


def answers(reply: Reply) -> list[dict[str, object]]:
    return [page.answer() for page in pages_of(reply)]


def test_a_reply_reads_well() -> None:
    reply = Reply("Trades", "attic · REAL\nas of 14:05:09", (("Shown", "2 of 57"),), TABLE, "That is _all_.")
    assert answers(reply) == [
        {
            "title": "Trades",
            "description": "-# attic · REAL\n-# as of 14:05:09\n```\nShown  2 of 57\n```\n"
            "```\nMarket       P&L\nKXBTC15M  +$4.25\nKXETH     -$0.10\n```\nThat is \\_all\\_.",
            "color": COLOURS["plain"],
        }
    ]


@pytest.mark.parametrize("mood", ["plain", "gain", "loss", "alert"])
def test_the_mood_is_the_colour(mood: Mood) -> None:
    [page] = pages_of(Reply("T", note="n", mood=mood))
    assert page.answer()["color"] == page.notice()["embeds"][0]["color"] == COLOURS[mood]
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_a_notice_has_its_title_where_the_lock_screen_shows_it() -> None:
    [page] = pages_of(Reply("WIN +$4.25", fields=(("Market", "KX"),), mood="gain"), NOTICE_LENGTH_MAX)
    assert page.notice() == {
        "content": "**WIN +$4.25**",
        "embeds": [{"description": "```\nMarket  KX\n```", "color": COLOURS["gain"]}],
    }
    [bare] = pages_of(Reply("WIN"))
    assert bare.notice() == {"content": "**WIN**"}


@pytest.mark.parametrize("limit", [ANSWER_LENGTH_MAX, NOTICE_LENGTH_MAX])
def test_a_table_is_split_between_its_rows(limit: int) -> None:
    pages = pages_of(Reply("Trades", table=WIDE), limit)
    shown = [str(page.answer()["description"]) for page in pages]
    assert len(shown) > 1
    assert all(len(text) <= limit + 100 and text.count("```") == 2 for text in shown)
    assert re.findall(r"^(KX\d{4}) +\S+$", "\n".join(shown), re.MULTILINE) == [row[0] for row in WIDE.rows]
    assert [text.split("\n")[0] for text in shown[1:]] == [f"-# {n} of {len(shown)}" for n in range(2, len(shown) + 1)]


@settings(max_examples=60)
@given(NASTY.filter(str.strip), NASTY, st.text("`x \n", max_size=3000), st.sampled_from(["answer", "notice"]))
def test_no_text_is_too_long_or_breaks_out_of_its_block(title: str, note: str, value: str, form: str) -> None:
    limit = ANSWER_LENGTH_MAX if form == "answer" else NOTICE_LENGTH_MAX
    for page in pages_of(Reply(title, fields=(("Value", value),), note=note), limit):
        body = {"embeds": [page.answer()]} if form == "answer" else page.notice()
        assert unfit(body) is None
        for text in texts(body):
            assert text.count("```") % 2 == 0
            outside = "".join(text.split("```")[::2]).replace("**", "")
            assert not re.search(r"(?<!\\)(\\\\)*[`_~|]", outside)


def texts(body: dict[str, object]) -> list[str]:
    """The parts, whose code blocks each must be whole."""
    [embed] = body.get("embeds") or [{}]  # type: ignore[misc]
    return [str(body.get("content", "")), embed.get("title", ""), embed.get("description", "")]


@settings(max_examples=40)
@given(NASTY)
def test_what_is_sent_plain_where_embeds_are_refused_fits_whole(note: str) -> None:
    pages = pages_of(Reply("T", note=note), NOTICE_LENGTH_MAX)
    assert all(units(page.plain) <= CONTENT_LENGTH_MAX for page in pages)
    kept = re.sub(r"[\\\s\u200b]", "", "".join(page.plain for page in pages))
    assert kept == "T" + re.sub(r"[\\\s]", "", note)


def test_a_title_that_is_too_long_stands_in_the_text_and_is_all_there() -> None:
    words = " ".join(f"word{n}" for n in range(80))
    [embed] = answers(Reply(words))
    assert "title" not in embed
    assert embed["description"] == f"**{words}**"


def test_mentions_and_markup_from_outside_are_shown_as_they_are() -> None:
    [embed] = answers(Reply("@everyone **x**", note="<@123456789012345678> # h"))
    assert embed["title"] == "@\u200beveryone \\*\\*x\\*\\*"
    assert "<@1" not in str(embed["description"])


def test_nothing_to_say_is_still_a_message() -> None:
    assert answers(Reply(" ")) == [{"description": "(nothing)", "color": COLOURS["plain"]}]


def test_a_picture_stands_in_the_embed() -> None:
    [page] = pages_of(Reply("Chart", picture=Picture(b"png", "a curve")))
    assert page.answer(pictured=True)["image"] == {"url": "attachment://picture.png"}
    assert page.notice(pictured=True)["embeds"][0]["image"] == {"url": "attachment://picture.png"}


def test_a_repeat_is_marked_where_a_notice_goes_on() -> None:
    pages = pages_of(Reply("T", table=WIDE), NOTICE_LENGTH_MAX)
    second: Page = pages[1]
    assert second.notice(repeat=True)["content"] == f"-# 2 of {len(pages)}, repeat"
    assert second.body == pages_of(Reply("T (repeat)", table=WIDE), NOTICE_LENGTH_MAX)[1].body

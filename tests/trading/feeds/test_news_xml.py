"""RSS and Atom from bytes that nobody vouches for: what is read, what is refused, and that nothing else can happen."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.clock import monotonic
from trading.feeds.news_item import TITLE_CHARS_MAX, item_of, one_line
from trading.feeds.news_xml import ITEMS_MAX, items_of

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>The feed's own title</title>
<item><title>Fed cuts rates by 25 bp &amp; more</title><guid>g-1</guid>
<pubDate>Sat, 21 Nov 2026 12:00:05 +0100</pubDate></item>
<item><title><![CDATA[<b>Bold</b> <!DOCTYPE claim>]]></title><link>https://x/2</link>
<pubDate>Sat, 21 Nov 2026 11:59:00 GMT</pubDate></item>
<item><guid>no-title</guid></item>
<item><title>No time</title></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>feed</title>
<entry><title type="html">CPI &lt;b&gt;3.1&lt;/b&gt; %</title><id>urn:1</id><updated>2026-11-21T13:00:00Z</updated>
<published>2026-11-21T12:30:00.5+00:30</published></entry>
<entry><title>Linked</title><link href="https://x/9"/><updated>2026-11-21T12:00:00</updated></entry></feed>"""
LEVELS = "".join(f"<!ENTITY l{i} '" + f"&l{i - 1};" * 10 + "'>" for i in range(1, 10))
LAUGHS = f"<!DOCTYPE r [<!ENTITY l0 'lol'>{LEVELS}]><rss><item><title>&l9;</title></item></rss>"
OUTSIDE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss><item><title>&x;</title></item></rss>'
REMOTE = '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/evil.dtd"><rss><item><title>a</title></item></rss>'
PARAMETER = '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p"> %p;]><rss><item><title>a</title></item></rss>'


def at(hour: int, minute: int = 0, second: int = 0, micro: int = 0) -> datetime:
    return datetime(2026, 11, 21, hour, minute, second, micro, tzinfo=UTC)


def test_rss_is_read_with_its_times_in_utc() -> None:
    items = items_of(RSS.encode(), "wire")
    assert [(item.title, item.at) for item in items] == [
        ("Fed cuts rates by 25 bp & more", at(11, 0, 5)),
        ("<b>Bold</b> <!DOCTYPE claim>", at(11, 59)),
        ("No time", None),
    ]
    assert {item.source for item in items} == {"wire"}
    assert len({item.item_id for item in items}) == 3


def test_atom_is_read_and_published_goes_before_updated() -> None:
    first, second = items_of(ATOM.encode(), "bls")
    assert (first.title, first.at) == ("CPI <b>3.1</b> %", at(12, 0, 0, 500_000))
    assert (second.title, second.at) == ("Linked", at(12))
    assert second.item_id == getattr(item_of("bls", "https://x/9", None, "other"), "item_id")  # noqa: B009


@pytest.mark.parametrize(
    "document",
    [
        ATOM.encode("utf-16"),
        b"\xef\xbb\xbf" + ATOM.encode(),
        b'<?xml version="1.0" encoding="iso-8859-1"?>' + ATOM.encode("latin-1"),
        b"  \n" + ATOM.encode(),
    ],
)
def test_encodings_that_feeds_have(document: bytes) -> None:
    assert [item.title for item in items_of(document, "a")] == ["CPI <b>3.1</b> %", "Linked"]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (LAUGHS.encode(), "document type"),
        (LAUGHS.encode("utf-16"), "document type"),
        (b"\xef\xbb\xbf" + LAUGHS.encode(), "document type"),
        (OUTSIDE.encode(), "document type"),
        (REMOTE.encode(), "document type"),
        (PARAMETER.encode(), "document type"),
        (b"<?xml version='1.0'?><!-- <rss> --><?x y?> " + OUTSIDE.encode(), "document type"),
        (b"<!ENTITY x 'y'><rss/>", "document type"),
        (b"<rss><!DOCTYPE r [<!ENTITY x 'y'>]><item><title>&x;</title></item></rss>", "well-formed"),
        (b"<rss><item><title>&undeclared;</title></item></rss>", "well-formed"),
        (b"<rss><item><title>a</title>", "well-formed"),
        (b"<rss><item></rss></item>", "well-formed"),
        (b"", "no XML"),
        (b"<!-- never ends", "no XML"),
        (b"{}", "no XML"),
        (b"\x00" * 50, "no XML"),
        (b"<html><body>Not found</body></html>", "neither RSS nor Atom"),
        (b"<rss>\xff\xfe\x00</rss>", "not in utf-8"),
        (b'<?xml version="1.0" encoding="utf-7"?><rss/>', "is not read here"),
        (b'<?xml version="1.0" encoding="hex_codec"?><rss/>', "is not read here"),
        (b'<?xml version="1.0" encoding="../../etc"?><rss/>', "no XML|not read|well-formed"),
        (b'<?xml version="1.0" encoding="us-ascii"?><rss>\xe4</rss>', "not in us-ascii"),
        ("<rss>".encode("utf-16")[:-1], "not in utf-16"),
        (b"<rss>" + b"<a>" * 100_000, "nests deeper"),
        (b"<rss>" + b"<a/>" * 60_000 + b"</rss>", "elements"),
        (b"<rss " + b"a='" + b"x" * 500_000, "well-formed"),
    ],
)
def test_hostile_documents_are_refused_in_words(document: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        items_of(document, "a")


def test_the_largest_answer_that_is_taken_is_read_in_reasonable_time() -> None:
    """1 MiB is the bound of the fetch: comments, attributes and text without end must not cost more than reading."""
    for filling in (b"<!-- x -->", b"<item><title>t</title></item>", b"<item><title>&amp;</title>\n</item>"):
        body = b"<rss>" + filling * (1024 * 1024 // len(filling)) + b"</rss>"
        began = monotonic()
        assert len(items_of(body, "a")) in (0, ITEMS_MAX)
        assert monotonic() - began < 5.0


def test_only_the_first_items_of_a_long_feed_are_taken() -> None:
    body = "".join(f"<item><title>t{i}</title></item>" for i in range(ITEMS_MAX * 2))
    assert len(items_of(f"<rss>{body}</rss>".encode(), "a")) == ITEMS_MAX


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(document: bytes) -> None:
    for told in (document, b"<rss><item><title>" + document + b"</title></item></rss>", b"<?xml " + document):
        try:
            items = items_of(told, "a")
        except ValueError:
            continue
        assert all(item.title == one_line(item.title) for item in items)


xml_text = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=400)


@given(xml_text, xml_text, st.integers(631_152_000, 4_102_444_800))
def test_what_was_written_is_what_is_read(title: str, own_id: str, moment: int) -> None:
    when = datetime.fromtimestamp(moment, UTC)
    safe = escape(title).replace("\ufffe", "").replace("\uffff", "")
    other = escape(own_id).replace("\ufffe", "").replace("\uffff", "")
    body = f"<feed><entry><title>{safe}</title><id>{other}</id><updated>{when.isoformat()}</updated></entry></feed>"
    read = items_of(body.encode(), "a")
    wanted = one_line(title.replace("\ufffe", "").replace("\uffff", ""))
    assert [(item.title, item.at) for item in read] == ([(wanted, when)] if wanted else [])


@given(st.text(max_size=2_000))
def test_a_title_is_one_bounded_line(text: str) -> None:
    line = one_line(text)
    assert len(line) <= TITLE_CHARS_MAX
    assert line.isprintable() or all(c.isprintable() or not c.isspace() for c in line)
    assert not set(line) & set("\n\r\t\u202e\u2066\x00\x1b\u2028")


@given(st.text(max_size=300), st.text(min_size=1, max_size=300))
def test_the_same_headline_has_the_same_id(own_id: str, title: str) -> None:
    one, two = item_of("a", own_id, None, title), item_of("a", own_id, at(12), title)
    assert (one and one.item_id) == (two and two.item_id)
    assert one is None or len(one.item_id) == 18

"""What the table [feeds.news] of the strategies file says: where news comes from, and what which words mean.

A rule is the only thing that turns a headline into an opinion, and it is written by the owner: words that must all be
there (and words that must not), the markets that it is about, the side that it speaks for, and how sure that is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trading.domain.errors import Misconfigured
from trading.domain.market import Outcome
from trading.feeds.fetching import checked_address

EVERY_SECONDS = 30.0
EVERY_SECONDS_MIN = 5.0  # no public feed wants to be asked more often
SOURCES_MAX, RULES_MAX, WORDS_MAX = 20, 500, 20
_NAME = re.compile(r"[a-z0-9_-]{1,24}")
_TICKER = re.compile(r"[A-Z0-9][A-Z0-9.-]{1,79}")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Source:
    """A feed's own name here, and where it is."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Rule:
    """`words` and `without` are in lower case; `ticker` is what the tickers begin with; no `sources` means all."""

    words: tuple[str, ...]
    ticker: str
    side: Outcome
    confidence: float
    without: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def about(self, source: str, title: str) -> bool:
        """Whether this title of this source is meant: whole words, in any case and order."""
        said = f" {_spaced(title)} "
        wanted = all(f" {word} " in said for word in self.words)
        return (
            wanted and source in (self.sources or (source,)) and not any(f" {word} " in said for word in self.without)
        )


@dataclass(frozen=True, slots=True)
class Door:
    """The webhook: the port on this machine, and the file that holds the shared secret."""

    port: int
    secret_file: str


@dataclass(frozen=True, slots=True)
class NewsTable:
    """All of it. Without rules every headline is dropped, so there is at least one where there is news at all."""

    sources: tuple[Source, ...]
    rules: tuple[Rule, ...]
    every_seconds: float = EVERY_SECONDS
    webhook: Door | None = None


def news_of(table: Mapping[str, Any]) -> NewsTable:
    """The table as it stands in TOML. Raises Misconfigured with one sentence: the key, its value, the fix."""
    _known("feeds.news", table, {"sources", "rules", "every_seconds", "webhook"})
    sources = tuple(_source(each) for each in _tables("feeds.news.sources", table.get("sources", []), SOURCES_MAX))
    names = [source.name for source in sources]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Misconfigured(f"feeds.news.sources names {twice[0]!r} twice: give each source a name of its own")
    rules = tuple(_rule(each) for each in _tables("feeds.news.rules", table.get("rules", []), RULES_MAX))
    if not rules:
        raise Misconfigured(
            "feeds.news has no rules: without one every headline is dropped, so write [[feeds.news.rules]]"
        )
    webhook = _door(table["webhook"]) if "webhook" in table else None
    every = _number("feeds.news.every_seconds", table.get("every_seconds", EVERY_SECONDS), EVERY_SECONDS_MIN, 3600.0)
    return NewsTable(sources, rules, every, webhook)


def _source(table: Mapping[str, Any]) -> Source:
    _known("feeds.news.sources", table, {"name", "url"})
    name = _text(
        "feeds.news.sources.name", table.get("name"), _NAME, "lower-case letters, figures, - and _, at most 24"
    )
    return Source(name, checked_address(f"feeds.news.sources.url of {name}", str(table.get("url", ""))))


def _rule(table: Mapping[str, Any]) -> Rule:
    where = "feeds.news.rules"
    _known(where, table, {"words", "without", "ticker", "side", "confidence", "sources"})
    words = _words(f"{where}.words", table.get("words", []))
    if not words:
        raise Misconfigured(f"{where} has a rule without words: it would take every headline, so name some")
    side = table.get("side")
    if side not in ("yes", "no"):
        raise Misconfigured(f"{where}.side is {side!r}: write yes or no")
    return Rule(
        words,
        _text(f"{where}.ticker", table.get("ticker"), _TICKER, "a series or the beginning of a ticker, such as KXFED"),
        Outcome(side),
        _number(f"{where}.confidence", table.get("confidence"), 0.0, 1.0),
        _words(f"{where}.without", table.get("without", [])),
        tuple(str(each) for each in _list(f"{where}.sources", table.get("sources", []), SOURCES_MAX)),
    )


def _door(table: Any) -> Door:
    where = "feeds.news.webhook"
    if not isinstance(table, Mapping):
        raise Misconfigured(f"{where} is {table!r}: write it as a table")
    _known(where, table, {"port", "secret_file"})
    port, secret = table.get("port"), table.get("secret_file")
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65_535:
        raise Misconfigured(f"{where}.port is {port!r}: give a free port of this machine, such as 8077")
    if not isinstance(secret, str) or not secret:
        raise Misconfigured(
            f"{where}.secret_file is {secret!r}: name a file with a long random line, that only you read"
        )
    return Door(port, secret)


def _known(where: str, table: Mapping[str, Any], keys: set[str]) -> None:
    if odd := sorted(table.keys() - keys):
        raise Misconfigured(f"{where} has {odd[0]!r}, which is unknown: there are {', '.join(sorted(keys))}")


def _tables(where: str, value: Any, most: int) -> Sequence[Mapping[str, Any]]:
    rows = _list(where, value, most)
    if not all(isinstance(row, Mapping) for row in rows):
        raise Misconfigured(f"{where} is no list of tables: write [[{where}]] before each")
    return rows


def _list(where: str, value: Any, most: int) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise Misconfigured(f"{where} is {str(value)[:40]!r}: give a list of at most {most}")
    return value


def _words(where: str, value: Any) -> tuple[str, ...]:
    """Each as its plain words with single blanks, as titles are looked through."""
    rows = _list(where, value, WORDS_MAX)
    plain = tuple(_spaced(str(row)) for row in rows)
    if not all(plain):
        raise Misconfigured(f"{where} has a word without a letter or figure: leave it out")
    return plain


def _spaced(text: str) -> str:
    """Its words alone, in lower case, with single blanks between them."""
    return " ".join(_WORD.findall(text.casefold()))


def _text(where: str, value: Any, form: re.Pattern[str], wanted: str) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise Misconfigured(f"{where} is {str(value)[:40]!r}: give {wanted}")
    return value


def _number(where: str, value: Any, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise Misconfigured(f"{where} is {value!r}: give a number from {least:g} to {most:g}")
    return float(value)

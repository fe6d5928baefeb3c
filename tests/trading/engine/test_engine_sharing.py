"""One stream for several observers: what each follows is kept, and everything is passed on."""

from __future__ import annotations

from collections.abc import Collection

from tests.fakes import GivenStream
from tests.trading.build import TICKER, quote, ticks
from trading.engine.sharing import Share


class Following(GivenStream):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Collection[str]] = []

    def follow(self, tickers: Collection[str]) -> None:
        self.asked.append(tuple(tickers))


def test_the_stream_is_asked_for_what_all_of_them_follow() -> None:
    stream, wanted = Following(), dict[str, tuple[str, ...]]()
    one, other = Share(stream, "one", wanted), Share(stream, "other", wanted)
    one.follow(("A", "B"))
    other.follow(("B", "C"))
    one.follow(("D",))
    assert stream.asked == [("A", "B"), ("A", "B", "C"), ("D", "B", "C")]


def test_what_it_tells_is_told_to_each() -> None:
    stream, tick = Following(), ticks(quote().seen_at)[0]
    share = Share(stream, "one", {})
    assert (share.quote(TICKER), share.tick("BRTI")) == (None, None)
    stream.quotes, stream.ticks = {TICKER: quote()}, {"BRTI": tick}
    assert (share.quote(TICKER), share.tick("BRTI"), share.health) == (quote(), tick, stream.health)

"""How requests ended is counted by lane, each try for itself."""

from __future__ import annotations

import pytest

from tests.trading.exchange.kalshi.loopback_exchange import Loopback, Reply
from trading.clock import VirtualClock
from trading.domain.errors import ChatopsError
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.traffic import OUTCOMES

BALANCE = "/portfolio/balance"


async def read(kalshi: KalshiExchange) -> None:
    with pytest.raises(ChatopsError):
        await kalshi.balance()


@pytest.mark.parametrize(
    ("reply", "outcome", "tries"),
    [
        (Reply(429), "limited", 4),
        (Reply(404), "refused", 1),
        (Reply(503), "failed", 4),
        (Reply(200, {"nonsense": 1}), "unreadable", 4),
        (Reply(fault="reset"), "unanswered", 4),
    ],
)
async def test_each_end_has_its_word(
    loopback: Loopback, kalshi: KalshiExchange, reply: Reply, outcome: str, tries: int
) -> None:
    loopback.on("GET", BALANCE, reply)
    await read(kalshi)
    assert kalshi.traffic.counts == {("reads", outcome): tries}
    assert not kalshi.traffic.reached


async def test_a_lane_that_is_closed_sends_nothing(kalshi: KalshiExchange) -> None:
    kalshi.close()
    await read(kalshi)
    assert set(kalshi.traffic.counts) == {("reads", "unsent")}


async def test_an_answer_says_that_the_exchange_was_reached(loopback: Loopback, kalshi: KalshiExchange) -> None:
    loopback.on("DELETE", "/portfolio/events/orders", Reply(204))
    await kalshi.cancel_all()
    assert kalshi.traffic.counts == {("cancels", "ok"): 1}
    assert kalshi.traffic.reached


def test_the_words_are_all_there_are() -> None:
    assert len(OUTCOMES) == len(set(OUTCOMES)) == 7


async def test_what_is_left_of_the_budgets_is_told(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    loopback.on("DELETE", "/portfolio/events/orders", Reply(204))
    full = kalshi.rate_tokens()
    await kalshi.cancel_all()
    assert kalshi.rate_tokens()["write_0"] < full["write_0"]
    assert set(full) == {"read", "write_0"}

"""Moving cash between shards: what is sent, that it is sent once, and what each end of it means."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from loopback_exchange import Loopback, Reply

from trading.domain.errors import ChatopsError, Paused, Rejected, Unauthorized, Unavailable, Unresolved
from trading.exchange.kalshi.client import KalshiExchange

PATH = "/portfolio/intra_exchange_instance_transfer"
TRANSFER_ID = "0b9ef6ac-4f5b-4c57-8f0f-6d8ab6c2c3ad"
Client = Callable[..., KalshiExchange]


async def move(kalshi: KalshiExchange, amount: str = "10.5") -> str:
    return await kalshi.move_cash(0, 2, Decimal(amount), TRANSFER_ID)


def refusal(code: str, details: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": code.replace("_", " "), "details": details}}


async def test_it_is_sent_as_the_spec_wants_it(loopback: Loopback, kalshi: KalshiExchange) -> None:
    loopback.on("POST", PATH, Reply(200, {"transfer_id": "t-1"}))
    assert await move(kalshi) == "t-1"
    (seen,) = loopback.seen
    assert seen.json == {
        "source": "event_contract",
        "destination": "event_contract",
        "amount": 105_000,
        "source_exchange_shard": 0,
        "destination_exchange_shard": 2,
        "client_transfer_id": TRANSFER_ID,
    }


async def test_it_stays_within_the_subaccount(loopback: Loopback, client: Client) -> None:
    loopback.on("POST", PATH, Reply(200, {"transfer_id": "t-1"}))
    await move(client(subaccount=3))
    assert (loopback.seen[0].json["source_subaccount"], loopback.seen[0].json["destination_subaccount"]) == (3, 3)


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply(400, refusal("insufficient_balance")), Rejected, "insufficient balance"),
        (Reply(401, refusal("authentication_error", "NOT_FOUND")), Unauthorized, "KALSHI_API_KEY_ID"),
        (Reply(403, refusal("forbidden")), Unauthorized, "write::transfer"),
        (Reply(409, refusal("exchange_is_paused")), Paused, "paused"),
        (Reply(429, refusal("too_many_requests")), Unavailable, "too_many_requests"),
        (Reply(500, refusal("internal_server_error")), Unresolved, "500"),
        (Reply(200, {"id": "t-1"}), Unresolved, "cannot be read"),
        (Reply(fault="drop"), Unresolved, "connection"),
    ],
)
async def test_every_other_end_is_named_and_nothing_is_sent_twice(
    loopback: Loopback, kalshi: KalshiExchange, reply: Reply, error: type[ChatopsError], words: str
) -> None:
    loopback.on("POST", PATH, reply)
    with pytest.raises(error, match=words) as caught:
        await move(kalshi)
    assert type(caught.value) is error
    assert len(loopback.seen) == 1


@pytest.mark.parametrize("amount", ["0", "-1", "0.00001"])
async def test_what_is_no_amount_is_never_sent(loopback: Loopback, kalshi: KalshiExchange, amount: str) -> None:
    with pytest.raises(ValueError, match="positive whole number"):
        await move(kalshi, amount)
    assert loopback.seen == []


async def test_it_needs_a_key(loopback: Loopback, client: Client) -> None:
    with pytest.raises(Unauthorized, match="KALSHI_API_KEY_ID"):
        await move(client(signer=None))
    assert loopback.seen == []

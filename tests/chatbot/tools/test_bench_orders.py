"""The bench of the order path: real orders through the gate and the journal to a process that takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.tools.bench import orders as bench
from chatbot.tools.bench.children import Child, child
from chatbot.tools.bench.least_order import last_lines, least_order
from chatbot.tools.bench.order_taker import Taken
from trading.domain.errors import Unavailable
from trading.exchange.kalshi.auth import Signer, load_private_key
from trading.exchange.simulated.keys import make_key

TAKER = ("-m", "chatbot.tools.bench.order_taker")
SIGNED = b"POST /trade-api/v2/portfolio/events/orders HTTP/1.1\r\nKALSHI-ACCESS-SIGNATURE: x"
BODY = b'{"client_order_id":"k1-a"}'


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    key = make_key(tmp_path / "key")
    return Signer(key.key_id, load_private_key(key.private_key_path.read_bytes()))


async def test_every_figure_stands_beside_the_least(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    rows = await bench.orders(tmp_path, 2, lambda done, of: told.append((done, of)), pasts=(0, 30))
    names = [f"{name}, {p}" for name in ("order", "order after 30 orders in two days") for p in ("p50", "p99")]
    assert [row["name"] for row in rows] == names
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for row in rows:
        assert row["value"] > 0
        assert row["limit"] > 0
        median = row["name"].endswith("p50")
        assert row["reach"] == (pytest.approx(bench.RATIO_MAX * row["limit"], abs=0.01) if median else None)


async def test_an_order_is_written_down_sent_taken_and_written_down(tmp_path: Path, signer: Signer) -> None:
    async with child(*TAKER) as taker, bench._sender(tmp_path / "bot", 0, signer, taker.where["base_url"]) as sender:
        assert await bench._taken(taker) == 0
        await sender.send()
        before, after = last_lines(sender.app.settings.data_folder / "store", 2)  # before anybody else has a turn
        [order] = sender.app.book.state.live_orders()
        assert (await bench._taken(taker), sender.sent) == (1, {order.client_order_id})
        assert b'"status":"pending"' in before
        assert b'"status":"resting"' in after
        assert order.client_order_id.encode() in before
        await sender.settle()
        assert sender.app.book.state.live_orders() == []
        assert sum(sender.app.outbox.queued().values()) == 0


async def test_no_order_passes_a_closed_gate(tmp_path: Path, signer: Signer) -> None:
    async with child(*TAKER) as taker, bench._sender(tmp_path / "bot", 0, signer, taker.where["base_url"]) as sender:
        sender.app.cycle.broker.latch.closed = True
        with pytest.raises(Unavailable, match="the gate let no order through: trading is halted"):
            await sender.send()
        assert await bench._taken(taker) == 0


async def test_past_orders_are_in_the_state_as_after_a_restart(tmp_path: Path, signer: Signer) -> None:
    async with child(*TAKER) as taker, bench._sender(tmp_path / "bot", 25, signer, taker.where["base_url"]) as sender:
        state = sender.app.book.state
        assert len(state.orders) == len(state.attempts) == 25
        assert state.live_orders() == []
        assert state.trading == "ACTIVE"


async def test_the_least_order_is_taken_too_and_written_around(tmp_path: Path, signer: Signer) -> None:
    file = tmp_path / "least"
    async with child(*TAKER) as taker:
        with least_order(file, (b"before|", b"after"), BODY, signer, taker.where["base_url"]) as raw:
            assert raw.send() > 0
            assert raw.send() > 0
        assert await bench._taken(taker) == 1
        assert file.read_bytes().rstrip(b"\0") == b"before|after"
        with (
            least_order(file, (b"", b""), b"{}", signer, taker.where["base_url"]) as nameless,
            pytest.raises(Unavailable, match="HTTP 404"),
        ):
            nameless.send()


@pytest.mark.parametrize(
    ("head", "body", "taken"),
    [
        (SIGNED, BODY, True),
        (SIGNED.replace(b"SIGNATURE", b"KEY"), BODY, False),
        (SIGNED.replace(b"POST", b"GET"), BODY, False),
        (SIGNED.replace(b"events/orders", b"orders"), BODY, False),
        (SIGNED, b"{}", False),
    ],
)
def test_only_signed_orders_are_taken(head: bytes, body: bytes, taken: bool) -> None:
    taker = Taken()
    answer = taker.answer(head, body)
    assert answer.startswith(b"HTTP/1.1 201 Created" if taken else b"HTTP/1.1 404 Not Found")
    assert taker.names == ({"k1-a"} if taken else set())


async def test_acknowledged_orders_that_nobody_took_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody(taker: Child) -> int:
        return 0

    monkeypatch.setattr(bench, "_taken", nobody)
    with pytest.raises(Unavailable, match=f"{bench.WARM_UP + 1} orders were acknowledged, and not as many were taken"):
        await bench.orders(tmp_path, 1, lambda done, of: None, pasts=(0,))

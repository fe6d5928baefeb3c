"""The commands of the stream: replies, sids, sequence numbers, error codes, faults and the bounded queue."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from trading.clock import VirtualClock
from trading.exchange.simulated import wire
from trading.exchange.simulated.faults import profile_of
from trading.exchange.simulated.stream import Stream
from trading.exchange.simulated.stream_faults import StreamFault, StreamFaults
from trading.exchange.simulated.stream_session import COMMANDS_MAX, MARKETS_MAX
from trading.exchange.simulated.venue import Venue

TICKER, NEXT = "KXBTC15M-26JAN050715-15", "KXBTC15M-26JAN050730-30"


def test_one_reply_and_one_sid_for_each_channel(listener: Any) -> None:
    frames = listener.say("subscribe", channels=["ticker", "trade", "fill"])
    assert listener.tick() == []
    assert [f["msg"] for f in frames] == [
        {"channel": "ticker", "sid": 1},
        {"channel": "trade", "sid": 2},
        {"channel": "fill", "sid": 3},
    ]
    assert {f["id"] for f in frames} == {1}
    [listed] = listener.say("list_subscriptions")
    assert (listed["id"], listed["msg"]) == (2, [f["msg"] for f in frames])


def test_subscribing_again_keeps_the_sid_and_adds_markets(listener: Any) -> None:
    listener.say("subscribe", channels=["orderbook_delta"], market_ticker=TICKER)
    frames = listener.say("subscribe", channels=["orderbook_delta"], market_tickers=[TICKER, NEXT])
    assert [f["type"] for f in frames] == ["subscribed", "orderbook_snapshot"]
    assert frames[0]["msg"]["sid"] == 1
    assert frames[1]["msg"]["market_ticker"] == NEXT
    assert listener.say("subscribe", channels=["orderbook_delta"], market_tickers=[NEXT])[1:] == []


def test_every_message_of_a_sid_counts(listener: Any, clock: VirtualClock) -> None:
    listener.say("subscribe", channels=["orderbook_delta", "trade"], market_ticker=TICKER)
    clock.advance_to(clock.now() + timedelta(seconds=5))
    listener.tick()
    before = listener.seqs[1]
    [ok, snapshot] = listener.say("update_subscription", sid=1, action="add_markets", market_tickers=[NEXT])
    assert (ok["type"], ok["sid"], ok["seq"], ok["msg"]) == ("ok", 1, before + 1, {"market_tickers": [TICKER, NEXT]})
    assert snapshot["seq"] == before + 2
    [error] = listener.say("update_subscription", sids=[1], action="explode")
    assert (error["sid"], error["seq"], error["msg"]["code"]) == (1, before + 3, 13)
    [gone] = listener.say("unsubscribe", sids=[1])
    assert (gone["type"], gone["sid"], gone["seq"]) == ("unsubscribed", 1, before + 4)
    clock.advance_to(clock.now() + timedelta(seconds=5))
    assert {f["sid"] for f in listener.tick()} == {2}
    assert listener.say("subscribe", channels=["orderbook_delta"], market_ticker=TICKER)[0]["msg"]["sid"] == 3


def test_a_snapshot_on_demand(listener: Any, clock: VirtualClock) -> None:
    listener.say("subscribe", channels=["orderbook_delta"], market_ticker=TICKER)
    clock.advance_to(clock.now() + timedelta(seconds=30))
    frames = listener.say("update_subscription", sid=1, action="get_snapshot", market_tickers=[TICKER, NEXT])
    shown = [f for f in frames if f["type"] == "orderbook_snapshot"]
    assert [(f["id"], f["msg"]["market_ticker"]) for f in shown] == [(2, TICKER), (2, NEXT)]
    clock.advance_to(clock.now() + timedelta(minutes=12))
    assert {f["msg"]["market_ticker"] for f in listener.tick()} == {TICKER}


def test_a_snapshot_heals_a_gap(stream: Stream, listener: Any, venue: Venue, clock: VirtualClock) -> None:
    listener.say("subscribe", channels=["orderbook_delta"], market_ticker=TICKER)
    stream.faults.next("orderbook_delta", "gap")
    clock.advance_to(clock.now() + timedelta(seconds=9))
    stream.tick()
    seqs = [json.loads(text)["seq"] for text in listener.session.outbox.frames]
    assert seqs == list(range(3, 3 + len(seqs)))
    listener.session.outbox.frames.clear()
    listener.seqs[1] = seqs[-1]
    assert listener.book(TICKER) != wire.orderbook(venue.shown(TICKER), 0)
    listener.say("update_subscription", sid=1, action="get_snapshot", market_tickers=[TICKER])
    clock.advance_to(clock.now() + timedelta(seconds=9))
    listener.tick()
    assert listener.book(TICKER) == wire.orderbook(venue.shown(TICKER), 0)


def test_markets_can_be_dropped(listener: Any, clock: VirtualClock) -> None:
    listener.say("subscribe", channels=["orderbook_delta"], market_tickers=[TICKER, NEXT])
    [ok] = listener.say("update_subscription", sid=1, action="delete_markets", market_tickers=[TICKER])
    assert ok["msg"] == {"market_tickers": [NEXT]}
    clock.advance_to(clock.now() + timedelta(seconds=5))
    assert listener.tick() == []


def test_the_indices_of_a_subscription(listener: Any, clock: VirtualClock) -> None:
    listener.say("subscribe", channels=["cfbenchmarks_value"])
    [listed] = listener.say("update_subscription", sid=1, action="indexlist")
    assert (listed["type"], listed["msg"]) == ("cfbenchmarks_value_indexlist", {"index_ids": ["BRTI"]})
    [ok] = listener.say("update_subscription", sid=1, action="subscribe_indices", index_ids=["BRTI"])
    assert ok["msg"] == {"index_ids": ["BRTI"]}
    clock.advance_to(clock.now() + timedelta(seconds=1))
    assert [f["seq"] for f in listener.tick()] == [3]
    [ok] = listener.say("update_subscription", sid=1, action="unsubscribe_indices", index_ids=["BRTI"])
    assert ok["msg"] == {"index_ids": []}
    assert listener.say("update_subscription", sid=1, action="subscribe_indices")[0]["msg"]["code"] == 24


REFUSED: list[tuple[Any, int]] = [
    ("no json", 1),
    ('{"id": "one", "cmd": "subscribe"}', 1),
    (b"\xff\xfe", 1),
    ({"id": 9, "cmd": "subscribe"}, 2),
    ({"id": 9, "cmd": "subscribe", "params": {}}, 3),
    ({"id": 9, "cmd": "unsubscribe", "params": {}}, 4),
    ({"id": 9, "cmd": "dance"}, 5),
    ({"id": 9}, 5),
    ({"id": 9, "cmd": "unsubscribe", "params": {"sids": [1, 77]}}, 7),
    ({"id": 9, "cmd": "update_subscription", "params": {"sid": 77, "action": "add_markets"}}, 7),
    ({"id": 9, "cmd": "subscribe", "params": {"channels": ["fill", "ticker_v2"]}}, 8),
    ({"id": 9, "cmd": "subscribe", "params": {"channels": ["pyth_value"]}}, 10),
    ({"id": 9, "cmd": "subscribe", "params": {"channels": "fill"}}, 11),
    ({"id": 9, "cmd": "subscribe", "params": {"channels": ["fill"], "market_ticker": "NOBODY"}}, 11),
    ({"id": 9, "cmd": "subscribe", "params": {"channels": ["cfbenchmarks_value"], "index_ids": ["DOGE"]}}, 11),
    ({"id": 9, "cmd": "subscribe", "params": {"channels": ["ticker"], "market_ids": ["a"]}}, 11),
    ({"id": 9, "cmd": "update_subscription", "params": {"sids": [1, 2], "action": "add_markets"}}, 12),
    ({"id": 9, "cmd": "update_subscription", "params": {"action": "add_markets"}}, 12),
    ({"id": 9, "cmd": "update_subscription", "params": {"sid": 1, "action": "indexlist"}}, 13),
    ({"id": 9, "cmd": "update_subscription", "params": {"sid": 2, "action": "get_snapshot"}}, 13),
    ({"id": 9, "cmd": "subscribe", "params": {"channels": ["fill", "orderbook_delta"]}}, 14),
    ({"id": 9, "cmd": "update_subscription", "params": {"sid": 1, "action": "add_markets"}}, 14),
    ({"id": 9, "cmd": "update_subscription", "params": {"sid": 1}}, 15),
]


@pytest.mark.parametrize(("said", "code"), REFUSED, ids=[f"{code}-{n}" for n, (_, code) in enumerate(REFUSED)])
def test_a_refusal_has_its_code_and_changes_nothing(listener: Any, said: Any, code: int) -> None:
    listener.say("subscribe", channels=["orderbook_delta", "trade"], market_ticker=TICKER)
    [error] = listener.raw(said if isinstance(said, str | bytes) else json.dumps(said))
    assert (error["type"], error["msg"]["code"]) == ("error", code)
    assert error.get("id") == (None if code == 1 else 9)
    assert [s["sid"] for s in listener.say("list_subscriptions")[0]["msg"]] == [1, 2]


def test_an_unknown_market_is_named(listener: Any) -> None:
    [error] = listener.say("subscribe", channels=["ticker"], market_tickers=[TICKER, "NOBODY"])
    assert error["msg"]["market_ticker"] == "NOBODY"
    [error] = listener.say("subscribe", channels=["ticker"], market_tickers=["A", "B"])
    assert error["msg"]["market_tickers"] == ["A", "B"]


def test_markets_and_commands_are_bounded(listener: Any, venue: Venue, clock: VirtualClock) -> None:
    windows = venue.world.windows("KXBTC15M", clock.now() - timedelta(days=20), clock.now())
    tickers = [w.ticker for w in windows][: MARKETS_MAX + 1]
    assert listener.say("subscribe", channels=["trade"], market_tickers=tickers)[0]["msg"]["code"] == 26
    replies = [listener.say("list_subscriptions")[0] for _ in range(COMMANDS_MAX)]
    assert replies[-1]["msg"]["code"] == 27


def test_a_full_queue_ends_the_session(venue: Venue, clock: VirtualClock, frame_check: Any) -> None:
    stream = Stream(venue, frames_max=20)
    session = stream.open()
    params = {"channels": ["orderbook_delta"], "market_tickers": [TICKER]}
    stream.receive(session, json.dumps({"id": 1, "cmd": "subscribe", "params": params}))
    while not session.outbox.ended:
        clock.advance_to(clock.now() + timedelta(seconds=1))
        stream.tick()
    [text] = session.outbox.frames
    frame_check(json.loads(text))
    assert json.loads(text)["msg"]["code"] == 25
    clock.advance_to(clock.now() + timedelta(seconds=5))
    stream.tick()
    assert len(session.outbox.frames) == 1


@pytest.mark.parametrize(
    ("fault", "seqs"),
    [
        (StreamFault.GAP, [2, 3]),
        (StreamFault.DUPLICATE, [1, 1, 2, 3]),
        (StreamFault.REORDER, [2, 1, 3]),
    ],
)
def test_faults_of_frames(venue: Venue, clock: VirtualClock, fault: StreamFault, seqs: list[int]) -> None:
    stream = Stream(venue)
    session = stream.open()
    params = {"channels": ["cfbenchmarks_value"], "index_ids": ["BRTI"]}
    stream.receive(session, json.dumps({"id": 1, "cmd": "subscribe", "params": params}))
    session.outbox.frames.clear()
    stream.faults.next("trade", fault)
    stream.faults.next("cfbenchmarks_value", fault)
    clock.advance_to(clock.now() + timedelta(seconds=3))
    stream.tick()
    assert [json.loads(text)["seq"] for text in session.outbox.frames] == seqs
    assert stream.faults.pending == 1
    stream.faults.clear()
    assert stream.faults.pending == 0


def test_a_disconnect_ends_the_session_where_it_is(stream: Stream, listener: Any, clock: VirtualClock) -> None:
    listener.say("subscribe", channels=["orderbook_delta"], market_ticker=TICKER)
    stream.faults.next("*", "disconnect")
    clock.advance_to(clock.now() + timedelta(seconds=3))
    assert listener.tick() == []
    assert listener.session.outbox.broken


def test_profiles_draw_the_same_faults_from_the_same_seed() -> None:
    def drawn(profile: str) -> list[Any]:
        faults = StreamFaults(profile_of(profile).frames, seed=3)
        return [faults.choose("trade") for _ in range(2000)]

    assert set(drawn("none")) == {None}
    assert drawn("storm") == drawn("storm")
    assert set(drawn("gaps")) == {None, StreamFault.GAP}
    assert set(drawn("disconnects")) == {None, StreamFault.DISCONNECT}
    assert set(drawn("shuffled")) == {None, StreamFault.DUPLICATE, StreamFault.REORDER}

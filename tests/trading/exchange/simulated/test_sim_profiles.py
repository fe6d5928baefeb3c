"""One name for everything that goes wrong: what each profile does to the whole server, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from statistics import median
from typing import Any

import aiohttp
import pytest

from trading.clock import VirtualClock, real_now
from trading.domain.errors import Misconfigured
from trading.exchange.simulated.faults import DELAY_SECONDS_MAX, DELAY_SECONDS_MIN, PROFILES, Fault, Faults
from trading.exchange.simulated.keys import Credentials
from trading.exchange.simulated.server import ROOT, SimulatedServer
from trading.exchange.simulated.spells import SPELL_SECONDS
from trading.exchange.simulated.stream_faults import StreamFault
from trading.exchange.simulated.venue import Venue

Serving = Callable[[str], AbstractAsyncContextManager[Any]]


@pytest.fixture
def serving(venue: Venue, credentials: Credentials, calling: Callable[..., Any]) -> Serving:
    """A server with that profile, of which only what is not drawn by request is left, and a client of it."""

    @asynccontextmanager
    async def serve(profile: str) -> AsyncIterator[Any]:
        server = SimulatedServer(venue, faults=Faults(), keys=[credentials], profile=profile)
        await server.start()
        async with aiohttp.ClientSession() as session:
            yield calling(server, session)
        await server.stop()

    return serve


@pytest.mark.parametrize("name", PROFILES)
def test_a_name_is_for_requests_and_frames(venue: Venue, name: str) -> None:
    server, profile = SimulatedServer(venue, profile=name), PROFILES[name]
    drawn = {server.faults.choose("GET", "/markets", "/markets") for _ in range(2000)}
    assert drawn - {None} == set(profile.requests)
    told = {server.stream_faults.choose("trade") for _ in range(20_000)}
    assert told - {None} == set(profile.frames)


def test_the_storm_has_everything_that_hits_one_request_or_frame() -> None:
    storm = PROFILES["storm"]
    assert set(storm.frames) == set(StreamFault)
    assert set(storm.requests) == set(Fault) - {Fault.SLOW, Fault.DELAYED, Fault.HANGING}


def test_an_unknown_name_is_refused(venue: Venue) -> None:
    with pytest.raises(Misconfigured, match=r"'rain'.*storm"):
        SimulatedServer(venue, profile="rain")


async def test_a_flood_refuses_everything_for_a_while(serving: Serving, clock: VirtualClock) -> None:
    async with serving("limits") as caller:
        answers = []
        for _ in range(60):
            clock.advance_to(clock.now() + timedelta(seconds=SPELL_SECONDS))
            answers.append([(await caller.call("GET", path))[0] for path in ("/markets", "/portfolio/balance")])
            assert (await caller.call("GET", "/simulated/clock"))[0] == 200
    assert {tuple(found) for found in answers} == {(200, 200), (429, 429)}
    assert 1 <= answers.count([429, 429]) <= 15


async def test_a_stale_read_is_as_old_as_the_exchange_says(serving: Serving, clock: VirtualClock) -> None:
    ages = []
    async with serving("stale") as caller:
        for _ in range(40):
            clock.advance_to(clock.now() + timedelta(seconds=SPELL_SECONDS * 0.6))
            told = datetime.fromisoformat((await caller.get("/exchange/user_data_timestamp"))["as_of_time"])
            balance = await caller.get("/portfolio/balance")
            assert balance["updated_ts"] == int(told.timestamp())
            ages.append((clock.now() - told).total_seconds())
    assert min(ages) == 0
    assert 0 < max(ages) < SPELL_SECONDS


async def test_a_skewed_clock_shows_in_the_date_and_in_what_is_accepted(serving: Serving) -> None:
    skew = PROFILES["skew"].skew_seconds
    async with serving("skew") as caller:
        async with caller.session.get(f"{caller.server.base_url}/exchange/status") as answer:
            date = parsedate_to_datetime(answer.headers["Date"])
        assert abs((date - real_now()).total_seconds() - skew) < 5
        assert (await caller.call("GET", "/portfolio/balance"))[0] == 200
        assert await signed_at(caller, -10) == 401
        assert await signed_at(caller, 35) == 200


async def signed_at(caller: Any, seconds: float) -> int:
    """The status of a read that was signed so long after now, by the client's clock."""
    path = "/portfolio/balance"
    timestamp = str(int((real_now().timestamp() + seconds) * 1000))
    headers = caller.headers("GET", ROOT + path, timestamp)
    async with caller.session.get(caller.server.base_url + path, headers=headers) as answer:
        return int(answer.status)


async def test_a_slow_body_arrives_whole_in_pieces(serving: Serving) -> None:
    async with serving("none") as caller:
        whole = await caller.get("/markets?limit=20")
        caller.server.faults.next("GET", "/markets", Fault.SLOW, times=2)
        assert await caller.get("/markets?limit=20") == whole
        async with caller.session.get(f"{caller.server.base_url}/markets?limit=20") as answer:
            pieces = [piece async for piece in answer.content.iter_any()]
    assert len(pieces) > 1


async def test_a_client_that_leaves_a_slow_body_is_let_go(serving: Serving) -> None:
    async with serving("none") as caller:
        caller.server.faults.next("GET", "/markets", Fault.SLOW)
        answer = await caller.session.get(f"{caller.server.base_url}/markets")
        answer.close()
        assert (await caller.call("GET", "/markets"))[0] == 200


def test_delays_have_a_bounded_long_tail() -> None:
    def drawn(seed: int) -> list[float]:
        faults: Any = Faults.named("latency", seed)
        delays = []
        for _ in range(4000):
            faults.choose("GET", "/markets", "/markets")
            delays.append(faults.delay("GET", "/markets"))
        return delays

    delays = drawn(1)
    assert delays == drawn(1) != drawn(2)
    assert DELAY_SECONDS_MIN <= min(delays) < max(delays) <= DELAY_SECONDS_MAX
    assert median(delays) < 0.005
    assert 0.005 < sum(delay > 0.1 for delay in delays) / len(delays) < 0.03

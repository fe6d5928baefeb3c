"""What a seed chooses: the exchange's moods, the limits, and everything that befalls the bot, its chats and its disk.

A scenario is plain data, drawn once from the seed; running it draws nothing that is not named after the seed as well.
Each kind of trouble is left out of about half of all seeds, so that causes stay apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random

from chatbot.tools.simulation.disk import Trouble
from chatbot.tools.simulation.probe import ON_PAPER, WINDOW_SECONDS, Probe
from trading.exchange.simulated.chance import stream
from trading.exchange.simulated.faults import Fault

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
WINDOWS = 2
SPAN_SECONDS = WINDOWS * WINDOW_SECONDS
TAIL_SECONDS = 300  # of quiet after the last close: what is open then stays open
SKEW_SECONDS_MAX = 25  # the exchange takes signatures from a clock that is at most 30 s ahead
TELEGRAM, DISCORD = "telegram", "discord"
PAPER_SHARE = 0.3  # of the seeds have a strategy on paper beside those that trade for real


class Act(StrEnum):
    """What can befall a bot."""

    CRASH = "crash"  # the process dies `value` steps later
    POWER_CUT = "power_cut"  # the machine does
    STOP = "stop"  # a clean stop and a new start
    SUSPEND = "suspend"  # the machine sleeps for `value` seconds
    CLOCK_STEP = "clock_step"  # its clock jumps forward by `value` seconds
    DISK = "disk"  # `what` (a Trouble) for `value` seconds
    PAUSE = "pause"  # the exchange pauses trading (`what` "whole": everything) for `value` seconds
    CHAT = "chat"  # the channel `who` is `what` (a Mood) for `value` seconds
    SAY = "say"  # `who` types `what`
    FORGE = "forge"  # somebody who may not types `what`, in the way `who`
    LINGER = "linger"  # the order on its way takes `value` seconds; only as an ambush
    LATE = "late"  # the order on its way is lost, and gets there all the same 20 s later; only as an ambush
    HAND = "hand"  # the owner places an order on the exchange's own page; cancels it `value` seconds later


@dataclass(frozen=True, slots=True)
class Event:
    """`at` is seconds from the start; of an ambush, seconds from its send."""

    at: float
    act: Act
    what: str = ""
    who: str = ""
    value: float = 0.0


class Mood(StrEnum):
    """How a chat is for a while."""

    WELL = "well"
    DEAD = "dead"
    LIMITED = "limited"  # asks for some seconds of patience
    LOSSY = "lossy"  # delivers, and the answer is lost
    HANGS = "hangs"
    BROKEN = "broken"  # the library raises something of its own


@dataclass(frozen=True, slots=True)
class Scenario:
    """`ambushes`: what happens around the bot's n-th order on its way, by n (from 0)."""

    seed: int
    start: datetime
    environment: dict[str, str]
    shares: dict[Fault, float] = field(default_factory=dict)
    flooded: float = 0.0
    stale: float = 0.0
    latency_seconds: float = 0.0  # mean of one way
    hanging: float = 0.0  # share of requests that take many seconds
    sweep_lag: timedelta = timedelta(seconds=3)
    shadow_share: float = 0.0
    journal_bytes: int = 1 << 22
    probes: tuple[Probe, ...] = ()
    paper: tuple[Probe, ...] = ()  # on paper alone, whatever the mode is
    events: tuple[Event, ...] = ()
    ambushes: tuple[tuple[int, Event], ...] = ()


def draw(seed: int) -> Scenario:
    """The scenario of a seed: always the same."""
    random = stream(seed, "scenario")
    stake = Decimal(random.choice(("2", "5", "8")))
    return Scenario(
        seed=seed,
        start=MONDAY + timedelta(minutes=15 * random.randint(0, 90), seconds=-random.randint(0, 30)),
        environment=_environment(random, stake),
        shares=_shares(random),
        flooded=_maybe(random, 0.3, 0.1),
        stale=_maybe(random, 0.3, 0.4),
        latency_seconds=random.choice((0.0, 0.02, 0.2)),
        hanging=_maybe(random, 0.3, 0.01),
        sweep_lag=timedelta(seconds=random.choice((3, 3, 60, 240))),
        shadow_share=_maybe(random, 0.3, 0.5),
        journal_bytes=random.choice((30_000, 150_000, 1 << 22)),
        probes=tuple(Probe(f"probe-{n}", seed, stake) for n in range(random.randint(1, 2))),
        paper=tuple(_paper(stream(seed, "paper"), seed, stake)),
        events=tuple(sorted((*_events(random), *_exits(stream(seed, "exits"))), key=lambda event: event.at)),
        ambushes=tuple(_ambushes(random)),
    )


def _paper(random: Random, seed: int, stake: Decimal) -> Iterator[Probe]:
    """In some seeds, another one beside those that trade for real."""
    if random.random() < PAPER_SHARE:
        yield Probe(f"{ON_PAPER}0", seed, stake)


def _maybe(random: Random, probability: float, value: float) -> float:
    return value if random.random() < probability else 0.0


def _environment(random: Random, stake: Decimal) -> dict[str, str]:
    return {
        "STAKE_USD": str(stake),
        "MAX_EXPOSURE_USD": str(random.choice((50, 20, stake * 2, stake * Decimal("1.5")))),
        "DAILY_LOSS_LIMIT_USD": str(random.choice((75, 25, stake * 2, stake * Decimal("1.5")))),
        "MAX_POSITION_USD": "20",
        "ORDER_TIMEOUT_SECONDS": random.choice(("10", "45", "120")),
        "MOMENTUM_DEAD_ZONE_BP": "0",
        "MIN_PRICE": "0.05",
        "MAX_PRICE": "0.95",
    }


def _shares(random: Random) -> dict[Fault, float]:
    """The share of requests that each fault hits: none, few, or a storm."""
    most = random.choice((0.0, 0.01, 0.03, 0.08))
    kinds = (
        Fault.REFUSED,
        Fault.FAILED,
        Fault.LOST_BEFORE,
        Fault.LOST_AFTER,
        Fault.LOST_LATE,
        Fault.LIMITED,
        Fault.TWICE,
    )
    return {kind: most * random.random() for kind in kinds} if most else {}


def _events(random: Random) -> Iterator[Event]:
    for kind in (_crashes, _disk, _clocks, _pauses, _chats, _people, _strangers, _hands):
        if random.random() < 0.5:
            yield from kind(random)


def _when(random: Random) -> float:
    return random.uniform(0, SPAN_SECONDS)


def _crashes(random: Random) -> Iterator[Event]:
    for _ in range(random.randint(1, 3)):
        act = random.choice((Act.CRASH, Act.POWER_CUT, Act.POWER_CUT, Act.STOP))
        yield Event(_when(random), act, value=random.randint(0, 60))


def _disk(random: Random) -> Iterator[Event]:
    trouble = random.choice((Trouble.FULL, Trouble.READ_ONLY, Trouble.SYNC_FAILS))
    yield Event(_when(random), Act.DISK, trouble, value=random.uniform(5, 300))
    if random.random() < 0.5:
        yield Event(_when(random), Act.POWER_CUT, value=random.randint(0, 60))


def _clocks(random: Random) -> Iterator[Event]:
    yield Event(_when(random), Act.SUSPEND, value=random.choice((7, 40, 200, 1000)))
    if random.random() < 0.5:
        yield Event(_when(random), Act.CLOCK_STEP, value=random.randint(1, SKEW_SECONDS_MAX))


def _pauses(random: Random) -> Iterator[Event]:
    for _ in range(random.randint(1, 2)):
        whole = random.choice(("", "whole"))
        yield Event(_when(random), Act.PAUSE, whole, value=random.choice((20, 100, 400)))


def _chats(random: Random) -> Iterator[Event]:
    for _ in range(random.randint(1, 4)):
        mood = random.choice(tuple(Mood))
        yield Event(_when(random), Act.CHAT, mood, random.choice((TELEGRAM, DISCORD)), random.uniform(5, 600))


def _people(random: Random) -> Iterator[Event]:
    for _ in range(random.randint(1, 3)):
        yield from _command(random, _when(random), random.choice(("/kill", "/kill", "/pause", "/dryrun on")))
    for _ in range(random.randint(0, 2)):
        yield Event(_when(random), Act.SAY, random.choice(("/status", "/balance", "/positions", "/orders")), "viewer")


def _command(random: Random, at: float, text: str) -> Iterator[Event]:
    """Something that stops, and mostly the way back some time later."""
    yield Event(at, Act.SAY, text, random.choice(("owner", "operator")))
    if random.random() < 0.8:
        back = "/dryrun off" if text.startswith("/dryrun") else "/resume"
        yield Event(at + random.choice((60, 100, 300)), Act.SAY, back, "owner")


def _strangers(random: Random) -> Iterator[Event]:
    for _ in range(random.randint(1, 4)):
        way = random.choice(("stranger", "edited", "forwarded", "anonymous", "viewer", "old"))
        raising, lowering = ("/resume", "/dryrun off"), ("/kill", "/pause", "/dryrun on")
        text = random.choice(raising if way == "old" else raising + lowering)
        yield Event(_when(random), Act.FORGE, text, way)


def _hands(random: Random) -> Iterator[Event]:
    for _ in range(random.randint(1, 3)):
        how = random.choice(("buys", "sells", "bids", "asks"))
        yield Event(_when(random), Act.HAND, how, value=random.choice((0, 30, 200)))


def _exits(random: Random) -> Iterator[Event]:
    """People who want out, also two at once."""
    if random.random() < 0.3:
        at, text = _when(random), random.choice(("/flatten all", "/flatten all", "/cancel all"))
        yield Event(at, Act.SAY, text, "operator")
        yield Event(at + random.choice((0.0, random.uniform(0, 1), 60)), Act.SAY, text, "owner")


def _ambushes(random: Random) -> Iterator[tuple[int, Event]]:
    """Trouble is rare in any one instant: this aims at the instants that matter."""
    for number in range(random.choice((0, 1, 1, 2))):
        after = random.choice((0.0, random.uniform(0, 1), random.uniform(0, 30)))
        for act in random.choice(_AMBUSHES):
            if act in (Act.LINGER, Act.LATE):
                yield number, Event(0.0, act, value=random.uniform(1, 15))
            elif act is Act.SAY:
                for event in _command(random, after, random.choice(("/kill", "/kill", "/pause", "/dryrun on"))):
                    yield number, event
            else:
                yield number, Event(after, act, value=random.randint(0, 30))


_AMBUSHES = (
    (Act.CRASH,),
    (Act.POWER_CUT,),
    (Act.SAY,),
    (Act.LINGER, Act.SAY),
    (Act.SAY, Act.POWER_CUT),
    (Act.LATE, Act.SAY),
    (Act.LATE,),
)

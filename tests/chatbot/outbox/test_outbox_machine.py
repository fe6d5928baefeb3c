"""Any mix of notices, rules, failures, crashes and restarts: nothing owed is lost, nothing that is off is sent, nothing
comes twice without a mark, order holds within a severity, and ALERT goes first."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Coroutine
from datetime import UTC, timedelta
from typing import Any

from fakes_chat import Times
from fakes_outbox import MemoryStore, notice
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chatbot.outbox.channel import DeliveryFailed, How
from chatbot.outbox.outbox import Outbox
from chatbot.rules import EVERYWHERE, NEVER_OFF, Rule, Rules
from trading.domain.errors import StoreFailed
from trading.domain.records import Control, Notice, Severity

NAMES = ("telegram", "discord")
KINDS = ("order", "fill", "halt", "error")
TRADES = ("", "kc-1", "kc-2")
FAULTS = ("down", "limited", "lost on the way", "answer lost", "bug", "bug after", "hangs")
TURNS_MAX = 3_000  # to come to rest once everything works again


class Phone:
    """What one channel has shown, over all restarts; `check` sees each delivery as it begins."""

    def __init__(self, name: str, check: Callable[[str, Notice, How], None]) -> None:
        self.name, self._check = name, check
        self.plan: list[str] = []
        self.shown: list[tuple[Notice, bool]] = []
        self.names: dict[str, str] = {}  # of messages -> trade

    async def deliver(self, owed: Notice, how: How) -> str:
        self._check(self.name, owed, how)
        fault = self.plan.pop(0) if self.plan else ""
        await asyncio.sleep(0)
        if fault == "down":
            raise DeliveryFailed("no route")
        if fault == "limited":
            raise DeliveryFailed("429", retry_after=3.0)
        if fault == "lost on the way":
            raise DeliveryFailed("reset", unknown=True)
        if fault == "bug":
            raise ValueError("cannot encode")
        self.shown.append((owed, how.repeat))
        name = f"{self.name}/{len(self.shown)}"
        self.names[name] = owed.trade_id
        await asyncio.sleep(0)
        if fault == "answer lost":
            raise DeliveryFailed("reset", unknown=True)
        if fault == "bug after":
            raise KeyError("message_id")
        if fault == "hangs":
            await asyncio.Event().wait()
        return name

    async def run(self) -> None: ...

    async def close(self) -> None: ...


class Deliveries(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store, self.times = MemoryStore(), Times()
        self.phones = [Phone(name, self._begins) for name in NAMES]
        self.owed: list[Notice] = []
        self.ever_off: dict[str, set[int]] = defaultdict(set)
        self.wrong: list[str] = []
        self.task: asyncio.Task[None] | None = None
        self._do(self._start())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        self.runner.run(work)

    async def _start(self) -> None:
        self.in_force = Rules("fill:silent, discord/order:off", self.store, self.times.now)
        self.outbox = Outbox(
            self.store,
            self.phones,
            lambda name, error: None,
            zone=UTC,
            rules=self.in_force.rule,
            now=self.times.now,
            real_now=self.times.now,
            sleep=self.times.sleep,
            jitter=random.Random(1),
        )
        self.task = asyncio.create_task(self.outbox.run())
        await asyncio.sleep(0)

    async def _end(self) -> None:
        assert self.task
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    async def _turns(self, count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    # --- what is watched ---

    def _begins(self, name: str, owed: Notice, how: How) -> None:
        now = self.in_force.rule(name, owed.kind, owed.severity)
        phone = next(each for each in self.phones if each.name == name)
        if now is Rule.OFF:
            self.wrong.append(f"{owed.seq} is off on {name} and sent")
        if how.silent is not (now is Rule.SILENT):
            self.wrong.append(f"{owed.seq} on {name} is {now} and silent is {how.silent}")
        if how.reply_to and phone.names.get(how.reply_to) != owed.trade_id:
            self.wrong.append(f"{owed.seq} of {owed.trade_id!r} replies to {how.reply_to}")
        if owed.severity is not Severity.ALERT and self._alerts_left(name):
            self.wrong.append(f"{owed.seq} goes to {name} before an alert")

    def _alerts_left(self, name: str) -> bool:
        row = self.store.get("control", f"cursor:{name}")
        done = int(row.value["alert"]) if isinstance(row, Control) else 0
        return any(each.seq > done for each in self.store.select("outbox", severity=Severity.ALERT))  # type: ignore[union-attr]

    def _note_off(self) -> None:
        for name in NAMES:
            off = (n for n in self.owed if self.in_force.rule(name, n.kind, n.severity) is Rule.OFF)
            self.ever_off[name] |= {n.seq for n in off}

    # --- what happens ---

    @rule(
        severity=st.sampled_from(Severity),
        kind=st.sampled_from(KINDS),
        trade=st.sampled_from(TRADES),
        over=st.booleans(),
        many=st.integers(1, 3),
        turns=st.integers(0, 12),
    )
    def owe(self, severity: Severity, kind: str, trade: str, over: bool, many: int, turns: int) -> None:
        first = len(self.owed) + 1
        made = [
            notice(seq, severity, kind=kind, trade_id=trade, over=over and bool(trade))
            for seq in range(first, first + many)
        ]
        self.owed += made
        self._note_off()

        async def told() -> None:
            self.store.owe(*made)
            self.outbox.wake()
            await self._turns(turns)

        self._do(told())

    @rule(kind=st.sampled_from(KINDS), what=st.sampled_from(Rule), channel=st.sampled_from([*NAMES, EVERYWHERE]))
    def say(self, kind: str, what: Rule, channel: str) -> None:
        if what is Rule.OFF and kind in NEVER_OFF:
            what = Rule.SILENT
        self.in_force.say(kind, what, channel, "Ann")
        self._note_off()

    @rule(kind=st.sampled_from(KINDS), minutes=st.integers(0, 3))
    def mute(self, kind: str, minutes: int) -> None:
        self.in_force.mute([kind], self.times.now() + timedelta(minutes=minutes), "Ann")

    @rule(phone=st.sampled_from(range(len(NAMES))), faults=st.lists(st.sampled_from(FAULTS), max_size=6))
    def fail(self, phone: int, faults: list[str]) -> None:
        self.phones[phone].plan += faults

    @rule(turns=st.integers(1, 30))
    def wait(self, turns: int) -> None:
        self._do(self._turns(turns))

    @rule(turns=st.integers(0, 12))
    def crash(self, turns: int) -> None:
        async def again() -> None:
            await self._turns(turns)
            await self._end()
            await self._start()

        self._do(again())

    @rule(turns=st.integers(1, 12))
    def disk_fails(self, turns: int) -> None:
        async def again() -> None:
            self.store.broken = StoreFailed("disk")
            await self._turns(turns)
            await self._end()
            self.store.broken = None
            await self._start()

        self._do(again())

    # --- what must be ---

    @invariant()
    def nothing_went_wrong(self) -> None:
        assert self.wrong == []

    def teardown(self) -> None:
        try:
            self._do(self._rest())
            self._all_is_well()
        finally:
            self._do(self._end())
            self.runner.close()

    async def _rest(self) -> None:
        """Everything works again from here, after one more restart."""
        for phone in self.phones:
            phone.plan.clear()
        await self._end()
        await self._start()
        for _ in range(TURNS_MAX):
            await asyncio.sleep(0)
            if not any(self.outbox.queued().values()) and not self.store.count("outbox"):
                return

    def _all_is_well(self) -> None:
        assert self.wrong == []
        assert self.store.count("outbox") == 0
        for phone in self.phones:
            seen = [(each, repeat) for each, repeat in phone.shown if each.seq]
            arrived = {each.seq for each, _ in seen}
            assert arrived >= {each.seq for each in self.owed} - self.ever_off[phone.name], "something owed is lost"
            unmarked = [each.seq for each, repeat in seen if not repeat]
            assert len(unmarked) == len(set(unmarked)), "something came twice without a mark"
            for severity in Severity:
                firsts = list(dict.fromkeys(each.seq for each, _ in seen if each.severity is severity))
                assert firsts == sorted(firsts), "out of order"


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(
    max_examples=150, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow]
)

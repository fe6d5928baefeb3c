"""The cap that the exchange keeps on our fills: one group a shard, a halt when it triggers, open again by /resume."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes import GivenStream
from tests.trading.engine.rig import Rig, rig
from trading.domain.account_records import OrderGroup
from trading.domain.errors import NotFound, Unavailable, Unresolved
from trading.domain.events import HaltCleared, HaltRaised
from trading.domain.news import GroupNews
from trading.domain.order import Mode
from trading.domain.records import Control
from trading.domain.state import Halt, Reason, TradingState
from trading.engine.fill_cap import CHECK_SECONDS, ROW, FillCap
from trading.engine.listening import Listening

LIMIT = Decimal(286)


@dataclass
class GivenGroups:
    """ports.OrderGroups in memory; `fail` is raised by the next change."""

    known: dict[str, OrderGroup] = field(default_factory=dict)
    resets: list[str] = field(default_factory=list)
    fail: Exception | None = None
    asked: int = 0

    async def create(self, contracts_limit: Decimal, exchange_index: int) -> str:
        if self.fail:
            raise self.fail
        group = OrderGroup(f"g{len(self.known)}", True, contracts_limit, exchange_index)
        self.known[group.group_id] = group
        return group.group_id

    async def get(self, group_id: str) -> OrderGroup:
        self.asked += 1
        if group_id not in self.known:
            raise NotFound(group_id)
        return self.known[group_id]

    async def reset(self, group_id: str, exchange_index: int) -> None:
        assert self.known[group_id].exchange_index == exchange_index
        self.resets.append(group_id)

    async def set_limit(self, group_id: str, contracts_limit: Decimal, exchange_index: int) -> None:
        assert self.known[group_id].exchange_index == exchange_index
        self.known[group_id] = replace(self.known[group_id], contracts_limit=contracts_limit)


def capped(r: Rig, groups: GivenGroups, limit: Decimal = LIMIT) -> tuple[FillCap, dict[int, str]]:
    joined: dict[int, str] = {}
    cap = FillCap(groups, lambda shard, group: joined.update({shard: group}), r.book, r.clock, limit)
    return cap, joined


def later(r: Rig) -> None:
    r.clock.advance_to(r.clock.now() + timedelta(seconds=CHECK_SECONDS))


async def test_one_group_a_shard_is_made_and_kept_over_a_restart() -> None:
    r, groups = rig(), GivenGroups()
    cap, joined = capped(r, groups)
    await cap.keep(2)
    later(r)
    await cap.keep(2)
    await cap.keep(0)
    assert joined == {2: "g0", 0: "g1"}
    again, joined = capped(r, groups)
    await again.keep(2)
    assert joined == {2: "g0"}
    assert len(groups.known) == 2


async def test_a_group_has_the_limit_of_its_shard_and_its_row() -> None:
    r, groups = rig(), GivenGroups()
    cap, _ = capped(r, groups)
    await cap.keep(2)
    assert groups.known == {"g0": OrderGroup("g0", True, LIMIT, 2)}
    assert r.store.get("control", ROW) == Control(ROW, {"2": "g0"}, r.clock.now())
    cap.triggered("g0")
    detail = "more than 286 contracts of ours filled within 15 s: the exchange stopped our orders"
    halt = Halt(Reason.REJECTIONS, r.clock.now(), "the exchange", detail)
    assert r.book.state.halts == {Reason.REJECTIONS: halt}


async def test_another_cap_is_told_to_the_exchange_with_the_next_beat() -> None:
    r, groups = rig(), GivenGroups()
    cap, _ = capped(r, groups)
    await cap.keep(2)
    cap.allow(2 * LIMIT)
    await cap.keep(2)
    assert groups.known == {"g0": OrderGroup("g0", True, 2 * LIMIT, 2)}


async def test_a_restart_opens_the_group_only_where_it_was_halted() -> None:
    r, groups = rig(), GivenGroups()
    await capped(r, groups)[0].keep(2)
    await capped(r, groups)[0].keep(2)
    assert groups.resets == []
    r.book.record(HaltRaised(r.clock.now(), Reason.REJECTIONS, "engine"))
    again, _ = capped(r, groups)
    r.book.record(HaltCleared(r.clock.now(), Reason.REJECTIONS, "Ann"))
    await again.keep(2)
    assert groups.resets == ["g0"]


async def test_a_resume_opens_the_group_at_once() -> None:
    r, groups = rig(), GivenGroups()
    cap, _ = capped(r, groups)
    await cap.keep(2)
    r.book.record(HaltRaised(r.clock.now(), Reason.REJECTIONS, "engine"))
    await cap.keep(2)
    r.book.record(HaltCleared(r.clock.now(), Reason.REJECTIONS, "Ann"))
    await cap.keep(2)
    assert groups.resets == ["g0"]


async def test_it_is_looked_at_once_a_minute() -> None:
    r, groups = rig(), GivenGroups()
    cap, _ = capped(r, groups)
    for _ in range(3):
        await cap.keep(2)
    assert groups.asked == 0
    later(r)
    await cap.keep(2)
    assert groups.asked == 1


async def test_a_group_that_is_gone_is_made_anew_and_a_new_limit_is_told() -> None:
    r, groups = rig(), GivenGroups()
    await capped(r, groups)[0].keep(2)
    other, joined = capped(r, groups, Decimal(100))
    await other.keep(2)
    assert groups.known["g0"].contracts_limit == 100
    groups.known.clear()
    groups.known["someone"] = OrderGroup("someone", True, None)
    later(r)
    await other.keep(2)
    assert joined == {2: "g1"}


async def test_a_trigger_halts_until_the_owner_resumes() -> None:
    r, groups = rig(), GivenGroups()
    cap, _ = capped(r, groups)
    await cap.keep(2)
    heard = Listening(GivenStream(), r.account, r.cycle.observers, r.reconcile.check, cap)
    await heard.hear(GroupNews("g0", "triggered"))
    await heard.hear(GroupNews("g0", "triggered"))
    assert r.book.state.trading is TradingState.HALTED
    assert "286 contracts" in r.book.state.halts[Reason.REJECTIONS].detail
    assert r.told().count("HaltRaised") == 1
    later(r)
    await cap.keep(2)
    assert groups.resets == [], "nobody has resumed"
    r.book.record(HaltCleared(r.clock.now(), Reason.REJECTIONS, "Ann"))
    await cap.keep(2)
    await cap.keep(2)
    assert groups.resets == ["g0"]
    assert r.book.state.trading is TradingState.ACTIVE


async def test_a_resume_after_a_restart_opens_the_group_too() -> None:
    r, groups = rig(), GivenGroups()
    await capped(r, groups)[0].keep(2)
    r.book.record(HaltRaised(r.clock.now(), Reason.REJECTIONS, "engine", "5 orders in a row were rejected"))
    again, joined = capped(r, groups)
    await again.keep(2)
    r.book.record(HaltCleared(r.clock.now(), Reason.REJECTIONS, "Ann"))
    await again.keep(2)
    assert (groups.resets, joined) == (["g0"], {2: "g0"})


async def test_groups_of_others_are_none_of_ours() -> None:
    r, groups = rig(), GivenGroups()
    cap, _ = capped(r, groups)
    await cap.keep(2)
    heard = Listening(GivenStream(), r.account, r.cycle.observers, r.reconcile.check, cap)
    await heard.hear(GroupNews("foreign", "triggered"))
    await heard.hear(GroupNews("g0", "reset"))
    assert r.book.state.trading is TradingState.ACTIVE


async def test_a_group_that_cannot_be_made_is_a_problem_and_tried_again() -> None:
    r, groups = rig(), GivenGroups(fail=Unresolved("no answer"))
    cap, joined = capped(r, groups)
    with pytest.raises(Unavailable, match="caps our fills"):
        await cap.keep(2)
    groups.fail = None
    await cap.keep(2)
    assert joined == {2: "g0"}


async def test_a_dry_run_has_no_group() -> None:
    r, groups = rig(mode=Mode.DRY_RUN), GivenGroups()
    await capped(r, groups)[0].keep(2)
    assert not groups.known

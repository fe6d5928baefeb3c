"""A kill wins whatever the disk does: full, broken since before, or read-only."""

from __future__ import annotations

import errno
import os
from decimal import Decimal
from pathlib import Path

import pytest

import chatbot.app
import chatbot.wiring.seams
from chatbot.tools.demo import EPOCH
from storage.store import TinyStore
from tests.flows.venues import Running, running
from tests.storage.storage_disks import FailingDisk
from tests.trading.build import order
from trading.clock import VirtualClock
from trading.domain.errors import StoreFailed
from trading.domain.events import ErrorSeen
from trading.domain.order import Side
from trading.domain.state import Reason
from trading.engine.pages import KillReport
from trading.risk.gate import Ticket

FAR = Decimal("0.01")  # nobody sells that cheap


class Disk(FailingDisk):
    """A real disk that turns read-only, too."""

    def write(self, handle: int, data: bytes, offset: int) -> None:
        if self.failing == "read-only":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        super().write(handle, data, offset)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk under the store of every bot that is built."""
    made = Disk()

    class Opening:
        @staticmethod
        def open(folder: Path, *, disk: object) -> TinyStore:
            assert disk is None, "a bot's own"
            return TinyStore.open(folder, disk=made)

    monkeypatch.setattr(chatbot.app, "TinyStore", Opening)
    return made


async def rested(bot: Running) -> None:
    """An order that only a cancel takes away."""
    [market] = await bot.app.places.exchange.markets(series="KXBTC15M", status="open")
    wish = order(ticker=market.ticker, side=Side.BID, price=FAR, exchange_index=2, created_at=bot.clock.now())
    await bot.app.places.exchange.place(Ticket(wish))


async def killed(bot: Running) -> KillReport:
    """The kill has its way with the exchange and the gate, and says that nothing could be stored."""
    report = await bot.app.desk.kill("Ann (telegram:7)")
    assert (report.stored, report.cancel_sent, report.still_listed) == (False, True, ())
    assert bot.app.cycle.broker.halted
    assert await bot.app.places.exchange.orders(status="resting") == []
    assert any("could not be stored" in problem for problem in report.problems)
    before = len(bot.simulated.venue.account.orders)
    with pytest.raises(StoreFailed):  # what ends the program, right after
        bot.app.book.record(ErrorSeen(bot.clock.now(), "after", "the kill"))
    await bot.app.beat()
    assert len(bot.simulated.venue.account.orders) == before
    return report


@pytest.mark.parametrize("failing", ["write", "sync", "read-only"])
async def test_what_the_store_cannot_keep_the_marker_does(tmp_path: Path, disk: Disk, failing: str) -> None:
    async with running(tmp_path) as bot:
        clock = bot.clock
        await rested(bot)
        disk.failing = failing
        await killed(bot)
        disk.failing = ""
    assert (tmp_path / "simulated" / "HALTED").exists()
    async with running(tmp_path, clock) as bot:
        assert Reason.MANUAL in bot.app.book.state.halts
        assert bot.app.book.state.halts[Reason.MANUAL].by == "Ann (telegram:7)"
        assert not (tmp_path / "simulated" / "HALTED").exists()


async def test_a_store_that_was_poisoned_before_makes_no_difference(tmp_path: Path, disk: Disk) -> None:
    async with running(tmp_path) as bot:
        clock = bot.clock
        await rested(bot)
        disk.failing = "sync"
        with pytest.raises(StoreFailed):
            bot.app.book.record(ErrorSeen(bot.clock.now(), "before", "the kill"))
        disk.failing = ""  # the disk is well again, and is not trusted
        await killed(bot)
    async with running(tmp_path, clock) as bot:
        assert Reason.MANUAL in bot.app.book.state.halts


async def test_where_no_marker_can_be_left_either_memory_alone_holds_the_halt(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(marker: Path, by: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(chatbot.wiring.seams, "leave", read_only)
    async with running(tmp_path, VirtualClock(EPOCH)) as bot:
        await rested(bot)
        disk.failing = "read-only"
        await killed(bot)
        assert bot.app.cycle.broker.latch.closed
        disk.failing = ""

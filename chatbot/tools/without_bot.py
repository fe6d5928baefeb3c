"""What the host can do while no bot runs: kill and look at the exchange itself, change who may do what in the store.

A kill leaves the marker with which the next start is halted, and cancels everything on the account, whichever of the
two fails. Nothing is said to be done that the exchange's own list has not proved.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from chatbot.commands.control import listed
from chatbot.config import Settings
from chatbot.formats import count, exact_money, money, number, place
from chatbot.life.marker import MARKER, leave
from chatbot.locking import Lock
from chatbot.message import Reply
from chatbot.tools.changing import BY, changed, opened
from chatbot.wiring.places import SIMULATED, open_places
from trading.clock import monotonic, real_now
from trading.domain.errors import ChatopsError, StoreRefused, Unavailable
from trading.domain.order import Mode
from trading.engine.loading import load_state
from trading.ports import Clock, Exchange

STEP_SECONDS_MAX = 10.0  # of real time, for one answer of the exchange
PROOF_SECONDS_MAX = 20.0  # of real time, for the exchange's list to be empty and to be about now
AGAIN_SECONDS = 0.5  # of real time, between two looks at it
EMBEDDED = "the simulated exchange runs inside the bot, so there is none now"

T = TypeVar("T")
AskBot = Callable[[], Reply]
Account = Callable[[], AbstractAsyncContextManager[tuple[Exchange, Clock]]]  # raises Unavailable where there is none


async def answer(settings: Settings, line: str, why: str, ask_bot: AskBot) -> Reply:
    """The answer to a command of the host's while no bot answers; `why` says that in words, `ask_bot` tries once more.
    Raises ChatopsError."""
    name, *words = line.lstrip("/").split()
    if name == "kill":
        return await kill(settings, why, ask_bot)
    if name in ("access", "unlock"):
        return changed(settings, why, name, tuple(words))
    pages = {"status": status, "balance": _balance, "positions": _positions}
    return await _looked(settings, name, why, pages[name])


# --- kill -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Cancelled:
    """What became of the cancels: `left` are the ids that the exchange still lists, None where it could not be asked
    or does not speak of now yet."""

    sent: bool = False
    left: tuple[str, ...] | None = None
    positions: int | None = None
    problems: list[str] = field(default_factory=list)


async def kill(settings: Settings, why: str, ask_bot: AskBot) -> Reply:
    """Leave the marker and cancel everything at the exchange, at the same time; then see whether a bot has started
    meanwhile, which would not have read the marker."""
    killed = await kill_alone(settings, why, partial(_exchange, settings), "without the bot")
    try:
        reply = await asyncio.to_thread(ask_bot)
    except ChatopsError:
        return killed
    if not reply.failed:
        (settings.data_folder / MARKER).unlink(missing_ok=True)  # that bot has stored its halt
    return reply


async def kill_alone(settings: Settings, why: str, account: Account, how: str) -> Reply:
    """Leave the marker and cancel everything on the account; `how` says in the title what is missing for a real one."""
    started, marker = monotonic(), settings.data_folder / MARKER
    not_stored, cancelled = await asyncio.gather(asyncio.to_thread(_left, marker), _cancel_everything(account))
    return _killed(settings, why, not_stored, cancelled, monotonic() - started, how)


def _left(marker: Path) -> str:
    """Leave the marker; why it could not be, empty where it stands."""
    try:
        leave(marker, BY)
    except OSError as error:
        return str(error)
    return ""


async def _cancel_everything(account: Account) -> Cancelled:
    done = Cancelled()
    try:
        async with account() as (exchange, clock):
            await _cancel_and_prove(exchange, clock, done)
            done.positions = len(await _bounded(exchange.positions()))
    except ChatopsError as error:
        done.problems.append(str(error))
    return done


async def _cancel_and_prove(exchange: Exchange, clock: Clock, done: Cancelled) -> None:
    """Cancel all and list what rests, until nothing does at a moment after the cancel. Raises the exchange's errors."""
    until = monotonic() + PROOF_SECONDS_MAX
    while True:
        done.sent = await _sent(exchange, done.problems)
        await _seen_since(exchange, clock.now(), until)
        done.left = tuple(report.order_id for report in await _bounded(exchange.orders(status="resting")))
        if (done.sent and not done.left) or monotonic() >= until:
            return
        await asyncio.sleep(AGAIN_SECONDS)


async def _sent(exchange: Exchange, problems: list[str]) -> bool:
    """Whether the exchange took a cancel-all; why not is said once."""
    try:
        await _bounded(exchange.cancel_all())
    except ChatopsError as error:
        if str(error) not in problems:
            problems.append(str(error))
        return False
    return True


async def _seen_since(exchange: Exchange, moment: datetime, until: float) -> None:
    """Wait until the exchange's answers are about a later moment. Raises Unavailable where that takes too long."""
    while await _bounded(exchange.as_of()) < moment:
        if monotonic() >= until:
            raise Unavailable("the exchange does not yet say what has become of the orders")
        await asyncio.sleep(AGAIN_SECONDS)


def _killed(settings: Settings, why: str, not_stored: str, done: Cancelled, seconds: float, how: str) -> Reply:
    proved = not not_stored and done.sent and done.left == ()
    fields = [
        ("Bot", why),
        ("Trading", f"NOT STORED: {not_stored}" if not_stored else "HALTED at the next start"),
        ("Cancel", "sent for all orders" if done.sent else "NOT SENT"),
        ("Orders left", "not known" if done.left is None else listed(done.left)),
        ("Positions", "not known" if done.positions is None else count(done.positions, "market")),
        *(("Problem", problem) for problem in done.problems),
        ("Took", f"{seconds:.2f} s"),
    ]
    return Reply(
        f"KILLED {how}" if proved else f"KILLED {how}, but look below",
        label=_label(settings),
        fields=tuple(fields),
        note="Only the owner's /resume starts trading again.",
        failed=not proved,
    )


# --- looking --------------------------------------------------------------------------------------------------------

Rows = AsyncIterator[tuple[str, str]]
Page = Callable[[Settings, Exchange], Rows]


async def _looked(settings: Settings, name: str, why: str, page: Page) -> Reply:
    """A page of the exchange's own figures."""
    rows = (("Bot", why), *_kept(settings, why))
    return await looked(settings, f"{name.capitalize()}, without the bot", rows, page, partial(_exchange, settings))


async def looked(
    settings: Settings, title: str, known: Iterable[tuple[str, str]], page: Page, account: Account
) -> Reply:
    """What is `known` without asking, then a page of the exchange's own figures, or why there are none."""
    rows, failed = list(known), False
    try:
        async with account() as (exchange, _):
            rows += [row async for row in page(settings, exchange)]
    except ChatopsError as error:
        rows.append(("Exchange", str(error)))
        failed = True
    return Reply(title, label=_label(settings), fields=tuple(rows), failed=failed)


async def status(settings: Settings, exchange: Exchange) -> Rows:
    """Whether the exchange trades, what rests and is held there, and the cash."""
    now = await _bounded(exchange.status(0))
    yield "Exchange", "trades" if now.exchange_active and now.trading_active else "paused"
    yield "Orders", f"{len(await _bounded(exchange.orders(status='resting')))} resting"
    yield "Positions", count(len(await _bounded(exchange.positions())), "market")
    yield "Cash", exact_money((await _bounded(exchange.balance())).total)


async def _balance(settings: Settings, exchange: Exchange) -> Rows:
    balance = await _bounded(exchange.balance())
    yield "Cash", exact_money(balance.total)
    for index, cash in sorted(balance.shards.items()):
        yield f"Shard {index}", exact_money(cash)
    yield "Positions", f"worth {money(balance.portfolio_value)}"


async def _positions(settings: Settings, exchange: Exchange) -> Rows:
    held = await _bounded(exchange.positions())
    for position in held:
        side = "YES" if position.contracts > 0 else "NO"
        yield position.ticker, f"{side} {number(abs(position.contracts))}"
    if not held:
        yield "Positions", "none"


def _kept(settings: Settings, why: str) -> Iterator[tuple[str, str]]:
    """What the bot will start with, where its store can be read."""
    if (settings.data_folder / MARKER).exists():
        yield "Trading", "HALTED at the next start, by kill"
        return
    if not (settings.data_folder / "store").is_dir():
        return
    try:
        with opened(settings, why) as store:
            state, lock = load_state(store, real_now(), Mode.DRY_RUN), Lock(store)
    except StoreRefused as error:
        yield "Store", str(error)
        return
    yield "Trading", " ".join([state.trading.value, *(f"({reason})" for reason in state.halts)])
    if lock.since:
        yield "Locked", f"by {lock.by}"


# --- the exchange ---------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _exchange(settings: Settings) -> AsyncIterator[tuple[Exchange, Clock]]:
    """The account at the exchange that the settings name. Raises Unavailable where there is none to ask."""
    if settings.environment == SIMULATED and not settings.api_base:
        raise Unavailable(EMBEDDED)
    places = await open_places(settings)
    try:
        if not places.signed:
            raise Unavailable("KALSHI_API_KEY_ID is not set: without a key nothing of the account can be seen or done")
        yield places.exchange, places.clock
    finally:
        await places.close()


async def _bounded(work: Awaitable[T]) -> T:
    """Raises Unavailable after STEP_SECONDS_MAX, and the exchange's own errors."""
    try:
        return await asyncio.wait_for(work, STEP_SECONDS_MAX)
    except TimeoutError:
        raise Unavailable(f"the exchange does not answer within {STEP_SECONDS_MAX:g} s") from None


def _label(settings: Settings) -> str:
    """What is shown is the account at the exchange, whatever the bot did last."""
    return place(settings.instance_name, settings.environment, Mode.REAL, settings.custom_address)

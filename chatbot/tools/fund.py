"""Moving cash between the exchange's shards from the host: a market's orders see only the cash on its own shard.

Cash that was deposited lies on shard 0, crypto trades on shard 2, and an order there is refused for want of money that
the total seems to have. Moving it is a person's act: it is shown, confirmed, and waited for.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_UP, Decimal
from uuid import uuid4

import typer

from chatbot.config import Settings
from chatbot.formats import exact_money
from chatbot.wiring.places import Places, open_places
from storage.store import TinyStore
from trading.domain.errors import ChatopsError, Misconfigured, StoreRefused, Unauthorized, Unresolved
from trading.domain.money import CENT, ZERO
from trading.domain.order import Balance
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.transfers import UNITS_PER_DOLLAR

CRYPTO_SHARD = 2  # where crypto and commodities trade since 2026, when no market is there to say it itself
POLLS_MAX = 30  # looks at the balance until the cash must have come
POLL_SECONDS = 1.0  # of real time, between two of them


class NotMoved(ChatopsError):
    """Cash was not moved, or was not seen to arrive; says which, and what to do."""


async def fund(settings: Settings, to: int | None, source: int | None, usd: str, *, yes: bool) -> int:
    """Move `usd` dollars to shard `to`, or only show the balances where nothing is asked for; the exit code.

    Raises Misconfigured for wrong options, NotMoved, and what the exchange's errors are.
    """
    amount = _amount(to, source, usd)
    with _alone(settings):
        places = await open_places(settings)
        try:
            return await _fund(settings, places, to, source, amount, yes=yes)
        finally:
            await places.close()


async def series_shard(exchange: KalshiExchange, series: str) -> int:
    """The shard on which a series trades: what its open market says, else the one for crypto. Raises Unavailable."""
    markets = await exchange.markets(series=series, status="open")
    return markets[0].exchange_index if markets else CRYPTO_SHARD


def for_orders(settings: Settings, cash: dict[int, Decimal], shard: int) -> tuple[str, str]:
    """What `shard` has for the orders of the settings' series; and the fix, empty where that is enough."""
    here, largest = cash.get(shard, ZERO), max(settings.max_order_usd, settings.stake_usd)
    text = f"{exact_money(here)} on shard {shard}, where {settings.kalshi_event_ticker_prefix} trades"
    if here >= largest:
        return text, ""
    missing = (largest - here).quantize(CENT, ROUND_UP)
    source = _richest(cash, shard)
    text += f", less than an order may cost ({exact_money(largest)})"
    if source is None or cash[source] < missing:
        return text, f"deposit {exact_money(missing)} at the exchange, then move it with `kalshi-chatops fund`"
    return text, f"kalshi-chatops fund --to {shard} --from {source} --usd {missing}"


def kalshi_of(places: Places) -> KalshiExchange:
    """The exchange itself, with what only it has: limits, clock and transfers."""
    assert isinstance(places.exchange, KalshiExchange), "every environment is talked to through the same adapter"
    return places.exchange


async def _fund(
    settings: Settings, places: Places, to: int | None, source: int | None, amount: Decimal | None, *, yes: bool
) -> int:
    exchange = kalshi_of(places)
    before = await exchange.balance()
    _show("Cash by shard", settings, before)
    if not before.shards:
        raise NotMoved("the exchange does not say which shard has the cash: use a key that is not tied to a subaccount")
    if to is None or amount is None:
        shard = await series_shard(exchange, settings.kalshi_event_ticker_prefix)
        print("\n".join(part for part in for_orders(settings, before.shards, shard) if part))
        return 0
    source = _checked_source(before, to, source, amount)
    if not _confirmed(f"Move {exact_money(amount)} from shard {source} to shard {to}?", yes):
        raise NotMoved("nothing was moved: it was not confirmed")
    await _ask(exchange, source, to, amount)
    _show("Moved. Cash by shard", settings, await _arrival(exchange, before, to, amount))
    return 0


def _amount(to: int | None, source: int | None, usd: str) -> Decimal | None:
    """The dollars to be moved, None where nothing is asked for. Raises Misconfigured."""
    if to is None and source is None and not usd:
        return None
    if to is None or not usd:
        raise Misconfigured("fund needs --to SHARD and --usd AMOUNT together: for example --to 2 --usd 10")
    if to == source:
        raise Misconfigured(f"--to {to} and --from {source} are the same shard: name two")
    try:
        amount = Decimal(usd)
        units = amount * UNITS_PER_DOLLAR
        fits = amount.is_finite() and amount > 0 and units == units.to_integral_value()
    except ArithmeticError:
        fits = False
    if not fits:
        raise Misconfigured(f"--usd {usd} is no amount: write dollars above 0 with at most 4 decimals, such as 10.50")
    return amount


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """The embedded exchange's account has one owner: no bot may run on it meanwhile. Raises NotMoved."""
    if settings.api_base:
        yield
        return
    try:
        store = TinyStore.open(settings.data_folder / "store")
    except StoreRefused as error:
        raise NotMoved(f"the embedded exchange cannot be opened: {error}") from None
    try:
        yield
    finally:
        store.close()


def _checked_source(balance: Balance, to: int, source: int | None, amount: Decimal) -> int:
    """Where to take it from: the shard that was named, else the richest other one. Raises NotMoved."""
    source = _richest(balance.shards, to) if source is None else source
    if source is None:
        raise NotMoved("the exchange names no other shard with cash: say which with --from")
    there = balance.shards.get(source, ZERO)
    if there < amount:
        raise NotMoved(
            f"shard {source} has {exact_money(there)}, less than {exact_money(amount)}: ask for less, or deposit first"
        )
    return source


def _richest(cash: dict[int, Decimal], besides: int) -> int | None:
    others = [shard for shard in cash if shard != besides]
    return max(others, key=lambda shard: (cash[shard], -shard), default=None)


def _confirmed(question: str, yes: bool) -> bool:
    if yes:
        print(question, "yes")
        return True
    if not sys.stdin.isatty():
        raise NotMoved("nothing was moved: standard input is no terminal to confirm on, add --yes if you mean it")
    return typer.confirm(question)


async def _ask(exchange: KalshiExchange, source: int, to: int, amount: Decimal) -> None:
    """Send it once; where nobody knows whether it arrived, the balance will say so."""
    try:
        await exchange.move_cash(source, to, amount, str(uuid4()))
    except Unresolved as error:
        print(f"not sure ({error}): looking at the balance")
    except Unauthorized:
        raise
    except ChatopsError as error:
        raise NotMoved(f"nothing was moved: {error}") from error


async def _arrival(exchange: KalshiExchange, before: Balance, to: int, amount: Decimal) -> Balance:
    """The balance when the cash has come. Raises NotMoved after POLLS_MAX looks."""
    wanted = before.shards.get(to, ZERO) + amount
    for look in range(POLLS_MAX):
        if look:
            await asyncio.sleep(POLL_SECONDS)
        balance = await exchange.balance()
        if balance.shards.get(to, ZERO) >= wanted:
            return balance
    raise NotMoved(
        f"{exact_money(amount)} were not seen on shard {to} within {POLLS_MAX * POLL_SECONDS:.0f} s: "
        "look again with `kalshi-chatops fund` before you repeat it"
    )


def _show(title: str, settings: Settings, balance: Balance) -> None:
    where = " ".join(part for part in (settings.environment, settings.custom_address) if part)
    print(f"{title} ({where})")
    for shard, cash in sorted(balance.shards.items()):
        print(f"  shard {shard}  {exact_money(cash):>14}")
    print(f"  in all   {exact_money(balance.total):>14}", flush=True)

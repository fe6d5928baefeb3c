"""Keeping one connection's subscriptions as they are wanted: asking, asking again, and giving up what is wrong.

One task does it all in turn, so that no two commands about the same subscription are ever under way. Whatever the
exchange refuses is put aside or postponed; a command without an answer ends the connection.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from trading.clock import monotonic
from trading.domain.news import Missed
from trading.exchange.kalshi import stream_commands as codes
from trading.exchange.kalshi.stream_channels import BOOKS, Subscription
from trading.exchange.kalshi.stream_commands import CommandRefused
from trading.exchange.kalshi.stream_patience import Patience
from trading.exchange.kalshi.stream_session import Session
from trading.exchange.kalshi.stream_wire import read_subscriptions
from trading.exchange.kalshi.stream_wish import Wish


class Upkeep:
    """Works for one session; `wish` says which markets are followed."""

    def __init__(self, session: Session, wish: Wish, patience: Patience) -> None:
        self._session, self._wish, self._patience = session, wish, patience
        self._commands = session.commands
        self._audit_at = monotonic() + patience.audit_seconds

    async def run(self) -> None:
        """Until the connection is lost: raises ConnectionLost."""
        await asyncio.gather(*(self._subscribe(s) for s in self._session.subscriptions.values()))
        self._session.queue.put(Missed("the stream has connected"))
        while True:
            await self._look()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience.look_seconds):
                    await self._session.wake.wait()
            self._session.wake.clear()

    async def _look(self) -> None:
        """Do what is to be done now."""
        for subscription in self._session.subscriptions.values():
            if subscription.refused or monotonic() < subscription.retry_at:
                continue
            if not subscription.sid:
                await self._subscribe_again(subscription)
            elif subscription.by_market:
                await self._adjust(subscription)
        await self._mend_books()
        if monotonic() >= self._audit_at:
            await self._audit()

    async def _subscribe_again(self, subscription: Subscription) -> None:
        if await self._subscribe(subscription) and subscription.tells_news:
            self._session.queue.put(Missed(f"{subscription.channel} was away"))

    async def _subscribe(self, subscription: Subscription) -> bool:
        """Whether it stands now; a channel by market needs one."""
        tickers = subscription.wanted(self._wish.tickers) if subscription.by_market else set()
        if subscription.by_market and not tickers:
            return False
        subscription.expect(tickers)
        try:
            await self._commands.call("subscribe", **subscription.params())
        except CommandRefused as refusal:
            self._not_subscribed(subscription, refusal)
            return False
        if not subscription.sid:  # the reply could not be read
            self._session.give_up(subscription)
        return subscription.sid > 0

    def _not_subscribed(self, subscription: Subscription, refusal: CommandRefused) -> None:
        """A channel, or some markets of it, that we cannot have; or cannot have just now."""
        tickers = set(subscription.tickers)
        subscription.forget(tickers)
        if refusal.code in codes.PASSING:
            subscription.postpone()
        elif subscription.by_market and refusal.code not in codes.NO_CHANNEL:
            subscription.unknown |= (refusal.tickers & tickers) or tickers
        else:
            subscription.refused = str(refusal)

    async def _adjust(self, subscription: Subscription) -> None:
        """Bring the markets of a subscription in line; without any there is no subscription."""
        wanted = subscription.wanted(self._wish.tickers)
        if not wanted:
            await self._leave(subscription)
            return
        new, old = wanted - subscription.tickers, subscription.tickers - wanted
        if new:
            subscription.expect(new)
            await self._update(subscription, "add_markets", new)
        if old and subscription.sid:
            subscription.forget(old)
            await self._update(subscription, "delete_markets", old)

    async def _update(self, subscription: Subscription, action: str, tickers: set[str]) -> None:
        sid, names = subscription.sid, sorted(tickers)
        try:
            await self._commands.call("update_subscription", sid=sid, action=action, market_tickers=names)
        except CommandRefused as refusal:
            self._not_updated(subscription, refusal, tickers)

    def _not_updated(self, subscription: Subscription, refusal: CommandRefused, tickers: set[str]) -> None:
        """Markets that we cannot have, or cannot have just now; or there is no such subscription any more."""
        subscription.forget(tickers)
        if refusal.code in codes.GONE:
            self._session.give_up(subscription)
        elif refusal.code in codes.PASSING:
            subscription.postpone()
        else:
            subscription.unknown |= (refusal.tickers & tickers) or tickers

    async def _leave(self, subscription: Subscription) -> None:
        with suppress(CommandRefused):
            await self._commands.call("unsubscribe", sids=[subscription.sid])
        self._session.end(subscription)

    async def _mend_books(self) -> None:
        """Ask for the books that are missing; where asking does not help, subscribe anew."""
        subscription = self._session.subscriptions.get(BOOKS)
        if subscription is None or not subscription.sid:
            return
        if self._session.books.hopeless:
            subscription.postpone()
            await self._leave(subscription)
        elif due := sorted(self._session.books.due()):
            await self._show(subscription.sid, due)

    async def _show(self, sid: int, tickers: list[str]) -> None:
        """Ask for snapshots; they come as messages of the subscription."""
        await self._commands.tell("update_subscription", sid=sid, action="get_snapshot", market_tickers=tickers)

    async def _audit(self) -> None:
        """Ask what is subscribed, and have every book shown: nothing wrong must last long unnoticed."""
        self._audit_at = monotonic() + self._patience.audit_seconds
        with suppress(CommandRefused, ValueError):
            reply = await self._commands.call("list_subscriptions")
            held = {listed.sid for listed in read_subscriptions(reply.msg)}
            for subscription in self._session.subscriptions.values():
                if subscription.sid not in held:
                    self._session.end(subscription)
        books = self._session.subscriptions.get(BOOKS)
        if books is not None and books.sid:
            await self._show(books.sid, sorted(books.tickers))

"""One client's session of the stream: its subscriptions, their sequence numbers, and the commands that change them.

A sid belongs to one channel and counts its own messages from 1; replies about a sid count too. The ticker, fill,
order and position channels have no numbers of their own, so there only the replies count. A command that is refused
changes nothing. Subscribing to a channel again keeps its sid and adds the markets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from trading.clock import monotonic
from trading.exchange.simulated import stream_commands as codes
from trading.exchange.simulated.listing import MarketFilter
from trading.exchange.simulated.stream_changes import Changes
from trading.exchange.simulated.stream_channels import (
    CHANNELS,
    MISSING_CHANNELS,
    Message,
    Subscription,
    quoted,
    snapshot,
)
from trading.exchange.simulated.stream_commands import Command, CommandRefused, Params
from trading.exchange.simulated.stream_index import INDEX_CHANNELS
from trading.exchange.simulated.stream_outbox import Outbox
from trading.exchange.simulated.venue import Venue
from trading.exchange.simulated.wire import Json

TRADING = MarketFilter(status="open")
MARKETS_MAX = 1000  # of one subscription
COMMANDS_MAX = 100  # of one session in a second of real time

Act = Callable[[Command, Subscription, Params], None]


class Session:
    """What one connected client follows. The venue must be at the clock's time when a method is called."""

    def __init__(self, venue: Venue, outbox: Outbox) -> None:
        self.outbox = outbox
        self.subscriptions: dict[int, Subscription] = {}
        self._venue = venue
        self._last_sid = 0
        self._asked: deque[float] = deque(maxlen=COMMANDS_MAX)  # when the last commands came
        self._commands: dict[str, Callable[[Command], None]] = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "update_subscription": self._update,
            "list_subscriptions": self._list,
        }
        self._updates: dict[str, Act] = {
            "add_markets": self._add_markets,
            "delete_markets": self._delete_markets,
            "get_snapshot": self._get_snapshot,
            "subscribe_indices": self._add_indices,
            "unsubscribe_indices": self._delete_indices,
            "indexlist": self._list_indices,
        }

    def receive(self, text: str | bytes) -> None:
        """Treat one frame of the client's; the replies and first snapshots are in the outbox then."""
        command = Command()
        try:
            command = codes.parsed(text)
            self._pace()
            act = self._commands.get(command.cmd)
            if act is None:
                raise CommandRefused(codes.UNKNOWN_COMMAND, "unknown command")
            act(command)
        except CommandRefused as refusal:
            self._refuse(command, refusal)

    def _pace(self) -> None:
        now = monotonic()
        if len(self._asked) == COMMANDS_MAX and now - self._asked[0] < 1.0:
            raise CommandRefused(codes.COMMAND_RATE, f"more than {COMMANDS_MAX} commands in a second")
        self._asked.append(now)

    def pump(self, changes: Changes) -> None:
        """Tell every subscription what has changed."""
        for subscription in self.subscriptions.values():
            self._tell(subscription, CHANNELS[subscription.channel].source(self._venue, subscription, changes))

    def _tell(self, subscription: Subscription, messages: Iterable[Message], command_id: int = 0) -> None:
        numbered = CHANNELS[subscription.channel].numbered
        for kind, msg in messages:
            frame: Json = {"id": command_id} if command_id else {}
            frame |= {"type": kind, "sid": subscription.sid}
            if numbered:
                frame["seq"] = _next_seq(subscription)
            self.outbox.tell(subscription.channel, subscription.sid, {**frame, "msg": msg})

    def _refuse(self, command: Command, refusal: CommandRefused) -> None:
        frame = _head(command, "error") | {"msg": refusal.msg}
        subscription = self.subscriptions.get(refusal.sid)
        if subscription:
            frame |= {"sid": subscription.sid, "seq": _next_seq(subscription)}
        self.outbox.reply(frame)

    def _answer(self, command: Command, subscription: Subscription, kind: str, msg: Json | None = None) -> None:
        """A reply about one sid."""
        frame = _head(command, kind) | {"sid": subscription.sid, "seq": _next_seq(subscription)}
        self.outbox.reply(frame if msg is None else frame | {"msg": msg})

    def _subscribe(self, command: Command) -> None:
        wish = codes.params(command)
        if not wish.channels:
            raise CommandRefused(codes.CHANNELS_REQUIRED, "channels required")
        for name in wish.channels:
            self._check_channel(name, wish)
        for name in dict.fromkeys(wish.channels):
            subscription = self._of_channel(name) or self._opened(name, wish)
            self.outbox.reply(_head(command, "subscribed") | {"msg": {"channel": name, "sid": subscription.sid}})
            subscription.index_ids |= dict.fromkeys(wish.index_ids)
            self._follow(subscription, wish)

    def _check_channel(self, name: str, wish: Params) -> None:
        if name in MISSING_CHANNELS:
            raise CommandRefused(codes.CHANNEL_ERROR, f"channel error: this exchange has no {name}")
        channel = CHANNELS.get(name)
        if channel is None:
            raise CommandRefused(codes.UNKNOWN_CHANNEL, f"unknown channel name: {name}")
        if channel.needs_tickers and not wish.tickers:
            raise CommandRefused(codes.TICKER_REQUIRED, "market ticker required")
        if channel.by_ticker:
            self._check_tickers(wish, self._of_channel(name))
        if name in INDEX_CHANNELS:
            self._check_indices(wish)

    def _check_tickers(self, wish: Params, subscription: Subscription | None) -> None:
        sid, held = (subscription.sid, subscription.tickers or {}) if subscription else (0, {})
        if wish.market_id or wish.market_ids:  # else a choice would silently become every market
            raise CommandRefused(codes.INVALID_PARAMETER, "markets are chosen by ticker here", sid)
        unknown = tuple(t for t in wish.tickers if self._venue.world.window(t) is None)
        if unknown:
            raise CommandRefused(codes.INVALID_PARAMETER, "no such market", sid, unknown)
        if len(held.keys() | set(wish.tickers)) > MARKETS_MAX:
            raise CommandRefused(codes.MARKET_LIMIT, f"more than {MARKETS_MAX} markets", sid)

    def _check_indices(self, wish: Params, sid: int = 0) -> None:
        unknown = set(wish.index_ids) - set(self._indices())
        if unknown:
            raise CommandRefused(codes.INVALID_PARAMETER, f"no such index: {', '.join(sorted(unknown))}", sid)

    def _indices(self) -> list[str]:
        return [series.index_id for series in self._venue.world.series if series.index_id]

    def _of_channel(self, name: str) -> Subscription | None:
        return next((s for s in self.subscriptions.values() if s.channel == name), None)

    def _opened(self, name: str, wish: Params) -> Subscription:
        """A new subscription; without tickers, where they are a choice, to every market."""
        self._last_sid += 1
        chosen = CHANNELS[name].by_ticker and wish.tickers
        made = Subscription(self._last_sid, name, {} if chosen else None, use_yes_price=wish.use_yes_price)
        self.subscriptions[made.sid] = made
        return made

    def _follow(self, subscription: Subscription, wish: Params) -> None:
        """Add markets, and show the new ones where the channel begins with that."""
        now = self._venue.now
        new = [t for t in wish.tickers if subscription.tickers is not None and t not in subscription.tickers]
        if subscription.tickers is not None:
            subscription.tickers |= dict.fromkeys(new)
        if subscription.channel == "orderbook_delta":
            self._tell(subscription, [snapshot(self._venue, subscription, ticker) for ticker in new])
        elif subscription.channel == "ticker":
            every = subscription.tickers is None
            followed = [w.ticker for w in self._venue.windows(TRADING)] if every else new
            first = [m for ticker in followed if (m := quoted(self._venue, subscription, ticker, now))]
            self._tell(subscription, first if wish.send_initial_snapshot else ())

    def _unsubscribe(self, command: Command) -> None:
        sids = codes.params(command).sids
        if not sids:
            raise CommandRefused(codes.SIDS_REQUIRED, "sids required")
        for subscription in [self._known(sid) for sid in dict.fromkeys(sids)]:
            self._answer(command, subscription, "unsubscribed")
            del self.subscriptions[subscription.sid]

    def _known(self, sid: int) -> Subscription:
        if sid not in self.subscriptions:
            raise CommandRefused(codes.UNKNOWN_SID, f"unknown subscription id: {sid}")
        return self.subscriptions[sid]

    def _list(self, command: Command) -> None:
        found = [{"channel": s.channel, "sid": s.sid} for s in self.subscriptions.values()]
        self.outbox.reply({"id": command.id, "type": "ok", "msg": found})

    def _update(self, command: Command) -> None:
        wish = codes.params(command)
        sids = wish.sids or ((wish.sid,) if wish.sid else ())
        if len(sids) != 1:
            raise CommandRefused(codes.ONE_SID, "exactly one subscription id is required")
        subscription = self._known(sids[0])
        if not wish.action:
            raise CommandRefused(codes.ACTION_REQUIRED, "action required", subscription.sid)
        act = self._updates.get(wish.action)
        if act is None or not _supports(subscription, wish.action):
            raise CommandRefused(codes.UNSUPPORTED_ACTION, f"unsupported action: {wish.action}", subscription.sid)
        act(command, subscription, wish)

    def _add_markets(self, command: Command, subscription: Subscription, wish: Params) -> None:
        self._check_named(subscription, wish)
        listed = list(dict.fromkeys((*(subscription.tickers or ()), *wish.tickers)))
        self._answer(command, subscription, "ok", {"market_tickers": listed})
        self._follow(subscription, wish)

    def _delete_markets(self, command: Command, subscription: Subscription, wish: Params) -> None:
        self._check_named(subscription, wish)
        kept = subscription.tickers or {}
        for ticker in wish.tickers:
            kept.pop(ticker, None)
            subscription.books.pop(ticker, None)
            subscription.quotes.pop(ticker, None)
        self._answer(command, subscription, "ok", {"market_tickers": list(kept)})

    def _get_snapshot(self, command: Command, subscription: Subscription, wish: Params) -> None:
        self._check_named(subscription, wish)
        self._tell(subscription, [snapshot(self._venue, subscription, t) for t in wish.tickers], command.id)

    def _check_named(self, subscription: Subscription, wish: Params) -> None:
        if not wish.tickers:
            raise CommandRefused(codes.TICKER_REQUIRED, "market ticker required", subscription.sid)
        self._check_tickers(wish, subscription)

    def _add_indices(self, command: Command, subscription: Subscription, wish: Params) -> None:
        self._check_named_indices(subscription, wish)
        subscription.index_ids |= dict.fromkeys(wish.index_ids)
        self._answer(command, subscription, "ok", {"index_ids": list(subscription.index_ids)})

    def _delete_indices(self, command: Command, subscription: Subscription, wish: Params) -> None:
        self._check_named_indices(subscription, wish)
        for index_id in wish.index_ids:
            subscription.index_ids.pop(index_id, None)
        self._answer(command, subscription, "ok", {"index_ids": list(subscription.index_ids)})

    def _check_named_indices(self, subscription: Subscription, wish: Params) -> None:
        if not wish.index_ids:
            raise CommandRefused(codes.INDICES_REQUIRED, "index ids required", subscription.sid)
        self._check_indices(wish, subscription.sid)

    def _list_indices(self, command: Command, subscription: Subscription, wish: Params) -> None:
        self._answer(command, subscription, f"{subscription.channel}_indexlist", {"index_ids": self._indices()})


def _supports(subscription: Subscription, action: str) -> bool:
    """Whether the channel has that action; a subscription to every market has none to add or delete."""
    if subscription.channel in INDEX_CHANNELS:
        return action in ("subscribe_indices", "unsubscribe_indices", "indexlist")
    if action == "get_snapshot":
        return subscription.channel == "orderbook_delta"
    return action in ("add_markets", "delete_markets") and subscription.tickers is not None


def _head(command: Command, kind: str) -> Json:
    return {"id": command.id, "type": kind} if command.id else {"type": kind}


def _next_seq(subscription: Subscription) -> int:
    subscription.seq += 1
    return subscription.seq

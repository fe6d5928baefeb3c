"""What the desk answers about one market, and about what the strategies see in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from trading.domain.errors import NotFound
from trading.domain.events import WindowPassed
from trading.domain.market import Market, Tick
from trading.domain.money import ZERO
from trading.domain.order import Fill, Mode, Order
from trading.domain.trade import Trade
from trading.engine.assigned import Assigned
from trading.engine.cycle import Cycle
from trading.engine.observer import Observer
from trading.engine.pages import Label, MarketHistoryPage
from trading.engine.pages_figures import MarketPage, Opinion, SignalsPage
from trading.engine.windows import Window

WINDOWS_SHOWN = 5  # of each strategy
WINDOWS_READ = 4 * WINDOWS_SHOWN  # for each strategy: others may have passed more of them


class MarketViews:
    """Tickers are read in any case; none at all means the market open now."""

    def __init__(self, cycle: Cycle, label: Callable[[], Label]) -> None:
        self._cycle, self._label = cycle, label
        self._observer, self._book = cycle.observer, cycle.book

    def signals(self) -> tuple[SignalsPage, ...]:
        """What each strategy sees now, and why the last markets were skipped."""
        looks = [(each, o) for each in self._cycle.assigned for o in self._cycle.observers if o.series in each.series]
        passed = cast(list[WindowPassed], self._book.store.tail("windows", WINDOWS_READ * len(looks)))
        return tuple(self._seen(each, observer, passed[::-1]) for each, observer in looks)

    def _seen(self, assigned: Assigned, observer: Observer, newest: list[WindowPassed]) -> SignalsPage:
        window = self._cycle.windows.current.get((assigned.name, observer.series))
        mode = assigned.mode(self._book.state.mode)
        several = assigned.series != (self._observer.series,)
        own = (w for w in newest if (w.strategy, w.mode) == (assigned.name, mode))
        passed = [w for w in own if not several or w.ticker.startswith(f"{observer.series}-")]
        market = window.market if window else observer.view.market if observer.view else None
        return SignalsPage(
            label=self._label(),
            strategy=assigned.name,
            series=observer.series if several else "",
            paper=assigned.paper,
            market=market,
            signals=window.decision.signals if window else (),
            skipped=_skipped(window) if window else "" if market else "no_market",
            detail="" if window is None or window.ordered else window.decision.detail or window.detail,
            windows=tuple(passed[:WINDOWS_SHOWN]),
        )

    async def market(self, ticker: str) -> MarketPage:
        """One market, open or past, as the exchange lists it. Raises NotFound, Unavailable, Unauthorized."""
        market = await self._find(ticker)
        mode, store, now = self._book.state.mode, self._book.store, self._cycle.clock.now()
        orders = cast(list[Order], store.select("orders", ticker=market.ticker))
        trades = cast(list[Trade], store.select("trades", ticker=market.ticker))
        held = [p for p in self._book.state.positions.values() if (p.mode, p.ticker) == (mode, market.ticker)]
        return MarketPage(
            label=self._label(),
            market=market,
            quote=await self._observer.quote(market.ticker) if market.open_at(now) else None,
            tick=self._tick(market),
            position=sum((p.contracts for p in held), ZERO),
            orders=tuple(order for order in orders if order.mode is mode),
            fills=self._fills(market.ticker, mode),
            trades=tuple(trade for trade in trades if trade.mode is mode),
            opinions=tuple(self._opinions(market.ticker, mode)),
        )

    async def history(self, ticker: str) -> MarketHistoryPage:
        """How one market went while we looked, and our fills in it. Raises NotFound, Unavailable, Unauthorized."""
        market = await self._find(ticker)
        fills = self._fills(market.ticker, self._book.state.mode)
        return MarketHistoryPage(self._label(), market, self._observer.samples.of(market.ticker), fills)

    async def _find(self, ticker: str) -> Market:
        view, wanted = self._observer.view, ticker.upper()
        current = view.market if view else None
        if current and wanted in ("", current.ticker):
            return current
        if not wanted:
            raise NotFound("no market is open now: name one by its ticker, as /trades shows it")
        exchange = self._cycle.broker.exchanges[self._book.state.mode]
        listed = await exchange.markets(tickers=[wanted])
        if not listed:
            raise NotFound(f"the exchange lists no market {wanted}: /status shows the one open now")
        return listed[0]

    def _tick(self, market: Market) -> Tick | None:
        """The spot price, where the market is of the series that we follow and still open."""
        ticks = self._observer.ticks
        ours = market.ticker.startswith(f"{self._observer.series}-") and market.open_at(self._cycle.clock.now())
        return ticks[-1] if ticks and ours else None

    def _fills(self, ticker: str, mode: Mode) -> tuple[Fill, ...]:
        fills = cast(list[Fill], self._book.store.select("fills", ticker=ticker))
        return tuple(sorted((f for f in fills if f.mode is mode), key=lambda f: f.at))

    def _opinions(self, ticker: str, mode: Mode) -> list[Opinion]:
        """What the strategies see in it while they look at it, or what came of it."""
        windows = self._cycle.windows.current.items()
        now = [
            Opinion(key[0], w.decision.signals, _skipped(w))
            for key, w in windows
            if (w.market.ticker, w.mode) == (ticker, mode)
        ]
        passed = cast(list[WindowPassed], self._book.store.select("windows", ticker=ticker))
        return now + [Opinion(w.strategy, passed=w) for w in passed if w.mode is mode]


def _skipped(window: Window) -> str:
    return "ordered" if window.ordered else window.decision.skipped or window.reason

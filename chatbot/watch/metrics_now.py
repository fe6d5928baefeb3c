"""How a running bot stands at the moment of a scrape, for Prometheus: read from memory, nobody is asked.

Ages are in seconds of the engine's clock (a simulated one runs faster), but for the beat's, which is in real time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from decimal import Decimal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from chatbot.life.life import App
from chatbot.life.watchdog import Watchdog
from chatbot.outbox.lanes import Queue
from chatbot.tools.watching import BEAT
from chatbot.watch.metrics import NAME
from trading.domain.order import Mode
from trading.domain.state import Reason, TradingState
from trading.engine.pages import HealthPage, StatusPage

Labelled = Mapping[str, float]  # the one label's value -> the figure


class Now(Collector):
    """Reads the desk's pages, the outbox, and what the exchange's adapter remembers."""

    def __init__(self, app: App, dog: Watchdog) -> None:
        self._app, self._dog = app, dog
        self._cash: Decimal | None = None

    async def look(self) -> None:
        """Take what can only be awaited: the cash, where it is known without asking."""
        self._cash = await self._app.cycle.broker.cash.total()

    def collect(self) -> Iterator[Metric]:
        """Every family once."""
        status, health = self._app.desk.status(), self._app.desk.health()
        yield from self._trading(status)
        yield from self._money(status)
        yield from self._beats()
        yield from self._data(health)
        yield from self._notices()
        yield from self._exchange()

    def _trading(self, status: StatusPage) -> Iterator[Metric]:
        yield from _standing(status.trading, {halt.reason for halt in status.halts})
        dry = status.label.mode is Mode.DRY_RUN
        yield _gauge("dry_run", "1: orders are filled on paper.", dry)
        yield _by("denials", "code", "Wishes that the gate refused.", self._app.cycle.broker.denied, counts=True)
        yield _gauge("open_orders", "Orders that may still fill.", status.live_orders)
        yield _gauge("unknown_orders", "Those of which nobody knows what became.", status.unknown_orders)
        yield _gauge("open_trades", "Bets that are not over.", status.open_trades)

    def _money(self, status: StatusPage) -> Iterator[Metric]:
        yield _gauge("day_profit_usd", "Profit of the trades closed today, after fees.", status.day_profit)
        yield _gauge("open_exposure_usd", "The most that all that is open can still lose.", status.at_risk)
        if self._cash is not None:
            yield _gauge("cash_usd", "Free cash of the current mode, as read last.", self._cash)

    def _beats(self) -> Iterator[Metric]:
        pulse = self._app.cycle.pulse
        yield SummaryMetricFamily(
            f"{NAME}_beat_seconds", "How long beats took.", count_value=pulse.beats, sum_value=pulse.total_seconds
        )
        silent = self._dog.silences().get(BEAT)
        if silent is not None:
            yield _gauge("last_beat_age_seconds", "Since the last beat, in real time.", silent)
        yield _gauge("problems", "Parts of the beat that fail at the moment.", len(pulse.problems))

    def _data(self, health: HealthPage) -> Iterator[Metric]:
        ages = {name: age for name, age in health.feeds.items() if age is not None}
        yield _by("data_age_seconds", "feed", "How old the newest spot price and quote are.", ages)
        yield _by("store_rows", "table", "Rows of the store.", health.rows)
        if stream := health.stream:
            yield _gauge("stream_connected", "1: the exchange's stream is there.", stream.connected)
            yield _count("stream_connections", "Connections made.", stream.connections)
            yield _count("stream_gaps", "Gaps in what came.", stream.gaps)

    def _notices(self) -> Iterator[Metric]:
        now, queues = self._app.places.clock.now(), self._app.outbox.queues()
        yield _by("outbox_queued", "channel", "Notices owed.", {queue.channel: queue.count for queue in queues})

        def age(queue: Queue) -> float:
            return (now - queue.oldest).total_seconds() if queue.oldest else 0.0

        ages = {queue.channel: age(queue) for queue in queues}
        yield _by("outbox_oldest_seconds", "channel", "How long the oldest of them waits.", ages)
        up = {queue.channel: not queue.failing for queue in queues}
        yield _by("channel_up", "channel", "0: the last delivery failed.", up)

    def _exchange(self) -> Iterator[Metric]:
        kalshi = self._app.places.kalshi
        if kalshi is None:
            return
        family = CounterMetricFamily(f"{NAME}_exchange_requests", "Requests by their end.", labels=["lane", "outcome"])
        for labels, count in sorted(kalshi.traffic.counts.items()):
            family.add_metric(labels, count)
        yield family
        yield _by("rate_tokens", "bucket", "What is left of the request budgets.", kalshi.rate_tokens())
        if kalshi.skew_seconds is not None:
            yield _gauge("clock_skew_seconds", "The exchange's clock less ours.", kalshi.skew_seconds)


class Halted(Collector):
    """A bot in safe mode."""

    def collect(self) -> Iterator[Metric]:
        """What is known without a store."""
        yield from _standing(TradingState.HALTED, {Reason.STORAGE})


def _standing(trading: TradingState, halts: Set[Reason]) -> Iterator[Metric]:
    """What the gate lets through, and why."""
    states = {state.value: state is trading for state in TradingState}
    yield _by("trading_state", "state", "1 for the state that holds.", states)
    reasons = {reason.value: reason in halts for reason in Reason}
    yield _by("halt", "reason", "1: this stands in the way of trading.", reasons)


def _gauge(name: str, about: str, value: float | Decimal) -> Metric:
    return GaugeMetricFamily(f"{NAME}_{name}", about, value=float(value))


def _count(name: str, about: str, value: float) -> Metric:
    return CounterMetricFamily(f"{NAME}_{name}", about, value=value)


def _by(name: str, label: str, about: str, values: Labelled, *, counts: bool = False) -> Metric:
    family = (CounterMetricFamily if counts else GaugeMetricFamily)(f"{NAME}_{name}", about, labels=[label])
    for value, figure in values.items():
        family.add_metric([value], float(figure))
    return family

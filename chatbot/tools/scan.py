"""One pass of the scanner over the configured exchange, from the command line: what each layer keeps and drops, and
the candidates with their reasons. It orders nothing and needs no running bot, nor stands in the way of one.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from chatbot.config import Settings
from chatbot.formats import money, price
from chatbot.tools.exchange import SERIES_DEFAULT, open_simulated
from chatbot.wiring.places import SIMULATED, open_places
from chatbot.wiring.strategies_file import plan
from trading.clock import RealClock, monotonic
from trading.domain.errors import Misconfigured
from trading.domain.money import ZERO
from trading.engine.pages_scan import Find, Layer, find_of, layers_of
from trading.engine.scanning import Told, nobody, survey
from trading.exchange.kalshi.auth import Signer, load_private_key
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.simulated.world import SeededWorld

MARKETS_DEFAULT = 15_000  # that the simulated exchange lists: as many as the live one on a quiet day


async def scan(settings: Settings, markets: int | None) -> dict[str, Any]:
    """Look through the open markets once and print what came of it; the figures. Raises Misconfigured, Unavailable,
    Unauthorized."""
    scanner = plan(settings).scanner
    async with _exchange(settings, markets) as (exchange, clock):
        await _budget(exchange, settings)
        started = monotonic()
        with _bar() as told:
            listed, dropped = await survey(exchange.open_markets, scanner, told)
        funnel = scanner.sift(listed, clock.now(), ZERO, frozenset(), dropped)
        seconds = monotonic() - started
    layers, finds = layers_of(funnel), [find_of(candidate) for candidate in funnel.candidates]
    _show(layers, finds, seconds)
    kept = {layer.name: layer.kept for layer in layers}
    candidates = [_figures(find) for find in finds]
    return {"markets": layers[0].kept, "kept": kept, "candidates": candidates, "seconds": round(seconds, 2)}


@asynccontextmanager
async def _exchange(settings: Settings, markets: int | None) -> AsyncIterator[tuple[KalshiExchange, Any]]:
    """The configured one; where that is the simulated one of this machine, one of its own for this pass."""
    if settings.environment == SIMULATED and not settings.api_base:
        async with _simulated(settings, markets or MARKETS_DEFAULT) as opened:
            yield opened
        return
    if markets is not None:
        raise Misconfigured("--markets says how many the simulated exchange lists: leave it out at any other")
    places = await open_places(settings)
    try:
        assert places.kalshi, "every exchange that settings can name is one"
        yield places.kalshi, places.clock
    finally:
        await places.close()


@asynccontextmanager
async def _simulated(settings: Settings, markets: int) -> AsyncIterator[tuple[KalshiExchange, Any]]:
    with tempfile.TemporaryDirectory(prefix="kalshi-chatops-scan-") as folder:
        clock, world = RealClock(), SeededWorld(settings.sim_seed, SERIES_DEFAULT, markets)
        simulated = await open_simulated(Path(folder), clock, seed=settings.sim_seed, world=world)
        key = load_private_key(simulated.credentials.private_key_path.read_bytes())
        exchange = KalshiExchange(simulated.server.base_url, Signer(simulated.credentials.key_id, key), clock)
        try:
            yield exchange, clock
        finally:
            exchange.close()
            await simulated.stop()


async def _budget(exchange: KalshiExchange, settings: Settings) -> None:
    """What the key may spend; without one the smallest budget holds."""
    if settings.private_key_pem() is not None:
        await exchange.limits()


@contextmanager
def _bar() -> Iterator[Told]:
    """How far it is, on standard error where somebody can see it; how many there are nobody knows beforehand."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield nobody
        return
    words = TextColumn("{task.completed:,.0f} markets, {task.fields[kept]:,} worth a look")
    with Progress(BarColumn(), words, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("scan", total=None, kept=0)

        async def told(read: int, kept: int) -> None:
            progress.update(task, completed=read, kept=kept)

        yield told


def _show(layers: tuple[Layer, ...], finds: list[Find], seconds: float) -> None:
    console = Console()
    table = Table(title=f"{layers[0].kept:,} open markets in {seconds:.1f} s", title_justify="left")
    table.add_column("layer")
    table.add_column("kept", justify="right")
    table.add_column("dropped")
    for layer in layers:
        table.add_row(layer.name, f"{layer.kept:,}", ", ".join(f"{why} {count:,}" for why, count in layer.dropped))
    console.print(table)
    for find in finds:
        console.print(f"{find.ticker}: {find.count:f} {find.side.upper()} at {price(find.price)}, {money(find.cost)}")
        console.print(f"  closes {find.close_time:%Y-%m-%d %H:%M} UTC; {find.why}")
    if not finds:
        console.print("No market passed every layer.")


def _figures(find: Find) -> dict[str, Any]:
    """As `--json` has it; dollars with four decimals."""
    return {
        "ticker": find.ticker,
        "side": find.side.value,
        "price_usd": float(round(find.price, 4)),
        "count": int(find.count),
        "cost_usd": float(round(find.cost, 4)),
        "closes": find.close_time.isoformat(),
        "why": find.why,
    }

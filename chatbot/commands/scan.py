"""/scan: every open market looked through once, layer by layer, and what is left with the reason for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from chatbot.command import Context, command
from chatbot.formats import count, labelled, moment, money, price, span
from chatbot.message import Button, Reply, Role
from trading.engine.pages_scan import Find, Layer, ScanPage

SCAN_SECONDS_MAX = 120.0  # 60,000 markets are read in a few seconds, where the budget is nobody else's
FINDS_SHOWN_MAX = 10
KEPT = {"hydrate": "open", "band": "in the band", "validation": "sound", "risk": "affordable"}
REASONS = {  # what a layer drops them for, in words
    "not_open": "not open yet",
    "one_sided": "one-sided",
    "price": "out of the band",
    "closing": "about to close",
    "far": "closing too late",
    "held": "held or tried",
    "category": "excluded category",
    "spread": "wide spread",
    "volume": "hardly traded",
    "cap": "over the caps",
    "off_grid": "price off the grid",
}


@command(role=Role.OPERATOR, timeout_seconds=SCAN_SECONDS_MAX)
async def scan(ctx: Context) -> Reply:
    """Look through all open markets.

    Shows how many each layer of the scanner kept and dropped, and what is left with the reason. It orders nothing.
    """
    await ctx.progress("Scan: reading all open markets")

    async def told(read: int, kept: int) -> None:
        await ctx.progress(f"Scan: {read:,} markets read, {kept:,} worth a look")

    page = await ctx.desk.scan(told)
    return Reply(
        f"Scan: {count(len(page.finds), 'candidate')}",
        label=labelled(page.label, ctx.zone),
        fields=(*_layers(page), *_finds(page, ctx.zone)),
        note=_note(page),
        buttons=(Button("Scan again", "/scan"),),
    )


def _layers(page: ScanPage) -> Iterator[tuple[str, str]]:
    for layer in page.layers:
        yield layer.name.capitalize(), _layer(layer)
    yield "Risk today", f"{money(page.risked)} of {money(page.daily_risk)}"
    yield "Took", span(page.seconds)


def _layer(layer: Layer) -> str:
    gone = [f"-{number:,} {REASONS.get(reason, reason)}" for reason, number in layer.dropped]
    return "\n".join([f"{layer.kept:,} {KEPT[layer.name]}", *gone])


def _finds(page: ScanPage, zone: tzinfo) -> Iterator[tuple[str, str]]:
    for find in page.finds[:FINDS_SHOWN_MAX]:
        yield find.ticker, "\n".join(_find(find, page, zone))


def _find(find: Find, page: ScanPage, zone: tzinfo) -> Iterator[str]:
    if find.title:
        yield find.title
    yield f"{find.count:f} {find.side.upper()} at {price(find.price)}, {money(find.cost)}"
    yield f"closes {moment(find.close_time, zone, page.label.now)}"
    yield find.why


def _note(page: ScanPage) -> str:
    more = len(page.finds) - FINDS_SHOWN_MAX
    hidden = f"{more} more are not shown. " if more > 0 else ""
    runs = "The scanner is among the strategies and orders by itself." if page.running else "Nothing is ordered."
    return hidden + runs

"""/signals: what each signal sees now, and why the last markets were skipped, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from chatbot.command import Context, command
from chatbot.commands.overview import open_market
from chatbot.formats import labelled, span
from chatbot.message import Button, Reply, Role, Table
from trading.domain.events import WindowPassed
from trading.domain.signal import Signal
from trading.engine.pages_figures import SignalsPage

WINDOWS_SHOWN_MAX = 8

# What the engine's codes mean: (a sentence, a few words for a table's cell).
REASONS = {
    "no_market": ("No market of the series is open.", "no market"),
    "no_adjacent_window": ("No market closed exactly at this one's open.", "no previous market"),
    "no_strike": ("The market's strike is not published yet.", "no strike"),
    "previous_contradicted": ("The published result contradicts the strikes.", "result contradicted"),
    "no_spot": ("There is no spot price.", "no spot"),
    "stale_spot": ("The spot price is too old.", "spot too old"),
    "no_history": ("There are not enough spot prices yet.", "too little history"),
    "flat": ("The spot price hardly moved.", "flat"),
    "disagree": ("The signals disagree.", "signals disagree"),
    "no_quote": ("There is no fresh quote.", "no quote"),
    "one_sided": ("Nobody offers the side wanted.", "one-sided book"),
    "off_grid": ("The price is not on the market's grid.", "price off grid"),
    "price_band": ("The price is outside the band allowed.", "price out of band"),
    "between": ("It is neither cheap enough to buy nor dear enough to sell.", "between its prices"),
    "full": ("It holds as much as it may, or nothing whole is offered.", "full"),
    "resting": ("An order of its own rests.", "order rests"),
    "leaving": ("An exit rule holds: it leaves.", "leaving"),
    "closing": ("The market ends soon.", "ends soon"),
    "release": ("A scheduled release is near.", "release near"),
    "no_headline": ("Nothing is said about this market.", "no headline"),
    "old_headline": ("The newest headline is too old.", "headline too old"),
    "unsure": ("The headline is not sure enough.", "headline unsure"),
    "spent": ("The newest headline was acted on.", "headline spent"),
    "cooldown": ("It waits after the last headline.", "waits"),
    "stepped_aside": ("A headline came: it steps aside.", "stepped aside"),
    "entry_window": ("It is outside the time for entering.", "outside entry time"),
    "market_closed": ("The market has closed.", "closed"),
    "ordered": ("An order was sent for this market.", "ordered"),
    "disabled": ("The strategy is switched off.", "switched off"),
    "not_running": ("The bot was not running.", "not running"),
}
_DENIED = "denied:"


def sentence(code: str) -> str:
    """What a reason code means; an unknown one as it is."""
    if code.startswith(_DENIED):
        return f"The gate refused: {_words(code.removeprefix(_DENIED))}."
    return REASONS[code][0] if code in REASONS else code


def few_words(code: str) -> str:
    """The same, for a table's cell."""
    if code.startswith(_DENIED):
        return f"refused: {_words(code.removeprefix(_DENIED))}"
    return REASONS[code][1] if code in REASONS else code


def _words(code: str) -> str:
    return code.replace("_", " ")


@command(role=Role.VIEWER, aliases=("signal", "sig"))
async def signals(ctx: Context) -> Reply:
    """What the signals see.

    Also why nothing is wanted now, and what came of the last markets.
    """
    pages = ctx.desk.signals()
    names = ", ".join(dict.fromkeys(page.strategy for page in pages))
    return Reply(
        f"Signals of {names}" if names else "Signals",
        label=labelled(pages[0].label if pages else ctx.desk.status().label, ctx.zone),
        fields=tuple(_fields(pages)),
        table=_windows(pages, ctx.zone),
        note="" if pages else "No strategy is configured.",
        buttons=(Button("Refresh", "/signals"),),
    )


def _fields(pages: Sequence[SignalsPage]) -> Iterator[tuple[str, str]]:
    """The market and each signal once: strategies look at the same instant; then what each one makes of it."""
    seen: set[str] = set()
    for page in pages:
        said = [("Market", open_market(page.market, page.label.now))]
        said += [(signal.name.capitalize(), _opinion(signal, page.label.now)) for signal in page.signals]
        yield from ((name, text) for name, text in said if f"{name} {text}" not in seen)
        seen |= {f"{name} {text}" for name, text in said}
        yield "Now", _now(page) if len(pages) == 1 else f"{_whose(page)}: {_now(page)}"


def _whose(page: SignalsPage) -> str:
    return " ".join(part for part in (page.strategy, page.series, "on paper" if page.paper else "") if part)


def _windows(pages: Sequence[SignalsPage], zone: tzinfo) -> Table | None:
    """What came of the last markets, newest first; of several strategies, by whom."""
    passed = sorted((w for page in pages for w in page.windows), key=lambda w: w.close_time, reverse=True)
    several = len(pages) > 1
    rows = tuple(
        (
            f"{each.close_time.astimezone(zone):%H:%M}",
            each.strategy if several else "yes" if each.agreed else "no",
            _came_of(each),
        )
        for each in passed[: WINDOWS_SHOWN_MAX * len(pages)]
    )
    return Table(("Closed", "Strategy" if several else "Agreed", "What came of it"), rows) if rows else None


def _opinion(signal: Signal, now: datetime) -> str:
    age = f"{span((now - signal.at).total_seconds())} ago"
    if signal.side:
        return f"{signal.side.upper()}, {age}\n{signal.evidence}"
    return f"no opinion, {age}\n{_because(sentence(signal.reason), signal.evidence)}"


def _now(page: SignalsPage) -> str:
    said = sentence(page.skipped) if page.skipped else "Wants to trade, or has its order in."
    return _because(said, page.detail)


def _because(said: str, detail: str) -> str:
    return "\n".join(part for part in (said, detail) if part)


def _came_of(window: WindowPassed) -> str:
    return "ordered" if window.ordered else few_words(window.reason)

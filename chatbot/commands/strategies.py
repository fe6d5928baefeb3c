"""Which strategies trade, and with how much: /strategies, /enable, /disable and /stake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated

from chatbot.command import Context, From, Nature, Preview, Risk, command
from chatbot.formats import count, gain, labelled, mode_word, money
from chatbot.message import Button, Reply, Role
from trading.domain.errors import NotFound
from trading.domain.state import Totals, TradingState
from trading.engine.pages import Label
from trading.engine.pages_strategies import DisableReport, ParameterPreview, StrategyLine

Name = Annotated[str, From("strategy", "consensus")]
STAKE = "stake_usd"


@command(role=Role.VIEWER, aliases=("strategy",))
async def strategies(ctx: Context, strategy: Name = "") -> Reply:
    """Which strategies trade.

    For each: whether it is on, its open trades and what it made today. With a name, or where there is one alone, its
    parameters too. A star marks what was changed from a chat, which wins over the configuration.
    """
    page = await ctx.desk.strategies()
    lines = [line for line in page.lines if strategy.casefold() in ("", line.name)]
    if not lines and strategy:
        raise NotFound(f"no strategy is called {strategy}: there is {', '.join(line.name for line in page.lines)}")
    whole = len(lines) == 1
    return Reply(
        "Strategies",
        label=labelled(page.label, ctx.zone),
        fields=tuple((line.name, "\n".join((_doing(line), *_parameters(line, whole=whole)))) for line in lines),
        note="\n".join(_notes(lines, whole=whole)),
        buttons=(Button("Refresh", f"/strategies {strategy}".strip()),),
        choices=tuple(_switch(line) for line in lines),
    )


def _notes(lines: Sequence[StrategyLine], *, whole: bool) -> Iterator[str]:
    if any(parameter.changed for line in lines for parameter in line.parameters):
        yield "* changed from a chat"
    if lines and not whole:
        yield f"/strategies {lines[0].name} shows its parameters."


def _doing(line: StrategyLine) -> str:
    """On or off, in which book, and how it does there."""
    paper = " on paper" if line.paper else ""
    now = f"{'ON' if line.on else 'OFF'}{paper}, {line.open_trades} open, {gain(line.day_profit)} today"
    return "\n".join((now, *_so_far(line.totals)))


def _so_far(totals: Totals) -> Iterator[str]:
    if totals.trades:
        won = 100 * totals.wins / totals.trades
        yield f"{count(totals.trades, 'trade')}, {won:.0f} % won, {gain(totals.profit)} in all"


def _parameters(line: StrategyLine, *, whole: bool = True) -> Iterator[str]:
    """All of them, or those alone that were changed."""
    for each in line.parameters:
        if whole or each.changed:
            yield f"{each.name} {each.value}{' *' if each.changed else ''}"


def _switch(line: StrategyLine) -> Button:
    if line.on:
        return Button(f"Disable {line.name}", f"/disable {line.name}", "danger")
    return Button(f"Enable {line.name}", f"/enable {line.name}")


# --- on and off -----------------------------------------------------------------------------------------------------


async def _enable_preview(ctx: Context, strategy: Name) -> Preview:
    page = await ctx.desk.preview_enable(strategy)
    label, name = labelled(page.label, ctx.zone), page.line.name
    if page.line.on:
        return Preview(Reply(f"{name} is on already", label=label, note=_trading(ctx)))
    kind = "dry run alone, on paper" if page.line.paper else _kind(page.label)
    fields = (("Orders", kind), ("It trades", "\n".join(_parameters(page.line))))
    return Preview(Reply(f"Switch {name} on?", label=label, fields=fields), page.fingerprint)


def _kind(label: Label) -> str:
    """Where its orders would go."""
    real = label.environment == "production" and "DRY" not in mode_word(label.mode)
    return f"{mode_word(label.mode)} in {label.environment}{': REAL MONEY' if real else ''}"


def _trading(ctx: Context) -> str:
    trading = ctx.desk.status().trading
    return "" if trading is TradingState.ACTIVE else f"Trading is {trading}: /status says why."


@command(role=Role.OWNER, risk=Risk.RAISES, preview=_enable_preview)
async def enable(ctx: Context, strategy: Name) -> Reply:
    """Let a strategy trade again.

    It shows what would trade, and asks back. Only strategies that the configuration names can be switched on.
    """
    ctx.desk.enable(strategy, ctx.person.by, ctx.fingerprint)
    label = labelled(ctx.desk.status().label, ctx.zone)
    return Reply(f"{strategy.casefold()} is on", label=label, note=_trading(ctx))


@command(role=Role.OPERATOR, risk=Risk.LOWERS)
async def disable(ctx: Context, strategy: Name) -> Reply:
    """Let a strategy trade no more.

    At once: it places nothing more, and what it has resting is cancelled. Its open trades run on to their end. It
    stays off over a restart, until the owner's /enable.
    """
    report = await ctx.desk.disable(strategy, ctx.person.by)
    name = strategy.casefold()
    return Reply(
        f"{name} is off",
        label=labelled(report.label, ctx.zone),
        fields=tuple(_disable_fields(report)),
        note=f"Only the owner's /enable {name} switches it on again.",
        failed=bool(report.unproved),
    )


def _disable_fields(report: DisableReport) -> Iterator[tuple[str, str]]:
    yield "Cancelled", count(report.canceled, "order")
    if report.unproved:
        yield "Not proved", f"{count(report.unproved, 'order')} asked to be cancelled, not yet seen gone: /orders"
    if report.open_trades:
        yield "Open", f"{count(report.open_trades, 'trade')}, to the end: /flatten sells"


# --- the stake ------------------------------------------------------------------------------------------------------


def _stake_nature(ctx: Context, usd: Decimal | None) -> Nature:
    if usd is None:
        return Nature(Role.OPERATOR, Risk.NONE)
    raises = ctx.desk.preview_parameter(STAKE, usd).raises
    return Nature(Role.OWNER, Risk.RAISES) if raises else Nature(Role.OPERATOR, Risk.LOWERS)


async def _stake_preview(ctx: Context, usd: Decimal | None) -> Preview:
    page = ctx.desk.preview_parameter(STAKE, usd)
    if page.refused:
        return Preview(_stays(page, ctx))
    return Preview(_shown("Raise the stake?", page, ctx), page.fingerprint)


@command(role=Role.OPERATOR, risk=Risk.LOWERS, nature=_stake_nature, preview=_stake_preview)
async def stake(ctx: Context, usd: Decimal | None = None) -> Reply:
    """Dollars for each trade.

    Without a number it shows them. Lower at once; higher only by the owner, after a yes, and never above the
    configuration's MAX_ORDER_USD. It wins over STAKE_USD and holds over a restart. At least one contract is bought.
    """
    page = ctx.desk.preview_parameter(STAKE, usd)
    if usd is None:
        return _shown("Stake", page, ctx)
    if page.refused:
        return _stays(page, ctx)
    page = ctx.desk.set_parameter(STAKE, usd, ctx.person.by, ctx.fingerprint)
    return _shown(f"The stake is {money(usd)}", page, ctx)


def _stays(page: ParameterPreview, ctx: Context) -> Reply:
    return Reply(
        "The stake stays as it is",
        label=labelled(page.label, ctx.zone),
        fields=tuple(_stakes(page, "Now")),
        note=f"{page.refused}.",
        failed=True,
    )


def _shown(title: str, page: ParameterPreview, ctx: Context) -> Reply:
    asked = title.endswith("?")
    then = (("Then", money(page.value)),) if asked and page.value is not None else ()
    return Reply(
        title,
        label=labelled(page.label, ctx.zone),
        fields=(
            *_stakes(page, "Was" if page.value is not None and not asked else "Now"),
            *then,
            ("At most", f"{money(page.most)} ({page.ceiling.upper()})"),
        ),
        note=f"An order's cost and fee together stay within the order limit, now {money(_order_limit(ctx))}.",
    )


def _stakes(page: ParameterPreview, when: str) -> Iterator[tuple[str, str]]:
    """One line where there is one strategy, else one for each."""
    for change in page.changes:
        yield when, money(change.now) + (f" {change.strategy}" if len(page.changes) > 1 else "")


def _order_limit(ctx: Context) -> Decimal:
    return next(Decimal(line.now) for line in ctx.desk.limits().lines if line.name == "order")

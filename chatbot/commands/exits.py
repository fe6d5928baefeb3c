"""Getting out of what is open: /cancel for orders, /flatten for positions. Both work while trading is halted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from chatbot.command import Context, From, Risk, command
from chatbot.formats import count, exact_money, gain, labelled, mode_word, number, price
from chatbot.message import Button, Reply, Role
from trading.domain.errors import NotFound
from trading.engine.pages import Exit, Exited, ExitsPage

ALL = "all"
LINE_BYTES_MAX = 64  # of what a button sends


@command(role=Role.OPERATOR, risk=Risk.LOWERS)
async def cancel(ctx: Context, order: Annotated[str, From("order")]) -> Reply:
    """Cancel one order, or all.

    An order is named by its id or by how that begins, as /orders shows it; all means all orders of this bot. An order
    of somebody else's on the account is cancelled only when it is named.
    """
    try:
        report = await ctx.desk.cancel(order, ctx.person.by)
    except NotFound as error:
        label = labelled(ctx.desk.status().label, ctx.zone)
        return Reply("Nothing cancelled", label=label, note=f"{error}.", failed=True)
    note = "Some are not yet proved cancelled: /orders shows them." if report.unproved else ""
    return Reply(
        f"Cancelled {count(report.canceled, 'order')}",
        label=labelled(report.label, ctx.zone),
        note="It was not this bot's." if report.foreign else note,
        failed=bool(report.unproved),
    )


@command(role=Role.OPERATOR, risk=Risk.LOWERS, timeout_seconds=60)
async def flatten(
    ctx: Context, ticker: Annotated[str, From("exit")] = "", when: Literal["look", "now"] = "look"
) -> Reply:
    """Sell what is held.

    It shows what selling would bring now, with a button for it; `/flatten all` sells everything at once. It sells at
    what is bid, never more than is held, and works while trading is halted. Positions of others are not touched.
    """
    wanted = "" if ticker.casefold() == ALL else ticker.upper()
    if ticker.casefold() != ALL and when != "now":
        return _offer(await ctx.desk.exits(wanted), ctx)
    return _done(await ctx.desk.flatten(wanted), ctx)


def _offer(page: ExitsPage, ctx: Context) -> Reply:
    lines = [f"/flatten {exit_.ticker} now" for exit_ in page.open if exit_.bid is not None]
    buttons = [Button(f"Sell {line.split()[1]}", line, "danger") for line in lines if len(line) <= LINE_BYTES_MAX]
    if len(page.open) > 1:
        buttons = [Button("Sell everything", "/flatten all", "danger")]
    return Reply(
        "Sell now?" if page.open else "Nothing to sell",
        label=labelled(page.label, ctx.zone),
        fields=tuple((exit_.ticker, _offered(exit_)) for exit_ in page.open),
        note="The price may move before it is sold." if page.open else "Nothing of this bot's is held there.",
        buttons=tuple(buttons),
    )


def _offered(exit_: Exit) -> str:
    held = f"{exit_.side.upper()} {number(exit_.contracts)}, {mode_word(exit_.mode)}"
    if exit_.bid is None:
        return f"{held}\n{exit_.problem}"
    brings = f"brings {exact_money(exit_.proceeds)} at {price(exit_.bid)}, fee {exact_money(exit_.fee)}"
    return f"{held}\n{brings}\nthe bet would have made {gain(exit_.result)}"


def _done(page: ExitsPage, ctx: Context) -> Reply:
    failed = any(done.problem for done in page.done)
    return Reply(
        ("Sold, but look below" if failed else "Sold") if page.done else "Nothing to sell",
        label=labelled(page.label, ctx.zone),
        fields=tuple((done.exit.ticker, "\n".join(_came_of(done))) for done in page.done),
        note="" if page.done else "Nothing of this bot's is held there.",
        failed=failed,
    )


def _came_of(done: Exited) -> Iterator[str]:
    exit_ = done.exit
    if done.sold:
        yield f"{exit_.side.upper()} {number(done.sold)} sold, {mode_word(exit_.mode)}"
        yield f"received {exact_money(done.received)} after fees"
    if done.problem:
        yield done.problem

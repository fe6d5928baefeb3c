"""/set: one parameter of one strategy, shown, lowered at once, or raised after a yes; within what it declares."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

from chatbot.command import Context, From, Nature, Preview, Risk, command
from chatbot.formats import exact_money, labelled, number
from chatbot.message import Reply, Role
from trading.engine.pages_strategies import ParameterPreview

Strategy = Annotated[str, From("strategy", "consensus")]
Name = Annotated[str, From("parameter", "stake_usd")]
DOLLARS = "_usd"  # ends the names of what is an amount


def _page(ctx: Context, strategy: str, name: str, value: Decimal | None) -> ParameterPreview:
    return ctx.desk.preview_parameter(_plain(name), value, _plain(strategy))


def _plain(name: str) -> str:
    """A name as phones write it: Stake-USD is stake_usd."""
    return name.casefold().replace("-", "_")


def _nature(ctx: Context, strategy: str, name: str, value: Decimal | None) -> Nature:
    if value is None:
        return Nature(Role.OWNER, Risk.NONE)
    raises = _page(ctx, strategy, name, value).raises
    return Nature(Role.OWNER, Risk.RAISES if raises else Risk.LOWERS)


async def _preview(ctx: Context, strategy: str, name: str, value: Decimal | None) -> Preview:
    page = _page(ctx, strategy, name, value)
    if page.refused:
        return Preview(_stays(page, ctx))
    return Preview(_shown(f"Change {page.name} of {_who(page)}?", page, ctx), page.fingerprint)


@command(role=Role.OWNER, risk=Risk.LOWERS, nature=_nature, preview=_preview)
async def set_(ctx: Context, strategy: Strategy, name: Name, value: Decimal | None = None) -> Reply:
    """Change a strategy's parameter.

    Without a value it shows what holds and what may be. What lowers the risk is done at once, anything else after a
    yes. It wins over the configuration and holds over a restart; /strategies marks it with a star.
    """
    page = _page(ctx, strategy, name, value)
    if value is None:
        return _shown(f"{page.name} of {_who(page)}", page, ctx)
    if page.refused:
        return _stays(page, ctx)
    page = ctx.desk.set_parameter(page.name, value, ctx.person.by, ctx.fingerprint, _who(page))
    return _shown(f"{page.name} of {_who(page)} is {_figure(page.name, value)}", page, ctx, done=True)


def _who(page: ParameterPreview) -> str:
    [change] = page.changes  # one strategy was named
    return change.strategy


def _shown(title: str, page: ParameterPreview, ctx: Context, *, done: bool = False) -> Reply:
    return Reply(title, label=labelled(page.label, ctx.zone), fields=tuple(_fields(page, done=done)))


def _fields(page: ParameterPreview, *, done: bool) -> Iterator[tuple[str, str]]:
    now, asked = page.changes[0].now, page.value is not None and not done
    yield "Was" if done else "Now", _figure(page.name, now)
    if asked and page.value is not None:
        yield "Then", _figure(page.name, page.value)
    yield "At least", _figure(page.name, page.least)
    ceiling = f" ({page.ceiling.upper()})" if page.ceiling else ""
    yield "At most", _figure(page.name, page.most) + ceiling


def _stays(page: ParameterPreview, ctx: Context) -> Reply:
    title = f"{page.name} stays as it is"
    now = (("Now", _figure(page.name, page.changes[0].now)),)
    return Reply(title, label=labelled(page.label, ctx.zone), fields=now, note=f"{page.refused}.", failed=True)


def _figure(name: str, value: Decimal) -> str:
    """Dollars as money, whatever else by its own digits."""
    return exact_money(value) if name.endswith(DOLLARS) else number(value)

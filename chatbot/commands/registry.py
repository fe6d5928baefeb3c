"""All commands there are, in the order in which /help and the menus show them; and those of the host alone."""

from __future__ import annotations

from collections.abc import Mapping

from chatbot.command import Command, registry
from chatbot.commands.audit import audit
from chatbot.commands.backtest import backtest
from chatbot.commands.chart import chart
from chatbot.commands.confirm import confirm
from chatbot.commands.control import dryrun, kill, lock, pause, resume
from chatbot.commands.exits import cancel, flatten
from chatbot.commands.export import export
from chatbot.commands.host import access, knocks, unlock
from chatbot.commands.limits import limit, limits
from chatbot.commands.logs import logs
from chatbot.commands.market import market
from chatbot.commands.money import balance, orders, positions, trades
from chatbot.commands.notify import mute, notify
from chatbot.commands.overview import health, status
from chatbot.commands.people import help_, start, version, whoami
from chatbot.commands.performance import performance, pnl
from chatbot.commands.reload import reload
from chatbot.commands.report import report
from chatbot.commands.scan import scan
from chatbot.commands.set_ import set_
from chatbot.commands.settings import settings
from chatbot.commands.signals import signals
from chatbot.commands.strategies import disable, enable, stake, strategies

COMMANDS = registry(
    [
        status,
        balance,
        positions,
        orders,
        trades,
        pnl,
        performance,
        chart,
        signals,
        strategies,
        market,
        kill,
        pause,
        cancel,
        flatten,
        limits,
        limit,
        stake,
        set_,
        disable,
        lock,
        resume,
        dryrun,
        reload,
        settings,
        enable,
        report,
        scan,
        backtest,
        notify,
        mute,
        audit,
        logs,
        export,
        health,
        help_,
        whoami,
        version,
        start,
    ]
)
HOST_COMMANDS = registry([access, knocks, unlock])
_WITH_CODES = registry([*COMMANDS.values(), confirm])


def offered(*, codes: bool) -> Mapping[str, Command]:
    """The commands of a bot; `codes`: where what raises risk is confirmed with a one-time code."""
    return _WITH_CODES if codes else COMMANDS

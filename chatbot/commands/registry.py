"""All commands there are, in the order in which /help and the menus show them; and those of the host alone."""

from __future__ import annotations

from chatbot.command import registry
from chatbot.commands.audit import audit
from chatbot.commands.control import dryrun, kill, lock, pause, resume
from chatbot.commands.exits import cancel, flatten
from chatbot.commands.host import access, unlock
from chatbot.commands.limits import limit, limits
from chatbot.commands.money import balance, orders, pnl, positions, trades
from chatbot.commands.overview import health, status
from chatbot.commands.people import help_, start, version, whoami
from chatbot.commands.signals import signals

COMMANDS = registry(
    [
        status,
        balance,
        positions,
        orders,
        trades,
        pnl,
        signals,
        kill,
        pause,
        cancel,
        flatten,
        limits,
        limit,
        lock,
        resume,
        dryrun,
        audit,
        health,
        help_,
        whoami,
        version,
        start,
    ]
)
HOST_COMMANDS = registry([access, unlock])

"""All commands there are, in the order in which /help and the menus show them."""

from __future__ import annotations

from chatbot.command import registry
from chatbot.commands.control import dryrun, kill, pause, resume
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
        resume,
        dryrun,
        health,
        help_,
        whoami,
        version,
        start,
    ]
)

"""One line on its way through the router."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chatbot.command import Command, Context, Misread, Nature, Risk
from chatbot.message import Incoming


@dataclass(frozen=True, slots=True)
class Call:
    """Who, in which role, which command with which arguments; `misread` is why the arguments are none."""

    incoming: Incoming
    command: Command
    arguments: Mapping[str, object]
    nature: Nature
    context: Context
    misread: Misread | None = None

    @property
    def line(self) -> str:
        """The command as it is written down and confirmed: its name and what was understood."""
        given = (str(value) for value in self.arguments.values() if value not in (None, ""))
        return " ".join([f"/{self.command.name}", *given])

    @property
    def changes(self) -> bool:
        """Whether it does more than look, and so is audited."""
        by = next((p for p in self.command.parameters if p.name == self.command.changed_by), None)
        given = by is not None and self.arguments[by.name] != by.default
        return given or self.nature.risk is not Risk.NONE

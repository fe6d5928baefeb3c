"""Words for what is being typed: what an argument of a command may become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatbot.beside import Words
from chatbot.command import Command, Parameter

COMPLETIONS_MAX = 25  # the most that Discord shows


def words_for(command: Command, parameter: str, typed: str, sources: Mapping[str, Words]) -> list[str]:
    """What an argument may become that begins with `typed`, or at least has it; the likeliest first."""
    asked = next((p for p in command.parameters if p.name == parameter), None)
    words = _known(asked, sources) if asked else ()
    sought = typed.casefold()
    near = [word for word in words if word.casefold().startswith(sought)]
    return (near + [word for word in words if sought in word.casefold() and word not in near])[:COMPLETIONS_MAX]


def _known(parameter: Parameter, sources: Mapping[str, Words]) -> Sequence[str]:
    if parameter.choices:
        return parameter.choices
    words = sources.get(parameter.source)
    return words() if words else ()

"""One definition of a command, and how a typed line becomes a call of it.

A command is a typed async function; from its signature, docstring and the few facts given to `@command` come the
Telegram menu, the Discord slash command, the terminal's completion and `/help`. Nothing is listed a second time.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from chatbot.beside import Beside
from chatbot.message import Person, Reply, Role
from chatbot.progress import Told, unseen
from trading.domain.errors import ChatopsError
from trading.domain.money import exact
from trading.engine.desk import Desk

READ_TIMEOUT_SECONDS = 30.0  # a command that hangs longer is given up (a read) or left to finish alone (a change)
SHOWN_LENGTH_MAX = 24  # characters of a wrong word that an error repeats
CURRENCY = ("dollars", "dollar", "usd", "$")  # may stand before or behind an amount: 5 usd, $5


class Misread(ChatopsError):
    """A line that does not fit its command: one sentence with an example."""


class Risk(StrEnum):
    """What a command does to what can be lost. What lowers it is immediate; what raises it is confirmed."""

    NONE = "none"
    LOWERS = "lowers"
    RAISES = "raises"


@dataclass(frozen=True, slots=True)
class Nature:
    """Who may run a command and what it does to the risk, for given arguments."""

    role: Role
    risk: Risk


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number, inclusive: `Annotated[int, Range(1, 50)]`."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class From:
    """Where words for an argument come from while it is typed: `Annotated[str, From("ticker")]`. See `beside.Words`.
    `sample` is one for examples."""

    source: str
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument: `kind` is str, int or Decimal; `choices` are lower case; `bounds` belong to numbers; `source` names
    where words for it come from."""

    name: str
    kind: type
    choices: tuple[str, ...] = ()
    bounds: Range | None = None
    required: bool = True
    default: object = None
    source: str = ""
    like: str = ""  # one for examples, where its name is none

    @property
    def shape(self) -> str:
        """How a usage line shows it: `on|off`, `[n]`, `<ticker>`; many choices by their name alone."""
        text = self.name if self.many else "|".join(self.choices) or self.name
        if not self.required:
            return f"[{text}]"
        return text if text != self.name else f"<{text}>"

    @property
    def many(self) -> bool:
        """Whether there are more choices than a usage line can show."""
        return len("|".join(self.choices)) > SHOWN_LENGTH_MAX

    @property
    def sample(self) -> str:
        if self.like:
            return self.like
        if self.choices:
            return self.choices[0]
        if self.default not in (None, ""):
            return str(self.default)
        return str(self.bounds.least) if self.bounds else "1" if self.kind is not str else self.name

    @property
    def wish(self) -> str:
        """What it must be, as the end of a sentence."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        number = {int: "a whole number", Decimal: "a number"}.get(self.kind, "a word")
        return f"{number} from {self.bounds.least} to {self.bounds.most}" if self.bounds else number

    def read(self, word: str) -> object:
        """The value of a word. Raises ValueError."""
        if self.choices:
            return self._choice(word.casefold().replace("-", "_"))
        if self.kind is str:
            return word
        value = int(word) if self.kind is int else exact(_amount(word))
        if self.bounds and not self.bounds.least <= value <= self.bounds.most:
            raise ValueError(word)
        return value

    def _choice(self, word: str) -> str:
        """The choice that is meant: itself, or the only one that begins so."""
        begun = [word] if word in self.choices else [each for each in self.choices if word and each.startswith(word)]
        [only] = begun
        return only


@dataclass(frozen=True, slots=True)
class Preview:
    """What a command that raises risk would change. No fingerprint: there is nothing to confirm, the reply says why."""

    reply: Reply
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What a command is given. `fingerprint`: the previewed state's, once confirmed; `progress` hears how far it is."""

    desk: Desk
    person: Person
    role: Role
    commands: Mapping[str, Command]
    beside: Beside
    fingerprint: str = ""
    progress: Told = unseen

    @property
    def zone(self) -> tzinfo:
        return self.beside.zone


Handler = Callable[..., Awaitable[Reply]]
Previewer = Callable[..., Awaitable[Preview]]
NatureOf = Callable[..., Nature]  # called as the command is, with the context first


@dataclass(frozen=True, slots=True)
class Command:
    """A command: what it is called, who may run it, and the function. `role` and `risk` are its mildest form's;
    `nature` narrows them by the arguments. Without `timeout_seconds` it runs until it ends (/kill). What raises risk
    without a preview is for the host alone, which is not asked back and no lock holds up. `changed_by` names the
    parameter that, once given, makes one without risk change something all the same."""

    name: str
    run: Handler
    role: Role
    short: str
    help: str
    risk: Risk = Risk.NONE
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    nature_of: NatureOf | None = None
    preview: Previewer | None = None
    timeout_seconds: float | None = READ_TIMEOUT_SECONDS
    changed_by: str = ""

    @property
    def usage(self) -> str:
        return " ".join([f"/{self.name}", *(p.shape for p in self.parameters)])

    @property
    def example(self) -> str:
        return " ".join([f"/{self.name}", *(p.sample for p in self.parameters)])

    def nature(self, context: Context, arguments: Mapping[str, object]) -> Nature:
        if self.nature_of:
            return self.nature_of(context, **arguments)
        return Nature(self.role, self.risk)

    def parse(self, words: tuple[str, ...]) -> dict[str, object]:
        """Words to keyword arguments; a word too many does not stop what only lowers risk. Raises Misread."""
        if not self.parameters and self.risk is Risk.LOWERS:
            words = ()
        if any(parameter.kind is Decimal for parameter in self.parameters):
            words = tuple(word for word in words if _amount(word))
        if len(words) > len(self.parameters):
            takes = {0: "nothing", 1: "one word"}.get(len(self.parameters), f"at most {len(self.parameters)} words")
            raise Misread(f"/{self.name} takes {takes} after it: for example {self.example}")
        given = zip(self.parameters, words, strict=False)
        rest = self.parameters[len(words) :]
        return {p.name: self._value(p, word) for p, word in given} | {p.name: self._default(p) for p in rest}

    def _value(self, parameter: Parameter, word: str) -> object:
        try:
            return parameter.read(word)
        except ValueError:
            shown = word[:SHOWN_LENGTH_MAX]
            raise Misread(f"{parameter.name} is {parameter.wish}, not {shown!r}: for example {self.example}") from None

    def _default(self, parameter: Parameter) -> object:
        if parameter.required:
            named = "" if parameter.choices else f"{parameter.name}, "
            raise Misread(f"/{self.name} needs {named}{parameter.wish}: for example {self.example}")
        return parameter.default


def command(
    *,
    role: Role,
    risk: Risk = Risk.NONE,
    aliases: tuple[str, ...] = (),
    nature: NatureOf | None = None,
    preview: Previewer | None = None,
    timeout_seconds: float | None = READ_TIMEOUT_SECONDS,
    for_host: bool = False,
    changed_by: str = "",
) -> Callable[[Handler], Command]:
    """Make a Command of an async function `name(context, **arguments) -> Reply`; a trailing _ of its name is dropped.

    Parameters may be str, int, Decimal, Annotated[int, Range(...)], Annotated[str, From(...)] or Literal[...] of words,
    or one of them | None.
    """
    assert for_host or preview or (risk is not Risk.RAISES and not nature), "what raises risk needs a preview"

    def made(run: Handler) -> Command:
        text = inspect.cleandoc(run.__doc__ or "")
        assert text, f"{run} has no docstring, which is its help"
        return Command(
            name=run.__name__.rstrip("_"),
            run=run,
            role=role,
            short=text.splitlines()[0].rstrip("."),
            help=text,
            risk=risk,
            parameters=_parameters(run),
            aliases=aliases,
            nature_of=nature,
            preview=preview,
            timeout_seconds=timeout_seconds,
            changed_by=changed_by,
        )

    return made


def registry(commands: Iterable[Command]) -> Mapping[str, Command]:
    """Commands by name, in the order given."""
    listed = list(commands)
    words = [word for each in listed for word in (each.name, *each.aliases)]
    assert len(words) == len(set(words)), "two commands share a word"
    return MappingProxyType({each.name: each for each in listed})


def find(commands: Mapping[str, Command], word: str) -> Command | None:
    """The command with this name or alias."""
    return commands.get(word) or next((c for c in commands.values() if word in c.aliases), None)


def _parameters(run: Handler) -> tuple[Parameter, ...]:
    hints = get_type_hints(run, include_extras=True)
    _, *rest = inspect.signature(run).parameters.values()  # the first is the context
    return tuple(_parameter(each, hints[each.name]) for each in rest)


def _parameter(declared: inspect.Parameter, hint: Any) -> Parameter:
    told: object = None
    if get_origin(hint) is Annotated:
        hint, told = get_args(hint)
    if get_origin(hint) is UnionType:  # `X | None`: it may be left out
        hint = get_args(hint)[0]
    bounds = told if isinstance(told, Range) else None
    source, like = (told.source, told.sample) if isinstance(told, From) else ("", "")
    choices = tuple(get_args(hint)) if get_origin(hint) is Literal else ()
    kind = str if choices else hint
    assert kind in (str, int, Decimal), f"{declared}: no channel can ask for {kind}"
    required = declared.default is inspect.Parameter.empty
    default = None if required else declared.default
    return Parameter(declared.name, kind, choices, bounds, required, default, source, like)


def _amount(word: str) -> str:
    """A word without its currency; nothing of a word that is but a currency."""
    bare = word.casefold()
    for unit in CURRENCY:
        bare = bare.removesuffix(unit).removeprefix(unit)
    return bare

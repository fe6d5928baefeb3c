"""Where settings come from: the lines of a `.env` file and the process environment, as text.

An unknown name is refused with the nearest known one, because a limit that is silently ignored is worse than none.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from trading.domain.errors import Misconfigured

OURS = ("KALSHI_", "TELEGRAM_", "DISCORD_")  # an unknown name of this kind in the process environment is a mistake


def from_file(env_file: Path | None, known: Mapping[str, str]) -> dict[str, str]:
    """What a `.env` file sets; nothing where there is none. Raises Misconfigured."""
    if env_file is None or not env_file.is_file():
        return {}
    values = _lines(env_file)
    for name in values:
        if name not in known:
            raise Misconfigured(f"{name} in {env_file} is no name that this bot knows{_nearest(name, known)}")
    return _set(values)


def _lines(env_file: Path) -> dict[str, str]:
    """Names and values as they stand there: a `$` in a token is a `$`, and a line that is none is not passed over."""
    try:
        text = env_file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{env_file} cannot be read ({error}): save it as plain UTF-8 text") from None
    values: dict[str, str] = {}
    for line in parse_stream(StringIO(text)):
        if line.error or (line.key and line.value is None):
            at = line.original.line + len(line.original.string) - len(line.original.string.lstrip("\n"))
            raise Misconfigured(f"{env_file} line {at} is not NAME=value: mend it, or put a # before it")
        if line.key:
            values[line.key] = line.value or ""
    return values


def _set(values: Mapping[str, str]) -> dict[str, str]:
    """Nothing after the equals sign means: not set here."""
    return {name: text.strip() for name, text in values.items() if text.strip()}


def from_process(environ: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """What the process environment sets. Raises Misconfigured for a name of our kind that is not known."""
    for name in environ:
        if name.startswith(OURS) and name not in known:
            raise Misconfigured(f"{name} in the environment is no name that this bot knows{_nearest(name, known)}")
    return _set({name: text for name, text in environ.items() if name in known})


def _nearest(name: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.6)
    return f": did you mean {near[0]}?" if near else ": .env.example lists them all"

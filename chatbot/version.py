"""The version of this program, as its package says it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def _version() -> str:
    try:
        return version("kalshi-chatops")
    except PackageNotFoundError:
        return "0+source"


VERSION = _version()

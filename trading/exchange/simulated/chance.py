"""Chance from a seed and a place, without a sequence: the same arguments always give the same number.

The street must look the same whenever and in whatever order somebody asks, so it cannot draw from a generator. The
mixing is SplitMix64 (Steele, Lea, Flood 2014), which is cheap in plain integers; long sequences (the spot path)
come from `random.Random` seeded with text, which hashes it with SHA-512 and is stable between Python versions.
"""

from __future__ import annotations

from random import Random
from uuid import UUID

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_UNIT = 1.0 / (1 << 53)


def mix(seed: int, *place: int) -> int:
    """64 well-mixed bits of a seed and any whole numbers."""
    z = seed & _MASK
    for number in place:
        z = (z ^ number) + _STEP & _MASK
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
        z ^= z >> 31
    return z


def unit(seed: int, *place: int) -> float:
    """A number in [0, 1)."""
    return (mix(seed, *place) >> 11) * _UNIT


def stream(*place: object) -> Random:
    """A generator of its own for one place, for example one block of the spot path."""
    return Random(":".join(map(str, place)))  # noqa: S311 - a world, no secret


def root(*place: object) -> int:
    """A whole-number seed for `mix` and `unit` from any words."""
    return stream(*place).getrandbits(64)


def identity(seed: int, kind: str, number: int) -> str:
    """The id of the venue's `number`-th thing of a kind: a version 4 UUID that a second run gives again."""
    return str(UUID(int=stream(seed, kind, number).getrandbits(128), version=4))

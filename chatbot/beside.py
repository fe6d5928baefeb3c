"""What commands are given beside the desk: one object for a running bot, wired in `app`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from chatbot.access import Access
from chatbot.locking import Lock

Words = Callable[[], Sequence[str]]  # all that could stand there now, the likeliest first


@dataclass(frozen=True, slots=True)
class Beside:
    """`zone` is the owner's time zone; `words` complete arguments, by the source that a parameter names."""

    version: str
    zone: tzinfo
    access: Access
    lock: Lock
    words: Mapping[str, Words] = field(default_factory=dict)

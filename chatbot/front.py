"""What a channel is given of the router: the way in for lines, and words for what is being typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from chatbot.access import Access
from chatbot.message import Incoming, Person, Reply

Handle = Callable[[Incoming], Awaitable[Reply | None]]
Complete = Callable[[Person, str, str, str], list[str]]  # who, the command, its parameter, what is typed of it


@dataclass(frozen=True, slots=True)
class Front:
    """`handle` answers a line, `complete` offers words for an argument. `access` says who would see which menu, and
    when that changes; who may do what is the router's alone."""

    handle: Handle
    complete: Complete
    access: Access = field(default_factory=lambda: Access({}))

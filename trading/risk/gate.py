from __future__ import annotations
from dataclasses import dataclass
from trading.domain.order import Order


@dataclass(frozen=True, slots=True)
class Ticket:
    """Proof that an intent passed the gate; `order` is what may be sent. Only the gate makes one."""

    order: Order


@dataclass(frozen=True, slots=True)
class Denial:
    """The reason that it did not: a code, and a sentence with the figures."""

    code: str
    text: str

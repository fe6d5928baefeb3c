"""How the exchange's answers went since the start, by lane: for whoever watches a running bot from outside.

An outcome is one of seven words: `ok`; `limited` (429), `refused` (any other 4xx), `failed` (5xx or what is no answer
of this API); `unreadable` (a success that could not be decoded); `unanswered` (it may have arrived); `unsent` (proved:
it never left).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable
from typing import Final, TypeVar

from trading.exchange.kalshi.http import Answer, NoAnswer, NotSent, is_success

T = TypeVar("T")

OUTCOMES: Final = ("ok", "limited", "refused", "failed", "unreadable", "unanswered", "unsent")
LIMITED = 429


class Traffic:
    """`counts` has (lane, outcome) -> requests."""

    def __init__(self) -> None:
        self.counts = Counter[tuple[str, str]]()

    @property
    def reached(self) -> bool:
        """Whether the exchange has answered anything as it should."""
        return any(outcome == "ok" for _, outcome in self.counts)

    async def counted(self, lane: str, sending: Awaitable[Answer[T]]) -> Answer[T]:
        """The answer of one request, counted. Raises what `sending` does: NotSent, NoAnswer, ValueError."""
        try:
            answer = await sending
        except (NotSent, NoAnswer, ValueError) as error:
            self.counts[lane, _outcome_of(error)] += 1
            raise
        self.counts[lane, _outcome(answer.status)] += 1
        return answer


def _outcome(status: int) -> str:
    if is_success(status):
        return "ok"
    if status == LIMITED:
        return "limited"
    return "refused" if 400 <= status < 500 else "failed"


def _outcome_of(error: NotSent | NoAnswer | ValueError) -> str:
    match error:
        case NotSent():
            return "unsent"
        case NoAnswer():
            return "unanswered"
    return "unreadable"

"""How markets end, also when their result is changed later.

The world knows one verdict of a market. A change replaces it from its moment on: the market is `amended` until the
difference is paid, then `finalized` again. What of this is documented is the status alone; that the difference is paid
as long after the change as a market is paid after its determination, and that the change may come after `finalized`,
is inferred.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from trading.domain.money import ONE, ZERO
from trading.exchange.simulated.account import Account
from trading.exchange.simulated.books import known_window
from trading.exchange.simulated.records import ResultChange
from trading.exchange.simulated.refusals import invalid_parameters
from trading.exchange.simulated.windows import Verdict, Window
from trading.exchange.simulated.world import World

VALUES = {"yes": ONE, "no": ZERO}  # dollars that one YES contract pays


class Results:
    """Verdicts as they are in force, and what they pay the account."""

    def __init__(self, world: World, account: Account) -> None:
        self._world, self._account = world, account

    def change(self, window: Window, result: str, at: datetime, now: datetime) -> ResultChange:
        """Let another result be in force from `at` on. Raises VenueError 400 for a market that has no result by then,
        and for one whose last change has not been paid by `now`."""
        verdicts = self.verdicts(window)
        if result not in VALUES or not verdicts or at < verdicts[0].determined_at:
            raise invalid_parameters("a result is changed to yes or no, once there is one")
        if verdicts[-1].amended and verdicts[-1].settled_at > now:
            raise invalid_parameters("the last change of this result has not been paid yet")
        timer = verdicts[0].settled_at - verdicts[0].determined_at
        change = ResultChange(window.ticker, result, at, max(at + timer, verdicts[0].settled_at))
        self._account.change_result(change)
        return change

    def verdicts(self, window: Window) -> list[Verdict]:
        """The world's verdict and then the changed one; nothing where nobody knows. They may lie ahead."""
        first = self._world.verdict(window)
        change = self._account.result_changes.get(window.ticker)
        if first is None or change is None:
            return [first] if first else []
        value, at = VALUES[change.result], change.at
        changed = replace(
            first, result=change.result, value=value, determined_at=at, settled_at=change.paid_at, amended=True
        )
        return [first, changed]

    def verdict(self, window: Window, at: datetime) -> Verdict | None:
        """The one in force at that time."""
        known = self.verdicts(window) if window.close_time <= at else []
        return next((v for v in reversed(known) if v.determined_at <= at), None)

    def settle_due(self, since: datetime, until: datetime) -> None:
        """Pay what is due by then: first the markets, then the differences that fell due from `since` on."""
        for _, ticker, verdict in sorted(self._payments(until), key=lambda due: due[:2]):
            self._account.settle(known_window(self._world, ticker), verdict)
        for change in sorted(self._account.result_changes.values(), key=lambda c: (c.paid_at, c.ticker)):
            if since <= change.paid_at <= until:
                self._correct(known_window(self._world, change.ticker))

    def _payments(self, until: datetime) -> Iterator[tuple[datetime, str, Verdict]]:
        """The markets held that are paid by then, each by the verdict that is in force when it is paid."""
        for ticker in self._account.holdings:
            window = known_window(self._world, ticker)
            verdicts = self.verdicts(window) if window.close_time <= until else []
            timely = [v for v in verdicts if v.determined_at <= verdicts[0].settled_at]
            if timely and timely[-1].settled_at <= until:
                yield timely[-1].settled_at, ticker, timely[-1]

    def _correct(self, window: Window) -> None:
        paid = next((s for s in self._account.settlements if s.ticker == window.ticker), None)
        verdict = self.verdicts(window)[-1]
        if paid and paid.result != verdict.result:
            self._account.correct(paid, verdict)

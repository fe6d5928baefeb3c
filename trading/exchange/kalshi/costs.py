"""What each call costs in tokens of the request budgets.

Source: `GET /account/endpoint_costs`, and the exchange's rate-limit pages for what holds until it has been read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_COST = 10  # tokens of any call that is not listed
CANCEL_COST = 2  # one cancel, and also a cancel-all
ORDERS_PATH = "/portfolio/events/orders"
ONE_ORDER_PATH = f"{ORDERS_PATH}/{{order_id}}"


@dataclass(frozen=True, slots=True)
class Costs:
    """`stated` is by method and by path below the API's root, in which `{name}` stands for any one part."""

    default: int
    stated: Mapping[tuple[str, str], int]

    def of(self, method: str, path: str) -> int:
        """Tokens of one call."""
        fitting = (cost for (name, pattern), cost in self.stated.items() if name == method and _fits(pattern, path))
        return self.stated.get((method, path), next(fitting, self.default))

    @property
    def create(self) -> int:
        """Tokens of a new order, alone or in a batch."""
        return self.of("POST", ORDERS_PATH)

    @property
    def cancel(self) -> int:
        """Tokens of a cancel, alone or in a batch."""
        return self.of("DELETE", ONE_ORDER_PATH)


def _fits(pattern: str, path: str) -> bool:
    parts, given = pattern.split("/"), path.split("/")
    return len(parts) == len(given) and all(p.startswith("{") or p == g for p, g in zip(parts, given, strict=True))


DOCUMENTED = Costs(
    DEFAULT_COST,
    {
        ("DELETE", ORDERS_PATH): CANCEL_COST,
        ("DELETE", ONE_ORDER_PATH): CANCEL_COST,
        ("GET", "/cfbenchmarks/values"): 50,
    },
)

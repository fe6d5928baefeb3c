"""Why the venue said no: one error with the exchange's own status, code and words, and the known cases.

Source: the tables of error codes and authentication failures in the API's documentation, and what was seen live
(`fill_or_kill_insufficient_resting_volume`, `order_already_exists`, nested bodies).
"""

from __future__ import annotations


class VenueError(Exception):
    """A refusal: nothing was changed. `code`, `message` and `details` go to the client as they are."""

    def __init__(self, http_status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(f"{http_status} {code}: {message}")
        self.http_status, self.code, self.message, self.details = http_status, code, message, details


def invalid_parameters(message: str) -> VenueError:
    return VenueError(400, "invalid_parameters", message)


def invalid_order(details: str) -> VenueError:
    return VenueError(400, "invalid_order", "invalid order", details)


def insufficient_balance() -> VenueError:
    return VenueError(400, "insufficient_balance", "insufficient balance on the market's shard")


def unavailable() -> VenueError:
    return VenueError(503, "service_unavailable", "service unavailable")


def not_found(what: str) -> VenueError:
    return VenueError(404, "not_found", f"{what} not found")


def market_not_found() -> VenueError:
    return VenueError(404, "market_not_found", "market not found")


def market_inactive() -> VenueError:
    return VenueError(409, "MARKET_INACTIVE", "market is not active")


def trading_is_paused() -> VenueError:
    return VenueError(409, "trading_is_paused", "trading is paused")


def exchange_is_paused() -> VenueError:
    return VenueError(409, "exchange_is_paused", "exchange is paused")


def order_already_exists() -> VenueError:
    return VenueError(409, "order_already_exists", "order already exists")


def fill_or_kill_killed() -> VenueError:
    return VenueError(
        409, "fill_or_kill_insufficient_resting_volume", "fill or kill order could not be filled completely"
    )


def too_many_requests() -> VenueError:
    return VenueError(429, "too_many_requests", "too many requests")


def deprecated_order_endpoint() -> VenueError:
    return VenueError(410, "deprecated_v1_order_endpoint", "use /portfolio/events/orders")

"""Reading what the exchange says when it does not do something, and what the caller can do about it.

Error bodies come in four shapes: `{"error": {"code", "message", "details"}}` (mostly), flat `{"code", "message"}`,
`{"msg"}`, and `{"error": "text"}`, all seen on the live exchange in 2026; anything else (a page of a proxy) is kept as
a short text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from trading.domain.errors import ChatopsError, NotFound, Paused, Rejected, Unauthorized, Unavailable

PAUSED_CODES = frozenset({"trading_is_paused", "exchange_is_paused"})
CLOSED_CODES = frozenset({"market_inactive", "market_closed"})  # in either case: the documents and the wire differ
EXISTS_CODE = "order_already_exists"
TOO_MANY_CODE = "too_many_requests"
TEXT_CHARS_MAX = 200  # of an answer that is no JSON
BODY_BYTES_MAX = 64 * 1024  # of an error's body that is looked at
UNDECIDED = frozenset({408, 425, 499})  # 4xx that a proxy may send after passing the request on

# What to do about a refused order, by the exchange's code in lower case. `{shard}` is the order's.
_CASH_FIX = (
    "too little cash on shard {shard}: an order sees only the cash of its own shard, "
    "move some there with `kalshi-chatops fund --to {shard}`"
)
_CLOSED_FIX = "the market is closed: nothing in it can be placed or changed any more"
_PAUSED_FIX = "trading is paused (each Thursday 03:00-05:00 US Eastern it is): wait until it goes on"
ORDER_FIXES = {
    "insufficient_balance": _CASH_FIX,
    "available_balance_too_low": _CASH_FIX,
    "market_inactive": _CLOSED_FIX,
    "market_closed": _CLOSED_FIX,
    "trading_is_paused": _PAUSED_FIX,
    "exchange_is_paused": _PAUSED_FIX,
    "invalid_parameters": "malformed, most often a price off the market's grid: round to its price_ranges",
    "invalid_order_size": "the count is not possible: at least 0.01 contracts, in steps of 0.01",
    "order_already_exists": "this client_order_id was used before: look that order up, and use a new id for a new one",
    "fill_or_kill_insufficient_resting_volume": "too few contracts in the book to fill it whole: order fewer or "
    "bid more, or use immediate_or_cancel",
    "market_not_found": "there is no such market: list the markets again",
    "not_found": "there is no such order or market (any more): list them again",
    "deprecated_v1_order_endpoint": "this bot is too old for the exchange: update kalshi-chatops",
}
POST_ONLY_WORDS = "post only cross"  # in the details of an `invalid_order`
POST_ONLY_FIX = "a post-only order would have traded at once: price it further from the other side"

# What to do about a refused key (401, 403), by a word in what was said.
KEY_FIXES = (
    (("timestamp",), "the exchange refused the time of the request: {clock}, keep it right by NTP"),
    (
        ("signature_is_missing", "token_authentication"),
        "the exchange wants a signed request: give KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH",
    ),
    (
        ("signature",),
        "the signature is wrong: KALSHI_PRIVATE_KEY_PATH must be the key made together with KALSHI_API_KEY_ID",
    ),
    (
        ("not_found",),
        "the key id is unknown here: check KALSHI_API_KEY_ID, and KALSHI_ENV (keys belong to one environment)",
    ),
)
SCOPE_FIX = "the key may not do this: it needs the right scope (write::trade) and subaccount ({text})"
KEY_FIX = "the key was refused: check KALSHI_API_KEY_ID, its private key and KALSHI_ENV ({text})"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is not a success. `code` is the exchange's own, or `http_<status>` where it gave none."""

    status: int
    code: str
    message: str = ""
    details: str = ""

    @property
    def text(self) -> str:
        """Code, message and details in one line."""
        return ": ".join(part for part in (self.code, self.message, self.details) if part)

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed a moment later."""
        return self.status == 429 or self.status >= 500 or self.status in UNDECIDED

    @property
    def proves_not_taken(self) -> bool:
        """Whether an order that got this answer is certainly not in the book."""
        return 400 <= self.status < 500 and self.status not in UNDECIDED and self.code != EXISTS_CODE


def read_refusal(status: int, body: bytes) -> Refusal:
    """The refusal in an answer of any shape; never raises."""
    try:
        data = json.loads(body[:BODY_BYTES_MAX])
    except ValueError:
        data = body[:TEXT_CHARS_MAX].decode("utf-8", "replace").strip()
    code, message, details = _parts(data)
    fallback = TOO_MANY_CODE if status == 429 else f"http_{status}"
    return Refusal(status, code or fallback, message, details)


def _parts(data: object) -> tuple[str, str, str]:
    if not isinstance(data, dict):
        return "", _text(data), ""
    inner = data.get("error", data)
    if not isinstance(inner, dict):
        return "", _text(inner), ""
    return (
        _text(inner.get("code")),
        _text(inner.get("message")) or _text(inner.get("msg")),
        _text(inner.get("details")),
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    return (value if isinstance(value, str) else json.dumps(value))[:TEXT_CHARS_MAX]


def read_error(refusal: Refusal, what: str, skew_seconds: float | None = None) -> ChatopsError:
    """What to raise when `what` (a read or a cancel, named in words) was refused."""
    if refusal.status in (401, 403):
        return Unauthorized(f"{what}: {advice(refusal, skew_seconds)}")
    if refusal.status == 404:
        return NotFound(f"{what}: the exchange does not know it ({refusal.text})")
    if refusal.code.lower() in CLOSED_CODES:
        return NotFound(f"{what}: the market is closed ({refusal.text})")
    if refusal.code in PAUSED_CODES:
        return Paused(f"{what}: the exchange is paused ({refusal.text})")
    return Unavailable(f"{what}: HTTP {refusal.status} {refusal.text}")


def order_error(refusal: Refusal, skew_seconds: float | None = None, exchange_index: int = 0) -> Rejected:
    """What to raise when an order for the shard `exchange_index` was provably not taken: the exchange's own code, and a
    sentence with the fix where we know one."""
    said = refusal.message or refusal.details
    if refusal.message and refusal.details:
        said = f"{refusal.message} ({refusal.details})"
    if refusal.status in (401, 403):
        return Rejected(refusal.code, advice(refusal, skew_seconds), refusal.status)
    fix = order_fix(refusal).format(shard=exchange_index)
    return Rejected(refusal.code, f"{fix} [{said}]" if fix and said else fix or said, refusal.status)


def order_fix(refusal: Refusal) -> str:
    """One sentence with the fix (`{shard}` in it is the order's), or "" where we know none."""
    if POST_ONLY_WORDS in f"{refusal.message} {refusal.details}".lower():
        return POST_ONLY_FIX
    return ORDER_FIXES.get(refusal.code.lower(), "")


def advice(refusal: Refusal, skew_seconds: float | None = None) -> str:
    """One sentence with the fix for a 401 or 403. Variants as seen on the live exchange in 2026."""
    said = f"{refusal.code} {refusal.details} {refusal.message}".lower()
    by_words = (fix for words, fix in KEY_FIXES if any(word in said for word in words))
    fallback = SCOPE_FIX if refusal.status == 403 else KEY_FIX
    return next(by_words, fallback).format(clock=_clock_text(skew_seconds), text=refusal.text)


def _clock_text(skew_seconds: float | None) -> str:
    if skew_seconds is None:
        return "check this machine's clock"
    return f"this machine's clock is {abs(skew_seconds):.0f} s {'behind' if skew_seconds > 0 else 'ahead'}"

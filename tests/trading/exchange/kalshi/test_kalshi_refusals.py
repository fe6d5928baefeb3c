"""Four shapes of error bodies, and what each proves."""

from __future__ import annotations

import pytest

from trading.domain.errors import ChatopsError, NotFound, Paused, Unauthorized, Unavailable
from trading.exchange.kalshi.refusals import Refusal, advice, order_error, read_error, read_refusal


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (400, b'{"error":{"code":"invalid_order","message":"no","details":"post only cross"}}', "invalid_order", "no"),
        (415, b'{"code":"invalid_content_type","message":"json only"}', "invalid_content_type", "json only"),
        (400, b'{"msg":"ticker is required"}', "http_400", "ticker is required"),
        (429, b'{"error":"too many requests"}', "too_many_requests", "too many requests"),
        (502, b"<html>bad gateway</html>", "http_502", "<html>bad gateway</html>"),
        (500, b"", "http_500", ""),
        (400, b'{"error":{"code":"x","message":null,"details":{"field":"price"}}}', "x", ""),
        (400, b"[1]", "http_400", "[1]"),
        (400, b"\xff\xfe", "http_400", "\ufffd\ufffd"),
    ],
)
def test_every_shape_is_read(status: int, body: bytes, code: str, message: str) -> None:
    refusal = read_refusal(status, body)
    assert (refusal.code, refusal.message) == (code, message)


@pytest.mark.parametrize(
    ("status", "code", "proved"),
    [
        (400, "insufficient_balance", True),
        (401, "authentication_error", True),
        (409, "fill_or_kill_insufficient_resting_volume", True),
        (409, "order_already_exists", False),
        (410, "deprecated_v1_order_endpoint", True),
        (429, "too_many_requests", True),
        (408, "http_408", False),
        (302, "http_302", False),
        (500, "http_500", False),
        (503, "exchange_is_paused", False),
    ],
)
def test_what_proves_that_an_order_was_not_taken(status: int, code: str, proved: bool) -> None:
    assert Refusal(status, code).proves_not_taken is proved


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refusal(401, "header_timestamp_expired"), Unauthorized),
        (Refusal(403, "forbidden"), Unauthorized),
        (Refusal(404, "market_not_found"), NotFound),
        (Refusal(409, "MARKET_INACTIVE"), NotFound),
        (Refusal(400, "market_closed"), NotFound),
        (Refusal(409, "trading_is_paused"), Paused),
        (Refusal(409, "exchange_is_paused"), Paused),
        (Refusal(400, "invalid_parameters"), Unavailable),
        (Refusal(500, "http_500"), Unavailable),
    ],
)
def test_what_a_caller_can_do_about_it(refusal: Refusal, kind: type[ChatopsError]) -> None:
    assert type(read_error(refusal, "GET /x")) is kind


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal(401, "header_timestamp_expired"), "clock"),
        (Refusal(401, "authentication_error", "", "INCORRECT_API_KEY_SIGNATURE"), "KALSHI_PRIVATE_KEY_PATH"),
        (Refusal(401, "authentication_error", "", "NOT_FOUND"), "KALSHI_ENV"),
        (Refusal(401, "signature_is_missing_from_headers"), "signed"),
        (Refusal(401, "token_authentication_failure"), "signed"),
        (Refusal(403, "forbidden"), "scope"),
        (Refusal(401, "something_new"), "something_new"),
    ],
)
def test_each_refusal_of_a_key_names_its_fix(refusal: Refusal, words: str) -> None:
    assert words in advice(refusal)
    assert words in order_error(refusal).message


def test_the_clock_is_named_with_its_error() -> None:
    assert "42 s behind" in advice(Refusal(401, "header_timestamp_expired"), 42.3)
    assert "42 s ahead" in advice(Refusal(401, "header_timestamp_expired"), -42.3)


def test_an_unknown_code_is_kept() -> None:
    error = order_error(Refusal(400, "brand_new", "words", "more"))
    assert (error.code, error.message, error.http_status) == ("brand_new", "words (more)", 400)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal(400, "insufficient_balance"), "kalshi-chatops fund --to 2"),
        (Refusal(400, "available_balance_too_low"), "cash on shard 2"),
        (Refusal(409, "MARKET_INACTIVE"), "market is closed"),
        (Refusal(400, "market_closed"), "market is closed"),
        (Refusal(409, "trading_is_paused"), "Thursday"),
        (Refusal(409, "exchange_is_paused"), "wait"),
        (Refusal(400, "invalid_parameters"), "price_ranges"),
        (Refusal(400, "invalid_order_size"), "0.01"),
        (Refusal(400, "order_already_exists"), "new id"),
        (Refusal(409, "fill_or_kill_insufficient_resting_volume"), "immediate_or_cancel"),
        (Refusal(400, "invalid_order", "invalid order", "post only cross"), "post-only"),
        (Refusal(400, "invalid_order", "Post only cross"), "post-only"),
        (Refusal(404, "market_not_found"), "no such market"),
        (Refusal(404, "not_found"), "no such order"),
        (Refusal(410, "deprecated_v1_order_endpoint"), "update kalshi-chatops"),
    ],
)
def test_each_refusal_of_an_order_names_its_fix_and_keeps_what_was_said(refusal: Refusal, words: str) -> None:
    error = order_error(refusal, None, 2)
    assert words in error.message
    assert refusal.message in error.message
    assert (error.code, error.http_status) == (refusal.code, refusal.status)
    assert "{" not in error.message


def test_what_the_exchange_said_is_never_taken_for_a_form() -> None:
    said = 'field {"price"} {shard} {0}'
    assert said in order_error(Refusal(400, "invalid_parameters", said), None, 2).message
    assert order_error(Refusal(400, "brand_new", said)).message == said
    assert said in advice(Refusal(403, "forbidden", said))
    assert said in advice(Refusal(401, "brand_new", said))

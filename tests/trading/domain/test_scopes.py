"""Which scopes of a key the bot has no use for."""

from __future__ import annotations

import pytest

from trading.domain.account_records import may_trade, needless_scopes


@pytest.mark.parametrize(
    ("scopes", "funding", "needless"),
    [
        (["read", "write::trade"], False, []),
        (["read"], False, []),
        (["read", "read::portfolio_balance", "write::trade"], False, []),
        (["read", "write"], False, ["write"]),
        (["read", "write::trade", "write::transfer"], False, ["write::transfer"]),
        (["read", "write::trade", "write::transfer"], True, []),
        (["read", "write"], True, ["write"]),
        (
            ["write::trade", "write::block_trade_accept", "read::block_trade_accept"],
            True,
            ["read::block_trade_accept", "write::block_trade_accept"],
        ),
        (["read", "write::trade", "write::fcm_risk"], False, ["write::fcm_risk"]),
        (["read", "brand::new"], False, ["brand::new"]),
        ([], False, []),
    ],
)
def test_what_is_more_than_it_needs(scopes: list[str], funding: bool, needless: list[str]) -> None:
    assert needless_scopes(scopes, funding=funding) == needless


@pytest.mark.parametrize(
    ("scopes", "enough"),
    [
        (["read", "write"], True),
        (["read", "write::trade"], True),
        (["read"], False),
        (["write::trade"], False),
        (["read::portfolio_balance", "write::trade"], False),
        (["read", "write::transfer"], False),
        ([], False),
    ],
)
def test_what_is_enough_to_trade(scopes: list[str], enough: bool) -> None:
    assert may_trade(scopes) is enough

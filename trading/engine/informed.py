"""A market as it was listed, made newer by what the stream told of it.

A listing may be 15 seconds old, so that it can lack a strike or a result which the stream has already told. News only
adds and moves forward: a status never goes back, and nothing that the listing says is taken away.
"""

from __future__ import annotations

from dataclasses import replace

from trading.domain.market import Market, MarketStatus
from trading.domain.news import MarketNews

_LIFE = tuple(MarketStatus)
_STEPS = {"determined": MarketStatus.DETERMINED, "settled": MarketStatus.FINALIZED}


def merged(before: MarketNews | None, news: MarketNews) -> MarketNews:
    """Both pieces of news as one: the later step, and each fact as it was told last."""
    if before is None:
        return news
    return MarketNews(
        ticker=news.ticker,
        step=news.step if news.step in _STEPS or before.step not in _STEPS else before.step,
        close_time=news.close_time or before.close_time,
        strike=before.strike if news.strike is None else news.strike,
        price_ranges=news.price_ranges or before.price_ranges,
        result=news.result or before.result,
        settlement_value=before.settlement_value if news.settlement_value is None else news.settlement_value,
    )


def informed(market: Market, news: MarketNews) -> Market:
    """The market with the news in it."""
    told = _STEPS.get(news.step, market.status)
    return replace(
        market,
        close_time=news.close_time or market.close_time,
        strike=market.strike if news.strike is None else news.strike,
        price_ranges=news.price_ranges or market.price_ranges,
        result=news.result or market.result,
        settlement_value=market.settlement_value if news.settlement_value is None else news.settlement_value,
        status=max(market.status, told, key=_LIFE.index),
    )

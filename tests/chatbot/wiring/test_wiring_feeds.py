"""News and arbitrage as they are wired: from the strategies file to a view, a notice and a door, over real sockets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from chatbot.app import build
from chatbot.config import load
from chatbot.life.life import App
from tests.doubles.news_site import news_site, rss
from tests.doubles.polymarket import book, polymarket
from trading.clock import VirtualClock, real_now
from trading.domain.errors import Misconfigured
from trading.domain.records import Notice
from trading.exchange.simulated.spot import ANCHOR
from trading.feeds.news_webhook import signature_of

SECRET = "a-secret-of-enough-characters"
RULES = '[[feeds.news.rules]]\nwords = ["etf"]\nticker = "KXBTC15M"\nside = "yes"\nconfidence = 0.9\n'


async def started(folder: Path, toml: str, strategies: str = "consensus") -> App:
    """A simulated bot with this strategies file, after its first beat."""
    file = folder / "strategies.toml"
    file.write_text(toml)
    told = {"DATA_DIR": str(folder / "data"), "STRATEGIES_FILE": str(file), "STRATEGIES": strategies}
    app = await build(load(None, told), clock=VirtualClock(ANCHOR.replace(year=2026)))
    await app.start()
    await app.beat()
    return app


async def turn(app: App, name: str) -> None:
    """One turn of a job."""
    assert app.feeds is not None
    (job,) = [job for named, _, job in app.feeds.jobs if named == name]
    await job()


def hearing(app: App) -> list[Notice]:
    """The notices that are owed from now on."""
    heard: list[Notice] = []
    app.book.listen(lambda puts: heard.extend(p.record for p in puts if isinstance(p.record, Notice)))
    return heard


async def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    app = await started(tmp_path, "")
    assert app.feeds is not None
    assert (app.feeds.jobs, app.feeds.webhook) == ([], None)
    await app.stop("the test is over")


async def test_a_headline_reaches_the_view_of_the_market_it_is_about(tmp_path: Path) -> None:
    async with news_site() as site:
        site.body = rss("ETF approved", "Weather")
        source = f'[[feeds.news.sources]]\nname = "wire"\nurl = "{site.base}/feed"\n'
        app = await started(tmp_path, source + RULES)
        await turn(app, "news")
        await app.beat()
        assert app.cycle.observer.view is not None
        (headline,) = app.cycle.observer.view.headlines
        assert app.cycle.observer.view.market is not None
        assert (headline.ticker, headline.title) == (app.cycle.observer.view.market.ticker, "ETF approved")
        await app.stop("the test is over")


async def test_a_site_that_fails_is_told_once(tmp_path: Path) -> None:
    async with news_site() as site:
        site.mode = "503"
        source = f'[[feeds.news.sources]]\nname = "wire"\nurl = "{site.base}/feed"\n'
        app = await started(tmp_path, source + RULES)
        heard = hearing(app)
        await turn(app, "news")
        await turn(app, "news")
        (notice,) = heard
        assert ("What", "wire: HTTP 503") in notice.fields
        await app.stop("the test is over")


async def test_a_simulated_run_asks_no_real_venue(tmp_path: Path) -> None:
    source = '[[feeds.news.sources]]\nname = "fed"\nurl = "https://www.federalreserve.gov/feeds/press_all.xml"\n'
    pair = '[mapping.p]\nfirst = {kalshi = "KXA", side = "yes"}\nsecond = {polymarket = "7", side = "no"}\n'
    app = await started(tmp_path, source + RULES + pair, "consensus,arbitrage")
    assert app.feeds is not None
    assert [name for name, _, _ in app.feeds.jobs] == ["arbitrage"]
    heard = hearing(app)
    await turn(app, "arbitrage")
    assert heard == []
    await app.stop("the test is over")


async def test_the_webhook_is_open_while_the_bot_runs(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    door = f'[feeds.news.webhook]\nport = 0\nsecret_file = "{tmp_path}/secret"\n'
    app = await started(tmp_path, RULES + door)
    assert app.feeds is not None
    assert app.feeds.webhook is not None
    port = await app.feeds.webhook.open()
    body, stamp = b'{"id": "1", "title": "ETF approved", "source": "desk"}', str(int(real_now().timestamp()))
    signed = {"X-Timestamp": stamp, "X-Signature": signature_of(SECRET.encode(), stamp, body)}
    async with aiohttp.ClientSession() as web:
        url = f"http://127.0.0.1:{port}/headline"
        async with web.post(url, data=body, headers=signed) as answer:
            assert answer.status == 202
        await app.beat()
        assert app.cycle.observer.view is not None
        assert [each.title for each in app.cycle.observer.view.headlines] == ["ETF approved"]
        await app.stop("the test is over")
        with pytest.raises(aiohttp.ClientConnectionError):
            await web.post(url, data=body, headers=signed)


async def test_a_port_that_is_taken_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    async with polymarket() as double:
        port = double.base.rpartition(":")[2]
        door = f'[feeds.news.webhook]\nport = {port}\nsecret_file = "{tmp_path}/secret"\n'
        app = await started(tmp_path, RULES + door)
        assert app.feeds is not None
        heard = hearing(app)
        await app.feeds.open()
        (notice,) = heard
        assert "another port" in str(notice.fields)
        await app.stop("the test is over")


@pytest.mark.parametrize(
    ("toml", "why"),
    [
        (RULES + '[feeds.news.webhook]\nport = 0\nsecret_file = "/nowhere/at/all"\n', "cannot be read"),
        (RULES + '[feeds.news.webhook]\nport = 0\nsecret_file = "{folder}/short"\n', "16 random characters"),
        ("[feeds.polymarket]\nfee_rate = 4\n", "fee_rate is 4"),
        ('[feeds.polymarket]\nbase = "http://polymarket.com"\n', "begins with https"),
        ('[feeds.polymarket]\nbaes = "x"\n', "baes"),
    ],
)
async def test_what_is_wrong_is_one_sentence_without_a_secret(tmp_path: Path, toml: str, why: str) -> None:
    (tmp_path / "short").write_text("hunter2")
    with pytest.raises(Misconfigured, match=why) as caught:
        await started(tmp_path, toml.replace("{folder}", str(tmp_path)), "arbitrage")
    assert "hunter2" not in str(caught.value)


async def test_an_opportunity_is_found_between_the_simulated_exchange_and_another_venue(tmp_path: Path) -> None:
    async with polymarket() as double:
        double.says["7"] = book("7", [], [("0.01", "500")])
        clock = VirtualClock(ANCHOR.replace(year=2026))
        ticker = await _open_market(tmp_path / "look", clock)
        pair = (
            f'[mapping.p]\nfirst = {{kalshi = "{ticker}", side = "yes"}}\nsecond = {{polymarket = "7", side = "no"}}\n'
        )
        venue = f'[feeds.polymarket]\nbase = "{double.base}"\nfee_rate = 0.04\n'
        app = await started(tmp_path, pair + venue, "consensus,arbitrage")
        heard = hearing(app)
        await turn(app, "arbitrage")
        await turn(app, "arbitrage")
        (notice,) = heard
        fields: dict[str, Any] = dict(notice.fields)
        assert (notice.kind, notice.title) == ("arbitrage", "OPPORTUNITY p")
        assert fields["Leg 2"].startswith("polymarket NO 7 at 1¢")
        assert "reports" in fields["Done"]
        assert "arbitrage" in [line.name for line in (await app.desk.strategies()).lines]
        await app.stop("the test is over")


async def _open_market(folder: Path, clock: VirtualClock) -> str:
    app = await build(load(None, {"DATA_DIR": str(folder)}), clock=clock)
    await app.start()
    await app.beat()
    view = app.cycle.observer.view
    assert view is not None
    assert view.market is not None
    await app.stop("the test is over")
    return view.market.ticker

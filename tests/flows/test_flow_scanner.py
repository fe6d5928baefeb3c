"""The scanner over 15,000 markets of an exchange in a process of its own, inside its time and the token budget."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatbot.app import build
from chatbot.config import load
from chatbot.life.life import App
from tests.flows.processes import exchange, figures, pointing_at, run
from trading.clock import monotonic
from trading.domain.money import ZERO
from trading.domain.order import OrderStatus
from trading.engine.scanning import PASS_SECONDS, Pass
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.http import Answer, Request
from trading.strategies.scanner import LAYERS

MARKETS = 15_000
TOKENS_A_READ, REFILL, CAPACITY = 10, 200, 200  # of the Basic tier, a second
DROPPED = {
    ("hydrate", "not_open"),
    *(("band", reason) for reason in ("price", "one_sided")),
    *(("validation", reason) for reason in ("spread", "volume", "far")),
    ("risk", "cap"),
}


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with exchange(tmp_path_factory.mktemp("exchange") / "account", markets=str(MARKETS)) as found:
        yield found


class Carried:
    """How each request of the bot was answered: its method and the status."""

    def __init__(self, kalshi: KalshiExchange, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[tuple[str, int]] = []
        send = kalshi._calls._send

        async def counted(lane: Any, request: Request, decode: Any) -> Answer[Any]:
            answer: Answer[Any] = await send(lane, request, decode)
            self.answers.append((request.method, answer.status))
            return answer

        monkeypatch.setattr(kalshi._calls, "_send", counted)


async def bot(where: dict[str, str], folder: Path) -> App:
    settings = {"STRATEGIES": "consensus,scanner", "MAX_EXPOSURE_USD": "50", "DAILY_LOSS_LIMIT_USD": "60"}
    return await build(load(None, pointing_at(where, folder) | settings))


async def test_a_pass_over_15_000_markets_keeps_its_time_and_the_budget_and_orders_through_the_gate(
    where: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = await bot(where, tmp_path)
    kalshi, scanning = app.places.kalshi, app.desk.scanning
    assert kalshi
    assert scanning
    passes: list[Pass] = []
    told = scanning.on_pass
    assert told
    scanning.on_pass = lambda passed: (passes.append(passed), told(passed))[1]
    try:
        await app.start()
        carried = Carried(kalshi, monkeypatch)
        began = monotonic()
        with caplog.at_level(logging.INFO, "kalshi-chatops"):
            await app.scan()
        seconds = monotonic() - began
        assert app.fatal is None
        [passed] = passes
        _judged(passed, seconds, carried.answers)
        [line] = [record for record in caplog.records if record.message == "scan"]
        assert set(line.kept) == set(LAYERS)  # type: ignore[attr-defined]
        ordered = [o for o in app.book.state.orders.values() if o.strategy == "scanner"]
        assert len(ordered) == passed.acted["ordered"] > 0
        assert ZERO < passed.risked <= scanning.scanner.daily_risk_usd
        assert await scanning.risked() == passed.risked
        assert all(o.status in (OrderStatus.EXECUTED, OrderStatus.RESTING, OrderStatus.CANCELED) for o in ordered)
        before = len(ordered)
        await app.scan()
        assert sum(o.strategy == "scanner" for o in app.book.state.orders.values()) >= before
        assert len(passes) == 1, "the next full pass is not due"
    finally:
        await app.stop("the end")


def _judged(passed: Pass, seconds: float, answers: list[tuple[str, int]]) -> None:
    funnel = passed.funnel
    assert funnel.kept["hydrate"] >= MARKETS
    assert funnel.dropped.keys() >= DROPPED, "every layer names what it dropped"
    kept = [funnel.kept[layer] for layer in LAYERS]
    assert kept == sorted(kept, reverse=True)
    assert len(funnel.candidates) == kept[-1] > 0
    assert seconds < PASS_SECONDS
    refused = sum(status == 429 for _, status in answers)
    assert refused <= 1, "our own budget is the exchange's: only requests that bunch on the way can overdraw it"
    reads = sum(method == "GET" for method, _ in answers)
    assert reads * TOKENS_A_READ <= CAPACITY + REFILL * seconds


def test_the_command_line_shows_each_layer_and_ends_with_its_figures(where: dict[str, str], tmp_path: Path) -> None:
    done = run("scan", "--json", cwd=tmp_path, **pointing_at(where, tmp_path / "data"))
    found = figures(done)
    assert list(found) == ["markets", "kept", "candidates", "seconds"]
    assert tuple(found["kept"]) == LAYERS
    assert found["markets"] == found["kept"]["hydrate"] >= MARKETS
    assert len(found["candidates"]) == found["kept"]["risk"]
    assert all(0.7 <= each["price_usd"] <= 0.87 and each["why"] for each in found["candidates"])
    assert 0 < found["seconds"] < PASS_SECONDS
    for word in (*LAYERS, "one_sided", "volume", "spread"):
        assert word in done.stdout


def test_the_command_line_opens_an_exchange_of_its_own_where_none_is_named(tmp_path: Path) -> None:
    found = figures(run("scan", "--json", "--markets", "400", cwd=tmp_path))
    assert 400 <= found["markets"] <= 410
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_how_many_are_listed_is_for_the_simulated_exchange_to_say(where: dict[str, str], tmp_path: Path) -> None:
    done = run("scan", "--markets", "5", cwd=tmp_path, **pointing_at(where, tmp_path / "data"))
    assert done.returncode == 2
    assert "--markets says how many the simulated exchange lists" in done.stderr

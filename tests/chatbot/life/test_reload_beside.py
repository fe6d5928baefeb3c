"""What goes with settings that are read again: the cap on fills does, an edited strategies file waits for a restart."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from chatbot.config import names
from chatbot.life.life import App
from chatbot.program import Program

TABLE = "[consensus]\nmin_price = 0.30\nbudget_usd = 100\n\n[momentum]\nstake_usd = 2\n"


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `.env` with a strategies file beside it."""
    monkeypatch.chdir(tmp_path)
    for name in names():
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "own.toml").write_text(TABLE)
    file = tmp_path / ".env"
    file.write_text("STRATEGIES=consensus,momentum\nSTRATEGIES_FILE=own.toml\nSTAKE_USD=4\n")
    return file


def program(app: App) -> Program:
    return app.router._beside.program


def add(env: Path, *lines: str) -> None:
    env.write_text(env.read_text() + "\n".join(lines) + "\n")


def edit(env: Path, old: str, new: str) -> None:
    file = env.parent / "own.toml"
    file.write_text(file.read_text().replace(old, new))


async def taken(app: App) -> tuple[list[str], tuple[str, ...]]:
    """What holds now, and what waits."""
    page = await program(app).preview_reload()
    done = await program(app).reload(page.fingerprint)
    return [change.name for change in done.now], done.restart


def stakes(app: App) -> list[object]:
    return [getattr(each, "stake_usd", None) for each in app.cycle.strategies]


async def test_the_cap_on_fills_goes_up_with_the_exposure(app: App, env: Path) -> None:
    cap = app.cycle._fill_cap
    assert cap is not None
    before = cap.contracts_limit
    add(env, "MAX_EXPOSURE_USD=100")
    assert await taken(app) == (["MAX_EXPOSURE_USD"], ())
    assert cap.contracts_limit > before
    assert cap.contracts_limit == (200 / Decimal("0.35")).to_integral_value("ROUND_CEILING")


async def test_an_edited_file_waits_whole_and_is_named(app: App, env: Path) -> None:
    edit(env, "budget_usd = 100", "budget_usd = 900")
    edit(env, "stake_usd = 2", "stake_usd = 9")
    waits = ("STRATEGIES_FILE (own.toml was edited)",)
    assert await taken(app) == ([], waits)
    add(env, "STAKE_USD=6", "MAX_ORDER_USD=20", "MIN_PRICE=0.20", "ORDER_TIMEOUT_SECONDS=99")
    now, restart = await taken(app)
    assert now == ["MAX_ORDER_USD", "STAKE_USD", "ORDER_TIMEOUT_SECONDS"]
    assert restart == ("MIN_PRICE", *waits)
    limits = app.cycle.broker.limits
    assert (limits.max_order_usd, limits.order_timeout_seconds) == (Decimal(20), 99)
    assert limits.budgets == {"consensus": Decimal(100)}
    assert stakes(app) == [Decimal(6), Decimal(2)]
    assert [getattr(each, "min_price", None) for each in app.cycle.strategies] == [Decimal("0.30"), Decimal("0.35")]


async def test_a_file_that_is_as_it_was_again_waits_for_nothing(app: App, env: Path) -> None:
    edit(env, "stake_usd = 2", "stake_usd = 9")
    assert (await taken(app))[1]
    edit(env, "stake_usd = 9", "stake_usd = 2")
    assert await taken(app) == ([], ())


async def test_a_file_that_is_edited_after_the_preview_voids_it(app: App, env: Path) -> None:
    page = await program(app).preview_reload()
    edit(env, "stake_usd = 2", "stake_usd = 9")
    assert (await program(app).preview_reload()).fingerprint != page.fingerprint

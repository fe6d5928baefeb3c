"""The backtest as people see it: at 80 and at 40 columns, as a page without scripts, as JSON; and its sweeps."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from chatbot.config import Settings, load
from chatbot.tools.backtest import Asked, material_of, played, run, strategy_named, swept
from chatbot.tools.backtest_shown import NARROW, judged, show, show_folds, show_tries
from chatbot.tools.backtest_wish import research_folder, told, wished
from tests.flows.processes import figures
from tests.flows.processes import run as command
from trading.clock import VirtualClock, real_now
from trading.domain.errors import Misconfigured, NotFound
from trading.exchange.simulated.server import SimulatedServer
from trading.exchange.simulated.venue import open_venue
from trading.research.backtest import Terms, backtest
from trading.research.material import Material, of_files
from trading.research.report import Report, about_of, report
from trading.research.sweep import Fold, Try, configured
from trading.strategies import STRATEGIES

D = Decimal
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def xrp(reference: Path) -> tuple[Path, Path]:
    data = reference / "data"
    return data / "KXXRP15M_raw_snapshots.jsonl.gz", data / "KXXRP15M_results_2026-08-15on.csv"


@pytest.fixture(scope="module")
def material(xrp: tuple[Path, Path]) -> Material:
    return of_files(xrp)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(None, {"DATA_DIR": str(tmp_path)})


@pytest.fixture(scope="module")
def made(material: Material) -> Report:
    strategy, tape = STRATEGIES["threshold"](), material.load()
    about = about_of(strategy, material, tape, Terms())
    return report(backtest(strategy, tape, Terms()), about, load(None, {}).zone)


def shown(told: Report, width: int) -> str:
    screen = Console(file=StringIO(), width=width, markup=False, highlight=False)
    show(told, screen)
    return screen.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("width", [40, 80])
def test_the_report_fits_its_columns_and_cuts_nothing(made: Report, width: int) -> None:
    text = shown(made, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    words = " ".join(text.split())
    for sentence in made.sentences:
        assert sentence in words
    for band in made.bands:
        assert band.name in text
    assert ("95 %  " in text) is (width >= NARROW)
    assert "equity" in text


# --- the page -------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Tags, what they point at, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.pictures: list[str] = []
        self.outside: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attrs)
        if tag == "img":
            assert named["alt"]
            self.pictures.append(named["src"] or "")
        self.outside += [value or "" for name, value in attrs if name == "href" or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_in_itself(made: Report, tmp_path: Path) -> None:
    from base64 import b64decode

    from chatbot.tools.backtest_page import page

    tries = [_try("0.40", 23.45, 0.4), _try("0.30", -31.0, 0.6)]
    text = page(made, load(None, {}).zone, tries)
    read = Page(text)
    assert "script" not in read.tags
    assert read.outside == []
    assert not re.search(r"(?i)https?://|url\(|@import|<link|<iframe", text)
    assert len(read.pictures) == 5
    for picture in read.pictures:
        kind, data = picture.split(",")
        assert (kind, b64decode(data)[:4]) == ("data:image/png;base64", PNG)
    for sentence in (*made.sentences, *judged(tries)):
        assert sentence in read.text
    assert 'name="viewport"' in text


def test_words_of_others_are_no_markup(made: Report) -> None:
    from dataclasses import replace

    from chatbot.tools.backtest_page import page

    hostile = replace(made.about, material="<script>alert(1)</script>", parameters=(("<b>", "<i>"),))
    read = Page(page(replace(made, about=hostile), load(None, {}).zone))
    assert not {"script", "b", "i"} & set(read.tags)
    assert "<script>alert(1)</script>" in read.text


def test_a_page_without_trades_has_no_pictures(made: Report) -> None:
    from dataclasses import replace

    from chatbot.tools.backtest_page import page

    assert Page(page(replace(made, points=()), load(None, {}).zone)).pictures == []


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_tells_and_writes_and_ends_with_json(xrp: tuple[Path, Path], tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = command("backtest", "momentum", "--data", *map(str, xrp), "--html", str(page), "--json", cwd=tmp_path)
    told = figures(done)
    assert (told["strategy"], told["markets"], told["trades"]) == ("momentum", 94, 6)
    assert told["sentences"][0] in " ".join(done.stdout.split())
    assert page.read_text().startswith("<!doctype html>")


def test_a_sweep_by_processes_shows_the_best_of_all(xrp: tuple[Path, Path], tmp_path: Path) -> None:
    sweep = ("--sweep", "buy_at=0.3,0.4", "sell_at=0.6,0.7", "--processes", "2", "--walk-forward", "3")
    told = figures(command("backtest", "threshold", "--data", *map(str, xrp), *sweep, "--json", cwd=tmp_path))
    profits = [each["profit_usd"] for each in told["tries"]]
    assert len(profits) == 4
    assert profits == sorted(profits, reverse=True)
    assert told["profit_usd"] == profits[0]
    assert told["parameters"]["buy_at"] == told["tries"][0]["parameters"]["buy_at"]
    second, third = told["walk_forward"]
    assert second["to"] == third["from"]
    assert {each["parameters"]["buy_at"] for each in (second, third)} <= {"0.3", "0.4"}
    assert 0 < second["trades"] + third["trades"] < told["trades"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["consensu"], "there is no strategy 'consensu' to backtest: did you mean consensus?"),
        (["consensus"], "give either --data with files, or --series with --days"),
        (["consensus", "--data", "x.csv", "--series", "KXBTC15M"], "give either --data"),
        (["consensus", "--series", "KXBTC15M", "--days", "0"], "--days 0 is not from 1 to 365"),
        (["consensus", "--series", "KXBTC15M", "--price", "0.5"], "--price is for results alone"),
        (["consensus", "--data", "x.csv", "--price", "half"], "--price half is no price"),
        (["consensus", "--data", "x.csv", "--fill", "luck"], "--fill luck is unknown: use touch, through, queue"),
        (["consensus", "--data", "x.csv"], "there is no file x.csv"),
        (["consensus", "--data", "x.csv", "--walk-forward", "3"], "--walk-forward 3 has nothing to choose: give 2"),
        (["consensus", "--data", "x.csv", "stake_usd=2,5", "--walk-forward", "1"], "--walk-forward 1 has nothing"),
    ],
)
def test_what_is_wrong_is_one_sentence(words: list[str], said: str, tmp_path: Path) -> None:
    done = command("backtest", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_page_that_cannot_be_written_is_said(settings: Settings, xrp: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"cannot be written .*: give --html another path"):
        run(Asked("news", paths=xrp, html=tmp_path / "none" / "x.html"), settings)


def test_one_combination_is_simply_what_is_played(
    settings: Settings, xrp: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run(Asked("threshold", paths=xrp, axes=("buy_at=0.3",), processes=1, as_json=True), settings)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["parameters"]["buy_at"] == "0.3"


def test_no_such_parameter_is_said_before_anything_is_played(settings: Settings, material: Material) -> None:
    asked = Asked("threshold", axes=("price=1,2",), processes=1)
    with pytest.raises(Misconfigured, match="price is no parameter: use one of buy_at"):
        swept(asked, STRATEGIES["threshold"](), material)


async def test_a_series_is_fetched_once_and_then_needs_no_network(tmp_path: Path) -> None:
    server = SimulatedServer(open_venue(VirtualClock(real_now()), seed=7))
    await server.start()
    settings = load(None, {"DATA_DIR": str(tmp_path), "KALSHI_API_BASE": server.base_url})
    asked = Asked("previous", series="KXBTC15M", days=1)
    first = await asyncio.to_thread(material_of, asked, settings)
    await server.stop()
    server.venue.close()
    again = material_of(asked, settings)
    assert (again.name, again.assumed, again.load()) == (first.name, first.assumed, first.load())
    assert (tmp_path / "simulated" / "research" / "KXBTC15M").is_dir()
    assert played(STRATEGIES["previous"](), first, asked, settings).markets == 96


# --- what is played -------------------------------------------------------------------------------------------------


def test_a_strategy_has_the_parameters_of_the_settings(tmp_path: Path) -> None:
    settings = load(None, {"DATA_DIR": str(tmp_path), "STAKE_USD": "7", "STRATEGIES": "threshold"})
    assert strategy_named("previous", settings).stake_usd == 7  # type: ignore[attr-defined]


def test_chat_plays_the_strategy_as_it_runs_now(settings: Settings) -> None:
    running = configured(STRATEGIES["consensus"](), {"stake_usd": "7", "momentum.dead_zone_bp": "3"})
    wish = wished("Consensus", 30, settings, [running])
    assert (wish.strategy, wish.days, wish.series) == ("consensus", 30, "KXBTC15M")
    assert configured(STRATEGIES["consensus"](), wish.parameters) == running
    assert wish.folder == str(research_folder(settings))
    with pytest.raises(NotFound, match="did you mean consensus"):
        wished("concensus", 30, settings, [])


@pytest.mark.parametrize("name", list(STRATEGIES))
def test_every_strategy_comes_back_from_its_parameters(name: str) -> None:
    assert configured(STRATEGIES[name](), told(STRATEGIES[name]())) == STRATEGIES[name]()


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ({}, "research"),
        ({"KALSHI_ENV": "production"}, "research"),
        ({"KALSHI_ENV": "demo"}, "demo/research"),
        ({"KALSHI_API_BASE": "http://127.0.0.1:9/trade-api/v2"}, "simulated/research"),
    ],
)
def test_another_exchange_has_a_folder_of_its_own(tmp_path: Path, given: dict[str, str], folder: str) -> None:
    settings = load(None, {"DATA_DIR": str(tmp_path), **given})
    assert research_folder(settings) == tmp_path / folder


# --- sweeps ---------------------------------------------------------------------------------------------------------


def _try(value: str, profit: float, chance: float) -> Try:
    from trading.research.bootstrap import Luck

    return Try({"buy_at": value}, 47, 9, D(str(profit)), Luck(0.5, -4, 5, chance, 47), D("-1"), D("2"), 3, 2 * chance)


def test_a_table_of_tries_fits_a_phone_and_says_what_is_luck() -> None:
    screen = Console(file=StringIO(), width=40, markup=False, highlight=False)
    show_tries([_try(f"0.{n}", 60 - n, 0.01) for n in range(30, 60)], screen)
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= 40
    assert "and 10 more that made less" in text
    assert "It may be more than luck" in " ".join(text.split())
    assert "It may be luck" in judged([_try("0.4", 10, 0.2)])[0]
    assert judged([_try("0.4", -10, 0.001)])[0].startswith("The best of 1 try made -$10.00")


def test_a_walk_forward_fits_a_phone_and_is_summed_up() -> None:
    screen = Console(file=StringIO(), width=40, markup=False, highlight=False)
    first = datetime(2026, 1, 7, 12, tzinfo=UTC)
    folds = [Fold(first, first, _try("0.4", 60, 0.01), _try("0.4", profit, 0.5)) for profit in (12.5, -2.25)]
    show_folds(folds, screen)
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= 40
    assert text.splitlines()[1].split() == ["07", "Jan", "12:00", "buy_at=0.4", "47", "+$12.50"]
    assert "by what came before it: +$10.25 in 94 trades." in " ".join(text.split())

"""The strategies file as a table: what it says is what trades, and whatever is wrong is one sentence."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.config import load
from chatbot.wiring import strategies_file
from chatbot.wiring.strategies_file import Plan, assigned, plan
from trading.domain.errors import Misconfigured
from trading.domain.market import Outcome
from trading.engine.assigned import Assigned
from trading.signals.momentum import MomentumLimits
from trading.strategies import NAMES, STRATEGIES
from trading.strategies.arbitrage import Arbitrage, Leg, Pair
from trading.strategies.consensus import Consensus
from trading.strategies.exits import ExitRules
from trading.strategies.market_maker import MarketMaker
from trading.strategies.momentum import Momentum
from trading.strategies.news import News
from trading.strategies.previous import Previous
from trading.strategies.scanner import Scanner
from trading.strategies.threshold import Threshold

D = Decimal
DOCS = Path(__file__).parents[3] / "docs"
BTC = ("KXBTC15M",)


def read(folder: Path, text: str, **given: str) -> Plan:
    """What this file makes together with these variables."""
    file = folder / "mine.toml"
    file.write_text(text)
    return plan(load(None, {"STRATEGIES_FILE": str(file), **given}))


def one(folder: Path, text: str, name: str, **given: str) -> Assigned:
    [made] = read(folder, text, STRATEGIES=name, **given).assigned
    return made


# --- what trades ----------------------------------------------------------------------------------------------------


def test_without_a_file_consensus_trades_as_in_env() -> None:
    [made] = assigned(load(None, {}))
    assert made == Assigned(Consensus(), BTC)
    [made] = assigned(
        load(None, {"STAKE_USD": "7", "KALSHI_EVENT_TICKER_PREFIX": "KXETH15M", "SAMPLE_AGE_SECONDS": "9"})
    )
    limits = MomentumLimits(sample_age_seconds=9)
    assert made == Assigned(Consensus(stake_usd=D(7), quote_age_seconds=9, momentum=limits), ("KXETH15M",))


def test_they_come_in_the_order_in_which_they_are_named_and_the_jobs_are_not_among_them() -> None:
    made = assigned(load(None, {"STRATEGIES": "news,scanner,previous,arbitrage,consensus"}))
    assert [each.name for each in made] == ["news", "previous", "consensus"]


def test_the_names_that_are_taken_are_those_that_there_are() -> None:
    assert set(NAMES) == {*STRATEGIES, "scanner", "arbitrage"}
    assert load(None, {"STRATEGIES": ",".join(NAMES)}).strategies == NAMES


RELATIVES = {"MIN_PRICE": "0.40", "MAX_PRICE": "0.60", "ENTRY_WINDOW_SECONDS": "300", "STAKE_USD": "3"}
SHARED = {"min_price": D("0.40"), "max_price": D("0.60"), "entry_window_seconds": 300.0, "stake_usd": D(3)}


@pytest.mark.parametrize("name", ["consensus", "previous", "momentum", "momentum_15"])
def test_env_is_the_default_of_consensus_and_its_relatives_and_the_file_wins(name: str, tmp_path: Path) -> None:
    env = {"MOMENTUM_WINDOW_SECONDS": "30", "MOMENTUM_DEAD_ZONE_BP": "2", **RELATIVES}
    made = one(tmp_path, f"[{name}]\nstake_usd = 4.50\n", name, **env).strategy
    assert made == replace(made, **{**SHARED, "stake_usd": D("4.50")})  # type: ignore[type-var]
    if isinstance(made, Consensus | Momentum):
        window = 900 if name == "momentum_15" else 30
        assert made.momentum == MomentumLimits(window_seconds=window, dead_zone_bp=2)


@pytest.mark.parametrize("name", ["threshold", "market_maker", "news"])
def test_it_is_not_that_of_the_others(name: str, tmp_path: Path) -> None:
    assert one(tmp_path, "", name, **RELATIVES).strategy == STRATEGIES[name]()


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("previous", "stake_usd = 2", Previous(stake_usd=D(2))),
        ("previous", "entry_window_seconds = 120", Previous(entry_window_seconds=120.0)),
        ("consensus", "momentum = {dead_zone_bp = 2.5}", Consensus(momentum=MomentumLimits(dead_zone_bp=2.5))),
        ("consensus", "exits = {take_profit = 0.2}", Consensus(exits=ExitRules(take_profit=D("0.2")))),
        ("momentum", "exits = {after_seconds = 60}", Momentum(exits=ExitRules(after_seconds=60.0))),
        ("threshold", "buy_at = 0.1\nsell_at = 0.9", Threshold(buy_at=D("0.1"), sell_at=D("0.9"))),
        ("market_maker", 'fair = "spot"\ncount = 2', MarketMaker(fair="spot", count=D(2))),
        (
            "market_maker",
            "releases = [2026-12-10T14:00:00-05:00]",
            MarketMaker(releases=(datetime(2026, 12, 10, 19, tzinfo=UTC),)),
        ),
        ("news", 'mode = "aside"\nconfidence_min = 0.9', News(mode="aside", confidence_min=0.9)),
    ],
)
def test_its_parameters(name: str, text: str, wanted: object, tmp_path: Path) -> None:
    made = one(tmp_path, f"[{name}]\n{text}\n", name)
    assert made.strategy == wanted
    assert (made.series, made.paper, made.budget_usd) == (BTC, False, None)


def test_where_how_much_and_on_paper(tmp_path: Path) -> None:
    text = (
        '[previous]\nseries = ["KXETH15M", "KXBTC15M"]\npaper = true\nbudget_usd = 12.50\n[scanner]\nbudget_usd = 9\n'
    )
    made = read(tmp_path, text, STRATEGIES="previous,consensus")
    assert made.assigned[0] == Assigned(Previous(), ("KXETH15M", "KXBTC15M"), True, D("12.50"))
    assert made.assigned[1] == Assigned(Consensus(), BTC)
    assert made.budgets == {"previous": D("12.50"), "scanner": D(9)}


def test_the_jobs_have_their_parameters_here(tmp_path: Path) -> None:
    text = '[scanner]\ncloses_within = "3d"\ncloses_after = "90s"\nexcluded = ["Sports"]\n[arbitrage]\ntrades = true\n'
    made = read(tmp_path, text)
    within, after = timedelta(days=3), timedelta(seconds=90)
    assert made.scanner == Scanner(closes_within=within, closes_after=after, excluded=frozenset({"sports"}))
    assert made.arbitrage == Arbitrage(trades=True)


def test_pairs_and_feeds(tmp_path: Path) -> None:
    text = """
    [mapping.rain]
    first = {kalshi = "KXRAIN-1", side = "yes"}
    second = {polymarket = "123", side = "no"}
    [feeds.polymarket]
    fee_rate = 0.07
    """
    made = read(tmp_path, text)
    legs = (Leg("kalshi", "KXRAIN-1", Outcome.YES), Leg("polymarket", "123", Outcome.NO))
    assert made.pairs == (Pair("rain", legs),)
    assert made.feeds == {"polymarket": {"fee_rate": 0.07}}
    assert isinstance(made.feeds["polymarket"]["fee_rate"], float)


def test_the_example_of_the_documentation_is_right_and_stands_in_it() -> None:
    example = DOCS / "strategies.toml"
    made = plan(load(None, {"STRATEGIES": ",".join(NAMES), "STRATEGIES_FILE": str(example)}))
    assert {each.name for each in made.assigned} == set(STRATEGIES)
    named = tomllib.loads(example.read_text())
    assert [each.name for each in made.assigned if each.name in named and not each.paper] == ["consensus"]
    assert [pair.name for pair in made.pairs] == ["btc-above-100k"]
    assert set(made.feeds) == {"news"}
    assert "strategies.toml" in (DOCS / "strategies.md").read_text()


# --- what is wrong --------------------------------------------------------------------------------------------------

WRONG = [
    ("[consensu]", "mine.toml has consensu, which is no strategy: did you mean consensus?"),
    ("stake_usd = 5", "mine.toml has stake_usd, which is no strategy: use "),
    ("consensus = 5", "mine.toml consensus = 5 is no table: write [consensus]"),
    ("[consensus]\nstake = 5", "[consensus] has stake, which is no parameter of it: did you mean stake_usd?"),
    ("[consensus]\nname = 'x'", "[consensus] has name, which is no parameter of it: use stake_usd, "),
    ("[consensus]\nstake_usd = '5'", '[consensus] stake_usd = "5" is no number: write it without quotes'),
    ("[consensus]\nstake_usd = true", "[consensus] stake_usd = true is no number"),
    ("[consensus]\nstake_usd = nan", "[consensus] stake_usd = NaN is no finite number"),
    ("[consensus]\nstake_usd = inf", "[consensus] stake_usd = Infinity is no finite number"),
    ("[consensus]\nstake_usd = 0", "[consensus] stake_usd = 0 is too low: 0.01 is the least"),
    ("[consensus]\nmax_price = 1.2", "[consensus] max_price = 1.2 is too high: 0.99 is the most"),
    ("[consensus]\nquote_age_seconds = -1", "[consensus] quote_age_seconds = -1 is below 0"),
    ("[consensus]\nquote_age_seconds = 1e400", "is above 1,000,000,000"),
    ("[consensus]\nmin_price = 0.7", "[consensus] contradicts itself: min_price 0.7 must be below max_price 0.65"),
    ("[consensus]\nmomentum = 5", "[consensus] momentum = 5 is no table: write [consensus.momentum]"),
    ("[consensus.momentum]\ndead_zone = 1", "[consensus.momentum] has dead_zone, which is no parameter of it: did you"),
    ("[consensus.exits]\nstop_loss = 'x'", '[consensus.exits] stop_loss = "x" is no number'),
    ("[consensus]\npaper = 1", "[consensus] paper = 1 is neither true nor false"),
    ("[consensus]\nseries = 'KXBTC15M'", '[consensus] series = "KXBTC15M" is no list of words'),
    ("[consensus]\nseries = []", "[consensus] series = [] names no series"),
    ("[consensus]\nseries = ['A', 'A']", "names a series twice"),
    ("[consensus]\nseries = ['kx btc']", "is no list of series: they look like KXBTC15M"),
    ("[consensus]\nbudget_usd = 0", "[consensus] budget_usd = 0 is no budget"),
    ("[threshold]\nbuy_at = 0.6", "[threshold] contradicts itself: buy_at 0.6 must be below sell_at 0.60"),
    ("[market_maker]\nfair = 'best'", '[market_maker] fair = "best" is unknown: use mid or spot'),
    ("[market_maker]\nreleases = [2026-12-10]", "is no list of moments with their time zone"),
    ("[market_maker]\nreleases = [2026-12-10T19:00:00]", "is no list of moments with their time zone"),
    ("[news]\nmode = 3", "[news] mode = 3 is unknown: use lean or aside"),
    ("[news]\nconfidence_min = 1.1", "[news] confidence_min = 1.1 is too high: 1 is the most"),
    ("[scanner]\npaper = true", "[scanner] has paper, which is no parameter of it"),
    ("[scanner]\ncloses_within = 7", "[scanner] closes_within = 7 is no length of time"),
    ("[scanner]\nexcluded = [1]", "[scanner] excluded = [1] is no list of words"),
    ("[mapping.a]\nfirst = {kalshi = 'X', side = 'yes'}", "[mapping.a] has no second leg"),
    ("[mapping.a]\nfirst = {kalshi = 'X'}\nsecond = {}", "[mapping.a.first] is no leg: write first = {kalshi = "),
    ("[mapping.a]\nthird = {}", "[mapping.a] has third, which is no leg of a pair"),
    (
        "[mapping.a]\nfirst = {kalshi = 'X', side = 'up'}\nsecond = {}",
        '[mapping.a.first] side = "up" is no side: use yes or no',
    ),
    (
        "[mapping.a]\nfirst = {kalshi = 'X', polymarket = '1', side = 'yes'}\nsecond = {}",
        "[mapping.a.first] is no leg",
    ),
    ("[feeds.new]", "[feeds] has new, which is no feed: did you mean news?"),
    ("[feeds.news]", "mine.toml: feeds.news has no rules"),
    ("[consensus", "mine.toml is no TOML: "),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[said[:50] for _, said in WRONG])
def test_whatever_is_wrong_is_one_sentence(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as refused:
        read(tmp_path, text)
    sentence = str(refused.value)
    assert said in sentence
    assert "mine.toml" in sentence
    assert "\n" not in sentence


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"STRATEGIES_FILE=.*gone.toml cannot be read \(No such file"):
        plan(load(None, {"STRATEGIES_FILE": str(tmp_path / "gone.toml")}))
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Misconfigured, match="is no text in UTF-8"):
        plan(load(None, {"STRATEGIES_FILE": str(binary)}))


VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


@given(st.sampled_from([*STRATEGIES, "scanner", "arbitrage", "mapping", "feeds"]), st.data())
def test_whatever_stands_there_is_taken_or_refused_in_words(name: str, data: st.DataObject) -> None:
    """Every value of TOML at every name: a strategy, or one sentence."""
    names = [
        "stake_usd",
        "series",
        "paper",
        "budget_usd",
        "exits",
        "momentum",
        "fair",
        "closes_within",
        "releases",
        "a",
    ]
    rows = data.draw(st.dictionaries(st.sampled_from([*names, "news", "rules", "first"]), VALUES, max_size=3))
    settings = load(None, {"STRATEGIES": "consensus"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strategies_file, "_read", lambda path: {name: as_toml(rows)})
        with suppress(Misconfigured):
            assert plan(settings).assigned


def as_toml(value: object) -> object:
    """As tomllib gives it: no None, and exact decimals."""
    if isinstance(value, dict):
        return {key: as_toml(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [as_toml(each) for each in value if each is not None]
    return D(str(value)) if isinstance(value, float) else value

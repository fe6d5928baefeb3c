"""Rules of notices: how they are written, which of several wins, mutes that end by themselves, and restarts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakes_chat import Times
from fakes_outbox import MemoryStore
from fakes_pages import NOW

from chatbot.access import IDS
from chatbot.rules import CHANNELS, EVERYWHERE, KINDS, NEVER_OFF, Rule, Rules, rules_of
from trading.domain.errors import Misconfigured, StoreFailed
from trading.domain.records import Severity

ON, SILENT, OFF = Rule
HOUR = timedelta(hours=1)


def test_whoever_can_command_from_a_channel_can_rule_what_it_tells() -> None:
    assert set(IDS) < set(CHANNELS)


def test_what_is_written_is_understood() -> None:
    assert rules_of("") == {}
    assert rules_of(" order:silent ,telegram/fill : off,") == {
        (EVERYWHERE, "order"): SILENT,
        ("telegram", "fill"): OFF,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("order", "is not event:on|silent|off or channel/event"),
        ("order:loud", "is not event:on|silent|off"),
        ("telegram/:on", "is not event:on"),
        ("ordr:on", "has 'ordr:on': there is no event 'ordr': did you mean order?"),
        ("xyzzy:on", "there are order, fill, cancel"),
        ("slack/order:on", f"names the channel 'slack', which is unknown: use {', '.join(CHANNELS)}"),
        ("order:on,order:off", "names order twice"),
        ("halt:off", "has 'halt:off': halt can be silent but never off, since it tells of what needs somebody"),
        ("discord/digest:off", "since it stands for notices that are on"),
    ],
)
def test_what_is_wrong_is_said_with_the_nearest_right_one(text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        rules_of(text)
    assert said in str(caught.value)


def of_fills(rules: Rules) -> list[Rule]:
    return [rules.rule(channel, "fill") for channel in ("telegram", "discord", "terminal")]


def test_the_most_exact_rule_wins_and_chat_wins_over_the_settings() -> None:
    rules = Rules("fill:silent, telegram/fill:off")
    assert of_fills(rules) == [OFF, SILENT, SILENT]
    rules.say("fill", ON, EVERYWHERE, "Ann")
    assert of_fills(rules) == [ON, ON, ON]
    rules.say("fill", OFF, "discord", "Ann")
    assert of_fills(rules) == [ON, OFF, ON]
    rules.say("fill", SILENT, EVERYWHERE, "Ann")
    assert of_fills(rules) == [SILENT, SILENT, SILENT]
    assert rules.rule("telegram", "order") is ON


def test_rules_outlive_a_restart() -> None:
    store = MemoryStore()
    Rules("", store).say("fill", SILENT, "discord", "Ann")
    Rules("", store).say("order", OFF, EVERYWHERE, "Ann")
    again = Rules("fill:off", store)
    assert of_fills(again) == [OFF, SILENT, OFF]
    assert again.rule("terminal", "order") is OFF
    Rules("", store).say("fill", ON, EVERYWHERE, "Ann")
    assert Rules("", store).rule("discord", "fill") is ON
    assert list(store.tables["control"]) == ["notify:*/order", "notify:*/fill"]


@pytest.mark.parametrize("kind", NEVER_OFF)
def test_what_needs_somebody_can_be_silent_and_never_off(kind: str) -> None:
    rules = Rules()
    with pytest.raises(Misconfigured, match=f"{kind} can be silent but never off"):
        rules.say(kind, OFF, EVERYWHERE, "Ann")
    rules.say(kind, SILENT, EVERYWHERE, "Ann")
    assert rules.rule("telegram", kind, Severity.ALERT) is SILENT


def test_an_alert_of_any_kind_is_never_off() -> None:
    rules = Rules("order:off")
    assert rules.rule("telegram", "order", Severity.ALERT) is SILENT
    assert rules.rule("telegram", "order", Severity.NOTICE) is OFF


def test_unknown_kinds_are_on_and_cannot_be_ruled() -> None:
    rules = Rules()
    assert rules.rule("telegram", "moon") is ON
    with pytest.raises(Misconfigured, match="no event 'moon': did you mean mode"):
        rules.say("moon", OFF, EVERYWHERE, "Ann")


def test_a_mute_is_silence_that_ends_by_itself_also_over_a_restart() -> None:
    times, store = Times(), MemoryStore()
    Rules("order:off", store, times.now).mute(("fill", "order"), NOW + HOUR, "Ann")
    rules = Rules("order:off", store, times.now)
    assert rules.rule("telegram", "fill") is SILENT
    assert rules.rule("telegram", "order") is OFF
    assert rules.muted_until("fill") == NOW + HOUR
    times.pass_(3600)
    assert rules.rule("telegram", "fill") is ON
    assert rules.muted_until("fill") is None


def test_a_mute_that_is_ended_leaves_no_row() -> None:
    times, store = Times(), MemoryStore()
    rules = Rules("", store, times.now)
    rules.mute(KINDS, NOW + HOUR, "Ann")
    assert len(store.tables["control"]) == len(KINDS)
    rules.mute(("fill",), NOW, "Ann")
    assert rules.rule("telegram", "fill") is ON
    assert rules.rule("telegram", "halt", Severity.ALERT) is SILENT
    assert "mute:fill" not in store.tables["control"]


def test_what_cannot_be_stored_does_not_hold() -> None:
    store = MemoryStore()
    rules = Rules("", store)
    store.broken = StoreFailed("disk")
    with pytest.raises(StoreFailed):
        rules.say("fill", OFF, EVERYWHERE, "Ann")
    with pytest.raises(StoreFailed):
        rules.mute(("fill",), NOW + 1000 * HOUR, "Ann")
    assert rules.rule("telegram", "fill") is ON


def test_other_settings_change_what_chat_has_not_said() -> None:
    rules = Rules("fill:off,order:off")
    rules.say("order", SILENT, EVERYWHERE, "Ann")
    rules.configure("order:on")
    assert (rules.rule("telegram", "fill"), rules.rule("telegram", "order")) == (ON, SILENT)
    with pytest.raises(ValueError, match="no event"):
        rules.configure("moon:off")
    assert rules.rule("telegram", "order") is SILENT

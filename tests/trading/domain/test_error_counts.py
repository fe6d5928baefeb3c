"""Errors are told once and then counted: what is kept of them, for how long, and that the rows say the same."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from storage.memory import MemoryStore
from tests.trading.build import OPEN
from trading.domain import events as ev
from trading.domain.error_counts import (
    ERROR_CODES_MAX,
    ERROR_REPEAT_AFTER,
    ERROR_TEXT_LENGTH_MAX,
    counts_due,
    counts_ended,
)
from trading.domain.ledger import apply
from trading.domain.order import Mode
from trading.domain.records import Control, Put
from trading.domain.state import ErrorTold, State
from trading.domain.step import Step
from trading.engine.loading import load_state

MINUTE = timedelta(minutes=1)


def seen(minutes: float = 0, code: str = "feed", text: str = "no answer") -> ev.ErrorSeen:
    return ev.ErrorSeen(OPEN + minutes * MINUTE, code, text)


def after(*events: ev.Event, state: State | None = None) -> State:
    state = state or State()
    for event in events:
        state = apply(state, event).state
    return state


def test_an_error_is_one_row() -> None:
    told = ErrorTold(OPEN, "no answer")
    row = Control("error:feed", {"text": "no answer", "again": "0"}, OPEN)
    assert apply(State(), seen()) == Step(State(errors={"feed": told}), (Put("control", "error:feed", row),))


def test_one_that_comes_again_is_counted_with_its_latest_words() -> None:
    assert after(seen(), seen(1), seen(2, text="still none")).errors == {"feed": ErrorTold(OPEN, "still none", 2)}


def test_a_count_ends_when_its_time_is_up_and_begins_anew() -> None:
    at = OPEN + ERROR_REPEAT_AFTER
    counted = after(seen(), seen(1))
    assert not counts_due(counted, at - MINUTE)
    assert counts_due(counted, at)
    anew = after(ev.ErrorsCounted(at), state=counted)
    assert anew.errors == {"feed": ErrorTold(at, "no answer")}
    assert counts_ended(counted, anew) == [("feed", ErrorTold(OPEN, "no answer", 1))]


def test_what_did_not_come_again_is_forgotten_without_a_row() -> None:
    step = apply(after(seen()), ev.ErrorsCounted(OPEN + ERROR_REPEAT_AFTER))
    assert step == Step(State(), (Put("control", "error:feed", None),))
    assert counts_ended(after(seen()), step.state) == []


def test_one_that_comes_late_waits_for_the_count_and_a_forgotten_one_is_a_first_one() -> None:
    assert after(seen(), seen(1), seen(9)).errors["feed"].again == 2
    assert after(seen(), seen(9)).errors == {"feed": ErrorTold(OPEN + 9 * MINUTE, "no answer")}


def test_the_oldest_code_gives_way_and_its_count_has_ended() -> None:
    full = after(*(seen(n / 1000, f"code {n}") for n in range(ERROR_CODES_MAX)), seen(1, "code 0"))
    more = after(seen(2, "one more"), state=full)
    assert len(more.errors) == ERROR_CODES_MAX
    assert [code for code, _ in counts_ended(full, more)] == ["code 0"]


def test_long_words_are_cut() -> None:
    assert len(after(seen(text="x" * 9_999)).errors["feed"].text) == ERROR_TEXT_LENGTH_MAX


moments = st.floats(0, 30)
events = st.lists(
    st.one_of(
        st.builds(seen, moments, st.sampled_from("abc"), st.text(max_size=5)),
        st.builds(lambda minutes: ev.ErrorsCounted(OPEN + minutes * MINUTE), moments),
    ),
    max_size=30,
)


@given(events)
def test_the_rows_say_what_the_state_says(happened: list[ev.Event]) -> None:
    store, state = MemoryStore(), State()
    for event in sorted(happened, key=lambda each: each.at):
        step = apply(state, event)
        store.commit(step.puts)
        state = step.state
        assert load_state(store, OPEN, Mode.REAL).errors == state.errors


@given(events)
def test_every_error_is_told_or_counted(happened: list[ev.Event]) -> None:
    state, told = State(), 0
    for event in sorted(happened, key=lambda each: each.at):
        now = apply(state, event).state
        if isinstance(event, ev.ErrorSeen):
            told += now.errors[event.code].told_at == event.at and now.errors[event.code].again == 0
        told += sum(each.again for _, each in counts_ended(state, now))
        state = now
    pending = sum(each.again for each in state.errors.values())
    assert told + pending == sum(isinstance(event, ev.ErrorSeen) for event in happened)

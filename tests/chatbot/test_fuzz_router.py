"""A few thousand of the router's fuzz, and that the fuzz sees what it is there for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes_chat import OWNER, STRANGER, VIEWER, chat, said
from fakes_pages import MANUAL

from chatbot.message import Button, Reply, Role
from tests import fuzz_router
from tests.fuzz_router import Report, fuzz, summary

INPUTS = 3_000


async def test_nothing_that_people_or_enemies_send_breaks_the_router(record_property: Callable[..., None]) -> None:
    report = await fuzz(INPUTS, seed=1)
    assert report.shown == []
    assert (report.inputs, report.problems) == (INPUTS, {})
    assert report.answers + report.silent == INPUTS
    assert report.raised
    assert report.acts > report.raised
    assert len(report.commands) > len(fuzz_router.COMMANDS) * 0.8
    record_property("router fuzz", f"{report.inputs} inputs, {report.answers} answers, {report.acts} acts")


async def test_the_same_seed_sends_the_same() -> None:
    one, other = [summary(await fuzz(300, seed=7)) | {"seconds": 0, "per_second": 0} for _ in range(2)]
    assert one == other


@pytest.mark.parametrize(
    ("answer", "person", "problem"),
    [
        (RuntimeError("bug"), OWNER, "crash"),
        (Reply("Hello"), STRANGER, "answered a stranger"),
        (None, OWNER, "no answer"),
        (Reply("T", note="x", buttons=(Button("X", "x" * 64 + ""),)), OWNER, ""),
        (Reply("T", choices=(Button("X", ""),)), OWNER, "a button Telegram does not take"),
    ],
)
async def test_it_sees_a_router_that_is_broken(
    answer: Reply | Exception | None, person: object, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, report = chat(), Report(1)

    async def handle(incoming: object) -> Reply | None:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(bot.router, "handle", handle)
    await fuzz_router._one(bot, said("/status", person), report)  # type: ignore[arg-type]
    assert list(report.problems) == [problem] * bool(problem)


@pytest.mark.parametrize(
    ("role", "text", "act", "problem"),
    [
        (Role.VIEWER, "/kill", "kill by Cy", "done for nobody who may"),
        (None, "/kill", "kill by Eve", "done for nobody who may"),
        (Role.OWNER, "/resume", "resume by Ann", "raised without a yes"),
        (Role.OPERATOR, "/confirm 1", "resume by Bo", "raised without a yes"),
        (Role.OWNER, "/confirm 1", "resume by Ann", ""),
        (Role.OPERATOR, "/kill", "kill by Bo", ""),
    ],
)
def test_it_sees_what_was_done_unlawfully(role: Role | None, text: str, act: str, problem: str) -> None:
    report = Report(1)
    fuzz_router._lawful(said(text, VIEWER), role, [act], report)
    assert list(report.problems) == [problem] * bool(problem)


@pytest.mark.parametrize(("text", "problem"), [("yes 123456", ""), ("yes 654321", "x"), ("/confirm 1", "x")])
def test_where_a_code_is_needed_only_that_is_a_yes(text: str, problem: str) -> None:
    report = Report(1)
    fuzz_router._lawful(said(text), Role.OWNER, ["resume by Ann"], report, ["123456"])
    assert bool(report.problems) is bool(problem)


async def test_it_sees_an_error_that_nobody_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    bot, report = chat(), Report(1)
    bot.desk.halts = (MANUAL,)
    monkeypatch.setattr(bot.desk, "status", lambda: 1 / 0)
    await fuzz_router._one(bot, said("/status"), report)
    assert list(report.problems) == ["unhandled"]

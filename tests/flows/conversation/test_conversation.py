"""One conversation on all channels: the same words, the same answers, over real sockets with the real SDKs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest

from chatbot.commands.registry import COMMANDS
from tests.flows.conversation.steps import BEFORE_CODES, SCRIPT
from tests.flows.conversation.talk import Talk, Transcript
from tests.flows.talkers import TALKERS

STEPS_MIN = 60


def codes(secret: str) -> Callable[[], str]:
    """A one-time code at each call, each another one: those of the steps around now, oldest first."""
    totp, around = pyotp.TOTP(secret), iter((-1, 0, 1))
    return lambda: totp.at(int(datetime.now(UTC).timestamp()) + totp.interval * next(around))


@pytest.fixture(scope="module", params=list(TALKERS))
def transcript(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    return talked(request.param, tmp_path_factory.mktemp(request.param))


def talked(name: str, folder: Path) -> Transcript:
    """What came of the script on this channel."""

    async def play() -> Transcript:
        talker, secret = TALKERS[name](), pyotp.random_base32()
        await talker.start()
        talk = Talk(folder, talker, codes(secret))
        await talk.play(BEFORE_CODES)
        await talk.play(SCRIPT[len(BEFORE_CODES) :], first=len(BEFORE_CODES), TOTP_SECRET=secret)
        await talker.stop()
        return talk.transcript

    return asyncio.run(play())


TRANSCRIPTS: dict[str, Transcript] = {}


def test_every_command_is_in_it() -> None:
    said = {step.what.split()[0].removeprefix("/") for step in SCRIPT if step.what.startswith("/")}
    assert set(COMMANDS) <= said


def test_every_step_is_answered_as_it_should_be(
    transcript: Transcript, record_property: Callable[[str, object], None]
) -> None:
    TRANSCRIPTS[transcript.channel] = transcript
    assert len(SCRIPT) >= STEPS_MIN
    assert len(transcript.answers) + len(transcript.left_out) == sum(step.kind != "restart" for step in SCRIPT)
    if transcript.left_out:
        steps = "; ".join(f"{number} {SCRIPT[number]}" for number in transcript.left_out)
        record_property(f"conversation: what {transcript.channel} cannot have", steps)


def test_the_answers_are_the_same_everywhere() -> None:
    first, *others = TRANSCRIPTS.values()
    assert {first.channel, *(other.channel for other in others)} == set(TALKERS)
    for other in others:
        for number in first.answers.keys() & other.answers.keys():
            mine, theirs = (set(each.answers[number]) for each in (first, other))
            assert mine == theirs, f"step {number}, {SCRIPT[number]}: {first.channel} and {other.channel} differ"

"""Plays a script on one channel, and keeps what the bot answered in neutral words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from chatbot.front import Front
from chatbot.message import Incoming, Reply
from tests.flows import talkers
from tests.flows.conversation.neutral import blanked, neutral
from tests.flows.conversation.script import Need, Step, by_owner
from tests.flows.stories import Story
from tests.flows.talkers import SILENCE_SECONDS, Talker, seen

PEOPLE = {
    "owner": talkers.OWNER,
    "operator": talkers.OPERATOR,
    "viewer": talkers.VIEWER,
    "second": talkers.SECOND,
    "stranger": talkers.STRANGER,
}
HAS: dict[str, frozenset[Need]] = {
    "terminal": frozenset({"typing"}),
    "telegram": frozenset({"people", "typing", "age"}),
    "discord": frozenset({"people", "age"}),
}

LOGGED = '{"event": "beat", "level": "info", "timestamp": "2026-01-05T00:00:05Z"}\n'


@dataclass
class Transcript:
    """What came of a script on one channel: each step's answers in neutral words; those `left_out` have none."""

    channel: str
    answers: dict[int, list[str]] = field(default_factory=dict)
    left_out: list[int] = field(default_factory=list)


class Talk:
    """Scripts on one channel, one bot's folder after all of them. `code` gives another one-time code each time."""

    def __init__(self, folder: Path, talker: Talker, code: Callable[[], str]) -> None:
        self.talker, self._code = talker, code
        self.transcript = Transcript(talker.name)
        self._replies: list[Reply | None] = []
        self._story = Story(folder, talker, through=self._tapped)
        log = folder / "simulated" / "bot.log"  # the program makes it, and here there is only the bot
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(LOGGED)

    def _tapped(self, front: Front) -> Front:
        """The router, overheard."""

        async def handle(incoming: Incoming) -> Reply | None:
            reply = await front.handle(incoming)
            self._replies.append(reply)
            return reply

        return replace(front, handle=handle)

    async def play(self, script: Sequence[Step], first: int = 0, **settings: str) -> None:
        """From a start to the end, the steps counted from `first`. Raises AssertionError that names the step."""
        steps, before, sees = list(enumerate(script, first)), list(self.talker.texts()), ()
        self._story.settings = settings
        while steps:
            async with self._story.bot():
                if sees:
                    await seen(self.talker, *sees, besides=before)
                while steps:
                    number, step = steps.pop(0)
                    before, sees = list(self.talker.texts()), step.sees
                    if step.kind == "restart":
                        break
                    await self._taken(number, step)

    async def _taken(self, number: int, step: Step) -> None:
        if self.talker.name == "terminal" and not step.needs:
            step = by_owner(step)
        if not self._can(step):
            self.transcript.left_out.append(number)
            return
        self._replies.clear()
        try:
            await self._do(step)
        except AssertionError as error:
            raise AssertionError(f"step {number} on {self.talker.name}: {step}: {error}") from error
        self.transcript.answers[number] = [self._kept(step, reply) for reply in self._replies]

    def _can(self, step: Step) -> bool:
        if not step.needs <= HAS[self.talker.name]:
            return False
        return step.kind not in ("say", "together") or self.talker.can(PEOPLE[step.who.split("+")[0]], step.what)

    def _kept(self, step: Step, reply: Reply | None) -> str:
        if reply is None:
            return ""
        return blanked(reply.title if step.own else neutral(reply))

    async def _do(self, step: Step) -> None:
        before = list(self.talker.texts())
        people = [PEOPLE[who] for who in step.who.split("+") if who]
        match step.kind:
            case "say" | "together":
                await asyncio.gather(*(self.talker.say(who, step.what, ago=step.ago) for who in people))
            case "press":
                await self.talker.press(people[0], step.what)
            case "silence":
                await self._unanswered(people[0], step)
                return
            case "code":
                await self.talker.code(people[0], self._code() if step.what == "right" else "000000")
            case "live":
                await self._story.live(step.minutes)
        if step.sees:
            await seen(self.talker, *step.sees, besides=before)
        await self._answered(len(people))

    async def _answered(self, count: int) -> None:
        """Until everybody has an answer."""
        async with asyncio.timeout(talkers.ANSWER_SECONDS):
            while len(self._replies) < count:  # noqa: ASYNC110 - whatever platform it is, it has no event for that
                await asyncio.sleep(0.01)

    async def _unanswered(self, who: int, step: Step) -> None:
        shown = [text for text in self.talker.texts() if str(who) not in text]
        await self.talker.say(who, step.what)
        await asyncio.sleep(SILENCE_SECONDS)
        now = [text for text in self.talker.texts() if str(who) not in text]  # but the owner, who is told of them
        assert now == shown, f"somebody was answered: {now[-1]}"
        assert not [reply for reply in self._replies if reply], "the router has an answer for a stranger"

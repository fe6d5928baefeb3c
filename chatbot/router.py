"""The one way in: every line and every button of every channel becomes an answer here, in one fixed order.

Stranger -> unknown word -> role -> lock -> stale -> arguments -> confirmation -> run -> reply. Nothing is queued: each
line is its own coroutine, so that a /kill never waits for another command. A command without a timeout (/kill) is
called before `handle` first yields. Channels must not cancel `handle`, since what it runs may be half done.
"""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from chatbot.access import HOST, Confirmations
from chatbot.beside import Beside
from chatbot.call import Call
from chatbot.command import (
    SHOWN_LENGTH_MAX,
    Command,
    Context,
    Misread,
    Nature,
    Preview,
    Risk,
    find,
)
from chatbot.completing import words_for
from chatbot.confirming import CONFIRM, DECLINE, NOTHING_WAITS, Confirming
from chatbot.line import Line, read_line
from chatbot.message import Button, Incoming, Person, Reply, Role
from chatbot.second_factor import SecondFactor
from trading.clock import real_now
from trading.domain.errors import ChatopsError, Stale
from trading.engine.desk import Desk

STALE_AFTER = timedelta(seconds=60)
STRANGER_ALERT_EVERY = timedelta(hours=1)
IN_FLIGHT_MAX = 8  # commands of one person at a time; what lowers risk is not counted

T = TypeVar("T")
log = logging.getLogger(__name__)


class Refused(ChatopsError):
    """A call that the router does not run, in one sentence."""


@dataclass(frozen=True, slots=True)
class Told:
    """Whom the router tells what is not an answer."""

    stranger: Callable[[Person], None]
    error: Callable[[str, Exception], None]  # the command's name, what it raised


class Router:
    """Answers for one bot. `beside` is what commands are given beside the desk; `for_host` are commands that only the
    host has besides; `now` is real time (aware UTC)."""

    def __init__(
        self,
        desk: Desk,
        beside: Beside,
        commands: Mapping[str, Command],
        confirmations: Confirmations,
        told: Told,
        *,
        second_factor: SecondFactor | None = None,
        for_host: Mapping[str, Command] | None = None,
        now: Callable[[], datetime] = real_now,
    ) -> None:
        self._desk, self._beside, self._commands, self._told = desk, beside, commands, told
        self._access, self._lock, self._now = beside.access, beside.lock, now
        self._confirming = Confirming(confirmations, second_factor)
        self._for_host = {**commands, **(for_host or {})}
        self._access.listen(confirmations.forget)
        self._stranger_told_at: datetime | None = None
        self._lowered_at: datetime | None = None  # when the newest line that lowered risk was sent
        self._in_flight: Counter[tuple[str, str]] = Counter()
        self._unfinished: set[asyncio.Future[Reply]] = set()

    async def handle(self, incoming: Incoming) -> Reply | None:
        """The answer to one line or button press; None where nothing may be answered. Never raises an Exception."""
        role = self._access.role_of(incoming.person)
        if role is None:
            self._stranger(incoming)
            return None
        if incoming.unowned:
            return None
        line = read_line(incoming.text)
        name = line.word[:SHOWN_LENGTH_MAX]
        try:
            return await self._routed(incoming, role, self._confirming.typed(incoming, line))
        except ChatopsError as error:
            return Reply(f"/{name}: not done", note=_sentence(str(error)), failed=True)
        except Exception as error:  # the outer edge: one broken command must not take the chat down
            log.exception("command failed: /%s", name)
            self._tell(self._told.error, name, error)
            note = f"{type(error).__name__}. The log has the rest."
            return Reply(f"Something went wrong in /{name}", note=note, failed=True)

    def complete(self, person: Person, command: str, parameter: str, typed: str) -> list[str]:
        """What an argument may become that begins with `typed`, the likeliest first; nothing for who may not run it."""
        found, role = find(self._commands, command), self._access.role_of(person)
        if found is None or role is None or role < found.role:
            return []
        return words_for(found, parameter, typed, self._beside.words)

    async def _routed(self, incoming: Incoming, role: Role, line: Line) -> Reply:
        if line.word in (CONFIRM, DECLINE):
            return await self._answered(incoming, role, line)
        call = self._call(incoming, role, line)
        if call is None:
            return self._unknown(line.word)
        self._admit(call)
        if call.nature.risk is Risk.RAISES and call.command.preview:
            return await self._asked(call)
        return await self._run(call)

    # --- the checks, in their order ---

    def _stranger(self, incoming: Incoming) -> None:
        now, person = self._now(), incoming.person
        if not incoming.unowned:
            self._tell(self._beside.knocks.heard, person)
        if self._stranger_told_at is None or now - self._stranger_told_at >= STRANGER_ALERT_EVERY:
            self._stranger_told_at = now
            self._tell(self._told.stranger, person)

    def _unknown(self, word: str) -> Reply:
        shown = self._confirming.shown(word[:SHOWN_LENGTH_MAX])
        words = {w: each.name for each in self._commands.values() for w in (each.name, *each.aliases)}
        near = [w for w in words if shown and w.startswith(shown)] or difflib.get_close_matches(shown, words, n=1)
        if not near:
            return Reply(f"Unknown command: {shown or 'nothing'}", note="Send /help for what there is.")
        name = words[near[0]]
        return Reply(
            f"Unknown command: {shown}", note=f"Did you mean /{name}?", buttons=(Button(f"/{name}", f"/{name}"),)
        )

    def _call(self, incoming: Incoming, role: Role, line: Line) -> Call | None:
        commands = self._for_host if incoming.person.channel == HOST else self._commands
        found = find(commands, line.word)
        if found is None:
            return None
        context = Context(self._desk, incoming.person, role, commands, self._beside, progress=incoming.progress)
        try:
            arguments = found.parse(line.words)
        except Misread as misread:
            return Call(incoming, found, {}, Nature(found.role, found.risk), context, misread)
        return Call(incoming, found, arguments, found.nature(context, arguments), context)

    def _admit(self, call: Call) -> None:
        """Role, lock, age, arguments. Raises Refused, Locked, Misread."""
        if call.context.role < call.nature.role:
            needed = call.nature.role.word
            raise Refused(f"{call.line} needs the {needed} role; yours is {call.context.role.word}: ask who has it")
        if call.nature.risk is Risk.RAISES:
            if call.command.preview:
                self._lock.check(call.line)
                self._confirming.check_open()
            self._fresh(call.incoming)
        if call.misread:
            raise call.misread

    def _fresh(self, incoming: Incoming) -> None:
        age = self._now() - incoming.sent_at
        if age > STALE_AFTER:
            raise Refused(f"this was sent {age.total_seconds():.0f} s ago: send it again if you still want it")
        if self._lowered_at and incoming.sent_at < self._lowered_at:
            raise Refused("something that lowers risk was sent after it: send it again if you still want it")

    # --- what raises risk: asked, then answered ---

    async def _asked(self, call: Call) -> Reply:
        preview = await self._preview(call)
        if not preview.fingerprint:
            return preview.reply
        return self._confirming.asked(call.incoming, call.line, preview.fingerprint, preview.reply)

    async def _answered(self, incoming: Incoming, role: Role, line: Line) -> Reply:
        self._fresh(incoming)
        waited = self._confirming.answered(incoming, line)
        if waited is None:
            return NOTHING_WAITS
        if line.word == DECLINE:
            return Reply(f"{waited.line}: not done", note="Nothing has changed.")
        call = self._call(incoming, role, read_line(waited.line))
        assert call is not None, waited.line
        self._admit(call)
        self._confirming.prove(incoming, line, waited)
        if (await self._preview(call)).fingerprint != waited.fingerprint:
            raise Stale(f"what {waited.line} would change is no longer what you saw: send it again")
        if self._access.role_of(incoming.person) is not role:
            raise Stale("your role has changed since: send it again")
        self._admit(call)  # the preview may have waited
        return await self._run(replace(call, context=replace(call.context, fingerprint=waited.fingerprint)))

    async def _preview(self, call: Call) -> Preview:
        assert call.command.preview, call.command.name
        with self._counted(call):
            return await _within(call.command.timeout_seconds, call.command.preview(call.context, **call.arguments))

    # --- run ---

    async def _run(self, call: Call) -> Reply:
        if call.nature.risk is Risk.LOWERS:
            self._lowered_at = max(call.incoming.sent_at, self._lowered_at or call.incoming.sent_at)
        with self._counted(call):
            if call.changes:
                return await self._change(call)
            return await _within(call.command.timeout_seconds, call.command.run(call.context, **call.arguments))

    @contextmanager
    def _counted(self, call: Call) -> Iterator[None]:
        """Bounds what one person has running; what lowers risk is neither counted nor refused."""
        key = call.incoming.person.key
        if call.nature.risk is Risk.LOWERS:
            yield
            return
        if self._in_flight[key] >= IN_FLIGHT_MAX:
            raise Refused(f"{IN_FLIGHT_MAX} of your commands are still running: wait for one of them")
        self._in_flight[key] += 1
        try:
            yield
        finally:
            self._in_flight[key] -= 1

    async def _change(self, call: Call) -> Reply:
        """A change is never cut off half-way: past its time it goes on alone, and the person is told so."""
        if call.command.timeout_seconds is None:
            return await self._recorded(call)
        task = asyncio.ensure_future(self._recorded(call))
        self._unfinished.add(task)
        task.add_done_callback(self._finished)
        done, _ = await asyncio.wait([task], timeout=call.command.timeout_seconds)
        if done:
            return task.result()
        return Reply(f"{call.line}: still at work", note="It goes on by itself: /status shows when it is done.")

    def _finished(self, task: asyncio.Future[Reply]) -> None:
        self._unfinished.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("a change ended with %s: %s", type(error).__name__, error)

    async def _recorded(self, call: Call) -> Reply:
        try:
            reply = await call.command.run(call.context, **call.arguments)
        except Exception as error:
            self._audit(call, f"failed: {type(error).__name__}")
            raise
        return reply if self._audit(call, reply.title) else replace(reply, note=_and(reply.note, "Not in the audit."))

    def _audit(self, call: Call, result: str) -> bool:
        """Whether it was written: the answer to a /kill does not hang on that."""
        person = call.incoming.person
        try:
            self._desk.audit(person.by, person.channel, call.line, result)
        except Exception as error:  # the outer edge: an audit that fails must not hide what was done
            log.exception("audit failed: %s", call.line)
            self._tell(self._told.error, "audit", error)
            return False
        return True

    def _tell(self, listener: Callable[..., None], *what: object) -> None:
        """Telling others may fail as well (a store that fails, fails for all), and the answer is owed all the same."""
        try:
            listener(*what)
        except Exception:  # the outer edge
            log.exception("could not be told")


async def _within(seconds: float | None, work: Awaitable[T]) -> T:
    """What `work` gives, if it does within its time; a read that hangs is cut off. Raises Refused."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise Refused(f"no answer within {seconds or 0:.0f} s: try again") from None


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _and(text: str, more: str) -> str:
    return f"{text} {more}".strip()

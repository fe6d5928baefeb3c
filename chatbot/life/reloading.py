"""Reading the settings again while the bot runs: what can be taken at once is, everything else is named."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chatbot.config import Settings
from chatbot.program import Change, ReloadPage
from chatbot.wiring.settings_shown import shown, variable
from trading.domain.errors import Stale

Taker = Callable[[Settings], None]  # makes a field of the settings hold; it must not raise for settings that are right


@dataclass(slots=True)
class Reloading:
    """`current` are the settings in force and `given` the fields of them that are set; `reread` reads them again, with
    the names of files beside them that have changed, and raises Misconfigured; `takers` are the fields that can change
    at once."""

    current: Settings
    reread: Callable[[], tuple[Settings, Sequence[str]]]
    takers: Mapping[str, Taker]
    given: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.given = frozenset(self.current.model_fields_set)

    async def preview(self) -> ReloadPage:
        """What has changed. Raises Misconfigured."""
        return self._page(*await asyncio.to_thread(self.reread))

    async def reload(self, fingerprint: str) -> ReloadPage:
        """Take what was previewed. Raises Stale, Misconfigured."""
        read, files = await asyncio.to_thread(self.reread)
        page = self._page(read, files)
        if page.fingerprint != fingerprint:
            raise Stale("the settings have changed since the preview: send /reload again")
        self._take(read)
        return page

    def _page(self, read: Settings, files: Sequence[str]) -> ReloadPage:
        changed = self._changed(read)
        now = [Change(variable(f), *_words(f, self.current, read)) for f in changed if f in self.takers]
        restart = [*(variable(field) for field in changed if field not in self.takers), *files]
        return ReloadPage(tuple(now), tuple(restart), _fingerprint(read, changed, files))

    def _changed(self, read: Settings) -> list[str]:
        return [f for f in Settings.model_fields if getattr(read, f) != getattr(self.current, f)]

    def _take(self, read: Settings) -> None:
        fields = [field for field in self._changed(read) if field in self.takers]
        self.current = self.current.model_copy(update={field: getattr(read, field) for field in fields})
        self.given = (self.given - set(fields)) | (read.model_fields_set & set(fields))
        for take in dict.fromkeys(self.takers[field] for field in fields):
            take(self.current)


def _words(field: str, before: Settings, after: Settings) -> tuple[str, str]:
    return shown(before, field), shown(after, field)


def _fingerprint(read: Settings, changed: Sequence[str], files: Sequence[str]) -> str:
    """Of what the preview shows; a secret is never among what can be taken at once."""
    text = "|".join([*(f"{field}={shown(read, field)}" for field in changed), *files])
    return hashlib.sha256(text.encode()).hexdigest()[:16]

"""The list of people with one more owner in it."""

from __future__ import annotations

from chatbot.settings.rules import ROLES, people


def with_owner(text: str, who: str) -> str:
    """A list such as `123:viewer` with `who` as owner, all others as they were; a list that is wrong is left behind."""
    try:
        known = people(text, ROLES, groups=True)
    except ValueError:
        known = {}
    return ",".join(f"{each}:{role}" for each, role in ({who: "owner"} | known | {who: "owner"}).items())

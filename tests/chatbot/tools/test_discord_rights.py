"""What a bot may do in a channel: Discord's order of roles and exceptions."""

from __future__ import annotations

from typing import Any

import pytest

from chatbot.tools.discord_rights import ADMINISTRATOR, INVITE, NEEDED, VIEW, invite, missing

SEND = NEEDED["Send Messages"]
BOT, EVERYONE, ROLE, OTHER_ROLE = "7", "1", "2", "3"


def exception(whose: str, *, allow: int = 0, deny: int = 0) -> dict[str, Any]:
    return {"id": whose, "type": 0, "allow": str(allow), "deny": str(deny)}


def lacks(*exceptions: dict[str, Any], everyone: int = INVITE, role: int = 0) -> list[str]:
    guild = {"id": EVERYONE, "roles": [{"id": EVERYONE, "permissions": str(everyone)}]}
    guild["roles"] += [{"id": ROLE, "permissions": str(role)}, {"id": OTHER_ROLE, "permissions": str(INVITE)}]  # type: ignore[operator]
    member = {"user": {"id": BOT}, "roles": [ROLE]}
    return missing(guild, member, {"permission_overwrites": list(exceptions)})


@pytest.mark.parametrize(
    ("exceptions", "given", "wanted"),
    [
        ([], {}, []),
        ([], {"everyone": 0}, list(NEEDED)),
        ([], {"everyone": 0, "role": INVITE}, []),
        ([], {"everyone": 0, "role": ADMINISTRATOR}, []),
        ([exception(EVERYONE, deny=INVITE)], {"role": ADMINISTRATOR}, []),
        ([exception(EVERYONE, deny=VIEW)], {}, list(NEEDED)),
        ([exception(EVERYONE, deny=SEND)], {"role": INVITE}, ["Send Messages"]),
        ([exception(EVERYONE, deny=SEND), exception(ROLE, allow=SEND)], {}, []),
        ([exception(OTHER_ROLE, allow=INVITE)], {"everyone": 0}, list(NEEDED)),
        ([exception(ROLE, deny=SEND), exception(BOT, allow=SEND)], {}, []),
        ([exception(ROLE, allow=SEND), exception(BOT, deny=SEND)], {}, ["Send Messages"]),
    ],
)
def test_roles_then_everyone_then_roles_then_the_bot(
    exceptions: list[dict[str, Any]], given: dict[str, int], wanted: list[str]
) -> None:
    assert lacks(*exceptions, **given) == wanted


def test_the_invitation_asks_for_what_is_needed_and_no_more() -> None:
    assert invite("99") == (
        "https://discord.com/oauth2/authorize?client_id=99&scope=bot%20applications.commands&permissions=117760"
    )

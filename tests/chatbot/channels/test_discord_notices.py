"""Notices to Discord: twenty of them, through everything that can go wrong, in order, none lost, repeats marked."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise

import pytest
from discord_rig import HASTY, Post, rig_on, talking
from fakes_outbox import notice
from fakes_pages import ago

from chatbot.channels.discord_text import COLOURS
from chatbot.message import Picture
from chatbot.outbox.channel import DeliveryFailed, How
from tests.doubles.discord import CHANNEL, DiscordDouble

ALL = [f"notice {n}" for n in range(1, 21)]
TWENTY = [notice(n) for n in range(1, 21)]


def titles(double: DiscordDouble) -> list[str]:
    """The bold line of each message."""
    return [found.group(1) for m in double.messages if (found := re.match(r"\*\*(.*?)\*\*", m.content))]


async def test_twenty_notices_arrive_in_order_as_new_messages() -> None:
    async with talking() as rig:
        post = Post(rig)
        post.store.owe(*TWENTY)
        async with post.delivering():
            await post.all_delivered()
        assert titles(rig.double) == ALL
        assert all(m.channel_id == CHANNEL and m.body["allowed_mentions"] == {"parse": []} for m in rig.double.messages)


async def test_six_seconds_of_502() -> None:
    async with talking() as rig:
        post = Post(rig)
        post.store.owe(*TWENTY)
        rig.double.fault("message", 502, for_seconds=6 / 20)
        async with post.delivering():
            await post.all_delivered()
        assert titles(rig.double) == ALL
        assert post.slept


async def test_429_is_waited_for_exactly_and_repeats_nothing() -> None:
    async with talking() as rig:
        post = Post(rig)
        post.store.owe(*TWENTY)
        rig.double.fault("message", 429, seconds=3, count=3)
        async with post.delivering():
            await post.all_delivered()
        assert titles(rig.double) == ALL
        assert post.slept == [3.0, 3.0, 3.0]


async def test_accepted_but_answered_too_late_discord_drops_the_repeats_by_their_nonce() -> None:
    async with talking(waits=HASTY) as rig:
        post = Post(rig)
        post.store.owe(*TWENTY)
        rig.double.fault("message", "slow", seconds=2.0, count=2)
        async with post.delivering():
            await post.all_delivered()
        assert titles(rig.double) == ALL


async def test_where_nonces_do_not_help_just_the_unknown_ones_are_repeated_and_marked() -> None:
    async with talking(waits=HASTY) as rig:
        post = Post(rig)
        post.store.owe(*TWENTY)
        rig.double.api.enforces_nonces = False
        rig.double.fault("message", "slow", seconds=2.0, count=1)
        async with post.delivering():
            await post.all_delivered()
        assert titles(rig.double) == ["notice 1", "notice 1 (repeat)", *ALL[1:]]


@pytest.mark.parametrize(("kind", "repeated"), [("reset_before", []), ("reset_after", ["notice 1"])])
async def test_a_dropped_connection_is_of_unknown_outcome(kind: str, repeated: list[str]) -> None:
    async with talking() as rig:
        post = Post(rig)
        post.store.owe(*TWENTY)
        rig.double.api.enforces_nonces = False
        rig.double.fault("message", kind, count=1)
        async with post.delivering():
            await post.all_delivered()
        assert titles(rig.double) == [*repeated, "notice 1 (repeat)", *ALL[1:]]


async def test_markup_of_others_is_shown_as_it_is() -> None:
    nasty = [
        "a `b` **c** __d__ ~~e~~ ||f||",
        "```code```",
        "@everyone <@123456789012345678>",
        "# h\n> q\n- l",
        "[a](b) \\",
    ]
    rows = [
        notice(n, title=f"notice {n} {nasty[n % 5]}", fields=(("Said", nasty[n % 5]),), note=nasty[n % 5])
        for n in range(1, 21)
    ]
    async with talking() as rig:
        post = Post(rig)
        post.store.owe(*rows)
        async with post.delivering():
            await post.all_delivered()
        assert [int(m.content.split()[1]) for m in rig.double.messages] == list(range(1, 21))
        for message in rig.double.messages:
            assert message.text.count("```") == 2  # our own fence and no other
            outside = "".join(message.text.split("```")[::2])
            assert "@everyone" not in outside
            assert "<@1" not in outside
            assert not re.search(r"(?<!\\)[`_~|]", outside)


async def test_five_thousand_characters_arrive_whole_and_no_message_is_too_long() -> None:
    words = [f"w{n:04}" for n in range(835)]
    async with talking() as rig:
        post = Post(rig)
        post.store.owe(*(notice(n, note=" ".join(words)) for n in range(1, 21)))
        async with post.delivering():
            await post.all_delivered()
        assert titles(rig.double) == ALL
        text = "\n".join(m.text for m in rig.double.messages)
        assert re.findall(r"w\d{4}", text) == words * 20
        assert rig.double.messages[1].content.startswith("-# 2 of ")


async def test_a_part_that_has_arrived_is_not_sent_again() -> None:
    words = [f"w{n:04}" for n in range(835)]
    async with talking() as rig:
        post = Post(rig)
        rig.double.api.enforces_nonces = False
        post.store.owe(notice(1, note=" ".join(words)))
        async with post.delivering():
            await rig.double.wait_for(lambda: rig.double.messages)
            rig.double.fault("message", 502, count=1)
            await post.all_delivered()
        assert re.findall(r"w\d{4}", "\n".join(m.text for m in rig.double.messages)) == words


async def test_a_part_of_unknown_outcome_is_repeated_alone_and_marked() -> None:
    words = [f"w{n:04}" for n in range(600)]
    async with talking() as rig:
        post = Post(rig)
        rig.double.api.enforces_nonces = False
        rig.double.fault("message", "unused", count=1)  # the first part passes
        rig.double.fault("message", "reset_after", count=1)
        post.store.owe(notice(1, note=" ".join(words)))
        async with post.delivering():
            await post.all_delivered()
        heads = [m.content.split("\n")[0] for m in rig.double.messages]
        total = len(heads) - 1
        assert heads[:3] == ["**notice 1**", f"-# 2 of {total}", f"-# 2 of {total}, repeat"]
        assert not any("repeat" in head for head in heads[3:])


async def test_the_api_is_down_when_the_bot_starts() -> None:
    async with talking(start=False) as rig:
        post = Post(rig)
        post.store.owe(*TWENTY)
        await rig.double.go_down()
        rig.start()
        async with post.delivering():
            await asyncio.sleep(10 / 20)
            assert rig.double.messages == []
            await rig.double.come_back()
            await post.all_delivered()
            await rig.listening()
        assert titles(rig.double) == ALL


async def test_a_killed_process_goes_on_where_it_was() -> None:
    async with talking() as rig:
        post = Post(rig)
        post.store.owe(*TWENTY)
        rig.double.api.enforces_nonces = False
        for _ in range(3):
            rig.double.fault("message", "unused", count=1)
        rig.double.fault("message", "slow", seconds=5, count=1)
        async with post.delivering():
            await rig.double.wait_for(lambda: len(rig.double.messages) == 4)
        again = rig_on(rig.double)
        async with Post(again, post.store).delivering() as second:
            await second.all_delivered()
        await again.channel.close()
        assert titles(rig.double) == [*ALL[:4], "notice 4 (repeat)", *ALL[4:]]


async def test_it_says_what_names_the_first_message_and_replies_where_it_is_told() -> None:
    words = " ".join(f"w{n:04}" for n in range(835))
    async with talking() as rig:
        first = await rig.channel.deliver(notice(1, trade_id="a", note=words), How())
        assert first == rig.double.messages[0].id
        parts = len(rig.double.messages)
        await rig.channel.deliver(notice(2, trade_id="a", note=words), How(reply_to=first))
        assert [m.reply_to for m in rig.double.messages] == [""] * parts + [first] + [""] * (parts - 1)
        assert rig.double.messages[parts].body["message_reference"]["fail_if_not_exists"] is False


async def test_a_silent_notice_rings_no_phone() -> None:
    async with talking() as rig:
        await rig.channel.deliver(notice(1), How(silent=True))
        await rig.channel.deliver(notice(2), How())
        assert [m.body.get("flags", 0) for m in rig.double.messages] == [4096, 0]


async def test_a_notice_has_the_colour_of_its_mood_and_its_title_before_it() -> None:
    async with talking() as rig:
        await rig.channel.deliver(notice(1, mood="gain"), How())
        [message] = rig.double.messages
        assert message.content == "**notice 1**"
        assert message.embed["color"] == COLOURS["gain"]


async def test_a_picture_goes_with_the_last_part_in_its_embed() -> None:
    picture = Picture(b"\x89PNG and so on", "the day's profit as a curve")
    async with talking() as rig:
        await rig.channel.deliver(notice(1, note=" ".join(["word"] * 600)), How(picture=picture))
        *others, last = rig.double.messages
        assert others
        assert not any(m.files for m in others)
        assert last.files == {"picture.png": picture.png}
        assert last.embed["image"] == {"url": "attachment://picture.png"}
        assert last.body["attachments"][0]["description"] == picture.caption


async def test_a_picture_that_is_refused_holds_up_no_text() -> None:
    async with talking() as rig:
        rig.double.fault("message", 413, count=1)
        await rig.channel.deliver(notice(1), How(picture=Picture(b"png", "a curve")))
        [message] = rig.double.messages
        assert message.content.startswith("notice 1")
        assert message.files == {}


@pytest.mark.parametrize("lacking", ["embed", "attach"])
async def test_without_the_permission_to_embed_notices_come_plain_and_it_is_told_once(lacking: str) -> None:
    how = How(picture=Picture(b"png", "a curve"))
    async with talking() as rig:
        rig.double.api.lacks = {lacking}
        for n in (1, 2):
            await rig.channel.deliver(notice(n), how)
        assert [m.content.split("\n")[0] for m in rig.double.messages] == ["notice 1", "notice 2"]
        assert len(rig.told) == 1
        assert "Embed Links" in rig.told[0]
        rig.double.api.lacks.clear()
        await rig.channel.deliver(notice(3), how)
        assert rig.double.messages[2].embed
        rig.double.api.lacks = {lacking}
        await rig.channel.deliver(notice(4), how)
        assert len(rig.told) == 2


@pytest.mark.parametrize("trouble", ["deleted", "hidden", "send", "kicked", "token"])
async def test_what_people_must_mend_is_told_once_and_mended_by_itself(trouble: str) -> None:
    async with talking() as rig:
        double, post = rig.double, Post(rig)
        server, before = double.server, dict(double.server.channels)
        token = double.token
        make = {
            "deleted": lambda: server.channels.pop(CHANNEL),
            "hidden": lambda: server.hidden.add(CHANNEL),
            "send": lambda: double.api.lacks.add("send"),
            "kicked": lambda: setattr(server, "bot_is_in", False),
            "token": lambda: setattr(double, "token", "another"),
        }
        make[trouble]()
        post.store.owe(*TWENTY)
        async with post.delivering():
            await double.wait_for(lambda: len(post.slept) >= 3)
            assert len(rig.told) == 1
            assert not any(token in text for text in rig.told)
            server.channels.update(before)
            server.hidden.clear()
            double.api.lacks.clear()
            server.bot_is_in, double.token = True, token
            await post.all_delivered()
        assert titles(double) == ALL
        assert len(rig.told) == 1


async def test_a_late_notice_says_so() -> None:
    async with talking() as rig:
        post = Post(rig)
        post.store.owe(notice(1, at=ago(200)))
        async with post.delivering():
            await post.all_delivered()
        assert titles(rig.double) == ["notice 1 (3 min late)"]


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "DISCORD_BOT_TOKEN"), (403, "View Channel"), (404, "DISCORD_CHANNEL_ID"), (503, "answered 503")],
)
async def test_what_people_must_mend_is_said_with_its_fix(status: int, words: str) -> None:
    async with talking() as rig:
        rig.double.fault("message", status)
        with pytest.raises(DeliveryFailed, match=words) as caught:
            await rig.channel.deliver(notice(1), How())
        assert not caught.value.unknown
        assert rig.double.token not in str(caught.value)


async def test_a_text_that_discord_refuses_is_sent_again_plain() -> None:
    async with talking() as rig:
        await rig.channel.deliver(notice(1, trade_id="a"), How())
        rig.double.fault("message", 400, count=1)
        await rig.channel.deliver(notice(2, trade_id="a"), How(reply_to=rig.double.messages[0].id))
        assert rig.double.messages[1].content.startswith("notice 2")
        assert rig.double.messages[1].reply_to == ""


async def test_one_that_discord_refuses_in_every_form_holds_up_nothing() -> None:
    async with talking() as rig:
        post = Post(rig)
        rig.double.fault("message", 400, count=6)
        post.store.owe(*TWENTY)
        async with post.delivering():
            await post.all_delivered()
        assert titles(rig.double)[0].startswith("Notice 1 (fill) cannot be shown here")
        assert titles(rig.double)[1:] == ALL[1:]
        assert [name for name, _ in post.errors] == ["discord"]


async def test_a_used_up_rate_limit_is_not_run_into(monkeypatch: pytest.MonkeyPatch) -> None:
    def nearly_used(remaining: int, reset_after: float) -> dict[str, str]:
        return {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "0.2"}

    async with talking() as rig:
        monkeypatch.setattr("tests.doubles.discord_replies.limits", nearly_used)
        for n in (1, 2, 3):
            await rig.channel.deliver(notice(n), How())
        times = [m.at for m in rig.double.messages]
        assert [b - a >= 0.19 for a, b in pairwise(times)] == [True, True]


async def test_a_hanging_api_is_given_up_in_time() -> None:
    async with talking(waits=HASTY) as rig:
        rig.double.fault("message", "hang")
        with pytest.raises(DeliveryFailed) as caught:
            async with asyncio.timeout(HASTY.post * 2):
                await rig.channel.deliver(notice(1), How())
        assert caught.value.unknown

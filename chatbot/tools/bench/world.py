"""All that stands around the measured bot, as a process: the Bot API's double, and the wire to the exchange.

    python -m chatbot.tools.bench.world EXCHANGE_PORT

Its work is not the bot's, and so not in the bot's process. Orders come in by standard input as JSON lines; each gets
one line back. Moments are seconds of the machine's monotonic clock.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from chatbot.tools.bench.bot_api import GROUP, OWNER, BotApi
from chatbot.tools.bench.relay import Relay, pages_of
from trading.clock import monotonic

BOT_TOKEN, BARE_TOKEN = "7000000001:bench-the-measured-bot", "7000000002:bench-the-bare-library"
KILLED = "KILLED"  # is in the answer to a /kill
WAIT_SECONDS_MAX = 35.0  # for a kill whose every step waits for the exchange as long as it may

Json = dict[str, Any]


class World:
    """The Bot API and the wire, and what they have seen of one kill."""

    def __init__(self, exchange_port: int) -> None:
        self._news = asyncio.Event()
        self._asked, self._word = BOT_TOKEN, KILLED  # of whom an answer is awaited, and what it has
        self._reply_at: float | None = None
        self.api = BotApi(self._heard, self._news.set)
        self.relay = Relay(exchange_port, self._news.set)

    def _heard(self, token: str, chat: int, text: str) -> None:
        if token == self._asked and chat == OWNER and self._word in text and self._reply_at is None:
            self._reply_at = monotonic()
        self._news.set()

    async def do(self, order: Json) -> Json:
        """One order. Raises TimeoutError for what does not come, AttributeError for an unknown one."""
        answer: Json = await getattr(self, f"do_{order.pop('do')}")(**order)
        return answer

    async def do_kill(self, *, answered: bool) -> Json:
        """The owner sends /kill; when its bytes could be read, when the first cancel was on the wire, and (`answered`)
        when the answer had come."""
        box, self._asked, self._word = self.api.boxes[BOT_TOKEN], BOT_TOKEN, KILLED
        self._reply_at = self.relay.cancel_at = box.read_at = None
        self.api.say(BOT_TOKEN, OWNER, "/kill")
        await self._until(lambda: self.relay.cancel_at and (self._reply_at or not answered))
        return {"readable": box.read_at, "cancel": self.relay.cancel_at, "reply": self._reply_at}

    async def do_answered(self) -> Json:
        """Wait for the answer to the last kill."""
        await self._until(lambda: self._reply_at)
        return {}

    async def do_bare(self) -> Json:
        """The owner sends /kill to the bare library; it says itself when it has handled it."""
        box = self.api.boxes[BARE_TOKEN]
        box.read_at = None
        self.api.say(BARE_TOKEN, OWNER, "/kill")
        await self._until(lambda: box.read_at)
        return {"readable": box.read_at}

    async def do_round(self, *, token: str, line: str, word: str) -> Json:
        """The owner sends a line to a bot; when its bytes could be read, and when an answer with `word` had come."""
        box, self._asked, self._word = self.api.boxes[token], token, word
        self._reply_at = box.read_at = None
        self.api.say(token, OWNER, line)
        await self._until(lambda: self._reply_at)
        return {"readable": box.read_at, "reply": self._reply_at}

    async def do_ask(self, *, count: int = 1, line: str = "/status") -> Json:
        """Somebody sends a line to the group, so many times."""
        for _ in range(count):
            self.api.say(BOT_TOKEN, GROUP, line)
        return {}

    async def do_chat(self, *, answering: bool = True, refusing: bool = False) -> Json:
        """How messages are answered from now on."""
        self.api.answer(answering)
        self.api.refusing = refusing
        return {}

    async def do_exchange(self, *, flowing: bool) -> Json:
        """Whether the exchange answers from now on."""
        self.relay.flow(flowing)
        return {}

    async def do_held(self, *, requests: int = 0, messages: int = 0) -> Json:
        """Wait until so many requests hang at the exchange, and so many messages in the chat."""
        await self._until(lambda: self.relay.held >= requests and self.api.held >= messages)
        return {}

    async def do_list(self, *, market: Json) -> Json:
        """From now on all open markets are 15,000 like this one."""
        self.relay.pages = await asyncio.to_thread(pages_of, market)
        return {}

    async def _until(self, done: Callable[[], object]) -> None:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not done():
                self._news.clear()
                await self._news.wait()


async def main(exchange_port: int) -> None:
    """Serve until standard input ends."""
    world = World(exchange_port)
    where = {"chat_port": await world.api.start(), "exchange_port": await world.relay.start()}
    print(json.dumps(where), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await world.do(json.loads(line))), flush=True)
    world.relay.close()
    await world.api.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))

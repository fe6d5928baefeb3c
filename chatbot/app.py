"""The front door of the program: settings in, a bot out. Tests call the same function with doubles."""

from __future__ import annotations

from collections.abc import Callable

from chatbot.config import Settings
from chatbot.life.intents import intent_files, keep
from chatbot.life.life import App
from chatbot.life.starts import last_moment
from chatbot.wiring.bot import wired
from chatbot.wiring.places import SIMULATED, Places, open_places
from chatbot.wiring.seams import ChannelMaker, Seams, marking, no_channels
from storage.disk import Disk
from storage.store import TinyStore
from trading.clock import RealClock, VirtualClock
from trading.domain.intent import View


async def build(
    settings: Settings,
    *,
    clock: RealClock | VirtualClock | None = None,
    places: Places | None = None,
    channels: ChannelMaker = no_channels,
    faults: str = "none",
    on_beat: Callable[[View], None] | None = None,
    disk: Disk | None = None,
) -> App:
    """Wire a bot from its settings; nothing runs yet. `disk` is what its store writes to. Raises Misconfigured,
    StoreRefused."""
    store = TinyStore.open(settings.data_folder / "store", disk=disk)
    try:
        places = places or await open_places(settings, clock, faults)
        if settings.environment == SIMULATED and not settings.api_base:
            places.clock.advance_to(last_moment(store) or places.clock.now())
        mark, take = marking(settings.data_folder)
        files = intent_files(settings)
        app = wired(settings, store, places, Seams(mark, take, channels, on_beat, intent_log=files.write))
        keep(files, app)
        return app
    except BaseException:
        if places:
            await places.close()
        store.close()
        raise

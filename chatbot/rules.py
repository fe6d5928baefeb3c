"""How people are told about what, by kind of event: on, silent or off."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# What a notice can be about, by the names that NOTIFY and /notify take.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "order": "an order is placed, refused or of unknown outcome",
        "fill": "an order is filled",
        "cancel": "an order is cancelled",
        "settlement": "a trade is over",
        "cash": "money comes or goes",
        "balance": "the balance is low",
        "error": "something fails",
        "recovery": "what failed works again",
        "warning": "a loss nears its limit",
        "halt": "trading stops",
        "resume": "trading goes on",
        "mode": "the dry run is switched",
        "start": "the bot starts",
        "stop": "the bot stops",
        "report": "the daily and weekly report",
        "digest": "many notices in one",
    }
)

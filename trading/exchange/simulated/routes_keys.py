"""The keys of the member on the wire: which there are and what each may do."""

from __future__ import annotations

from trading.exchange.simulated.asks import Answer, Ask
from trading.exchange.simulated.scopes import FULL, Rights
from trading.exchange.simulated.venue import Venue
from trading.exchange.simulated.wire import Json


def api_keys(venue: Venue, ask: Ask) -> Answer:
    return Answer({"api_keys": [_api_key(key_id, venue.rights.get(key_id, FULL)) for key_id in venue.keys]})


def _api_key(key_id: str, rights: Rights) -> Json:
    locked: Json = {} if rights.subaccount is None else {"subaccount": rights.subaccount}
    return {"api_key_id": key_id, "name": rights.name, "scopes": [str(s) for s in rights.scopes], **locked}

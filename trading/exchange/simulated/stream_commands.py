"""What a client may say on the stream, decoded and checked for form; and the refusals with the exchange's codes.

Source: the table of commands and error codes of the WebSocket pages. Codes 6, 16 and 17 are retired.
"""

from __future__ import annotations

import msgspec

from trading.exchange.simulated.wire import Json

UNPARSEABLE, PARAMS_REQUIRED, CHANNELS_REQUIRED, SIDS_REQUIRED, UNKNOWN_COMMAND = 1, 2, 3, 4, 5
UNKNOWN_SID, UNKNOWN_CHANNEL, CHANNEL_ERROR, INVALID_PARAMETER, ONE_SID = 7, 8, 10, 11, 12
UNSUPPORTED_ACTION, TICKER_REQUIRED, ACTION_REQUIRED = 13, 14, 15
INDICES_REQUIRED, BUFFER_OVERFLOW, MARKET_LIMIT, COMMAND_RATE = 24, 25, 26, 27


class CommandRefused(Exception):
    """A command that changed nothing. `sid` 0: not about one subscription; `tickers` are the markets at fault."""

    def __init__(self, code: int, text: str, sid: int = 0, tickers: tuple[str, ...] = ()) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.sid, self.tickers = code, text, sid, tickers

    @property
    def msg(self) -> Json:
        """The error's `msg` on the wire."""
        found: Json = {"code": self.code, "msg": self.text}
        if len(self.tickers) == 1:
            found["market_ticker"] = self.tickers[0]
        elif self.tickers:
            found["market_tickers"] = list(self.tickers)
        return found


class Command(msgspec.Struct, frozen=True):
    """One command; `id` 0 is none."""

    cmd: str = ""
    id: int = 0
    params: msgspec.Raw = msgspec.Raw(b"")


class Params(msgspec.Struct, frozen=True):
    """What any command may be given; unknown fields are let pass, as the exchange does."""

    channels: tuple[str, ...] = ()
    market_ticker: str = ""
    market_tickers: tuple[str, ...] = ()
    market_id: str = ""
    market_ids: tuple[str, ...] = ()
    index_ids: tuple[str, ...] = ()
    sid: int = 0
    sids: tuple[int, ...] = ()
    action: str = ""
    send_initial_snapshot: bool = False
    use_yes_price: bool = False

    @property
    def tickers(self) -> tuple[str, ...]:
        """Every market named, once, in order."""
        named = (self.market_ticker, *self.market_tickers)
        return tuple(dict.fromkeys(ticker for ticker in named if ticker))


def parsed(text: str | bytes) -> Command:
    """The command in a frame. Raises CommandRefused 1."""
    try:
        return msgspec.json.decode(text, type=Command)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise CommandRefused(UNPARSEABLE, "unable to process message") from problem


def params(command: Command) -> Params:
    """The command's parameters. Raises CommandRefused 2 and 11."""
    raw = bytes(command.params)
    if raw in (b"", b"null"):
        raise CommandRefused(PARAMS_REQUIRED, "params required")
    try:
        return msgspec.json.decode(raw, type=Params)
    except msgspec.DecodeError as problem:
        raise CommandRefused(INVALID_PARAMETER, str(problem)) from problem

"""The part of the command line with which the host asks the running bot, or does without it."""

from __future__ import annotations

from typing import Annotated

import typer

host_app = typer.Typer()
access_app = typer.Typer(help="Who may do what, on the running bot or in its store.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Give the program these commands."""
    app.add_typer(host_app)
    app.add_typer(access_app, name="access")


@host_app.command()
def kill() -> None:
    """Stop all trading and cancel every order on the account, with the running bot or without it."""
    _tell("/kill")


@host_app.command()
def status() -> None:
    """What the running bot does; without it, what the exchange says of the account."""
    _tell("/status")


@host_app.command()
def balance() -> None:
    """The cash, and what is at risk."""
    _tell("/balance")


@host_app.command()
def positions() -> None:
    """What is held."""
    _tell("/positions")


@host_app.command()
def unlock() -> None:
    """Open the lock that /lock has closed."""
    _tell("/unlock")


@host_app.command()
def health(
    as_json: Annotated[bool, typer.Option("--json", help="The last line of output is one JSON value.")] = False,
) -> None:
    """Whether the bot on this machine lives: exit code 0 or 1, for whatever starts it anew."""
    from chatbot.config import load
    from chatbot.tools.health import health as look

    raise typer.Exit(look(load(), as_json=as_json))


Channel = Annotated[str, typer.Argument(help="telegram or discord.")]
Account = Annotated[str, typer.Argument(help="The account's number there; &NUMBER is a guild's role on Discord.")]


@access_app.command("list")
def access_list() -> None:
    """Who may do what."""
    _tell("/access list")


@access_app.command("grant")
def access_grant(
    channel: Channel, account: Account, role: Annotated[str, typer.Argument(help="viewer, operator or owner.")]
) -> None:
    """Give somebody a role, at once and for good; it wins over .env."""
    _tell(f"/access grant {channel} {account} {role}")


@access_app.command("revoke")
def access_revoke(channel: Channel, account: Account) -> None:
    """Let somebody in no more, at once and for good, also where .env lists them."""
    _tell(f"/access revoke {channel} {account}")


def _tell(line: str) -> None:
    from chatbot.config import load
    from chatbot.tools.host import tell

    raise typer.Exit(tell(load(), line))


@host_app.command()
def totp(
    new: Annotated[bool, typer.Option("--new", help="Make a secret; the settings are not looked at.")] = False,
) -> None:
    """Show the secret of the one-time codes as an authenticator takes it: an address, and a picture to scan."""
    from chatbot.tools.totp import enrol, make

    if new:
        make()
    else:
        from chatbot.config import load

        enrol(load())

"""``everycase link``: a one-time link to sign in with, as the server prints one at its start."""

from __future__ import annotations

import click

from webapp.settings import Settings

_OFF = "Signing in is off"
_NO_SERVER = "no server answers at {url}: start it with make run, or give its address with --url"
_IS_OFF = "signing in is off at {url}: start it with HOST=127.0.0.1, as make run does, or set "
_IS_OFF += "ADMIN_TOKEN and restart it"


@click.command()
@click.option("--url", metavar="URL", help="Where the server is; by default on this machine.")
@click.pass_obj
def link(settings: Settings, url: str | None) -> None:
    """Print a link that signs one browser in as administrator: once, within an hour.

    It needs the server's VAR_DIR, and its SECRET_KEY if that is set.
    """
    from webapp.server.session_files import SessionFiles

    address = (url or f"http://127.0.0.1:{settings.port}").rstrip("/")
    _check_server(address)
    try:
        secret = SessionFiles(settings.var_dir, key=settings.secret_key).make_link()
    except OSError as error:
        raise click.ClickException(f"the link can't be stored: {error}") from None
    click.echo(f"{address}/sign-in?once={secret}")


def _check_server(address: str) -> None:
    """Raise ClickException unless a server that can sign somebody in answers at the address."""
    from urllib.error import HTTPError
    from urllib.request import urlopen

    if not address.startswith(("http://", "https://")):
        raise click.ClickException(f"--url is {address}: it must begin with http:// or https://")
    try:
        with urlopen(f"{address}/sign-in", timeout=10):
            return
    except HTTPError as error:  # the page of a server that knows links alone is 403, too
        if _OFF in error.read().decode("utf-8", "replace"):
            raise click.ClickException(_IS_OFF.format(url=address)) from None
    except (OSError, ValueError):
        raise click.ClickException(_NO_SERVER.format(url=address)) from None

"""``everycase prepare``: ask a model again, here or in the environment that it was saved in."""

from __future__ import annotations

import click

from webapp.cli.models import sync_versions
from webapp.cli.version_name import VERSION
from webapp.settings import Settings


@click.command()
@click.argument("names", nargs=-1, required=True, type=VERSION, metavar="VERSION...")
@click.option(
    "--env",
    type=click.Choice(["here", "own"]),
    help="Where to ask the model: here, or in its own environment.  [default: PREPARE_ENV]",
)
@click.pass_obj
def prepare(settings: Settings, names: tuple[str, ...], env: str | None) -> None:
    """Compute the tables of versions again, and keep them from now on.

    What --env says holds for these files until it is said otherwise, unless PREPARE_ENV is own.
    """
    from webapp.catalog.index import RECORDS
    from webapp.catalog.listing import as_line
    from webapp.catalog.records import make_record
    from webapp.catalog.scan import Scanner
    from webapp.catalog.venvs.wishes import set_wish
    from webapp.server.preparation import ENVIRONMENTS, create_preparer

    sync_versions(settings)
    scanner = Scanner(settings.models_folder, settings.var_dir / RECORDS)
    entries = {entry.name: entry for entry in scanner.scan() if entry.key and entry.digest}
    missing = sorted(set(names) - set(entries))
    if missing:
        raise click.ClickException(f"no version {', '.join(missing)}: see everycase versions")
    preparer = create_preparer(settings, env=env)
    for name in names:
        entry = entries[name]
        if env is not None:
            environments = settings.var_dir.absolute() / ENVIRONMENTS
            set_wish(environments, entry.digest, own=env == "own")
        place = scanner.record(entry.key)
        if not make_record(settings.models_folder / name, entry, place, preparer):
            raise click.ClickException(f"the files of {name} changed meanwhile: try again")
    lines = [as_line(entry) for entry in scanner.scan() if entry.name in names]
    click.echo("\n".join(lines))
    if any(entry.status == "unavailable" for entry in scanner.scan() if entry.name in names):
        raise click.exceptions.Exit(1)

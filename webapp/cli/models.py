"""Commands of the versions: ``everycase versions``, ``verify`` and ``sync``.

Where versions come from a registry or a bucket, each looks there first.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from webapp.settings import Settings

if TYPE_CHECKING:
    from webapp.catalog.stores.mirror_state import MirrorState

FORGOTTEN = "MODELS_URI is a folder, and this dyno's disk is gone with it"


def require_place(settings: Settings) -> None:
    """Refuse to make a version that goes with the dyno of the command that made it."""
    if settings.forgets_models:
        mend = "set MODELS_URI to models:/NAME or s3://BUCKET/PREFIX"
        raise click.ClickException(f"{FORGOTTEN}: {mend}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def versions(settings: Settings, as_json: bool) -> None:
    """List all model versions, and why some can't be served."""
    from webapp.catalog import listing

    refresh(settings)
    entries = prepared(settings)
    if as_json:
        click.echo(json.dumps([listing.as_json(entry) for entry in entries], indent=2))
        return
    if not entries:
        click.echo(f"No versions in {settings.models_uri}: train one with everycase train")
    for entry in entries:
        click.echo(listing.as_line(entry))


@click.command()
@click.argument("names", nargs=-1, metavar="[VERSION]...")
@click.pass_obj
def verify(settings: Settings, names: tuple[str, ...]) -> None:
    """Ask the models anew: do their stored score tables agree with them?"""
    from webapp.catalog import verify as checks

    refresh(settings)
    run = _runner(settings)
    verdicts = []
    for verdict in checks.verify(settings.models_folder, settings.var_dir, names, run):
        click.echo(f"{verdict.name:<24} {verdict.outcome:<10} {verdict.detail}")
        verdicts.append(verdict)
    missing = set(names) - {verdict.name for verdict in verdicts}
    if missing:
        raise click.ClickException(f"no version {', '.join(sorted(missing))}")
    if any(verdict.outcome == "wrong" for verdict in verdicts):
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--changes", is_flag=True, help="Say only what is new.")
@click.pass_obj
def sync(settings: Settings, *, changes: bool) -> None:
    """Bring the versions of a registry or bucket, and keep the alias champion in step.

    A server does it by itself every MODELS_SECONDS. Status 1 when the place can't be reached.
    """
    from webapp.catalog.stores.mirror_state import read_state

    if not settings.is_mirrored:
        raise click.ClickException(f"MODELS_URI is the folder {settings.models_uri}: nothing to do")
    before = read_state(settings.models_folder)
    state = _look(settings)
    if not changes or state.away != before.away or state.error != before.error:
        click.echo(f"{settings.shown_models}: {_said(state)}")
    if changes and before.marks != state.marks:
        click.echo(f"{len(state.marks)} versions of {settings.shown_models} are here now.")
    if state.away is not None:
        raise click.exceptions.Exit(1)
    _step(settings)


def refresh(settings: Settings) -> None:
    """Look at the registry or bucket, if versions come from one; say when it is away."""
    if settings.is_mirrored:
        state = _look(settings)
        if state.away is not None or state.note:
            click.echo(f"{settings.shown_models}: {_said(state)}", err=True)


def bring(settings: Settings) -> None:
    """Bring the versions of a registry or bucket and prepare what is new, to be used at once."""
    if settings.is_mirrored:
        refresh(settings)
        prepared(settings)


def fill(settings: Settings) -> None:
    """Bring the versions where nobody has done so yet: no server ran here."""
    from webapp.catalog.stores.mirror_state import is_mirror

    if not is_mirror(settings.models_folder):
        bring(settings)


def _look(settings: Settings) -> MirrorState:
    from webapp.catalog.stores import mirror
    from webapp.catalog.stores.open import open_source

    source = open_source(str(settings.models_uri), settings.mlflow_tracking_uri)
    try:
        return mirror.sync_once(source, settings.models_folder, every=settings.models_seconds)
    except OSError as error:
        raise click.ClickException(
            f"{settings.models_folder} can't be written: {error.strerror or error}"
        ) from None


def _step(settings: Settings) -> None:
    """Keep the alias in step, where there is one, and leave word of what is in its way."""
    if not str(settings.models_uri).startswith("models:/"):
        return
    from webapp.catalog.stores import mirror
    from webapp.catalog.stores.mlflow_clients import RemoteError
    from webapp.catalog.stores.registry import open_registry
    from webapp.composition import alias_memory, create_services
    from webapp.db.database import LogUnavailableError
    from webapp.services.models.alias_sync import Step, keep_in_step
    from webapp.timing import now_ms

    alias = open_registry(str(settings.models_uri), settings.mlflow_tracking_uri)
    services = create_services(settings)
    try:
        with alias_memory(settings) as memory:
            done = keep_in_step(services, memory, alias, now_ms)
    except (LogUnavailableError, RemoteError) as error:
        click.echo(f"The alias champion was not brought in step: {error}", err=True)
        done = Step(waits="The alias champion of the registry could not be brought in step.")
    finally:
        services.close()
    if done.said:
        click.echo(done.said)
    mirror.set_note(settings.models_folder, done.waits)


def _said(state: MirrorState) -> str:
    """How the last look went, in a sentence or two."""
    note = f" {state.note}" if state.note else ""
    if state.away is None:
        n = len(state.marks)
        return f"reached; {n} {'version is' if n == 1 else 'versions are'} here.{note}"
    since = datetime.fromtimestamp(state.away / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    here = "cached versions keep serving" if state.marks else "no version has come yet"
    return f"can't be reached since {since}; {here} ({state.error}).{note}"


def prepared(settings: Settings) -> Any:
    """Every version; what is not prepared yet is prepared first."""
    from webapp.catalog import verify as checks

    return checks.list_versions(settings.models_folder, settings.var_dir, _runner(settings))


def _runner(settings: Settings) -> Any:
    from webapp.catalog.records import PrepareLimits, prepare_in_child

    return prepare_in_child(
        PrepareLimits(settings.prepare_seconds, settings.prepare_mb, settings.allow_pickle)
    )

"""Commands of model versions: ``everycase versions``, ``verify`` and ``sync``.

If versions come from a registry or a bucket, each syncs them first.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from webapp.cli.version_name import VERSION
from webapp.grammar import quantity
from webapp.settings import Settings

if TYPE_CHECKING:
    from webapp.catalog.stores.mirror_state import MirrorState

EPHEMERAL_DISK = "MODELS_URI is a folder, and a dyno's disk is lost when it stops"


def refuse_ephemeral_disk(settings: Settings) -> None:
    """Raise ClickException if a new version would be lost with the disk of this dyno."""
    if settings.forgets_models:
        fix = "set MODELS_URI to models:/NAME or s3://BUCKET/PREFIX"
        raise click.ClickException(f"{EPHEMERAL_DISK}: {fix}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def versions(settings: Settings, as_json: bool) -> None:
    """List all model versions, and why some can't be served."""
    from webapp.catalog import listing

    sync_versions(settings)
    entries = prepared_versions(settings)
    if as_json:
        click.echo(json.dumps([listing.as_json(entry) for entry in entries], indent=2))
        return
    if not entries:
        click.echo(f"No versions in {settings.models_uri}: train one with everycase train")
    for entry in entries:
        click.echo(listing.as_line(entry))


@click.command()
@click.argument("names", nargs=-1, type=VERSION, metavar="[VERSION]...")
@click.pass_obj
def verify(settings: Settings, names: tuple[str, ...]) -> None:
    """Ask the models again, and compare with their stored score tables."""
    from webapp.catalog import verify as checks

    sync_versions(settings)
    run = make_preparer(settings)
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
@click.option("--changes", is_flag=True, help="Print changes only.")
@click.pass_obj
def sync(settings: Settings, *, changes: bool) -> None:
    """Download the versions of a registry or bucket, and sync the alias champion.

    A server does this automatically every MODELS_SECONDS. Status 1 if the place is unreachable.
    """
    from webapp.catalog.stores.mirror_state import read_state

    if not settings.is_mirrored:
        raise click.ClickException(f"MODELS_URI is the folder {settings.models_uri}: nothing to do")
    before = read_state(settings.models_folder)
    state = _sync_once(settings)
    if not changes or state.away != before.away or state.error != before.error:
        click.echo(f"{settings.shown_models}: {_outcome(state)}")
    if changes and before.marks != state.marks:
        versions = quantity(len(state.marks), "version")
        click.echo(f"{settings.shown_models}: {versions} here now.")
    if state.away is not None:
        raise click.exceptions.Exit(1)
    _sync_alias(settings)


def sync_versions(settings: Settings) -> None:
    """Sync versions from a registry or bucket, if they come from one; warn if it is unreachable."""
    if settings.is_mirrored:
        state = _sync_once(settings)
        if state.away is not None or state.note:
            click.echo(f"{settings.shown_models}: {_outcome(state)}", err=True)


def sync_and_prepare(settings: Settings) -> None:
    """Sync versions from a registry or bucket, and prepare new ones for use at once.

    So that none is waited for that nobody prepares: in a folder a supervisor does it, if it runs.
    """
    from webapp.jobs.retrain.wait_until_served import is_supervised

    sync_versions(settings)
    if settings.is_mirrored or not is_supervised(settings.var_dir):
        prepared_versions(settings)


def ensure_synced(settings: Settings) -> None:
    """Sync versions if that was never done here, because no server ran."""
    from webapp.catalog.stores.mirror_state import is_mirror

    if settings.is_mirrored and not is_mirror(settings.models_folder):
        sync_and_prepare(settings)


def _sync_once(settings: Settings) -> MirrorState:
    from webapp.catalog.stores import mirror
    from webapp.catalog.stores.open import open_source

    source = open_source(
        str(settings.models_uri), settings.mlflow_tracking_uri, settings.models_sources
    )
    try:
        return mirror.sync_once(source, settings.models_folder, every=settings.models_seconds)
    except OSError as error:
        raise click.ClickException(
            f"{settings.models_folder} can't be written: {error.strerror or error}"
        ) from None


def _sync_alias(settings: Settings) -> None:
    """Sync a registry's alias with the champion; note on the mirror why it can't be."""
    if not str(settings.models_uri).startswith("models:/"):
        return
    from webapp.catalog.stores import mirror
    from webapp.catalog.stores.mlflow_clients import RemoteError
    from webapp.catalog.stores.registry import open_registry
    from webapp.composition import alias_memory, create_services
    from webapp.db.database import LogUnavailableError
    from webapp.services.models.alias_sync import SyncStep, sync_alias
    from webapp.timing import now_ms

    alias = open_registry(str(settings.models_uri), settings.mlflow_tracking_uri)
    services = create_services(settings)
    try:
        with alias_memory(settings) as memory:
            step = sync_alias(services, memory, alias, now_ms)
    except (LogUnavailableError, RemoteError) as error:
        click.echo(f"The alias champion wasn't synced: {error}", err=True)
        step = SyncStep(waits="The alias champion of the registry couldn't be synced.")
    finally:
        services.close()
    if step.message:
        click.echo(step.message)
    mirror.set_note(settings.models_folder, step.waits)


def _outcome(state: MirrorState) -> str:
    """The outcome of the last sync, in a sentence or two."""
    note = f" {state.note}" if state.note else ""
    if state.away is None:
        n = len(state.marks)
        return f"reached; {quantity(n, 'version is', 'versions are')} here.{note}"
    since = datetime.fromtimestamp(state.away / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    serving = "cached versions keep serving" if state.marks else "no versions were downloaded yet"
    return f"unreachable since {since}; {serving} ({state.error}).{note}"


def prepared_versions(settings: Settings) -> Any:
    """Every version; new ones are prepared first."""
    from webapp.catalog import verify as checks
    from webapp.catalog.choices import read_choices
    from webapp.catalog.index import RECORDS
    from webapp.db.database import LogUnavailableError
    from webapp.services.models.positive_class import copy_choices

    def entries() -> Any:
        return checks.list_versions(
            settings.models_folder, settings.var_dir, make_preparer(settings)
        )

    versions, records = entries(), settings.var_dir / RECORDS
    if any(each.status == "needs a choice" for each in versions) or read_choices(records):
        try:
            return entries() if copy_choices(settings.database, records) else versions
        except LogUnavailableError as error:
            click.echo(f"Choices of positive classes couldn't be read: {error}", err=True)
    return versions


def make_preparer(settings: Settings) -> Any:
    """What prepares a model in a process of its own, by the settings."""
    from webapp.server.preparation import create_preparer

    return create_preparer(settings)

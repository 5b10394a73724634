"""``everycase add``: a model that somebody saved, into the place that versions come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from webapp.cli import models as cli_models
from webapp.settings import Settings

if TYPE_CHECKING:
    from webapp.catalog.addition import Candidate


@click.command()
@click.argument("origin", metavar="PATH_OR_URI")
@click.option("--as", "name", metavar="NAME",
              help="churn for the next number, or churn_v3 [default: its name there].")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what it is, and copy nothing.")
@click.pass_obj
def add(settings: Settings, origin: str, name: str | None, *, dry_run: bool) -> None:
    """Add a saved model to MODELS_URI, if it can be served.

    PATH_OR_URI is a folder, s3://…, gs://…, models:/NAME/3, models:/NAME@alias, runs:/RUN/PATH, or
    m-… for a logged model. It is copied and asked for every case first; a model that can't be
    served leaves nothing behind.
    """
    if not dry_run:
        cli_models.refuse_ephemeral_disk(settings)
    with _sentences(origin):
        version = _add(settings, origin, name, dry_run=dry_run)
    if version is not None:
        cli_models.sync_and_prepare(settings)


def _add(settings: Settings, origin: str, name: str | None, *, dry_run: bool) -> str | None:
    """The name of the new version; None after a dry run."""
    from webapp.catalog.addition import check_new_name, examine_model
    from webapp.catalog.index import RECORDS
    from webapp.catalog.stores.open import open_store
    from webapp.catalog.stores.origins import Registry

    if name is not None:
        check_new_name(name)
    store = open_store(settings.models_uri, settings.mlflow_tracking_uri)
    registry = Registry(settings.mlflow_tracking_uri, settings.models_sources)
    preparer = cli_models.make_preparer(settings)
    with examine_model(origin, store, preparer, registry) as candidate:
        if dry_run:
            _print(f"{origin} can be served.", candidate)
            return None
        version = candidate.publish(name)
        if not settings.is_mirrored:
            records = settings.var_dir / RECORDS
            candidate.keep_record(version, settings.models_folder, records, preparer)
        _print(f"Added {store.location(version)}", candidate)
        _print_choice(version, candidate)
    return version


def _print(head: str, candidate: Candidate) -> None:
    click.echo("\n  ".join([head, *candidate.lines()]))


def _print_choice(version: str, candidate: Candidate) -> None:
    from webapp.catalog.classes import describe_choice

    if candidate.facts.needs_choice:
        click.echo(describe_choice(version, candidate.facts.classes))


@contextmanager
def _sentences(origin: str) -> Iterator[None]:
    """End the command with one line for any error of adding."""
    from webapp.catalog.prepared import PreparedError
    from webapp.catalog.stores.mlflow_clients import RemoteError
    from webapp.grammar import as_sentence

    try:
        yield
    except PreparedError as error:
        raise click.ClickException(f"{origin} isn't added. {as_sentence(error)}") from None
    except (RemoteError, ValueError) as error:  # also of origins and stores
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{origin} can't be added: {error.strerror or error}") from None

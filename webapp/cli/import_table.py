"""``everycase import``: a table of cases and probabilities, made anywhere, as a version."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webapp.cli import models as cli_models
from webapp.settings import Settings

if TYPE_CHECKING:
    from webapp.cases import Features

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("table", type=_FILE)
@click.option("--name", required=True, help="Name of the model; _v and the next number are added.")
@click.option(
    "--counts", type=_FILE, help="Its training counts: case or inputs, n, positives; or label."
)
@click.option("--positive", metavar="CLASS", help="What the probability is that of, such as churn.")
@click.option("--why", metavar="TEXT", help="Why it was made; kept and shown with the version.")
@click.pass_obj
def import_table(
    settings: Settings,
    /,
    table: Path,
    name: str,
    counts: Path | None,
    positive: str | None,
    why: str | None,
) -> None:
    """Save a table of all cases and their probabilities as the next version of NAME.

    TABLE is a CSV, Excel or Parquet file: a row for each case, a column of 0 and 1 for each input,
    a column probability, and n and positives where they are known.
    """
    from webapp.catalog import trial
    from webapp.catalog.index import RECORDS
    from webapp.catalog.stores.open import open_store
    from webapp.training import table_import

    cli_models.refuse_ephemeral_disk(settings)
    preparer = cli_models.make_preparer(settings)
    store = open_store(settings.models_uri, settings.mlflow_tracking_uri)
    try:
        result = table_import.run(
            table_import.ImportRequest(table, name, counts, positive, why),
            store=store,
            preparer=preparer,
            known_inputs=_known_inputs(settings),
            when=datetime.now(UTC),
        )
    except table_import.IMPORT_ERRORS as error:
        raise click.ClickException(str(error)) from None
    click.echo(table_import.describe(result, store.location(result.version)))
    if not settings.is_mirrored:
        trial.keep(
            result.prepared,
            result.version,
            settings.models_folder,
            settings.var_dir / RECORDS,
            preparer,
        )
    cli_models.sync_and_prepare(settings)


def _known_inputs(settings: Settings) -> Iterator[Features]:
    """The inputs of the versions that are served here."""
    from webapp.cases import Features
    from webapp.catalog.index import RECORDS
    from webapp.catalog.prepared import PreparedError, read_facts
    from webapp.catalog.scan import Scanner

    for entry in Scanner(settings.models_folder, settings.var_dir / RECORDS).scan():
        if entry.place is not None:
            try:
                facts = read_facts(Path(entry.place))
            except PreparedError:  # removed meanwhile
                continue
            yield Features(facts.features, facts.positional)

"""``everycase choose``: which class a version's probability stands for."""

from __future__ import annotations

import click

from webapp.cli.context import open_services, user_name
from webapp.cli.models import prepared_versions, sync_versions
from webapp.cli.version_name import VERSION
from webapp.settings import Settings


@click.command()
@click.argument("version", type=VERSION)
@click.option("--positive", required=True, metavar="CLASS", help="The class, such as churn.")
@click.pass_obj
def choose(settings: Settings, version: str, positive: str) -> None:
    """Choose which class a version's probability stands for.

    For a version that needs a choice, or to change an earlier one. It holds on all machines of this
    database.
    """
    from webapp.catalog import listing
    from webapp.services.models import positive_class
    from webapp.timing import now_ms

    sync_versions(settings)
    prepared_versions(settings)
    with open_services(settings) as services:
        name = positive_class.choose(services, version, positive, user_name(), now_ms())
        click.echo(positive_class.describe_choice(services, version, name))
    for entry in prepared_versions(settings):
        if entry.name == version:
            click.echo(listing.as_line(entry))

"""The name of a version as an argument: also as MLflow writes it, ``models:/churn/3``."""

from __future__ import annotations

import re

import click

from webapp.settings import Settings

_ADDRESS = re.compile(r"(models:/|runs:/|m-[0-9a-f]{32}$).*")


class VersionName(click.ParamType[object]):
    """A version of ours, or an address in MLflow: version 3 of churn is churn_v3.

    ``models:/churn/3``, ``models:/churn@alias``, ``runs:/RUN/PATH`` and ``m-…`` are taken.
    """

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """Our name of the version; whether it is here is for the command to say."""
        settings = ctx.find_object(Settings) if ctx is not None else None
        if settings is None or not isinstance(value, str) or not _ADDRESS.fullmatch(value):
            return value
        from webapp.catalog.stores.mlflow_clients import RemoteError
        from webapp.catalog.stores.origins import OriginError, Registry, find_version

        try:
            name, number = find_version(value, Registry(settings.mlflow_tracking_uri))
        except (OriginError, RemoteError) as error:
            self.fail(str(error), param, ctx)
        return f"{name}_v{number}"


VERSION = VersionName()

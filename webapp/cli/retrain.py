"""``everycase retrain``, and the hidden command that runs a job of the queue."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import click

from webapp.cli import models as cli_models
from webapp.settings import Settings

_OPTIONS = {"estimator": "estimators", "window": "windows"}


@click.command()
@click.option("--policy", type=click.Choice(["never", "periodic", "on_error", "on_gain"]))
@click.option(
    "--every", type=int, help="Matured events between retrains of periodic; first rest of others."
)
@click.option("--window", help="Newest matured events to fit on: 2000,4000,all")
@click.option("--estimator", help="What to fit: logit,logit2,hgb,keras")
@click.option("--holdout", type=int, help="Newest matured events to judge on, not to fit on.")
@click.option("--churn", type=float, help="Share of the traffic that may change side.")
@click.option("--threshold", type=float, help="Probability at which sides are taken.")
@click.option("--seed", type=int)
@click.option("--promote/--no-promote", default=None, help="Promote what passes the gate.")
@click.option("--now", is_flag=True, default=None, help="Retrain whatever the policy says.")
@click.option("--simulated", is_flag=True, default=None, help="Learn from simulated traffic.")
@click.option("--actor", default="command", help="Who asks for it; stands in the ledger.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def retrain(settings: Settings, /, *, actor: str, as_json: bool, **asked: Any) -> None:
    """One check of the retraining policy: decide, fit, judge, register, promote.

    Defaults are the settings RETRAIN_*. Status 0: done, or nothing to do; 3: another run is at it;
    4: retrained, and the gate kept the champion; 1: an error.
    """
    from webapp.cases import InputError

    cli_models.refuse_ephemeral_disk(settings)
    cli_models.sync_and_prepare(settings)
    given = {_OPTIONS.get(k, k): value for k, value in asked.items() if value is not None}
    with _working(settings) as (services, reporter):
        try:
            plan = services.plan.with_values(given)
        except InputError as error:
            raise click.ClickException(f"--{_option(error.field)} {error.problem}") from None
        outcome = _check(settings, services, reporter, plan, actor)
        if reporter.job is not None:
            _end(reporter, outcome)
    click.echo(json.dumps(outcome.as_json(), indent=2) if as_json else outcome.explanation)
    raise click.exceptions.Exit(outcome.code)


def _option(field: str) -> str:
    return next((option for option, name in _OPTIONS.items() if name == field), field)


@click.command(hidden=True)
@click.argument("job")
@click.option("--failed", help="Note that its process died, and why.")
@click.pass_obj
def job(settings: Settings, job: str, failed: str | None) -> None:
    """Run a job of the queue."""
    from webapp.timing import now_ms

    if not failed:
        cli_models.sync_and_prepare(settings)
    with _working(settings, job) as (services, reporter):
        if failed:
            services.jobs.end(job, "failed", failed[:1].upper() + failed[1:] + ".", now_ms())
            return
        record = services.jobs.get(job)
        if record is None:
            raise click.ClickException(f"there is no job {job}")
        if not reporter.take():
            return  # it was cancelled, or it runs already
        run = {"retrain": _retrain_job, "backtest": _backtest_job}[record.kind]
        code = run(settings, services, reporter, record)
    raise click.exceptions.Exit(code)


def _retrain_job(settings: Settings, services: Any, reporter: Any, record: Any) -> int:
    plan = services.plan.with_values(record.arguments)
    outcome = _check(settings, services, reporter, plan, record.actor)
    _end(reporter, outcome)
    return int(outcome.code)


def _backtest_job(_settings: Settings, services: Any, reporter: Any, record: Any) -> int:
    from webapp.jobs import backtest

    plan = services.plan.with_values(record.arguments)
    found = backtest.run(services, plan, reporter)
    reporter.end("Replayed the log under every policy.", result=found)
    return 0


def _end(reporter: Any, outcome: Any) -> None:
    version = outcome.check.version if outcome.check else None
    failed = outcome.status in ("failed", "busy")
    reporter.end(outcome.explanation, version=version, result=outcome.as_json(), failed=failed)


def _check(settings: Settings, services: Any, reporter: Any, plan: Any, actor: str) -> Any:
    """Run it; tell the webhook of a promotion. What can't be done is one line."""
    from webapp.catalog.stores.open import open_store
    from webapp.jobs.retrain import check as retrain_check
    from webapp.services.drift import webhook
    from webapp.timing import now_ms

    if settings.alert_webhook_url:
        services.alerts.note_promotions()  # what was before this check is old news
    outcome = retrain_check.run(
        services,
        plan,
        actor=actor,
        store=open_store(settings.models_uri, settings.mlflow_tracking_uri),
        reporter=reporter,
        clock=now_ms,
        arrived=partial(_arrived, settings, services),
    )
    if outcome.check is not None and outcome.check.version and outcome.status != "promoted":
        cli_models.sync_and_prepare(settings)
    if settings.alert_webhook_url and outcome.status == "promoted":
        services.alerts.note_promotions()
        webhook.deliver(services, settings.alert_webhook_url)
    return outcome


def _arrived(settings: Settings, services: Any, version: str) -> str | None:
    """Wait until it is served; why it must not be promoted."""
    from webapp.jobs.retrain.wait_until_served import wait_for

    if settings.forgets_models:
        return cli_models.EPHEMERAL_DISK
    cli_models.sync_and_prepare(settings)
    wait_for(services.catalog, version, settings.var_dir)
    return None


@contextmanager
def _working(settings: Settings, job: str | None = None) -> Iterator[tuple[Any, Any]]:
    """Services, and a reporter that tells of every end; a request to end is one of them."""
    from webapp.catalog.stores.saving import SavingError
    from webapp.cli.context import open_services
    from webapp.jobs.reporter import CANCELLED, CancelledError, GivenUpError, Reporter
    from webapp.services.predict.version_choice import UnknownVersionError, VersionNotReadyError
    from webapp.timing import now_ms
    from webapp.training.errors import TrainingError

    signal.signal(signal.SIGTERM, _terminated)
    with open_services(settings) as services:
        reporter = Reporter(services.jobs, now_ms, job)
        try:
            with reporter.failing():
                yield services, reporter
        except CancelledError:
            raise click.exceptions.Exit(CANCELLED) from None
        except (
            *(TrainingError, SavingError, UnknownVersionError, VersionNotReadyError),
            GivenUpError,
        ) as error:
            raise click.ClickException(str(error)) from None


def _terminated(_signal: int, _frame: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)

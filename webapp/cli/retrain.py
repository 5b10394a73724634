"""``everycase retrain``, and the hidden command that runs a job of the queue."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from webapp.cli import models as cli_models
from webapp.cli.context import user_name
from webapp.grammar import as_sentence
from webapp.settings import Settings

if TYPE_CHECKING:
    from webapp.jobs.reporter import Reporter

MAX_ACTOR = 100
_OPTIONS = {"estimator": "estimators", "window": "windows"}


@click.command()
@click.option("--policy", type=click.Choice(["never", "periodic", "on_error", "on_gain"]))
@click.option(
    "--every",
    type=int,
    help="Matured events between retrains of periodic; the first pause of the others.",
)
@click.option("--window", help="Newest matured events to fit on: 2000,4000,all")
@click.option("--estimator", help="What to fit: logit,logit2,hgb,keras")
@click.option("--holdout", type=int, help="Newest matured events to hold out for the gate.")
@click.option("--churn", type=float, help="Share of the traffic whose decision may change.")
@click.option("--threshold", type=float, help="Probability at or above which the decision is yes.")
@click.option(
    "--refit/--no-refit", default=None, help="Fit what passed again, on the held-out events, too."
)
@click.option("--seed", type=int)
@click.option(
    "--promote/--no-promote", default=None, help="Promote a version that passes the gate."
)
@click.option("--now", is_flag=True, default=None, help="Retrain whatever the policy decides.")
@click.option("--simulated", is_flag=True, default=None, help="Train on simulated traffic.")
@click.option("--actor", default="", metavar="WHO", help="Who asks: becomes part of the reason.")
@click.option("--by-clock", is_flag=True, hidden=True, help="The app's own clock asks.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def retrain(
    settings: Settings, /, *, actor: str, by_clock: bool, as_json: bool, **options: Any
) -> None:
    """Check the retraining policy once: decide, fit, judge, register, promote.

    Defaults are the settings RETRAIN_*. Status 0: done, or nothing to do; 3: another retrain is
    running; 4: retrained, and the champion was kept; 1: an error.
    """
    from webapp.cases import InputError

    cli_models.refuse_ephemeral_disk(settings)
    cli_models.sync_and_prepare(settings)
    values = {_OPTIONS.get(k, k): value for k, value in options.items() if value is not None}
    with _open_job(settings) as (services, reporter):
        try:
            plan = services.plan.with_values(values)
        except InputError as error:
            raise click.ClickException(f"--{_option(error.field)} {error.problem}") from None
        who = "clock" if by_clock else user_name()
        outcome = _run_check(settings, services, reporter, plan, who, _sayable(actor))
        if reporter.job is not None:
            _end(reporter, outcome)
    click.echo(json.dumps(outcome.as_json(), indent=2) if as_json else outcome.explanation)
    raise click.exceptions.Exit(outcome.code)


def _sayable(actor: str) -> str:
    """What somebody calls himself, which proves nothing. Raises ClickException."""
    if len(actor) > MAX_ACTOR or not actor.isprintable():
        raise click.ClickException(f"--actor must be a text of at most {MAX_ACTOR} characters")
    return actor.strip()


def _option(field: str) -> str:
    return next((option for option, name in _OPTIONS.items() if name == field), field)


@click.command(hidden=True)
@click.argument("job")
@click.option("--failed", "failure", help="Record that its process died, and why.")
@click.pass_obj
def job(settings: Settings, job: str, failure: str | None) -> None:
    """Run a job of the queue."""
    from webapp.timing import now_ms

    if not failure:
        cli_models.sync_and_prepare(settings)
    with _open_job(settings, job) as (services, reporter):
        if failure:
            services.jobs.end(job, "failed", as_sentence(failure), now_ms())
            return
        record = services.jobs.get(job)
        if record is None:
            raise click.ClickException(f"there is no job {job}")
        if not reporter.take():
            return  # it was cancelled, or another process runs it
        run = {"retrain": _retrain_job, "backtest": _backtest_job}[record.kind]
        code = run(settings, services, reporter, record)
    raise click.exceptions.Exit(code)


def _retrain_job(settings: Settings, services: Any, reporter: Any, record: Any) -> int:
    plan = services.plan.with_values(record.arguments)
    outcome = _run_check(settings, services, reporter, plan, record.actor)
    _end(reporter, outcome)
    return int(outcome.code)


def _backtest_job(_settings: Settings, services: Any, reporter: Any, record: Any) -> int:
    from webapp.jobs import backtest

    plan = services.plan.with_values(record.arguments)
    result = backtest.run(services, plan, reporter)
    reporter.end("Replayed the log under every policy.", result=result)
    return 0


def _end(reporter: Any, outcome: Any) -> None:
    version = outcome.check.version if outcome.check else None
    is_failure = outcome.status in ("failed", "busy")
    result = outcome.as_json()
    reporter.end(outcome.explanation, version=version, result=result, is_failure=is_failure)


def _run_check(
    settings: Settings, services: Any, reporter: Any, plan: Any, actor: str, sender: str = ""
) -> Any:
    """Run a check, and send a promotion to the webhook."""
    from webapp.catalog.stores.open import open_store
    from webapp.jobs.retrain import check as retrain_check
    from webapp.services.drift import webhook
    from webapp.timing import now_ms

    if settings.alert_webhook_url:
        services.alerts.note_promotions()  # earlier promotions are not sent
    outcome = retrain_check.run(
        services,
        plan,
        actor=actor,
        sender=sender,
        store=open_store(settings.models_uri, settings.mlflow_tracking_uri),
        reporter=reporter,
        clock=now_ms,
        wait_served=partial(_wait_served, settings, services),
    )
    if outcome.check is not None and outcome.check.version and outcome.status != "promoted":
        cli_models.sync_and_prepare(settings)
    if settings.alert_webhook_url and outcome.status == "promoted":
        services.alerts.note_promotions()
        webhook.deliver(services, settings.alert_webhook_url)
    return outcome


def _wait_served(settings: Settings, services: Any, version: str) -> str | None:
    """Wait until the version is served. Returns why it must not be promoted, or None."""
    from webapp.jobs.retrain.wait_until_served import wait_until_served

    if settings.forgets_models:
        return cli_models.EPHEMERAL_DISK
    cli_models.sync_and_prepare(settings)
    wait_until_served(services.catalog, version, settings.var_dir)
    return None


@contextmanager
def _open_job(settings: Settings, job: str | None = None) -> Iterator[tuple[Any, Any]]:
    """Services, and a reporter that records how the job ends, also on SIGTERM.

    Errors of the work become one line on stderr.
    """
    from webapp.catalog.stores.saving import SavingError
    from webapp.cli.context import open_services
    from webapp.jobs.reporter import CANCELLED, CancelledError, GivenUpError, Reporter
    from webapp.services.predict.version_choice import UnknownVersionError, VersionNotReadyError
    from webapp.timing import now_ms
    from webapp.training.errors import TrainingError

    with open_services(settings) as services:
        reporter = Reporter(services.jobs, now_ms, job)
        _exit_on_signal(reporter)
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


def _exit_on_signal(reporter: Reporter) -> None:
    def handler(_signal: int, _frame: object) -> None:
        error = SystemExit(128 + signal.SIGTERM)
        reporter.interrupt(error)
        raise error

    signal.signal(signal.SIGTERM, handler)

"""``everycase backtest``: the past replayed under every retraining policy."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from webapp.cli.context import open_services, say_reading
from webapp.cli.version_name import VERSION
from webapp.settings import Settings


@click.command()
@click.option(
    "--data", help="Ordered CSV, Excel or Parquet, path or URL [default: the shipped models' data]."
)
@click.option("--rows", default=":", show_default=True, help="FIRST:LAST of the file, from 1.")
@click.option("--sha256", help="Expected SHA-256 of the data.")
@click.option("--log", is_flag=True, help="Replay the event log day by day instead of a file.")
@click.option(
    "--version",
    type=VERSION,
    help="With --log: the version whose inputs are used [default: champion].",
)
@click.option("--source", help="With --log: all (real traffic), or one: api, form, demo ...")
@click.option("--start", default=4000, show_default=True, type=click.IntRange(1),
              help="Events before the first check.")  # fmt: skip
@click.option("--every", type=click.IntRange(1),
              help="Events between checks [default: 500; with --log, a day].")  # fmt: skip
@click.option("--period", default=1, show_default=True, type=click.IntRange(1),
              help="Events between retrains of periodic; 1 means at every check.")  # fmt: skip
@click.option("--policies", default="never,periodic,on_error,on_gain", show_default=True)
@click.option("--estimators", default="logit", show_default=True,
              help="logit, logit2, hgb, keras; the first is the first champion.")  # fmt: skip
@click.option("--windows", default="2000,4000,all", show_default=True,
              help="Newest events to fit on; periodic and on_error use the first.")  # fmt: skip
@click.option("--margin", type=click.FloatRange(0),
              help="Log loss that on_gain must gain [default: by base rate].")  # fmt: skip
@click.option("--gate/--no-gate", default=True, show_default=True,
              help="Judge retrains as everycase retrain does; or promote all.")  # fmt: skip
@click.option("--holdout", type=int,
              help="Newest events held out for the gate [default: RETRAIN_HOLDOUT].")  # fmt: skip
@click.option("--churn", type=float,
              help="Share of decisions that may change [default: RETRAIN_CHURN].")  # fmt: skip
@click.option("--threshold", type=float,
              help="Probability of a decision [default: RETRAIN_THRESHOLD].")  # fmt: skip
@click.option("--refit/--no-refit", default=None,
              help="Fit what passed again, on all [default: RETRAIN_REFIT].")  # fmt: skip
@click.option("--settle", type=click.IntRange(0, 365),
              help="With --log: days outcomes take [default: as live].")  # fmt: skip
@click.option("--delay", default=0, show_default=True, type=click.IntRange(0),
              help="Delay of outcomes, in checks.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1))
@click.option("--html", "html_path", type=click.Path(dir_okay=False, writable=True),
              help="Write a chart and tables to one HTML file that opens offline.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def backtest(
    settings: Settings, /, policies: str, html_path: str | None, as_json: bool, **options: Any
) -> None:
    """Compare retraining policies on the past: each block is predicted, then learnt from.

    The gate, its held-out events and the waiting for outcomes are those of the settings RETRAIN_*.
    """
    from webapp.cases import InputError
    from webapp.training import errors
    from webapp.training.policy import backtest as backtesting
    from webapp.training.policy import backtest_report
    from webapp.training.policy.rules import PolicyRules

    try:
        challengers = options["estimators"].split(","), options["windows"].split(",")
        names = dict.fromkeys(name.strip() for name in policies.split(","))
        margin, pause = options["margin"], settings.retrain_every
        more = {"every": options["period"], "pause": pause, "gain_margin": margin}
        rules = [PolicyRules.of(name, *challengers, **more) for name in names]
        plan = _read_plan(settings, options) if options["gate"] else None
        source, stream, days = (
            _from_log(settings, options) if options["log"] else _from_file(settings, options)
        )
        result = backtesting.run(
            stream,
            rules,
            plan=plan,
            seed=options["seed"],
            settle_days=days if options["settle"] is None else options["settle"],
            delay=options["delay"],
            on_progress=_progress_printer(as_json),
        )
    except InputError as error:
        raise click.ClickException(f"--{error.field} {error.problem}") from None
    except errors.TrainingError as error:
        raise click.ClickException(str(error)) from None
    form = backtest_report.as_json(result, source)
    if html_path is not None:
        _write(html_path, form)
    click.echo(json.dumps(form) if as_json else backtest_report.describe(result, source["shown"]))


def _read_plan(settings: Settings, options: dict[str, Any]) -> Any:
    """The plan of the settings with the options in place. Raises InputError."""
    from webapp.composition import read_plan

    names = ("holdout", "churn", "threshold", "refit")
    values = {name: options[name] for name in names if options[name] is not None}
    return read_plan(settings).with_values(values)


def _from_file(settings: Settings, options: dict[str, Any]) -> tuple[dict[str, Any], Any, int]:
    from webapp.training import source
    from webapp.training.data import read_ordered
    from webapp.training.policy.stream import of_rows
    from webapp.training.rows import RowRange

    for name in ("version", "source", "settle"):
        if options[name] is not None:
            raise click.ClickException(f"--{name} needs --log")
    place = source.locate(
        options["data"] or source.GAMES_URL, options["sha256"], settings.var_dir / "downloads"
    )
    rows = read_ordered(place.path, RowRange.parse(options["rows"])).matured
    say_reading(rows.notes)
    stream = of_rows(
        rows.features, rows.case, rows.label, options["start"], options["every"] or 500
    )
    description = f"rows {rows.rows} of {place.public_name}"
    return (
        {
            "data": place.public_name,
            "sha256": place.sha256,
            "rows": str(rows.rows),
            "shown": description,
        },
        stream,
        0,
    )


def _from_log(settings: Settings, options: dict[str, Any]) -> tuple[dict[str, Any], Any, int]:
    """The description of the log, its stream, and the days for which outcomes are waited for."""
    from webapp.services.traffic import outcomes_by_day, windows
    from webapp.training.policy.stream import of_days

    if options["data"] is not None or options["sha256"] is not None or options["rows"] != ":":
        raise click.ClickException("--log can't be combined with --data, --rows or --sha256")
    with open_services(settings) as services:
        source_filter = windows.source(options["source"] or "")
        log = outcomes_by_day.read_outcomes(services, options["version"], source_filter)
        settle_days = outcomes_by_day.settle_days(services, options["version"], log.sources)
    stream = of_days(log.features, log.days, options["start"], options["every"] or 1)
    return {"log": list(log.sources), "shown": log.shown}, stream, settle_days


def _progress_printer(quiet: bool) -> Any:
    """A callback that prints progress to stderr, if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        return lambda _policy, _share: None

    def report(policy: str, share: float) -> None:
        click.echo(f"\r{policy:<10} {share:4.0%}", err=True, nl=False)
        if share == 1:
            click.echo("\r" + " " * 20 + "\r", err=True, nl=False)

    return report


def _write(path: str, form: dict[str, Any]) -> None:
    from pathlib import Path

    from webapp.pages.models import backtest_report

    try:
        Path(path).write_text(backtest_report.render(form), "utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}") from None

"""``everycase backtest``: the past under every retraining policy, in a terminal."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from webapp.cli.context import services_of
from webapp.settings import Settings


@click.command()
@click.option("--data", help="CSV or Parquet in order, path or URL [default: the games file].")
@click.option("--rows", default=":", show_default=True, help="FIRST:LAST of the file, from 1.")
@click.option("--sha256", help="What the SHA-256 of the data must be.")
@click.option("--log", is_flag=True, help="Replay the event log, day by day, not a file.")
@click.option("--version", help="With --log: the version whose inputs count [default: champion].")
@click.option("--source", help="With --log: api, form, batch, replay or demo [default: real].")
@click.option("--start", default=4000, show_default=True, type=click.IntRange(1),
              help="Events that are known before the first check.")  # fmt: skip
@click.option("--every", type=click.IntRange(1),
              help="Events between checks [default: 500; with --log, each day].")  # fmt: skip
@click.option("--period", default=1, show_default=True, type=click.IntRange(1),
              help="Events between retrains of periodic; 1 is at every check.")  # fmt: skip
@click.option("--policies", default="never,periodic,on_error,on_gain", show_default=True)
@click.option("--estimators", default="logit", show_default=True,
              help="logit, logit2, hgb, keras; the first is the first champion.")  # fmt: skip
@click.option("--windows", default="2000,4000,all", show_default=True,
              help="Newest events to fit on; the first is periodic's and on_error's.")  # fmt: skip
@click.option("--margin", type=click.FloatRange(0),
              help="Gain in log loss that on_gain asks for [default: 0.001].")  # fmt: skip
@click.option("--delay", default=0, show_default=True, type=click.IntRange(0),
              help="Checks that outcomes come late.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1))
@click.option("--html", "html_path", type=click.Path(dir_okay=False, writable=True),
              help="Write chart and table into one file that opens offline.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.pass_obj
def backtest(
    settings: Settings, /, policies: str, html_path: str | None, as_json: bool, **asked: Any
) -> None:
    """Which retraining policy would have done best? Each block is predicted, then learnt."""
    from webapp.training import errors
    from webapp.training.policy import backtest as testing
    from webapp.training.policy import backtest_report as policy_backtest_report
    from webapp.training.policy.rules import GAIN_MARGIN, Rules

    try:
        challengers = asked["estimators"].split(","), asked["windows"].split(",")
        names = dict.fromkeys(name.strip() for name in policies.split(","))
        margin = GAIN_MARGIN if asked["margin"] is None else asked["margin"]
        more = {"every": asked["period"], "gain_margin": margin}
        rules = [Rules.of(name, *challengers, **more) for name in names]
        source, stream = _from_log(settings, asked) if asked["log"] else _from_file(settings, asked)
        found = testing.run(
            stream, rules, seed=asked["seed"], delay=asked["delay"], tell=_teller(as_json)
        )
    except errors.TrainingError as error:
        raise click.ClickException(str(error)) from None
    form = policy_backtest_report.as_json(found, source)
    if html_path is not None:
        _write(html_path, form)
    click.echo(
        json.dumps(form) if as_json else policy_backtest_report.describe(found, source["shown"])
    )


def _from_file(settings: Settings, asked: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    from webapp.training import source
    from webapp.training.data import read_ordered
    from webapp.training.policy import backtest as testing
    from webapp.training.rows import RowRange

    for name in ("version", "source"):
        if asked[name] is not None:
            raise click.ClickException(f"--{name} goes with --log")
    place = source.locate(
        asked["data"] or source.GAMES_URL, asked["sha256"], settings.var_dir / "downloads"
    )
    rows = read_ordered(place.path, RowRange.parse(asked["rows"]))
    stream = testing.of_rows(
        rows.features, rows.case, rows.label, asked["start"], asked["every"] or 500
    )
    shown = f"rows {rows.rows} of {place.public_name}"
    return {
        "data": place.public_name,
        "sha256": place.sha256,
        "rows": str(rows.rows),
        "shown": shown,
    }, (stream)


def _from_log(settings: Settings, asked: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    from webapp.services.traffic import outcomes_by_day, windows
    from webapp.training.policy import backtest as testing

    if asked["data"] is not None or asked["sha256"] is not None or asked["rows"] != ":":
        raise click.ClickException("--log replays the log: --data, --rows and --sha256 are no use")
    with services_of(settings) as services:
        wanted = windows.source(asked["source"] or "")
        features, sources, days = outcomes_by_day.days(services, asked["version"], wanted)
    stream = testing.of_days(features, days, asked["start"], asked["every"] or 1)
    what = "simulated traffic" if sources == ("demo",) else ", ".join(sources)
    return {"log": list(sources), "shown": f"The log ({what})"}, stream


def _teller(quiet: bool) -> Any:
    """Says on stderr how far it is, where somebody looks."""
    if quiet or not sys.stderr.isatty():
        return lambda _policy, _share: None

    def tell(policy: str, share: float) -> None:
        click.echo(f"\r{policy:<10} {share:4.0%}", err=True, nl=False)
        if share == 1:
            click.echo("\r" + " " * 20 + "\r", err=True, nl=False)

    return tell


def _write(path: str, form: dict[str, Any]) -> None:
    from pathlib import Path

    from webapp.pages.models import backtest_report

    try:
        Path(path).write_text(backtest_report.render(form), "utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}") from None

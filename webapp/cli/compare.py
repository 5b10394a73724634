"""``everycase compare``: compare versions on events with outcomes, in the terminal."""

from __future__ import annotations

import json
from typing import Any

import click

from webapp.cli.context import open_services, say_reading
from webapp.cli.version_name import VERSION
from webapp.grammar import quantity
from webapp.services.compare.reader import answer_request
from webapp.services.compare.words import more_outcomes
from webapp.services.traffic import windows
from webapp.settings import Settings
from webapp.stats.metric_specs import SPECS, MetricSpec

_WIDTH = max(len(spec.title) for spec in SPECS) + 1
_MARKS = {
    "better": "+",
    "worse": "-",
    "no difference that matters": "=",
    "not enough evidence": "?",
}


@click.command()
@click.argument("versions", nargs=-1, type=VERSION)
@click.option(
    "--data", help="Compare on a labelled file (CSV, Excel or Parquet, path or URL), not the log."
)
@click.option("--rows", default=":", show_default=True, help="FIRST:LAST of the file, from 1.")
@click.option("--from", "from_", metavar="DAY", help="First day, such as 2026-11-08.")
@click.option("--to", metavar="DAY", help="Last day [default: today].")
@click.option("--days", help=f"Days before --to, with it [default: {windows.DAYS}].")
@click.option("--source", help="all (real traffic), or one: api, form, batch, replay, demo ...")
@click.option("--threshold", help="Score from which an event is picked [default: 0.2].")
@click.option("--gain", help="Value of a picked positive [default: 8].")
@click.option("--cost", help="Cost of each pick [default: 1].")
@click.option("--challenger", type=VERSION, help="The version of the close-up [default: the best].")
@click.option("--html", "html_path", type=click.Path(dir_okay=False, writable=True),
              help="Write the page to one file that opens offline.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Everything, as in the API.")
@click.pass_obj
def compare(
    settings: Settings,
    /,
    versions: tuple[str, ...],
    from_: str | None,
    as_json: bool,
    html_path: str | None,
    data: str | None,
    rows: str,
    **options: Any,
) -> None:
    """Compare VERSIONS with the first one, the reference [default: the champion and all]."""
    from webapp.services.compare import as_json as compare_as_json
    from webapp.services.compare.request import read_request
    from webapp.timing import now_ms

    params = options | {"from": from_, "versions": ",".join(versions) or None}
    with open_services(settings) as services:
        request = read_request({k: v for k, v in params.items() if v is not None}, now_ms())
        if data is None:
            answer = answer_request(services, request)
        else:
            answer = _compare_on_file(services, settings, request, data, rows)
    if html_path is not None:
        _write_report(answer, html_path)
    form = compare_as_json.as_json(answer)
    click.echo(json.dumps(form, indent=2) if as_json else format_table(form))


def _compare_on_file(services: Any, settings: Settings, request: Any, data: str, rows: str) -> Any:
    from webapp.services.compare.labelled_file import compare_on_file
    from webapp.services.compare.upload import file_features
    from webapp.training import errors, source
    from webapp.training.data import read_labelled
    from webapp.training.rows import RowRange

    inputs = file_features(services, request.versions)
    try:
        file = source.locate(data, None, settings.var_dir / "downloads")
        table = read_labelled(file.path, RowRange.parse(rows), inputs)
    except errors.TrainingError as error:
        raise click.ClickException(str(error)) from None
    say_reading(table.notes)
    return compare_on_file(
        services,
        request,
        table.counts,
        table.features,
        sha256=file.sha256,
        rows=(table.rows.first, table.rows.last or 0),
        unknown=table.unlabelled,
    )


def _write_report(answer: Any, path: str) -> None:
    from pathlib import Path

    from webapp.pages.compare import report as compare_report
    from webapp.timing import now_ms

    try:
        Path(path).write_text(compare_report.render(answer, now_ms()), "utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}") from None


def format_table(form: dict[str, Any]) -> str:
    """The conclusion and the metrics of each version, from the comparison as JSON."""
    events = "simulated event" if form["simulated"] else "event"
    lines = [form["sentence"], _format_advice(form), ""]
    lines.append(f"{quantity(form['n'], events)}, {form['labelled']:,} with a known outcome")
    if form["adjustment"]:
        lines.append(form["adjustment"])
    for version in form["versions"]:
        lines += ["", _format_head(form, version)]
        metrics = version.get("metrics") or {}
        differences = version.get("differences") or {}
        lines += [
            _format_metric(spec, metrics[spec.key], differences.get(spec.key))
            for spec in SPECS
            if metrics.get(spec.key)
        ]
        if version.get("statement"):
            lines.append(f"  {version['statement']}")
    return "\n".join(lines)


def _format_advice(form: dict[str, Any]) -> str:
    """The action in the word of Drift and of the dialog that promotes, and the verdict."""
    verdict, challenger = form["verdict"], form["challenger"]
    whom = f" on {challenger}" if challenger else ""
    return f"Advice: {form['action']}. Verdict{whom}: {verdict}."


def _format_head(form: dict[str, Any], version: dict[str, Any]) -> str:
    role = " (reference)" if version["version"] == form["reference"] else ""
    overlap = ", trained on some of these events: no verdict" if version["trained_on_these"] else ""
    return f"{version['version']}{role}{overlap}"


def _format_metric(
    spec: MetricSpec, value: dict[str, Any], difference: dict[str, Any] | None
) -> str:
    text = f"  {spec.title:<{_WIDTH}}{_format_interval(value, spec.decimals)}"
    if difference is None:
        return text
    text += f"  {_format_interval(difference, spec.decimals, '+')}"
    verdict = difference["verdict"]
    if verdict is None:
        return text
    more = f", {more_outcomes(difference['further'])}" if difference["further"] else ""
    return f"{text}  {_MARKS[verdict]} {verdict}{more}"


def _format_interval(interval: dict[str, Any], decimals: int, sign: str = "") -> str:
    value, low, high = (f"{interval[name]:{sign}.{decimals}f}" for name in ("value", "low", "high"))
    return f"{value}{' ' if sign else '  '}[{low}, {high}]"

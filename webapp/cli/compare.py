"""``everycase compare``: which version to trust, in a terminal."""

from __future__ import annotations

import json
from typing import Any

import click

from webapp.cli.context import open_services
from webapp.services.compare import reader as compare_reader
from webapp.settings import Settings

_NAMES = {
    "log_loss": "log loss",
    "brier": "Brier score",
    "auc": "AUC",
    "average_precision": "average precision",
    "ece": "calibration error",
    "precision": "precision",
    "recall": "recall",
}
_MARKS = {
    "better": "+",
    "worse": "-",
    "no difference that matters": "=",
    "not enough evidence": "?",
}


@click.command()
@click.argument("versions", nargs=-1)
@click.option(
    "--data", help="Compare on a labelled file (CSV or Parquet, path or URL), not the log."
)
@click.option("--rows", default=":", show_default=True, help="FIRST:LAST of the file, from 1.")
@click.option("--from", "from_", metavar="DAY", help="First day, such as 2026-11-08.")
@click.option("--to", metavar="DAY", help="Last day [default: today].")
@click.option("--days", help="Days before --to, with it [default: 28].")
@click.option("--source", help="api, form, batch, replay or demo [default: all that is real].")
@click.option("--threshold", help="Scores from which an event is picked [default: 0.2].")
@click.option("--gain", help="What a positive that is picked is worth [default: 8].")
@click.option("--cost", help="What each pick costs [default: 1].")
@click.option("--challenger", help="The one to look at closely [default: the best].")
@click.option("--html", "html_path", type=click.Path(dir_okay=False, writable=True),
              help="Write the page into one file that opens offline.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Everything, as the API gives it.")
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
    **asked: Any,
) -> None:
    """Which of VERSIONS to trust? The first is the reference [default: the champion and all]."""
    from webapp.services.compare import as_json as compare_as_json
    from webapp.services.compare import request as compare_request
    from webapp.timing import now_ms

    given = asked | {"from": from_, "versions": ",".join(versions) or None}
    with open_services(settings) as services:
        request = compare_request.read({k: v for k, v in given.items() if v is not None}, now_ms())
        if data is None:
            answer = compare_reader.ask(services, request)
        else:
            answer = _on_file(services, settings, request, data, rows)
    if html_path is not None:
        _write_report(answer, html_path)
    form = compare_as_json.as_json(answer)
    click.echo(json.dumps(form, indent=2) if as_json else _table(form))


def _on_file(services: Any, settings: Settings, request: Any, data: str, rows: str) -> Any:
    from webapp.services.compare import labelled_file as compare_labelled_file
    from webapp.training import errors, source
    from webapp.training.data import read_labelled
    from webapp.training.rows import RowRange

    try:
        found = source.locate(data, None, settings.var_dir / "downloads")
        read = read_labelled(found.path, RowRange.parse(rows))
    except errors.TrainingError as error:
        raise click.ClickException(str(error)) from None
    return compare_labelled_file.ask(
        services,
        request,
        read.counts,
        read.features,
        sha256=found.sha256,
        rows=(read.rows.first, read.rows.last or 0),
    )


def _write_report(answer: Any, path: str) -> None:
    from pathlib import Path

    from webapp.pages.compare import report as compare_report
    from webapp.timing import now_ms

    try:
        Path(path).write_text(compare_report.render(answer, now_ms()), "utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}") from None


def _table(form: dict[str, Any]) -> str:
    lines = [form["sentence"], ""]
    on = "simulated events" if form["simulated"] else "events"
    lines.append(f"{form['n']:,} {on}, {form['labelled']:,} with a known outcome")
    for version in form["versions"]:
        lines += ["", _head(form, version)]
        metrics = version.get("metrics") or {}
        lines += [
            _line(name, metrics[key], (version["differences"] or {}).get(key))
            for key, name in _NAMES.items()
            if metrics.get(key)
        ]
        if version.get("statement"):
            lines.append(f"  {version['statement']}")
    return "\n".join(lines)


def _head(form: dict[str, Any], version: dict[str, Any]) -> str:
    what = " (reference)" if version["version"] == form["reference"] else ""
    seen = ", trained on some of these: no evidence" if version["trained_on_these"] else ""
    return f"{version['version']}{what}{seen}"


def _line(name: str, found: dict[str, Any], difference: dict[str, Any] | None) -> str:
    text = f"  {name:<18}{found['value']:.4f}  [{found['low']:.4f}, {found['high']:.4f}]"
    if difference is None:
        return text
    text += f"  {difference['value']:+.4f} [{difference['low']:+.4f}, {difference['high']:+.4f}]"
    verdict = difference["verdict"]
    if verdict is None:
        return text
    more = f", about {difference['further']:,} more would do" if difference["further"] else ""
    return f"{text}  {_MARKS[verdict]} {verdict}{more}"

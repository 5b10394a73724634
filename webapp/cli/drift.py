"""``everycase drift``, the verdict on a window in a terminal, for cron and CI; ``alert``."""

from __future__ import annotations

import json
from typing import Any

import click

from webapp.cli.context import open_services, say_reading
from webapp.cli.version_name import VERSION
from webapp.grammar import quantity
from webapp.services.drift import as_json as drift_as_json
from webapp.services.drift import labelled_file as drift_labelled_file
from webapp.services.drift import reader as drift_reader
from webapp.services.drift import webhook
from webapp.services.drift.answer import DriftReport, NoAnswer
from webapp.services.drift.columns import IN_TERMINAL, table_rows
from webapp.services.drift.sentence import compose
from webapp.services.drift.words import NO_HARM, VERDICTS, describe_doubt
from webapp.services.traffic import windows
from webapp.settings import Settings
from webapp.stats.metrics import describe_certainty
from webapp.stats.rates import Interval
from webapp.timing import now_ms

_METRICS = {"log_loss": "log loss", "auc": "auc", "skill": "skill"}


@click.command()
@click.option("--version", type=VERSION, help="The version to judge [default: the champion].")
@click.option("--from", "from_", metavar="DAY", help="First day, such as 2026-11-08.")
@click.option("--to", metavar="DAY", help="Last day [default: today].")
@click.option(
    "--days", help=f"Length of the window in days, ending at --to [default: {windows.DAYS}]."
)
@click.option("--source", help="all (real traffic), or one: api, form, batch, replay, demo ...")
@click.option("--baseline", help="training, evaluation, previous, week-before or a version.")
@click.option("--margin", help="The smallest shift of a share that matters [default: 0.03].")
@click.option("--data", help="Judge a file (CSV, Excel or Parquet, path or URL), not the log.")
@click.option("--rows", default=":", show_default=True, help="FIRST:LAST of the file, from 1.")
@click.option("--json", "is_json", is_flag=True, help="The JSON of GET /api/v1/drift.")
@click.option("--fail-on", type=click.Choice(["drifted", "cannot tell", "unknown"]),
              multiple=True,
              help="Exit with status 1 at this verdict; unknown: whether it hurts.")  # fmt: skip
@click.pass_obj
def drift(
    settings: Settings,
    /,
    from_: str | None,
    is_json: bool,
    fail_on: tuple[str, ...],
    data: str | None,
    rows: str,
    **options: Any,
) -> None:
    """Compare traffic with a baseline: what drifted, whether it hurts, and what to do."""
    values = options | {"from": from_}
    params = {name: value for name, value in values.items() if value is not None}
    now = now_ms()
    with open_services(settings) as services:
        question = windows.read(params, now)
        answer: DriftReport | NoAnswer
        if data is None:
            answer = drift_reader.answer_question(services, question)
        else:
            labelled_rows = _read_rows(services, settings, question, data, rows)
            say_reading(labelled_rows.notes)
            answer = drift_labelled_file.compare_on_file(services, question, labelled_rows)
    form = drift_as_json.as_json(answer, now)
    click.echo(json.dumps(form, indent=2) if is_json else render_table(answer, now))
    if {form["verdict"], form["harm"]} & set(fail_on):
        raise click.exceptions.Exit(1)


def _read_rows(services: Any, settings: Settings, question: Any, data: str, rows: str) -> Any:
    """The rows of a file as cases of the version. Raises ClickException."""
    from webapp.services.predict import version_choice
    from webapp.training import errors, source
    from webapp.training.data import read_ordered
    from webapp.training.rows import RowRange

    _, prepared = version_choice.resolve(services, question.version)
    try:
        location = source.locate(data, None, settings.var_dir / "downloads")
        return read_ordered(
            location.path, RowRange.parse(rows), prepared.features, needs_label=False
        )
    except errors.TrainingError as error:
        raise click.ClickException(str(error)) from None


def render_table(answer: DriftReport | NoAnswer, now: int) -> str:
    """The sentence, a summary, the inputs and the performance."""
    rest = answer.scope.not_shown
    lines = [compose(answer, now).text, *([rest.hint] if rest else []), ""]
    if isinstance(answer, NoAnswer):
        return "\n".join([*lines, _summary(answer, answer.n, VERDICTS["cannot tell"])])
    lines.append(_summary(answer, answer.window.total, VERDICTS[answer.result.headline.verdict]))
    lines += ["", _line([cell.head for cell in IN_TERMINAL])]
    lines += [_line([cell.text(row) for cell in IN_TERMINAL]) for row in table_rows(answer)]
    if answer.result.performance.window.log_loss:
        lines += ["", _line(["", "performance", "before", "window", "", "interval"])]
        lines += [_metric_line(answer, name) for name in _METRICS]
    certain = describe_certainty(answer.scope.scores, answer.window.labelled.n)
    lines += ["", *_harm_lines(answer), *([f"{certain}."] if certain else [])]
    return "\n".join(lines)


def _summary(answer: DriftReport | NoAnswer, n: int, verdict: str) -> str:
    scope = answer.scope
    return (
        f"{scope.version} against {scope.baseline_name}, {quantity(n, 'event')}"
        f"{' of simulated traffic' if scope.is_simulated else ''}: {verdict.lower()}"
    )


def _line(texts: list[str]) -> str:
    """Cells in the widths of the table of inputs; the first two are left-aligned."""
    widths = [cell.width for cell in IN_TERMINAL]
    return "".join(
        f"{text:<{width}}" if i < 2 else f"{text:>{width}}"
        for i, (text, width) in enumerate(zip(texts, widths, strict=False))
    ).rstrip()


def _metric_line(report: DriftReport, name: str) -> str:
    judgement = report.result.performance
    before: Interval | None = getattr(judgement.baseline, name)
    now: Interval | None = getattr(judgement.window, name)
    interval = f"[{now.low:.4f}, {now.high:.4f}]" if now else ""
    values = [f"{value.value:.4f}" if value else "unknown" for value in (before, now)]
    return _line(["", _METRICS[name], *values, "", interval])


def _harm_lines(report: DriftReport) -> list[str]:
    """The verdict on harm, with what would tell; and the estimate, with what it assumes."""
    judgement = report.result.performance
    lines = [f"harm: {judgement.verdict}"]
    if judgement.verdict == "unknown":
        calm = f"{NO_HARM.lower()}, but " if judgement.sees_no_harm else ""
        lines[0] += f" ({calm}{describe_doubt(report)})"
    estimate = judgement.estimated
    if estimate.log_loss and judgement.window.n < estimate.n:
        value = f"{estimate.log_loss.value:.4f}"
        lines.append(f"estimated log loss of all events, if {estimate.assumes}: {value}")
    return lines


@click.command()
@click.pass_obj
def alert(settings: Settings, /) -> None:
    """Notify ALERT_WEBHOOK_URL if the champion's verdict changed; a server does so on its own."""
    if not settings.alert_webhook_url:
        raise click.ClickException("ALERT_WEBHOOK_URL is unset: set it to the webhook's address")
    with open_services(settings) as services:
        webhook.note_changes(services, now_ms())
        deliveries = webhook.deliver(services, settings.alert_webhook_url)
    if deliveries:
        click.echo(f"Notified the webhook of {quantity(deliveries, 'change')}.")

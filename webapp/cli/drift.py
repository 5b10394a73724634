"""``everycase drift``, the verdict on a window in a terminal, for cron and CI; ``alert``."""

from __future__ import annotations

import json
from typing import Any

import click

from webapp.cli.context import open_services
from webapp.services.drift import reader as drift_reader
from webapp.settings import Settings

_ICONS = {"drifted": "!", "stable": "=", "cannot tell": "?"}


@click.command()
@click.option("--version", help="The version to judge [default: the champion].")
@click.option("--from", "from_", metavar="DAY", help="First day, such as 2026-11-08.")
@click.option("--to", metavar="DAY", help="Last day [default: today].")
@click.option("--days", help="Days before --to, with it [default: 14].")
@click.option("--source", help="api, form, batch, replay or demo [default: all that is real].")
@click.option("--baseline", help="training, previous, week-before or a version.")
@click.option("--margin", help="The shift of a share that matters [default: 0.03].")
@click.option("--data", help="Judge a labelled file (CSV or Parquet, path or URL), not the log.")
@click.option("--rows", default=":", show_default=True, help="FIRST:LAST of the file, from 1.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as the API gives it.")
@click.option("--fail-on", type=click.Choice(["drifted", "cannot tell"]), multiple=True,
              help="End with status 1 at this verdict.")  # fmt: skip
@click.pass_obj
def drift(
    settings: Settings,
    /,
    from_: str | None,
    as_json: bool,
    fail_on: tuple[str, ...],
    data: str | None,
    rows: str,
    **asked: Any,
) -> None:
    """Has traffic drifted, does it hurt, and what to do?"""
    from webapp.services.drift import as_json as drift_as_json
    from webapp.services.drift import labelled_file as drift_labelled_file
    from webapp.services.traffic import windows
    from webapp.timing import now_ms

    given = {name: value for name, value in (asked | {"from": from_}).items() if value is not None}
    now = now_ms()
    with open_services(settings) as services:
        question = windows.read(given, now)
        if data is None:
            answer = drift_reader.ask(services, question)
        else:
            answer = drift_labelled_file.ask(services, question, _read(settings, data, rows))
    form = drift_as_json.as_json(answer, now)
    click.echo(json.dumps(form, indent=2) if as_json else _table(form))
    if form["verdict"] in fail_on:
        raise click.exceptions.Exit(1)


def _read(settings: Settings, data: str, rows: str) -> Any:
    from webapp.training import errors, source
    from webapp.training.data import read_ordered
    from webapp.training.rows import RowRange

    try:
        found = source.locate(data, None, settings.var_dir / "downloads")
        return read_ordered(found.path, RowRange.parse(rows))
    except errors.TrainingError as error:
        raise click.ClickException(str(error)) from None


def _table(form: dict[str, Any]) -> str:
    lines = [form["sentence"], ""]
    lines.append(
        f"{form['version']} against {form['baseline']}, {form['n']:,} events"
        f"{' of simulated traffic' if form['simulated'] else ''}: {form['verdict']}"
    )
    if form["features"]:
        head = ("", "feature", "before", "window", "difference", "interval", "PSI", "p adj.")
        lines += ["", _line(head)]
        lines += [_line(_row(row)) for row in form["features"]]
    performance = form["performance"]
    if performance and performance["window"]["log_loss"]:
        before, now = performance["baseline"], performance["window"]
        lines += ["", _line(("", "performance", "before", "window", "", "interval", "", ""))]
        lines += [_line(_metric(name, before, now)) for name in ("log_loss", "auc", "skill")]
    return "\n".join(lines)


_WIDTHS = (2, 12, 8, 8, 11, 18, 8, 9)


def _line(cells: tuple[str, ...]) -> str:
    return "".join(
        f"{cell:<{w}}" if i < 2 else f"{cell:>{w}}"
        for i, (cell, w) in enumerate(zip(cells, _WIDTHS, strict=True))
    ).rstrip()


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    d = row["difference"]
    return (
        _ICONS[row["verdict"]],
        row["name"],
        f"{row['baseline']['value']:.1%}",
        f"{row['window']['value']:.1%}",
        f"{100 * d['value']:+.1f}",
        f"[{100 * d['low']:+.1f}, {100 * d['high']:+.1f}]",
        f"{row['psi']:.4f}",
        f"{row['p_adjusted']:.2g}",
    )


def _metric(name: str, before: dict[str, Any], now: dict[str, Any]) -> tuple[str, ...]:
    old, new = before[name], now[name]
    band = f"[{new['low']:.4f}, {new['high']:.4f}]" if new else ""
    shown = [f"{value['value']:.4f}" if value else "unknown" for value in (old, new)]
    return ("", name.replace("_", " "), *shown, "", band, "", "")


@click.command()
@click.pass_obj
def alert(settings: Settings, /) -> None:
    """Tell ALERT_WEBHOOK_URL if the champion's verdict changed; a server does so by itself."""
    from webapp.services.drift import webhook
    from webapp.timing import now_ms

    if not settings.alert_webhook_url:
        raise click.ClickException("ALERT_WEBHOOK_URL is unset: set it to the address to tell")
    with open_services(settings) as services:
        webhook.look(services, now_ms())
        told = webhook.deliver(services, settings.alert_webhook_url)
    if told:
        click.echo(f"Told the webhook of {told} {'change' if told == 1 else 'changes'}.")

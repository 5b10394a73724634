"""Commands that write traffic: ``everycase demo`` and ``everycase replay``."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from webapp.cli.context import open_services, say_reading
from webapp.cli.version_name import VERSION
from webapp.grammar import pluralize, quantity
from webapp.settings import Settings

if TYPE_CHECKING:
    from webapp.cases import Features
    from webapp.services.context import Services
    from webapp.services.predict.replay import ReplayPlan

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class _Duration(click.ParamType[Any]):
    """A time such as 90s, 30m, 12h or 3d, as milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """The milliseconds of ``value``."""
        if isinstance(value, int):
            return value
        unit = _UNITS.get(value[-1:])
        if unit is None or not value[:-1].isascii() or not value[:-1].isdecimal():
            self.fail("a number and a unit are needed, such as 30m, 12h or 3d", param, ctx)
        try:
            return int(timedelta(**{unit: int(value[:-1])}).total_seconds() * 1000)
        except OverflowError:
            self.fail("that is too long", param, ctx)


def duration() -> click.ParamType[Any]:
    """The type of options such as 30m, in milliseconds."""
    return _Duration()


class _Speed(click.ParamType[Any]):
    """``MAX``, or a factor of the clock's speed such as ``x60``."""

    name = "speed"

    def convert(self, value: Any, param: Any, ctx: Any) -> float | None:
        """The factor, None for MAX."""
        if value is None or value == "MAX":
            return None
        try:
            factor = float(value.removeprefix("x"))
        except ValueError:
            factor = 0
        if not value.startswith("x") or not 0 < factor < float("inf"):
            self.fail("MAX or a factor such as x60 is needed", param, ctx)
        return factor


@click.command()
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1))
@click.option("--remove", is_flag=True, help="Remove all simulated traffic.")
@click.option("--if-empty", is_flag=True, help="Do nothing if the log has traffic to show.")
@click.pass_obj
def demo(settings: Settings, *, seed: int, remove: bool, if_empty: bool) -> None:
    """Write 60 days of simulated traffic for the champion, up to now."""
    from webapp.services.predict import simulate
    from webapp.timing import now_ms

    with open_services(settings) as services:
        if remove:
            click.echo(f"Removed {quantity(simulate.remove(services), 'simulated event')}.")
        elif if_empty and simulate.is_needless(services):
            click.echo("The log has traffic to show, so none was simulated.")
        else:
            traffic = simulate.write(services, now_ms(), seed=seed)
            click.echo(
                f"Wrote {traffic.events:,} simulated events of {simulate.DAYS} days for "
                f"{traffic.version}, {traffic.labelled:,} with outcomes. "
                f"{traffic.origin}{' ' if traffic.origin else ''}"
                "To remove them: everycase demo --remove"
            )


@click.command()
@click.option(
    "--data", help="CSV, Excel or Parquet, path or URL [default: the shipped models' data]."
)
@click.option("--sha256", help="What the SHA-256 of the data must be.")
@click.option("--rows", default=":", show_default=True, help="FIRST:LAST, from 1.")
@click.option("--days", default=60.0, show_default=True, type=click.FloatRange(0.01, 3650),
              help="Days that the rows are spread over, until now.")  # fmt: skip
@click.option("--label-delay", default="0s", show_default=True, type=_Duration(),
              help="Time from an event to its outcome, such as 3d.")  # fmt: skip
@click.option("--speed", default="MAX", show_default=True, type=_Speed(),
              help="MAX, or a factor of the clock's speed, such as x60.")  # fmt: skip
@click.option("--version", type=VERSION, help="Version to predict with [default: the champion].")
@click.pass_obj
def replay(settings: Settings, /, version: str | None, **options: Any) -> None:
    """Send the rows of a file, in order, as traffic with outcomes.

    Ctrl-C stops it; the same command continues from there, and no row is counted twice.
    """
    from webapp.services.predict import replay, version_choice

    with open_services(settings) as services:
        name, prepared = version_choice.resolve(services, version)
        plan = _make_plan(settings, name, prepared.features, **options)
        _run(services, plan)
        result = replay.judge(services, name)
    click.echo(f"The log has {quantity(result.events, 'replayed event')} of {name}, "
               f"{result.labelled:,} with outcomes.")  # fmt: skip
    if result.metrics is not None:
        click.echo(f"Log loss {result.metrics.log_loss:.4f}, AUC {result.metrics.auc:.4f}")


def _make_plan(
    settings: Settings,
    version: str,
    features: Features,
    *,
    data: str | None,
    sha256: str | None,
    rows: str,
    **pace: Any,
) -> ReplayPlan:
    from webapp.services.predict.replay import ReplayPlan
    from webapp.training import errors, source
    from webapp.training.data import read_ordered
    from webapp.training.rows import RowRange

    try:
        span = RowRange.parse(rows)
        file = source.locate(data or source.GAMES_URL, sha256, settings.var_dir / "downloads")
        rows_in_order = read_ordered(file.path, span, features, needs_label=False)
    except errors.TrainingError as error:
        raise click.ClickException(str(error)) from None
    say_reading(rows_in_order.notes)
    return ReplayPlan(
        digest=file.sha256,
        first=rows_in_order.rows.first,
        features=rows_in_order.features,
        case=rows_in_order.case.tolist(),
        label=rows_in_order.label.tolist(),
        version=version,
        **pace,
    )


def _run(services: Services, plan: ReplayPlan) -> None:
    """Replay under a progress bar."""
    from webapp.services.predict import replay
    from webapp.timing import now_ms

    total, position = len(plan.case), 0
    before = services.log.totals().get(replay.SOURCE, 0)
    try:
        with click.progressbar(length=total, label="Replaying", file=sys.stderr) as bar:
            for progress in replay.replay(services, plan, now_ms()):
                bar.update(progress.sent - position)
                position = progress.sent
    except KeyboardInterrupt:
        click.echo(f"\nStopped after {position:,} of {total:,} rows: the same command continues.",
                   err=True)  # fmt: skip
        raise click.exceptions.Exit(130) from None
    repeats = total - (services.log.totals().get(replay.SOURCE, 0) - before)
    if repeats:
        verb = pluralize(repeats, "was", "were")
        click.echo(f"{repeats:,} of {quantity(total, 'row')} {verb} in the log already.")

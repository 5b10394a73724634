"""``everycase export``: a version as a bundle for AWS Lambda, Cloud Functions, or pip."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from webapp.cases import shorten
from webapp.cli import models as cli_models
from webapp.cli.version_name import VERSION
from webapp.settings import Settings

if TYPE_CHECKING:
    from webapp.catalog.export import Files, Target
    from webapp.catalog.prepared import Prepared

_TARGETS = ("lambda", "gcf", "wheel")


@click.command()
@click.option("--version", required=True, type=VERSION, help="The version to export.")
@click.option("--target", required=True, type=click.Choice(_TARGETS), help="Where it will run.")
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="lambda: a .zip file; gcf: a new folder or a .zip file; wheel: a new or existing folder.",
)
@click.pass_obj
def export(settings: Settings, /, version: str, target: Target, output: Path) -> None:
    """Export a version to predict without this app.

    The bundle needs only Python 3.11 or newer.
    """
    from webapp.catalog.export import make_bundle

    _check_output(target, output)
    cli_models.ensure_synced(settings)
    prepared = _find(settings, version)
    files = make_bundle(version, prepared, target)
    try:
        place, size, digest = _write(version, target, output, files)
    except OSError as error:
        raise click.ClickException(
            f"{output} can't be written: {error.strerror or error}"
        ) from None
    click.echo(f"Wrote {place}: {version} for {target}, {size:,} bytes, SHA-256 {digest}")
    if prepared.facts.outcome:
        click.echo(f"Its probability is that of {shorten(prepared.facts.outcome)}.")


def _check_output(target: Target, output: Path) -> None:
    """Raise ClickException if the output doesn't fit the target."""
    if target == "lambda" and output.suffix != ".zip":
        raise click.ClickException(f"{output} must end with .zip")
    if target == "wheel" and (output.is_file() or output.suffix == ".whl"):
        raise click.ClickException(
            f"{output} must be a folder: the wheel's file name is fixed, as pip reads it"
        )
    if target != "gcf" or output.suffix == ".zip":
        return
    if output.is_file() or (output.is_dir() and any(output.iterdir())):
        raise click.ClickException(f"{output} exists already: choose a new folder or remove it")


def _find(settings: Settings, name: str) -> Prepared:
    """The prepared version of that name. Raises ClickException."""
    from webapp.catalog.prepared import PreparedError, read_prepared
    from webapp.catalog.versions import Version

    entries = {entry.name: entry for entry in cli_models.prepared_versions(settings)}
    entry = entries.get(name)
    if entry is None:
        names = ", ".join(sorted(entries))
        hint = f"choose from {names}" if names else "train one with everycase train"
        raise click.ClickException(f"there is no version {name}: {hint}")
    if entry.place is None:
        standing = Version(name, entry.status).standing
        raise click.ClickException(f"{name} {standing}: {entry.reason or 'try again'}")
    try:
        return read_prepared(Path(entry.place))
    except PreparedError as error:
        raise click.ClickException(f"{name} can't be exported: {error}") from None


def _write(version: str, target: Target, output: Path, files: Files) -> tuple[Path, int, str]:
    """Write the bundle and return its place, size in bytes and SHA-256. Raises OSError."""
    from webapp.catalog.export import make_zip, wheel_name, write_folder

    archive, is_folder = make_zip(files), target == "gcf" and output.suffix != ".zip"
    place = output / wheel_name(version) if target == "wheel" else output
    place = place.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    # A draft beside the place, renamed when complete: the place never holds a partial bundle
    with TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as work:
        draft = Path(work) / "draft"
        if is_folder:
            write_folder(draft, files)
        else:
            draft.write_bytes(archive)
        draft.replace(place)
    size = sum(map(len, files.values())) if is_folder else len(archive)
    return output if is_folder else place, size, hashlib.sha256(archive).hexdigest()

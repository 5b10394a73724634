"""``everycase export``: a version as a bundle for AWS Lambda, Cloud Functions, or pip."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from webapp.cli import models as cli_models
from webapp.settings import Settings

if TYPE_CHECKING:
    from webapp.catalog.export import Files, Target
    from webapp.catalog.prepared import Prepared

_TARGETS = ("lambda", "gcf", "wheel")


@click.command()
@click.option("--version", required=True, help="The version to export.")
@click.option("--target", required=True, type=click.Choice(_TARGETS), help="Where it is to run.")
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="lambda: a .zip; gcf: a new folder or a .zip; wheel: a folder, which may exist.",
)
@click.pass_obj
def export(settings: Settings, /, version: str, target: Target, output: Path) -> None:
    """Write a version's score table and its input contract, to answer without this app.

    It needs the standard library of Python 3.11 or newer, and nothing else.
    """
    from webapp.catalog.export import make

    _check_output(target, output)
    cli_models.ensure_synced(settings)
    files = make(version, _find(settings, version), target)
    try:
        place, size, digest = _write(version, target, output, files)
    except OSError as error:
        raise click.ClickException(
            f"{output} can't be written: {error.strerror or error}"
        ) from None
    click.echo(f"Wrote {place}: {version} for {target}, {size:,} bytes, SHA-256 {digest}")


def _check_output(target: Target, output: Path) -> None:
    """Is it a place for that target? Raises ClickException."""
    if target == "lambda" and output.suffix != ".zip":
        raise click.ClickException(f"{output} is no name for a zip: end it with .zip")
    if target == "wheel" and (output.is_file() or output.suffix == ".whl"):
        raise click.ClickException(
            f"{output} is not a folder: pip wants the wheel's own name in one"
        )
    if target != "gcf" or output.suffix == ".zip":
        return
    if output.is_file() or (output.is_dir() and any(output.iterdir())):
        raise click.ClickException(f"{output} is there already: name a new folder, or remove it")


def _find(settings: Settings, name: str) -> Prepared:
    """The prepared version of that name. Raises ClickException."""
    from webapp.catalog.prepared import PreparedError, read_prepared

    entries = {entry.name: entry for entry in cli_models.prepared_versions(settings)}
    entry = entries.get(name)
    if entry is None:
        known = ", ".join(sorted(entries)) or "none; train one with everycase train"
        raise click.ClickException(f"there is no version {name}: there are {known}")
    if entry.place is None:
        raise click.ClickException(f"{name} is {entry.status}: {entry.reason or 'try again'}")
    try:
        return read_prepared(Path(entry.place))
    except PreparedError as error:
        raise click.ClickException(f"{name} can't be exported: {error}") from None


def _write(version: str, target: Target, output: Path, files: Files) -> tuple[Path, int, str]:
    """Write the bundle: where it is, its size, and a digest of it. Raises OSError."""
    from webapp.catalog.export import archive, wheel_name, write_folder

    packed, is_folder = archive(files), target == "gcf" and output.suffix != ".zip"
    place = output / wheel_name(version) if target == "wheel" else output
    place = place.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    # Never half there under its own name; beside it, so that it can be renamed
    with TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as work:
        draft = Path(work) / "draft"
        if is_folder:
            write_folder(draft, files)
        else:
            draft.write_bytes(packed)
        draft.replace(place)
    size = sum(map(len, files.values())) if is_folder else len(packed)
    return output if is_folder else place, size, hashlib.sha256(packed).hexdigest()

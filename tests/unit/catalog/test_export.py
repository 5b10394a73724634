"""``everycase export`` and what it writes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.support.function_runtimes import NAME, exported, shipped
from tests.support.versions import ready
from webapp.bundle import table
from webapp.bundle.table import BundleError, load_model
from webapp.cases import Features
from webapp.catalog import export
from webapp.catalog.prepared import Facts, Prepared
from webapp.cli.main import main
from webapp.settings import ROOT

TARGETS: tuple[export.Target, ...] = ("lambda", "gcf", "wheel")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("MODELS_URI", str(ROOT / "models"))
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))

    def run(*words: str | Path):  # type: ignore[no-untyped-def]
        return CliRunner().invoke(main, ["export", *map(str, words)])

    return run


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_version_makes_the_same_bytes(target: export.Target) -> None:
    first, again = (export.make_zip(export.make_bundle(NAME, shipped(), target)) for _ in "12")
    assert first == again
    assert len(first) < 64_000


@pytest.mark.parametrize("target", TARGETS)
def test_sixteen_inputs_fit_in_a_megabyte(target: export.Target) -> None:
    features = Features.numbered(16)
    scores = np.random.default_rng(0).uniform(0, 1, features.cases)  # as good as incompressible
    prepared = Prepared(Facts("digest", features.names), features, scores, None)
    files = export.make_bundle("wide_v1", prepared, target)
    assert sum(map(len, files.values())) < 1 << 20


def test_a_bundle_holds_what_it_needs_and_no_more(tmp_path: Path) -> None:
    model = load_model(str(exported(tmp_path, "lambda") / export.PACKAGE))
    counts = shipped().baseline
    assert counts is not None
    assert (model.name, model.names) == (NAME, Features.numbered(10).names)
    assert list(model.scores) == shipped().scores.tolist()
    assert model.digest == shipped().facts.digest
    assert model.base_rate == counts.positives.sum() / counts.n.sum()
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert "gcp.py" not in names
    assert "library.py" not in names


@pytest.mark.parametrize(
    ("classes", "positive", "summary"),
    [
        ((), None, "P(label = 1)"),
        (("0", "1"), "1", "P(label = 1)"),
        (("churn", "stay\nX: 1"), "stay\nX: 1", "P(stay�X: 1)"),
    ],
)
def test_a_bundle_names_the_class(
    classes: tuple[str, ...], positive: str | None, summary: str, tmp_path: Path
) -> None:
    facts = replace(shipped().facts, classes=classes, positive=positive)
    files = export.make_bundle(NAME, replace(shipped(), facts=facts), "wheel")
    export.write_folder(tmp_path, files)
    package = export.module_name(NAME)
    model = load_model(str(tmp_path / package))
    assert model.positive == positive
    version_facts = json.loads(files[f"{package}/{table.FACTS}"])
    assert (version_facts["classes"], version_facts["positive"]) == (list(classes), positive)
    metadata = files[f"{package}-1.dist-info/METADATA"].decode().splitlines()
    assert (
        f"Summary: {summary} by {NAME}, a table of 1,024 cases, exported by Everycase" in metadata
    )
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; import {package}; "
    code += f"print([{package}.POSITIVE])"
    command = [sys.executable, "-I", "-S", "-c", code]
    assert subprocess.check_output(command, text=True).strip() == repr([positive])


def test_nothing_but_the_standard_library_is_imported(tmp_path: Path) -> None:
    exported(tmp_path, "lambda")
    code = (
        "import sys; before = set(sys.modules); import lambda_function; "
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    )
    process = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; {code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    modules = set(process.stdout.split()) - {"everycase_edge", "lambda_function"}
    assert modules <= sys.stdlib_module_names
    assert not modules & {"http", "urllib", "email", "ssl", "dataclasses", "threading"}


def test_importing_takes_at_most_20_ms(tmp_path: Path) -> None:
    exported(tmp_path, "lambda")
    code = (
        f"import sys, time; sys.path[:0] = [{str(tmp_path)!r}]; begun = time.process_time(); "
        "import lambda_function; print(time.process_time() - begun)"
    )
    python = getattr(sys, "_base_executable", sys.executable)  # a venv's start imports much itself
    command = [python, "-I", "-B", "-c", code]  # -B: nothing is compiled before
    took = [float(subprocess.check_output(command)) for _ in range(9)]
    assert min(took) <= 0.020


@pytest.mark.parametrize("name", [table.FACTS, table.TABLE, table.SUMS])
def test_what_was_changed_is_not_served(tmp_path: Path, name: str) -> None:
    folder = exported(tmp_path, "lambda") / export.PACKAGE
    content = bytearray((folder / name).read_bytes())
    content[10] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=r"changed after .* Export the version again"):
        load_model(str(folder))
    (folder / name).unlink()
    with pytest.raises(BundleError, match="holds no exported version"):
        load_model(str(folder))


def test_facts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    files = export.make_bundle("x_v1", ready("x_v1", Features.numbered(3)).prepared, "lambda")  # type: ignore[arg-type]
    other = export.make_bundle("x_v1", ready("x_v1", Features.numbered(4)).prepared, "lambda")  # type: ignore[arg-type]
    data = f"{export.PACKAGE}/{table.TABLE}"
    sums = f"{export.PACKAGE}/{table.SUMS}"
    lines = files[sums].splitlines()[::-1], other[sums].splitlines()[::-1]
    files[data] = other[data]
    files[sums] = b"\n".join([lines[0][0], lines[1][1]]) + b"\n"
    export.write_folder(tmp_path, files)
    with pytest.raises(BundleError, match="it has 16 scores for 8 cases"):
        load_model(str(tmp_path / export.PACKAGE))


def test_the_command_writes_each_target(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for target, output in (("lambda", "x.zip"), ("gcf", "gcf"), ("gcf", "y.zip"), ("wheel", "w")):
        process = run("--version", NAME, "--target", target, "--output", tmp_path / output)
        assert process.exit_code == 0, process.output
        assert f"{NAME} for {target}" in process.output
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert "lambda_function.py" in archive.namelist()
    assert (tmp_path / "gcf" / "main.py").is_file()
    content = io.BytesIO((tmp_path / "y.zip").read_bytes())
    assert "main.py" in zipfile.ZipFile(content).namelist()
    assert [path.name for path in (tmp_path / "w").iterdir()] == [
        "everycase_logit_games_v1-1-py3-none-any.whl"
    ]


@pytest.mark.parametrize(
    ("version", "target", "output", "error"),
    [
        ("nope", "lambda", "x.zip", "there is no version nope: choose from hgb_games_v1, "),
        (NAME, "lambda", "x", "must end with .zip"),
        (NAME, "wheel", "x.whl", "must be a folder"),
        (NAME, "gcf", "var", "choose a new folder or remove it"),
    ],
)
def test_errors_name_the_fix(  # type: ignore[no-untyped-def]
    run, tmp_path: Path, version: str, target: str, output: str, error: str
) -> None:
    (tmp_path / "var" / "something").mkdir(parents=True)
    process = run("--version", version, "--target", target, "--output", tmp_path / output)
    assert process.exit_code == 1
    assert process.output.count("\n") == 1
    assert error in process.output


def test_a_version_that_can_not_be_served_is_not_exported(  # type: ignore[no-untyped-def]
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models" / "odd_v1").mkdir(parents=True)
    monkeypatch.setenv("MODELS_URI", str(tmp_path / "models"))
    process = run("--version", "odd_v1", "--target", "wheel", "--output", tmp_path / "w")
    assert process.exit_code == 1
    assert "odd_v1 is unavailable: " in process.output
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("logit_games_v1", "everycase_logit_games_v1"),
        ("A.b--c_v2", "everycase_a_b_c_v2_3e5b93f3"),
        ("a.b_c_v2", "everycase_a_b_c_v2_bbde82a2"),
    ],
)
def test_names_of_wheels(version: str, name: str) -> None:
    assert export.module_name(version) == name


def test_names_of_inputs_are_never_code(tmp_path: Path) -> None:
    names = ('a"""\nraise SystemExit(9)\n"""', "self", "{version}", "b\\", "é")
    prepared = ready("odd_v1", Features(names)).prepared
    assert prepared is not None
    for target in TARGETS:
        export.write_folder(tmp_path / target, export.make_bundle("odd_v1", prepared, target))
    code = (
        "import everycase_odd_v1 as m, everycase_edge; row = dict.fromkeys(m.FEATURES, 0); "
        "print(m.predict(**row) == m.predict_proba([row])[0])"
    )
    start = f"import sys; sys.path[:0] = [{str(tmp_path / 'wheel')!r}, {str(tmp_path / 'gcf')!r}]; "
    assert (
        subprocess.check_output([sys.executable, "-I", "-c", start + code], text=True) == "True\n"
    )


def test_bytes_of_an_archive_hang_on_no_library() -> None:
    archive = zipfile.ZipFile(io.BytesIO(export.make_zip({"a": b"0" * 1000, "b": b""})))
    assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
    assert all(info.date_time == (1980, 1, 1, 0, 0, 0) for info in archive.infolist())


@pytest.mark.parametrize(
    ("target", "name"), [("lambda", "x.zip"), ("gcf", "folder"), ("gcf", "y.zip")]
)
def test_what_can_not_be_written_whole_leaves_nothing(  # type: ignore[no-untyped-def]
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, name: str
) -> None:
    def fail(_self: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    place = tmp_path / "out"
    monkeypatch.setattr(Path, "write_bytes", fail)
    process = run("--version", NAME, "--target", target, "--output", place / name)
    assert process.exit_code == 1
    assert "can't be written: No space left on device" in process.output
    assert list(place.iterdir()) == []


def test_a_folder_in_the_place_of_a_zip_stays(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "x.zip").mkdir()
    process = run("--version", NAME, "--target", "lambda", "--output", tmp_path / "x.zip")
    assert "x.zip can't be written: Is a directory" in process.output
    assert {path.name for path in tmp_path.iterdir()} <= {"x.zip", "var"}


def test_an_empty_folder_is_filled(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "function").mkdir()
    process = run("--version", NAME, "--target", "gcf", "--output", tmp_path / "function")
    assert process.exit_code == 0, process.output
    assert (tmp_path / "function" / "main.py").is_file()

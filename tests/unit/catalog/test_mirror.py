"""A mirror follows its source, survives its absence, and says how it went."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.event_logs import hand_services
from tests.support.model_folders import carry, make_model
from tests.support.versions import ready
from webapp.catalog.index import write_index
from webapp.catalog.reader import FolderCatalog
from webapp.catalog.scan import CatalogEntry, Scanner
from webapp.catalog.stores import mirror, open
from webapp.catalog.stores.bucket import BucketStore
from webapp.catalog.stores.folder import FolderStore
from webapp.catalog.stores.mirror_state import (
    Mirror,
    MirrorState,
    is_mirror,
    read_state,
    write_state,
)
from webapp.catalog.stores.mlflow_clients import RemoteError, translate_errors, without_password
from webapp.catalog.stores.registry import RegistryStore
from webapp.cli.main import main
from webapp.components.first_paint import first_paint
from webapp.components.status import MODELS_BANNER, banner_texts, champion_banner
from webapp.server.metrics import AppMetrics
from webapp.services.context import Services
from webapp.services.predict import view as predict_view
from webapp.services.status import status

MINUTE = 60_000


class HandSource:
    """A source that holds what it is given."""

    def __init__(self, **marks: str) -> None:
        self.marks = marks
        self.away = False
        self.broken: set[str] = set()
        self.moving: set[str] = set()
        self.brought: list[str] = []

    def list_versions(self) -> dict[str, str]:
        if self.away:
            raise RemoteError("it can't be listed: nobody is there")
        return dict(self.marks)

    def download(self, version: str, mark: str, place: Path) -> bool:
        place.mkdir()
        (place / "MLmodel").write_text(mark)
        self.brought.append(version)
        if version in self.broken:
            raise RemoteError("Its files can't be downloaded: torn")
        return version not in self.moving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


def look(source: HandSource, folder: Path, at: float = 1.0) -> MirrorState:
    return mirror.sync_once(source, folder, every=30, clock=lambda: at)


def here(folder: Path) -> dict[str, str]:
    return {place.parent.name: place.read_text() for place in folder.glob("[!.]*/MLmodel")}


def test_the_folder_follows_its_source(folder: Path) -> None:
    source = HandSource(a_v1="1", a_v2="1", b="1")
    state = look(source, folder)
    assert here(folder) == source.marks == dict(state.marks)
    assert source.brought == ["a_v2", "a_v1", "b"]  # what is new may be waited for
    assert (state.reached, state.away, state.error) == (1000, None, None)
    look(source, folder)
    assert len(source.brought) == 3
    source.marks = {"a_v2": "2", "c_v1": "1"}
    look(source, folder)
    assert here(folder) == source.marks
    assert source.brought[3:] == ["a_v2", "c_v1"]
    assert {path.name for path in folder.iterdir()} == {"a_v2", "c_v1", ".lock", ".mirror.json"}


def test_names_that_are_no_versions_are_left_there(folder: Path) -> None:
    look(HandSource(**{"../x": "1", ".hidden": "1", "a b": "1", "fine": "1"}), folder)
    assert here(folder) == {"fine": "1"}


@pytest.mark.parametrize("is_empty", [False, True])
def test_what_was_copied_stays_while_the_source_is_unreachable(
    folder: Path, is_empty: bool
) -> None:
    source = HandSource(a_v1="1")
    look(source, folder, at=1)
    source.away, source.marks = not is_empty, {}
    for at in (2, 3):
        state = look(source, folder, at=at)
        assert (state.reached, state.away, state.looked) == (1000, 2000, 1000 * at)
        reason = "holds no versions any more" if is_empty else "nobody is there"
        assert reason in str(state.error)
        assert here(folder) == {"a_v1": "1"}
    source.away, source.marks = False, {"a_v1": "1"}
    assert look(source, folder, at=4).away is None
    assert source.brought == ["a_v1"]


def test_a_version_that_can_not_come_is_listed_and_harms_no_other(folder: Path) -> None:
    source = HandSource(a_v1="1", a_v2="1")
    source.broken, times = {"a_v2"}, set()
    for _ in range(2):
        assert look(source, folder).marks == {"a_v1": "1"}
        (entry,) = [e for e in Scanner(folder, folder / "records").scan() if e.name == "a_v2"]
        assert (entry.status, entry.reason) == (
            "unavailable",
            "Its files can't be downloaded: torn",
        )
        times.add((folder / "a_v2" / "everycase" / "facts.json").stat().st_mtime_ns)
    assert len(times) == 1  # written again, it would be looked at again
    source.broken = {"a_v1"}
    source.marks["a_v1"] = "2"
    assert look(source, folder).marks == {"a_v1": "1", "a_v2": "1"}
    assert here(folder) == {"a_v1": "1", "a_v2": "1"}  # the older state of it still answers


def test_a_version_that_changes_meanwhile_is_brought_later(folder: Path) -> None:
    source = HandSource(a_v1="1")
    source.moving = {"a_v1"}
    assert not look(source, folder).marks
    assert here(folder) == {}
    source.moving = set()
    assert look(source, folder).marks == {"a_v1": "1"}


def test_a_killed_look_was_not_in_vain(folder: Path) -> None:
    class Killed(HandSource):
        def download(self, version: str, mark: str, place: Path) -> bool:
            if version == "a_v1":
                place.mkdir()
                raise KeyboardInterrupt
            return super().download(version, mark, place)

    with pytest.raises(KeyboardInterrupt):
        look(Killed(a_v1="1", a_v2="1"), folder)
    (folder / ".fetching-left").mkdir()
    source = HandSource(a_v1="1", a_v2="1")
    look(source, folder)
    assert source.brought == ["a_v1"]
    assert not list(folder.glob(".fetching-*"))


def test_nothing_in_a_mirror_is_believed(folder: Path) -> None:
    folder.mkdir()
    carry(make_model(folder, "a_v1"))
    assert [e.status for e in Scanner(folder, folder / "records").scan()] == ["ready"]
    assert not is_mirror(folder)
    write_state(folder, MirrorState())
    assert [e.status for e in Scanner(folder, folder / "records").scan()] == ["preparing"]
    catalog = FolderCatalog(folder, folder / "var")
    assert [v.status for v in catalog.versions()] == ["preparing"]


def test_a_damaged_state_is_read_as_a_blank_one(folder: Path) -> None:
    folder.mkdir()
    for text in ("{", "[]", '{"other": 1}'):
        (folder / ".mirror.json").write_text(text)
        assert read_state(folder) == MirrorState()


def test_without_recent_looks_it_counts_as_unreachable() -> None:
    state = MirrorState(looked=10 * MINUTE, reached=10 * MINUTE, every=30)
    assert state.away_since(13 * MINUTE) is None
    assert state.away_since(14 * MINUTE) == 10 * MINUTE
    assert MirrorState().away_since(14 * MINUTE) is None
    assert (
        state.after_failure(11 * MINUTE, "x").after_failure(12 * MINUTE, "y").away_since(0)
        == 11 * MINUTE
    )


@pytest.fixture
def services(folder: Path) -> Services:
    folder.mkdir()
    services = hand_services([ready("logit_games_v1")])
    now = 1_700_000_000.0  # 2023-11-14 22:13 UTC
    mirror = Mirror(folder, "model registry", clock=lambda: now)
    return Services(*[getattr(services, name) for name in _FIELDS], mirror=mirror)


_FIELDS = ("catalog", "log", "ledger", "counts", "alerts", "close", "champion")


def test_pages_and_metrics_report_that_it_is_unreachable(services: Services, folder: Path) -> None:
    assert status(services).models is None
    fine = status(services).key
    assert b"everycase_models_reached 1.0" in AppMetrics(services).exposition()
    away = MirrorState(looked=1, marks={"a_v1": "1"}).after_failure(
        1_699_999_000_000, "http://secret-host"
    )
    write_state(folder, away)
    services.mirror._checked = 0.0  # type: ignore[union-attr]
    page = status(services)
    sentence = "The model registry has been unreachable since 14 Nov 2023, 21:56\u00a0UTC; "
    assert page.models == sentence + "cached versions keep serving."
    assert page.key != fine
    assert banner_texts(page) == [(MODELS_BANNER, page.models, "")]
    (banner,) = champion_banner(page)
    assert banner.id == MODELS_BANNER
    assert sentence in first_paint(predict_view.view(services, {}), page).replace("&#x27;", "'")
    assert b"everycase_models_reached 0.0" in AppMetrics(services).exposition()


def test_a_note_is_reported_too(services: Services, folder: Path) -> None:
    write_state(folder, MirrorState(looked=1_700_000_000_000))
    mirror.set_note(folder, "The alias champion is on a_v9.")
    assert status(services).models == "The alias champion is on a_v9."
    mirror.set_note(folder, None)
    assert read_state(folder).note is None


def test_before_the_first_version_came(services: Services, folder: Path) -> None:
    write_state(folder, MirrorState().after_failure(1_699_999_000_000, "x"))
    assert "no version has come from it yet" in str(status(services).models)


@pytest.mark.parametrize(
    ("uri", "kind", "kind_name"),
    [
        (Path("/srv/models"), FolderStore, "/srv/models"),
        ("s3://bucket/models", BucketStore, "s3://bucket/models"),
        ("gs://bucket/models", BucketStore, "gs://bucket/models"),
        ("models:/games", RegistryStore, "models:/games at http://host:5000"),
    ],
)
def test_the_store_of_an_address(uri: Path | str, kind: type, kind_name: str) -> None:
    store = open.open_store(uri, "http://me:secret@host:5000")
    assert isinstance(store, kind)
    assert store.display_name == kind_name
    assert store.name_for("hgb_games") == ("games" if kind is RegistryStore else "hgb_games")
    assert "secret" not in store.location("games_v3")
    assert "games_v3" in store.location("games_v3")


def test_a_library_that_is_missing_is_named_with_its_fix() -> None:
    command = r"it: boto3 isn't installed; run pip install '.\[s3\]'"
    with pytest.raises(RemoteError, match=command), translate_errors("it"):
        raise ModuleNotFoundError("No module named 'boto3'", name="boto3")
    with pytest.raises(RemoteError, match="google-cloud-storage"), translate_errors("it"):
        raise ModuleNotFoundError("No module named 'google.cloud'", name="google.cloud")
    with pytest.raises(RemoteError) as caught, translate_errors("it"):
        raise OSError("http://me:secret@host/ is away")
    assert "secret" not in str(caught.value)
    assert without_password("https://host/a@b") == "https://host/a@b"


# --- The commands ------------------------------------------------------------------------------


@pytest.fixture
def everycase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command on a bucket that is nowhere; what it says, errors too."""
    environ = {"VAR_DIR": str(tmp_path), "MODELS_URI": "s3://bucket/models"}

    def run(*words: str, status: int = 0, **changes: str) -> str:
        result = CliRunner().invoke(main, list(words), env=environ | changes)
        assert result.exit_code == status, result.output
        return result.output

    return run


def test_a_folder_has_nothing_to_sync(everycase: Callable[..., str], tmp_path: Path) -> None:
    output = everycase("sync", status=1, MODELS_URI=str(tmp_path))
    assert output == f"Error: MODELS_URI is the folder {tmp_path}: nothing to do\n"


def test_commands_say_how_it_went(
    everycase: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = HandSource(own="1")
    source.away = True
    monkeypatch.setattr(open, "open_source", lambda *_: source)
    output = everycase("sync", "--changes", status=1)
    assert output.startswith("s3://bucket/models: unreachable since 20")
    assert "; no versions were downloaded yet (it can't be listed: nobody is there)." in output
    assert everycase("sync", "--changes", status=1) == ""
    assert "unreachable since" in everycase("sync", status=1)
    assert everycase("versions", "--json").endswith("[]\n")
    assert "No versions in s3://bucket/models: train one" in everycase("versions")
    source.away = False
    output = everycase("sync", "--changes")
    assert "s3://bucket/models: reached; 1 version is here." in output
    assert everycase("sync", "--changes") == ""
    source.away = True
    output = everycase("verify", "other", status=1)
    assert "; cached versions keep serving (" in output
    assert "no version other" in output


def test_a_mirror_that_can_not_be_written_is_one_line(
    everycase: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open, "open_source", lambda *_: HandSource())
    (tmp_path / "models").write_text("a file")
    output = everycase("sync", status=1)
    assert output.startswith(f"Error: {tmp_path / 'models'}")
    assert output.count("\n") == 1


def test_an_index_of_another_place_is_not_read(folder: Path, tmp_path: Path) -> None:
    """A changed MODELS_URI has another mirror, and the index says of which folder it tells."""
    folder.mkdir()
    write_index(tmp_path, tmp_path / "other", (CatalogEntry("a_v1", "ready", None, (), "nowhere"),))
    assert FolderCatalog(folder, tmp_path).versions() == ()
    assert json.loads((tmp_path / "catalog" / "index.json").read_text())["versions"]

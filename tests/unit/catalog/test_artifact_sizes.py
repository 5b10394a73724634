"""A sync lists the sizes of a version's files before it downloads any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from webapp.catalog.stores import bucket, registry
from webapp.catalog.stores.artifact_sizes import list_files, refuse_oversize
from webapp.catalog.stores.mirror import sync_once
from webapp.catalog.stores.mlflow_clients import RemoteError

MIB = 1 << 20


@dataclass
class Info:
    path: str
    is_dir: bool
    file_size: int | None


class Repository:
    """As MLflow's artifact repositories list; a download is an error."""

    def __init__(self, sizes: Mapping[str, int | None], root: str = "") -> None:
        self.sizes, self.root = sizes, root
        self.downloads: list[str] = []

    def list_artifacts(self, path: str | None = None) -> list[Info]:
        folder = PurePosixPath(path or "")
        infos = {}
        for name, size in self.sizes.items():
            parts = PurePosixPath(name).parts
            if parts[: len(folder.parts)] != folder.parts:
                continue
            child = "/".join(parts[: len(folder.parts) + 1])
            is_file = len(parts) == len(folder.parts) + 1
            infos[child] = Info(child, not is_file, size if is_file else None)
        return list(infos.values())

    def download_artifacts(self, path: str, place: str) -> str:
        self.downloads.append(path)
        file = Path(place) / PurePosixPath(path).name
        file.write_text("flavors: {}\n")
        return str(file)


def test_names_and_sizes_of_all_files() -> None:
    repo = Repository({"MLmodel": 5, "data/model.skops": 70, "data/more/x": None})
    assert dict(list_files(repo)) == {"MLmodel": 5, "data/model.skops": 70, "data/more/x": 0}
    assert dict(list_files(repo, "data")) == {"data/model.skops": 70, "data/more/x": 0}
    refuse_oversize(repo)
    deep = Repository({"MLmodel": 5, "d/" * 50 + "x": 1, "e/" * 51 + "x": 1})
    assert dict(list_files(deep)) == {"MLmodel": 5, "d/" * 50 + "x": 1}
    refuse_oversize(Repository({"d/" * 50 + "x": 1}))


@pytest.mark.parametrize(
    ("sizes", "problem"),
    [
        ({"MLmodel": 5, "a": 600 * MIB, "b/c": 500 * MIB}, "larger than 1,024 MB together"),
        ({f"f{i}": 1 for i in range(10_001)}, "more than 10,000"),
        ({"MLmodel": 5, "d/" * 51 + "x": 1}, "in more than 50 folders inside one another"),
    ],
)
def test_what_no_model_needs_is_refused(sizes: dict[str, int | None], problem: str) -> None:
    with pytest.raises(RemoteError, match=problem):
        refuse_oversize(Repository(sizes))


def test_a_huge_version_of_a_bucket_is_listed_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"big_v1/MLmodel": 12, "big_v1/weights.bin": 3000 * MIB}
    whole = Repository(files)
    one = Repository({name.removeprefix("big_v1/"): size for name, size in files.items()})
    monkeypatch.setattr(bucket, "set_up", lambda *_: None)
    monkeypatch.setattr(bucket, "repository", lambda uri: one if "big_v1" in uri else whole)
    sync_once(bucket.BucketStore("s3://models"), tmp_path, every=60)
    reason = (tmp_path / "big_v1" / "everycase" / "facts.json").read_text()
    assert "Its files are larger than 1,024 MB together" in reason
    assert one.downloads == []
    assert whole.downloads == ["big_v1/MLmodel"], "12 bytes, to notice changes"


def test_a_huge_mlmodel_is_not_read_to_notice_changes() -> None:
    repo = Repository({"big_v1/MLmodel": 3000 * MIB})
    assert bucket._version_mark(repo, "big_v1") is not None
    assert repo.downloads == []


def test_a_huge_version_of_a_registry_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repository({"MLmodel": 12, "weights.bin": 3000 * MIB})
    client: Any = type("Client", (), {"get_model_version_download_uri": lambda *_: "s3://b/1"})()
    store = registry.RegistryStore("games", "http://registry")
    monkeypatch.setattr(store, "_client", lambda: client)
    monkeypatch.setattr(registry, "find_files", lambda *_: "s3://b/1")
    monkeypatch.setattr(registry, "repository", lambda _: repo)
    with pytest.raises(RemoteError, match="larger than 1,024 MB"):
        store.download("games_v1", "", tmp_path / "games_v1")
    assert repo.downloads == []
    assert not (tmp_path / "games_v1").exists()

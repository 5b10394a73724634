"""Open the store that MODELS_URI names. For short processes: it may import MLflow's clients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from webapp.catalog.stores.bucket import BucketStore
from webapp.catalog.stores.folder import FolderStore
from webapp.catalog.stores.mirror import MirrorSource
from webapp.catalog.stores.registry import RegistryStore, open_registry
from webapp.catalog.stores.store import Store


def open_store(uri: Path | str, tracking_uri: str = "") -> Store:
    """The folder, bucket or registry that new versions go to. Makes no request yet."""
    return FolderStore(uri) if isinstance(uri, Path) else _open_remote(uri, tracking_uri)


def open_source(uri: str, tracking_uri: str = "", sources: Sequence[str] = ()) -> MirrorSource:
    """The bucket or registry that versions come from. Makes no request yet.

    ``sources`` are places that a registry's versions may lie in besides its own store.
    """
    return _open_remote(uri, tracking_uri, sources)


def _open_remote(
    uri: str, tracking_uri: str, sources: Sequence[str] = ()
) -> BucketStore | RegistryStore:
    if uri.startswith("models:/"):
        return open_registry(uri, tracking_uri, sources)
    return BucketStore(uri)

"""What MODELS_URI names. For short processes: MLflow's clients may be imported."""

from __future__ import annotations

from pathlib import Path

from webapp.catalog.stores.bucket import ObjectStore
from webapp.catalog.stores.folder import FolderStore, Store
from webapp.catalog.stores.mirror import Source
from webapp.catalog.stores.registry import RegistryStore, open_registry


def open_store(uri: Path | str, tracking_uri: str = "") -> Store:
    """Where new versions go: a folder, a bucket, or a registry. Nothing is asked yet."""
    return FolderStore(uri) if isinstance(uri, Path) else _open(uri, tracking_uri)


def open_source(uri: str, tracking_uri: str = "") -> Source:
    """Where versions come from: a bucket, or a registry. Nothing is asked yet."""
    return _open(uri, tracking_uri)


def _open(uri: str, tracking_uri: str) -> ObjectStore | RegistryStore:
    if uri.startswith("models:/"):
        return open_registry(uri, tracking_uri)
    return ObjectStore(uri)

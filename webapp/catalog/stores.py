"""The store that MODELS_URI names. For short processes: MLflow's clients may be imported."""

from __future__ import annotations

from pathlib import Path

from webapp.catalog.store import FolderStore, Store


def open_store(uri: Path | str, tracking_uri: str = "") -> Store:
    """A folder's store, a bucket's, or a registry's at ``tracking_uri``. Nothing is asked yet."""
    if isinstance(uri, Path):
        return FolderStore(uri)
    if uri.startswith("models:/"):
        from webapp.catalog.registry import RegistryStore

        return RegistryStore(uri.removeprefix("models:/"), tracking_uri)
    from webapp.catalog.objects import ObjectStore

    return ObjectStore(uri)

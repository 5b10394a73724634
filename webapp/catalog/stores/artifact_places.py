"""Where the files of a registered version may lie: in the registry's own artifact store.

Who may register a version chooses its source. Followed without a look, it has this process read
files of this machine, or send the token of the MLflow server to another one. Its own store is where
the server put its first experiment, which nobody who registers a version can change.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from webapp.catalog.stores.mlflow_clients import RemoteError, without_password

_FIRST_EXPERIMENT = "0"
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/"
_STEPS = 3  # from a version by its run or its logged model to its files


class _Place(NamedTuple):
    """A scheme, a host or bucket, and the names of a path."""

    scheme: str
    host: str
    path: tuple[str, ...]


def find_files(client: Any, uri: str, tracking_uri: str, more_places: Iterable[str] = ()) -> str:
    """The address of a version's files, by its run or logged model where the source names one.

    ``more_places`` are further ones that its owner trusts. Raises RemoteError if the files lie
    anywhere else.
    """
    address = _follow(client, uri)
    place = _read_place(address)
    own_places = [_read_place(one) for one in (*_own_stores(client, tracking_uri), *more_places)]
    if place is None or not any(own is not None and _holds(own, place) for own in own_places):
        raise RemoteError(
            f"its files lie outside the registry's own artifact store, at "
            f"{without_password(address)[:200]}: set MODELS_SOURCES if you trust that place"
        )
    return address


def _follow(client: Any, uri: str) -> str:
    for _ in range(_STEPS):
        kind, _, rest = uri.partition(":/")
        name, _, path = rest.lstrip("/").partition("/")
        if kind == "runs":
            uri = f"{client.get_run(name).info.artifact_uri.rstrip('/')}/{path}"
        elif kind == "models" and not path:
            uri = str(client.get_logged_model(name).artifact_location)
        else:
            break
    return uri


def _own_stores(client: Any, tracking_uri: str) -> list[str]:
    """Addresses of the server's own store: as its clients write it, and as it is asked."""
    if tracking_uri.startswith("databricks"):
        return ["dbfs:/"]
    stores = []
    server = urlsplit(tracking_uri)
    if server.scheme in ("http", "https"):
        host = server.netloc.rpartition("@")[2]
        stores += ["mlflow-artifacts:/", f"mlflow-artifacts://{host}/"]
        stores.append(f"{server.scheme}://{host}{server.path.rstrip('/')}{_ARTIFACTS}")
    with contextlib.suppress(Exception):  # a server may hide or lack it: then nothing else is its
        location = str(client.get_experiment(_FIRST_EXPERIMENT).artifact_location)
        stores.append(location.removesuffix(f"/{_FIRST_EXPERIMENT}"))
    return stores


def _read_place(address: str) -> _Place | None:
    """The place of an address; None if it could mean another one than it seems to."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    path = unquote(parts.path)
    if "%" in path or "\\" in path or {".", ".."} & set(path.split("/")) or parts.fragment:
        return None
    return _Place(parts.scheme or "file", parts.netloc, tuple(filter(None, path.split("/"))))


def _holds(own: _Place, place: _Place) -> bool:
    if own.scheme == "file" and not own.path:
        return False  # all of this machine is no store
    same_host = (own.scheme, own.host) == (place.scheme, place.host)
    return same_host and place.path[: len(own.path)] == own.path

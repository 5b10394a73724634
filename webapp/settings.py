"""Settings: read once from the environment, checked, and handed on as values."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class SettingError(ValueError):
    """A setting that can't be used; the message names it and says what it takes."""


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.strip().isascii() or not text.strip().isdigit():
            raise ValueError(f"a whole number from {low} to {high}")
        if not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("0 or 1")
    return text == "1"


def _level(text: str) -> str:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    if text.upper() not in levels:
        raise ValueError("one of " + ", ".join(levels))
    return text.upper()


def _host(text: str) -> str:
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        raise ValueError("an IP address such as 127.0.0.1") from None


def _folder(text: str) -> Path:
    if not text.strip() or "://" in text or text.startswith("models:"):
        raise ValueError("the path of a folder")
    return (ROOT / text).resolve()


def _database(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgres://", "postgresql://")):
        raise ValueError("sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
    return text


def _setting(
    default: Any, parse: Callable[[str], Any], meaning: str, *, secret: bool = False
) -> Any:
    metadata = {"parse": parse, "meaning": meaning, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """One field a setting; its environment variable is the field's name in capitals."""

    port: int = _setting(8050, _whole(1, 65535), "port that the server listens on")
    host: str = _setting("", _host, "address that the server listens on; empty for all of them")
    web_concurrency: int = _setting(2, _whole(1, 64), "gunicorn worker processes")
    threads: int = _setting(4, _whole(1, 64), "threads in each worker")
    models_uri: Path = _setting(ROOT / "models", _folder, "folder that holds the model versions")
    var_dir: Path = _setting(ROOT / "var", _folder, "folder for what the app itself writes")
    database_url: str = _setting(
        "",
        _database,
        "where events are logged; by default the file everycase.db in VAR_DIR",
        secret=True,  # it may hold a password
    )
    prepare_seconds: int = _setting(
        120, _whole(1, 3600), "time limit, in seconds, for preparing one model version"
    )
    prepare_mb: int = _setting(
        4096, _whole(256, 1 << 20), "memory limit, in MB, for preparing one model version"
    )
    allow_pickle: bool = _setting(
        False, _flag, "1 loads models saved as pickle: only for a folder whose every file you trust"
    )
    trusted_proxies: int = _setting(
        0, _whole(0, 4), "reverse proxies in front whose X-Forwarded-For and -Proto are believed"
    )
    log_level: str = _setting("INFO", _level, "least severe messages that are logged")

    @property
    def database(self) -> str:
        """The address of the database."""
        return self.database_url or f"sqlite:///{self.var_dir / 'everycase.db'}"

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """From the environment; an empty variable counts as unset. Raises SettingError."""
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        if "DYNO" in environ:  # Heroku's router is one proxy in front of every dyno
            values["trusted_proxies"] = 1
        for setting in fields(cls):
            name = setting.name.upper()
            text = environ.get(name, "")
            if not text:
                continue
            try:
                values[setting.name] = setting.metadata["parse"](text)
            except ValueError as error:
                shown = "not usable" if setting.metadata["secret"] else repr(text)
                raise SettingError(f"{name} is {shown}: it must be {error}") from None
        return cls(**values)

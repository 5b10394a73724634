"""Settings: read once from the environment, checked, and handed on as values."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

Format = Literal["auto", "json", "text"]

ROOT = Path(__file__).resolve().parent.parent


_SECRET_LENGTH = 16


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


def _format(text: str) -> str:
    if text not in ("auto", "json", "text"):
        raise ValueError("auto, json or text")
    return text


def _host(text: str) -> str:
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        raise ValueError("an IP address such as 127.0.0.1") from None


def _folder(text: str) -> Path:
    if not text.strip() or "://" in text or text.startswith("models:"):
        raise ValueError("the path of a folder")
    return (ROOT / text).resolve()


_REGISTERED = re.compile(r"models:/([A-Za-z0-9][A-Za-z0-9._-]{0,89})")  # as a version's name
_BUCKET = re.compile(r"(?:s3|gs)://[^/?#@\s]+(?:/[^?#\s]*)?")


def _models(text: str) -> Path | str:
    if _REGISTERED.fullmatch(text) or _BUCKET.fullmatch(text):
        return text.rstrip("/")
    if not text.strip() or "://" in text or text.startswith("models:"):
        raise ValueError(
            "the path of a folder, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, or models:/NAME for a "
            "registered model (NAME: letters, digits, '.', '_' and '-')"
        )
    return _folder(text)


def _tracking(text: str) -> str:
    schemes = ("http://", "https://", "databricks", "sqlite:///", "postgresql://", "mysql")
    if not text.startswith(schemes) or any(c.isspace() for c in text):
        raise ValueError("the address of an MLflow server such as http://mlflow.example.com:5000")
    return text.rstrip("/")


def _database(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgres://", "postgresql://")):
        raise ValueError("sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
    return text


def _secret(text: str) -> str:
    if len(text) < _SECRET_LENGTH or not all("!" <= c <= "~" for c in text):
        raise ValueError(f"at least {_SECRET_LENGTH} ASCII characters without spaces")
    return text


def _rate_limit(text: str) -> str:
    from limits import parse_many  # it takes a while, and is needed only where a limit is set

    try:
        usable = all(item.amount > 0 and item.get_expiry() > 0 for item in parse_many(text))
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("a number by a time such as 600/minute, several apart by ;")
    return text


def _redis(text: str) -> str:
    if find_spec("redis") is None:
        raise ValueError("unset while the redis library is missing: pip install 'everycase[redis]'")
    if not text.startswith(("redis://", "rediss://")):
        raise ValueError("redis://HOST:6379/0 or rediss://…")
    return text


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError("a number from 0 to 1, such as 0.05")
    return value


def _one_of(*known: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in known:
            raise ValueError("one of " + ", ".join(known))
        return text

    return parse


def _list_of(pattern: str, what: str) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        parts = tuple(part.strip() for part in text.split(","))
        if not all(re.fullmatch(pattern, part) for part in parts):
            raise ValueError(what)
        return parts

    return parse


def _clock(text: str) -> str:
    from webapp.clock import read  # it takes a while, and is needed only where it is set

    read(text)
    return text


def _webhook(text: str) -> str:
    if not text.startswith(("https://", "http://")) or any(c.isspace() for c in text):
        raise ValueError("an address such as https://hooks.example.com/…")
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
    models_uri: Path | str = _setting(
        ROOT / "models",
        _models,
        "where the model versions are: a folder, s3://BUCKET/PREFIX, gs://…, or models:/NAME",
    )
    mlflow_tracking_uri: str = _setting(
        "",
        _tracking,
        "MLflow server whose registry models:/NAME is in",
        secret=True,  # it may hold a password
    )
    models_seconds: int = _setting(
        30, _whole(1, 86_400), "seconds between two looks at a registry or a bucket"
    )
    var_dir: Path = _setting(ROOT / "var", _folder, "folder for what the app itself writes")
    database_url: str = _setting(
        "",
        _database,
        "where events are logged; by default the file everycase.db in VAR_DIR",
        secret=True,  # it may hold a password
    )
    secret_key: str = _setting(
        "",
        _secret,
        "signs the cookie of a signed-in browser; by default a random one kept in VAR_DIR",
        secret=True,
    )
    api_token: str = _setting(
        "",
        _secret,
        "token that the API asks for; unset, predictions and reads are open and outcomes are off",
        secret=True,
    )
    admin_token: str = _setting(
        "",
        _secret,
        "token for what an administrator may do, and to sign in with; unset, that is off",
        secret=True,
    )
    rate_limit: str = _setting(
        "", _rate_limit, "requests that one client may send, such as 600/minute; unset for no limit"
    )
    redis_url: str = _setting(
        "",
        _redis,
        "Redis that counts requests and queues jobs; by default each process counts its own",
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
    demo: bool = _setting(
        False, _flag, "1 fills an empty log with 60 days of simulated traffic, marked as such"
    )
    clock: str = _setting(
        "", _clock, "when a server checks the retraining policy, as in a crontab, in UTC"
    )
    retrain_policy: str = _setting(
        "on_gain",
        _one_of("never", "periodic", "on_error", "on_gain"),
        "when to retrain: never, periodic, on_error or on_gain",
    )
    retrain_every: int = _setting(
        1000, _whole(1, 10**9), "matured events between two retrains of the policy periodic"
    )
    retrain_windows: tuple[str, ...] = _setting(
        ("2000", "4000", "all"),
        _list_of(r"all|[1-9][0-9]{2,8}", "numbers of events from 100, or all, apart by commas"),
        "the newest matured events to fit on, as numbers or all; on_gain tries each",
    )
    retrain_estimators: tuple[str, ...] = _setting(
        ("logit", "logit2"),
        _list_of("logit|logit2|hgb|keras", "of logit, logit2, hgb, keras, apart by commas"),
        "what to fit; on_gain tries each, the other policies take the first",
    )
    retrain_holdout: int = _setting(
        1000,
        _whole(100, 10**9),
        "newest matured events that a new version is judged on, and not fitted on",
    )
    retrain_churn: float = _setting(
        0.05, _share, "share of the traffic that may change side by a promotion"
    )
    retrain_threshold: float = _setting(
        0.2, _share, "probability at which sides are taken for RETRAIN_CHURN"
    )
    retrain_promote: bool = _setting(
        False, _flag, "1 promotes by itself what passes the gate, whoever checks"
    )
    alert_webhook_url: str = _setting(
        "",
        _webhook,
        "gets one POST when the champion or its drift verdict changes; unset, nobody is told",
        secret=True,  # whoever knows it can write there
    )
    log_level: str = _setting("INFO", _level, "least severe messages that are logged")
    log_format: Format = _setting(
        "auto", _format, "json or text; auto is text in a terminal and JSON elsewhere"
    )

    @property
    def database(self) -> str:
        """The address of the database."""
        return self.database_url or f"sqlite:///{self.var_dir / 'everycase.db'}"

    @property
    def is_mirrored(self) -> bool:
        """Do the versions come from elsewhere, a registry or a bucket?"""
        return isinstance(self.models_uri, str)

    @property
    def models_folder(self) -> Path:
        """The folder that versions are read from: MODELS_URI itself, or its mirror in VAR_DIR.

        Each place has a mirror of its own, so that versions of one never answer for another.
        """
        if isinstance(self.models_uri, Path):
            return self.models_uri
        readable = re.sub(r"[^A-Za-z0-9]+", "-", self.models_uri).strip("-")[:40]
        digest = hashlib.sha256(self.shown_models.encode()).hexdigest()[:8]
        return self.var_dir / "models" / f"{readable}-{digest}"

    @property
    def shown_models(self) -> str:
        """MODELS_URI as it may be shown: with its server, without a password."""
        if not str(self.models_uri).startswith("models:/"):
            return str(self.models_uri)
        return f"{self.models_uri} at " + re.sub(r"//[^/@]*@", "//", self.mlflow_tracking_uri)

    @property
    def is_private(self) -> bool:
        """Is it a server for whoever sits at this machine, not behind a proxy either?"""
        loopback = bool(self.host) and ip_address(self.host).is_loopback
        return loopback and not self.trusted_proxies

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
        settings = cls(**values)
        settings._check_together()
        return settings

    def _check_together(self) -> None:
        """Settings that need one another. Raises SettingError."""
        if str(self.models_uri).startswith("models:/") and not self.mlflow_tracking_uri:
            raise SettingError(
                f"MLFLOW_TRACKING_URI is unset: MODELS_URI={self.models_uri} needs the address of "
                "the MLflow server that has this registered model"
            )

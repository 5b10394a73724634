"""Settings: read once from the environment, checked, and handed on as values."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from webapp.confinement.linux import hide_process
from webapp.settings import parsers
from webapp.settings.field import setting as _setting
from webapp.settings.parsers import ROOT
from webapp.settings.platforms import detect_platform
from webapp.settings.preparation import PreparationSettings
from webapp.settings.secrets import secret_texts

__all__ = ["ROOT", "Format", "SettingError", "Settings"]

Format = Literal["auto", "json", "text"]


# An address that may hold a password
_ADDRESS = re.compile(r"://[^/]*[:@]|://.*@|^(?!models:).*:.*@", re.DOTALL)


class SettingError(ValueError):
    """A setting that can't be used; the message names it and says what it must be."""


@dataclass(frozen=True)
class Settings(PreparationSettings):
    """One field per setting; its environment variable is the field's name in capitals.

    A new one also needs its row in docs/settings.md, and somebody who reads it.
    """

    port: int = _setting(8050, parsers.whole(1, 65535), "port that the server listens on")
    host: str = _setting(
        "", parsers.host, "address that the server listens on; empty for all of them"
    )
    web_concurrency: int = _setting(2, parsers.whole(1, 64), "gunicorn worker processes")
    threads: int = _setting(4, parsers.whole(1, 64), "threads in each worker")
    models_uri: Path | str = _setting(
        ROOT / "models",
        parsers.models_uri,
        "where the model versions are: a folder, s3://BUCKET/PREFIX, gs://…, or models:/NAME",
    )
    mlflow_tracking_uri: str = _setting(
        "",
        parsers.tracking_uri,
        "MLflow server whose registry models:/NAME is in",
        secret=True,  # it may hold a password
    )
    models_sources: tuple[str, ...] = _setting(
        (),
        parsers.list_of(
            r"[a-z0-9-]+:/.*[^/].*", "addresses such as s3://BUCKET/PREFIX, separated by commas"
        ),
        "where a registry's versions may lie besides its own artifact store",
    )
    models_seconds: int = _setting(
        30, parsers.whole(1, 86_400), "seconds between two checks of a registry or a bucket"
    )
    var_dir: Path = _setting(ROOT / "var", parsers.folder, "folder for the app's own files")
    database_url: str = _setting(
        "",
        parsers.database_url,
        "where events are logged; by default the file everycase.db in VAR_DIR",
        secret=True,  # it may hold a password
    )
    rate_limit: str = _setting(
        parsers.RATE_LIMIT,
        parsers.rate_limit_or_off,
        "requests that one client may send, such as 600/minute; off for no limit",
    )
    redis_url: str = _setting(
        "",
        parsers.redis_url,
        "Redis that counts requests and queues jobs; by default each process counts its own",
        secret=True,  # it may hold a password
    )
    jobs: bool = _setting(
        True,
        parsers.flag,
        "0 leaves jobs, CLOCK, alerts and pruning to everycase work; the server only answers",
    )
    trusted_proxies: int = _setting(
        0,
        parsers.whole(0, 4),
        "number of reverse proxies in front, whose X-Forwarded-For and -Proto are trusted",
    )
    client_connections: int = _setting(
        50,
        parsers.whole(0, 10_000),
        "connections, or behind proxies requests at one time, of one address; 0 for no limit",
    )
    demo: bool = _setting(
        False,
        parsers.flag,
        "1 fills a log of fewer than 200 events with 60 days of simulated traffic, marked as such",
    )
    clock: str = _setting(
        "", parsers.clock, "when a server checks the retraining policy, as in a crontab, in UTC"
    )
    retrain_policy: str = _setting(
        "on_gain",
        parsers.one_of("never", "periodic", "on_error", "on_gain"),
        "when to retrain: never, periodic, on_error or on_gain",
    )
    retrain_every: int = _setting(
        1000,
        parsers.whole(1, 10**9),
        "matured events between two retrains of periodic; the first pause of other policies",
    )
    retrain_windows: tuple[str, ...] = _setting(
        ("2000", "4000", "all"),
        parsers.list_of(
            r"all|[1-9][0-9]{2,8}", "numbers of events from 100, or all, separated by commas"
        ),
        "the newest matured events to fit on, as numbers or all; on_gain tries each",
    )
    retrain_estimators: tuple[str, ...] = _setting(
        ("logit", "logit2"),
        parsers.list_of("logit|logit2|hgb|keras", "of logit, logit2, hgb, keras, with commas"),
        "what to fit; on_gain tries each, the other policies take the first",
    )
    retrain_holdout: int = _setting(
        1000,
        parsers.whole(100, 10**9),
        "newest matured events, held out of fitting to judge a new version",
    )
    retrain_settle_days: int = _setting(
        0,
        parsers.whole(0, 365),
        "least days to wait for outcomes before retraining uses a day's events",
    )
    retrain_churn: float = _setting(
        0.05,
        parsers.share,
        "share of the traffic whose decision may change unless held-out events show a sure gain",
    )
    retrain_threshold: float = _setting(
        0.2, parsers.share, "probability from which a case counts as picked, for RETRAIN_CHURN"
    )
    retrain_refit: bool = _setting(
        True,
        parsers.flag,
        "1 fits a version that passed again, on the held-out events, too; 0 keeps it as judged",
    )
    retrain_promote: bool = _setting(
        False, parsers.flag, "1 promotes versions that pass the gate automatically"
    )
    alert_webhook_url: str = _setting(
        "",
        parsers.webhook,
        "gets a POST when the champion or its drift verdict changes; unset, there are no alerts",
        secret=True,  # anybody who knows it can post there
    )
    kafka_bootstrap_servers: str = _setting(
        "", parsers.brokers, "Kafka's brokers for everycase consume, HOST:PORT separated by commas"
    )
    kafka_group: str = _setting(
        "everycase", parsers.name(249), "consumer group of everycase consume"
    )
    kafka_features_topic: str = _setting(
        "everycase.features", parsers.topic, "topic of feature events to answer"
    )
    kafka_answers_topic: str = _setting("everycase.answers", parsers.topic, "topic for the answers")
    kafka_outcomes_topic: str = _setting("everycase.outcomes", parsers.topic, "topic of outcomes")
    kafka_dead_letters_topic: str = _setting(
        "everycase.dead-letters", parsers.topic, "topic for messages that can't be used"
    )
    kafka_prefix: str = _setting(
        "kafka", parsers.name(40), "prefix of request ids made from offsets"
    )
    kafka_properties: Path | None = _setting(
        None, parsers.folder, "file with more properties of librdkafka, one NAME=VALUE per line"
    )
    dyno: str = _setting(
        "", str, "name of the dyno, set by Heroku: models trained there need MODELS_URI"
    )
    log_level: str = _setting("INFO", parsers.level, "least severe messages that are logged")
    log_format: Format = _setting(
        "auto", parsers.log_format, "json or text; auto is text in a terminal and JSON elsewhere"
    )

    @property
    def database(self) -> str:
        """The address of the database."""
        return self.database_url or f"sqlite:///{self.var_dir / 'everycase.db'}"

    @property
    def is_mirrored(self) -> bool:
        """True if the versions come from a registry or a bucket, and are copied to VAR_DIR."""
        return isinstance(self.models_uri, str)

    @property
    def runs_code(self) -> bool:
        """True if code that comes with a model is run, to prepare it. A pickle is code, too."""
        by_default = self.allow_pickle or not self.is_mirrored
        return by_default if self.allow_code is None else self.allow_code

    @property
    def forgets_models(self) -> bool:
        """True if new versions are written to a disk that the next start doesn't have."""
        keeps_disk = detect_platform({"DYNO": self.dyno}).keeps_disk
        return not keeps_disk and not self.is_mirrored

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
        """MODELS_URI for messages: with its server, without a password."""
        if not str(self.models_uri).startswith("models:/"):
            return str(self.models_uri)
        return f"{self.models_uri} at " + re.sub(r"//[^/@]*@", "//", self.mlflow_tracking_uri)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All texts that no log may hold: tokens, and passwords of addresses in both spellings."""
        return secret_texts(
            (self.secret_key, self.api_token, self.admin_token, self.alert_webhook_url),
            (self.database_url, self.redis_url, self.mlflow_tracking_uri),
        )

    @property
    def is_private(self) -> bool:
        """True if only this machine can reach the server: on loopback, with no proxy in front."""
        loopback = bool(self.host) and ip_address(self.host).is_loopback
        return loopback and not self.trusted_proxies

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings from the environment; an empty variable counts as unset. Raises SettingError."""
        if environ is None:
            hide_process()  # it has secrets from now on
            environ = os.environ
        platform = detect_platform(environ)
        values: dict[str, Any] = {"trusted_proxies": platform.trusted_proxies}
        for setting in fields(cls):
            name = setting.name.upper()
            text = environ.get(name, "")
            if not text:
                continue
            try:
                values[setting.name] = setting.metadata["parse"](text)
            except ValueError as error:
                may_hold_secret = setting.metadata["secret"] or _ADDRESS.search(text)
                display = "not usable" if may_hold_secret else repr(text)
                raise SettingError(f"{name} is {display}: it must be {error}") from None
        if "redis_url" in values:
            values["redis_url"] = platform.adapt_redis_url(values["redis_url"])
        settings = cls(**values)
        settings._check_together()
        return settings

    def _check_together(self) -> None:
        """Check settings that need one another. Raises SettingError."""
        if self.needs_token:
            raise SettingError(self.needs_token)
        if str(self.models_uri).startswith("models:/") and not self.mlflow_tracking_uri:
            raise SettingError(
                f"MLFLOW_TRACKING_URI is unset: MODELS_URI={self.models_uri} needs the address of "
                "the MLflow server that has this registered model"
            )

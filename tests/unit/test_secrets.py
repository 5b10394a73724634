"""No message, log or page holds a secret or a part of one, however it is spelt."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from webapp.addresses import check_credentials
from webapp.composition import create_services
from webapp.db.database import LogUnavailableError
from webapp.lake.errors import LakeError
from webapp.lake.sources import read_source
from webapp.server import logging_setup, multi_machine
from webapp.services.context import Services
from webapp.settings import SettingError, Settings
from webapp.training.errors import SourceError
from webapp.training.source import locate

PART = 4  # characters: as many of a secret must not be shown
# Letters that no message has, beside everything that has a meaning in an address.
LETTERS = "zZqQ7Жß"
PASSWORDS = st.text(alphabet=LETTERS + "@:/?#%&=+ []\\'\"<>é", min_size=6, max_size=24)
ADDRESSES = (
    ("DATABASE_URL", "postgresql://ann:{}@127.0.0.1:1/everycase"),
    ("DATABASE_URL", "postgres://ann:{}@127.0.0.1:1/everycase?sslmode=require"),
    ("DATABASE_URL", "postgresql://ann@127.0.0.1:1/everycase?password={}"),
    ("DATABASE_URL", "mysql://ann:{}@127.0.0.1:1/everycase"),
    ("REDIS_URL", "redis://:{}@127.0.0.1:1/0"),
    ("REDIS_URL", "rediss://ann:{}@127.0.0.1:1/0"),
    ("REDIS_URL", "http://ann:{}@127.0.0.1:1/0"),
    ("MLFLOW_TRACKING_URI", "http://ann:{}@127.0.0.1:1"),
    ("MLFLOW_TRACKING_URI", "ftp://ann:{}@127.0.0.1:1"),
    ("MODELS_URI", "s3://ann:{}@bucket/prefix"),
    ("KAFKA_BOOTSTRAP_SERVERS", "ann:{}@127.0.0.1:9092"),
    ("ALERT_WEBHOOK_URL", "https://ann:{}@127.0.0.1:1/hook"),
    ("ALERT_WEBHOOK_URL", "slack:{}@127.0.0.1"),
    ("API_TOKEN", "{}"),
    ("ADMIN_TOKEN", "{}"),
    ("SECRET_KEY", "{}"),
)


def parts_of(password: str) -> set[str]:
    """The parts of a password that no message has by chance: with two of the letters at least."""
    parts = {password[i : i + PART] for i in range(len(password) - PART + 1)}
    return {part for part in parts if sum(letter in LETTERS for letter in part) >= 2}


def texts(name: str, value: str) -> Iterator[str]:
    """What is said about a setting: its error, what is shown of it, and what the log gets."""
    environ = {name: value, "MODELS_URI": "models:/churn"} | {"VAR_DIR": "/nowhere"}
    environ |= {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"} | {name: value}
    try:
        settings_read = Settings.read(environ)
    except SettingError as error:
        yield str(error)
        return
    yield repr(settings_read)
    yield settings_read.shown_models
    yield multi_machine.queue_name(settings_read)
    if name == "DATABASE_URL":
        try:
            services = create_services(settings_read)
        except SettingError as error:
            yield str(error)
            return
        yield from texts_of(services)
    stream = io.StringIO()
    for form in ("json", "text"):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging_setup.formatter(form, stream, settings_read.secrets))  # type: ignore[arg-type]
        record = logging.LogRecord("some.library", 30, "", 0, f"asked {value}", (), None)
        handler.handle(record)
    yield stream.getvalue()


def texts_of(services: Services) -> Iterator[str]:
    database = services.log.database
    yield database.display_url
    try:
        services.log.totals()
    except LogUnavailableError as error:
        yield str(error)
    with suppress(LogUnavailableError):
        database.close()


@pytest.mark.parametrize("spelling", [str, quote], ids=["as it is", "escaped"])
@pytest.mark.parametrize(("name", "address"), ADDRESSES, ids=lambda text: str(text)[:24])
@given(password=PASSWORDS)
@example(password="qQ7zZ@zzQQ77qq")
@example(password="qQ7/zZ@zzQQ:77qq/@ZZ77")
@example(password="qQ7#zZ?zz=QQ@77qq&@ZZ77")
@example(password="77&qQ7z=zZ7")
@settings(max_examples=25)
def test_no_part_of_a_secret_is_told(
    name: str, address: str, spelling: object, password: str
) -> None:
    secret = spelling(password)  # type: ignore[operator]
    value = address.format(secret)
    for text in texts(name, value):
        for part in parts_of(password) | parts_of(secret):
            assert part not in text, (value, text)


@pytest.mark.parametrize("spelling", [str, quote], ids=["as it is", "escaped"])
@given(password=PASSWORDS)
@example(password="qQ7/zZ@zzQQ:77qq/@ZZ77")
@settings(max_examples=25)
def test_no_part_of_a_sources_password_is_told(spelling: object, password: str) -> None:
    secret = spelling(password)  # type: ignore[operator]
    texts = []
    try:
        source = read_source(f"postgresql://ann:{secret}@127.0.0.1:1/log?table=events")
        texts.append(source.display_name)
    except LakeError as error:
        texts.append(str(error))
    try:
        locate(f"http://ann:{secret}@127.0.0.1:1/rows.csv", None, Path("/nowhere"))
    except SourceError as error:
        texts.append(str(error))
    for part in parts_of(password) | parts_of(secret):
        assert not [text for text in texts if part in text], (secret, texts)


def test_an_at_sign_that_is_not_escaped_is_named() -> None:
    settings_read = Settings.read({"DATABASE_URL": "postgresql://ann:qQ7@zZzZ@db.example.com/log"})
    with pytest.raises(SettingError, match="DATABASE_URL has an @ too many: write @ and"):
        create_services(settings_read)
    with pytest.raises(SettingError, match="user and password have / "):
        Settings.read({"REDIS_URL": "redis://:qQ7@zZzZ@127.0.0.1:6379/0"})


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ann:qQ7%40zZ@127.0.0.1/log",
        "postgresql://ann@tenant:qQ7zZ@127.0.0.1/log",
        "postgresql://ann:qQ7zZ@/log?host=@everycase",
        "postgresql://ann:qQ7/zZ+==@127.0.0.1/log",  # as openssl rand -base64 makes them
        "postgresql:///log?host=/run/postgresql&password=qQ7zZ",
    ],
)
def test_addresses_that_are_right_are_taken(address: str) -> None:
    create_services(Settings.read({"DATABASE_URL": address})).close()


@pytest.mark.parametrize(
    "address",
    [
        "https://cdn.example.com/npm/rows@1.0/rows.csv",
        "https://ann:qQ7%2FzZ@example.com/rows.csv",
        "s3://bucket/day@1/rows.parquet",
        "redis://:qQ7zZ@127.0.0.1:6379/0",
        "http://[::1]:5000/rows",
    ],
)
def test_addresses_without_anything_to_escape(address: str) -> None:
    check_credentials(address)

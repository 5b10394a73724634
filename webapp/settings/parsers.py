"""Parsers of the settings: functions from the text of an environment variable to its value.

Each raises ValueError, whose message completes the sentence "it must be …".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

from webapp.addresses import check_credentials

ROOT = Path(__file__).resolve().parents[2]

_SECRET_LENGTH = 16

# More than anybody sends who isn't after the server: a load generator reaches it with all cores
RATE_LIMIT = "120000/minute"


def whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.strip().isascii() or not text.strip().isdigit():
            raise ValueError(f"a whole number from {low} to {high}")
        if not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("0 or 1")
    return text == "1"


def level(text: str) -> str:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    if text.upper() not in levels:
        raise ValueError("one of " + ", ".join(levels))
    return text.upper()


def log_format(text: str) -> str:
    if text not in ("auto", "json", "text"):
        raise ValueError("auto, json or text")
    return text


def host(text: str) -> str:
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        raise ValueError("an IP address such as 127.0.0.1") from None


def host_names(text: str) -> tuple[str, ...]:
    name = r"\.?(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
    names = tuple(part.strip().lower() for part in text.split(","))
    if not all(re.fullmatch(rf"{name}|\[[0-9a-f:.]+\]", part) for part in names):
        raise ValueError("host names without a port, such as app.example.com, separated by commas")
    return names


def folder(text: str) -> Path:
    if not text.strip() or "://" in text or text.startswith("models:"):
        raise ValueError("the path of a folder")
    return (ROOT / text).resolve()


_REGISTERED = re.compile(r"models:/([A-Za-z0-9][A-Za-z0-9._-]{0,89})")  # as a version's name
_BUCKET = re.compile(r"(?:s3|gs)://[^/?#@:\s]+(?:/[^?#\s]*)?")


def models_uri(text: str) -> Path | str:
    if _REGISTERED.fullmatch(text) or _BUCKET.fullmatch(text):
        return text.rstrip("/")
    if not text.strip() or "://" in text or text.startswith("models:"):
        raise ValueError(
            "the path of a folder, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, or models:/NAME for a "
            "registered model (NAME: letters, digits, '.', '_' and '-')"
        )
    return folder(text)


def tracking_uri(text: str) -> str:
    schemes = ("http://", "https://", "databricks", "sqlite:///", "postgresql://", "mysql")
    if not text.startswith(schemes) or any(c.isspace() for c in text):
        raise ValueError("the address of an MLflow server such as http://mlflow.example.com:5000")
    check_credentials(text)
    return text.rstrip("/")


def database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgres://", "postgresql://")):
        raise ValueError("sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
    return text


def secret(text: str) -> str:
    if len(text) < _SECRET_LENGTH or not all("!" <= c <= "~" for c in text):
        raise ValueError(f"at least {_SECRET_LENGTH} ASCII characters without spaces")
    return text


def rate_limit_or_off(text: str) -> str:
    try:
        return text if text == "off" else rate_limit(text)
    except ValueError as error:
        raise ValueError(f"{error}, or off") from None


def rate_limit(text: str) -> str:
    from limits import parse_many  # slow to import, and seldom needed

    try:
        usable = all(item.amount > 0 and item.get_expiry() > 0 for item in parse_many(text))
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("a number by a time such as 600/minute, several separated by ;")
    return text


def redis_url(text: str) -> str:
    if not text.startswith(("redis://", "rediss://")):
        raise ValueError("redis://HOST:6379/0 or rediss://…")
    check_credentials(text)
    return text


def brokers(text: str) -> str:
    if not all(re.fullmatch(r"[^\s,/@]+:[0-9]{1,5}", part) for part in text.split(",")):
        raise ValueError("HOST:PORT, several separated by commas")
    return text


def topic(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", text):
        raise ValueError("a topic: at most 249 letters, digits, '.', '_' and '-'")
    return text


def name(max_length: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text) > max_length or not all("!" <= c <= "~" for c in text):
            raise ValueError(f"at most {max_length} ASCII characters without spaces")
        return text

    return parse


def share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError("a number from 0 to 1, such as 0.05")
    return value


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return text

    return parse


def list_of(pattern: str, meaning: str) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        parts = tuple(part.strip() for part in text.split(","))
        if not all(re.fullmatch(pattern, part) for part in parts):
            raise ValueError(meaning)
        return parts

    return parse


def clock(text: str) -> str:
    from webapp.crontab import read_crontab  # slow to import, and seldom needed

    read_crontab(text)
    return text


def webhook(text: str) -> str:
    if not text.startswith(("https://", "http://")) or any(c.isspace() for c in text):
        raise ValueError("an address such as https://hooks.example.com/…")
    return text

"""Settings: defaults, values, and one clear line for each wrong one."""

from dataclasses import fields
from pathlib import Path

import pytest

from webapp.settings import ROOT, SettingError, Settings

DOCS = ROOT / "docs" / "settings.md"


def test_defaults() -> None:
    settings = Settings.read({})
    assert settings.port == 8050
    assert settings.models_uri == ROOT / "models"


def test_values_are_read_by_their_names_in_capitals() -> None:
    settings = Settings.read({"PORT": "9000", "MODELS_URI": "/srv/models", "LOG_LEVEL": "debug"})
    assert settings.port == 9000
    assert settings.models_uri == Path("/srv/models")
    assert settings.log_level == "DEBUG"


def test_empty_means_unset() -> None:
    assert Settings.read({"PORT": ""}).port == 8050


def test_heroku_has_one_proxy() -> None:
    assert Settings.read({"DYNO": "web.1"}).trusted_proxies == 1
    assert Settings.read({"DYNO": "web.1", "TRUSTED_PROXIES": "2"}).trusted_proxies == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "८०"),
        ("HOST", "everywhere"),
        ("WEB_CONCURRENCY", "0"),
        ("THREADS", "2.5"),
        ("MODELS_URI", "s3://bucket/models"),
        ("ALLOW_PICKLE", "yes"),
        ("LOG_LEVEL", "loud"),
        ("PREPARE_MB", "1"),
    ],
)
def test_a_wrong_value_is_named_with_its_mend(name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.read({name: value})
    assert str(caught.value).startswith(f"{name} is {value!r}: it must be ")
    assert "\n" not in str(caught.value)


def test_every_setting_is_documented() -> None:
    table = DOCS.read_text("utf-8")
    for setting in fields(Settings):
        assert f"| `{setting.name.upper()}` |" in table
        assert setting.metadata["meaning"].split(":")[0] in table

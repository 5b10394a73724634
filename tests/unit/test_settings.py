"""Settings: defaults, values, and one clear line for each wrong one."""

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from webapp.cli.main import main
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


def test_versions_from_elsewhere_have_a_mirror_for_each_place() -> None:
    local = Settings.read({"MODELS_URI": "/srv/models"})
    assert (local.models_folder, local.is_mirrored) == (Path("/srv/models"), False)
    bucket = Settings.read({"MODELS_URI": "s3://bucket/models/", "VAR_DIR": "/srv/var"})
    assert (bucket.models_uri, bucket.is_mirrored) == ("s3://bucket/models", True)
    assert bucket.models_folder.parent == Path("/srv/var/models")
    names = {"MODELS_URI": "models:/games", "VAR_DIR": "/srv/var"}
    one, other, again = (
        Settings.read(names | {"MLFLOW_TRACKING_URI": uri}).models_folder
        for uri in ("http://one:5000", "http://other:5000", "http://me:secret@one:5000")
    )
    assert one == again
    assert len({bucket.models_folder, one, other}) == 3


def test_a_registry_needs_its_server() -> None:
    with pytest.raises(SettingError, match="MLFLOW_TRACKING_URI is unset: MODELS_URI=models:/g "):
        Settings.read({"MODELS_URI": "models:/g"})


def test_pages_for_tokens_need_the_token_of_what_they_show() -> None:
    with pytest.raises(SettingError, match="PAGES=token needs API_TOKEN"):
        Settings.read({"PAGES": "token", "ADMIN_TOKEN": "x" * 16})
    assert Settings.read({"PAGES": "token", "API_TOKEN": "x" * 16}).pages == "token"


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
        ("MODELS_URI", "ftp://host/models"),
        ("MODELS_URI", "s3://"),
        ("MODELS_URI", "models:/games/3"),
        ("MODELS_URI", "models:/games@champion"),
        ("MODELS_SECONDS", "0"),
        ("ALLOW_PICKLE", "yes"),
        ("LOG_LEVEL", "loud"),
        ("PREPARE_MB", "1"),
        ("CLOCK", "0 3 * *"),
        ("CLOCK", "every night"),
        ("CLOCK", "0 25 * * *"),
        ("CLOCK", "@daily"),
        ("RETRAIN_POLICY", "sometimes"),
        ("RETRAIN_WINDOWS", "2000,50"),
        ("RETRAIN_WINDOWS", "2000,"),
        ("RETRAIN_ESTIMATORS", "forest"),
        ("RETRAIN_CHURN", "5 %"),
        ("RETRAIN_CHURN", "1.5"),
        ("RETRAIN_EVERY", "0"),
        ("RETRAIN_PROMOTE", "yes"),
        ("PAGES", "private"),
        ("FORM", "closed"),
        ("FORM_LIMIT", "60"),
        ("LEARN_FROM_FORM", "yes"),
        ("RATE_LIMIT", "600"),
        ("RATE_LIMIT", "0/minute"),
        ("RATE_LIMIT", "many/minute"),
    ],
)
def test_a_wrong_value_is_named_with_its_fix(name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.read({name: value})
    assert str(caught.value).startswith(f"{name} is {value!r}: it must be ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("API_TOKEN", "fifteen-letters"),
        ("API_TOKEN", "with a space in between"),
        ("ADMIN_TOKEN", "not-ascii-überlang"),
        ("ADMIN_TOKEN", "with-a-newline-in-it\n"),
        ("REDIS_URL", "http://localhost:6379"),
        ("MLFLOW_TRACKING_URI", "user:password@host"),
    ],
)
def test_a_wrong_secret_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.read({name: value})
    assert str(caught.value).startswith(f"{name} is not usable: it must be ")
    assert value not in str(caught.value)


def test_secrets_are_not_shown_in_the_settings_either() -> None:
    names = ("SECRET_KEY", "API_TOKEN", "ADMIN_TOKEN")
    secrets = {name: f"{name.lower()}-0123456789" for name in names}
    settings = Settings.read(secrets | {"REDIS_URL": "redis://:hidden@cache:6379/0"})
    assert settings.admin_token == "admin_token-0123456789"
    assert "0123456789" not in repr(settings)
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize("value", ["600/minute", "10 per second; 600/minute", "5/5minutes", "off"])
def test_rate_limits(value: str) -> None:
    assert Settings.read({"RATE_LIMIT": value}).rate_limit == value


@pytest.mark.parametrize(
    ("environ", "private"),
    [
        ({"HOST": "127.0.0.1"}, True),
        ({"HOST": "::1"}, True),
        ({}, False),
        ({"HOST": "0.0.0.0"}, False),
        ({"HOST": "127.0.0.1", "TRUSTED_PROXIES": "1"}, False),
        ({"HOST": "127.0.0.1", "DYNO": "web.1"}, False),
    ],
)
def test_who_listens_on_loopback_alone_is_private(environ: dict[str, str], private: bool) -> None:
    assert Settings.read(environ).is_private is private


@pytest.mark.parametrize(
    ("environ", "forgets"),
    [
        ({"DYNO": "web.1"}, True),
        ({"DYNO": "web.1", "MODELS_URI": "s3://bucket/models"}, False),
        ({}, False),
    ],
)
def test_a_dyno_forgets_versions(environ: dict[str, str], forgets: bool) -> None:
    assert Settings.read(environ).forgets_models is forgets


def test_every_setting_is_documented() -> None:
    table = DOCS.read_text("utf-8")
    for setting in fields(Settings):
        assert f"| `{setting.name.upper()}` |" in table
        assert setting.metadata["meaning"].split(":")[0] in table


@pytest.mark.parametrize("command", [("train", "--name", "games"), ("retrain",)])
def test_no_command_makes_a_version_that_goes_with_its_dyno(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    environ = {"DYNO": "run.1", "VAR_DIR": str(tmp_path), "MODELS_URI": str(tmp_path / "models")}
    result = CliRunner().invoke(main, command, env=environ)
    assert result.exit_code == 1
    assert "MODELS_URI is a folder" in result.output
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("environ", "read"),
    [
        (
            {"DYNO": "web.1", "REDIS_URL": "rediss://:p@h:6380"},
            "rediss://:p@h:6380?ssl_cert_reqs=none",
        ),
        (
            {"DYNO": "web.1", "REDIS_URL": "rediss://h:6380?db=1"},
            "rediss://h:6380?db=1&ssl_cert_reqs=none",
        ),
        (
            {"DYNO": "web.1", "REDIS_URL": "rediss://h?ssl_cert_reqs=required"},
            "rediss://h?ssl_cert_reqs=required",
        ),
        ({"DYNO": "web.1", "REDIS_URL": "redis://h"}, "redis://h"),
        ({"REDIS_URL": "rediss://h"}, "rediss://h"),
    ],
)
def test_redis_of_heroku_signs_its_own_certificate(environ: dict[str, str], read: str) -> None:
    assert Settings.read(environ).redis_url == read

"""What a client says of itself is believed only as often as TRUSTED_PROXIES says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from gunicorn.config import Config

from tests.support.app_access import make_app, nobody
from webapp.settings import ROOT

LIES = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.com",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Port": "444",
    "Forwarded": "for=203.0.113.9;host=evil.com;proto=https",
    "X-Script-Name": "/evil",
}
HTML = {"Accept": "text/html"}


@pytest.mark.parametrize("count", [0, 1])
def test_the_scheme_is_that_of_the_connection_without_a_proxy(count: int, tmp_path: Path) -> None:
    app = make_app(tmp_path, trusted_proxies=count, allowed_hosts=(".example.com", "localhost"))
    response = nobody(app).get("/", headers=HTML | LIES)
    assert response.status_code == 200
    assert ("Strict-Transport-Security" in response.headers) == (count == 1)
    text = response.get_data(as_text=True)
    assert "evil" not in text
    assert ('content="https://localhost/' in text) == (count == 1)


def test_gunicorn_itself_believes_nobody() -> None:
    """By default it believes this machine, and takes SCRIPT_NAME and the scheme from a header."""
    tree = ast.parse((ROOT / "gunicorn.conf.py").read_text("utf-8"))
    values = {
        target.id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
        and target.id in ("forwarded_allow_ips", "secure_scheme_headers", "forwarder_headers")
    }
    assert values == {
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
        "forwarder_headers": "",
    }
    config = Config()
    for name, value in values.items():
        config.set(name, value)
    assert config.forwarded_allow_ips == config.forwarder_headers == []
    assert config.secure_scheme_headers == {}
    assert config.header_map == "drop", "SCRIPT_NAME has an underscore, which no header may have"

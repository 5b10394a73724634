"""All scripts come as one file, and all styles as another; their order and their caching hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.support.app_access import make_app
from webapp.components import bundles
from webapp.components.bundles import Kind

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    app = make_app(tmp_path_factory.mktemp("var"), admin_token="admin-token-0123456789")
    yield app.server.test_client()
    app.services.close()


@pytest.mark.parametrize("path", ["/", "/drift"])
def test_a_page_has_one_script_and_one_style_of_ours(client: FlaskClient, path: str) -> None:
    text = client.get(path, headers=HTML).text
    assert re.findall(
        r'"(/assets/[^"]*\.(?:js|css)\?[^"]*)"', text.split("data-plotly=")[1][80:]
    ) == [
        bundles.address("css"),
        bundles.address("js"),
    ]
    scripts = re.findall(r'src="([^"?]+)', text)
    ours = scripts.index("/assets/everycase.js")
    assert "react-dom" in "".join(scripts[:ours])
    assert "dash_renderer" in "".join(scripts[ours:]), "which finds our functions when it starts"


@pytest.mark.parametrize("kind", ["js", "css"])
def test_it_is_all_of_them_in_order_and_kept(client: FlaskClient, kind: Kind) -> None:
    response = client.get(bundles.address(kind))
    assert "immutable" in response.headers["Cache-Control"]
    position = -1
    for file in sorted((bundles.ASSETS / kind).iterdir()):
        position = response.get_data().index(file.read_bytes(), position + 1)
    other = client.get(f"/assets/everycase.{kind}?m=before")
    assert other.headers["Cache-Control"] == "no-cache"
    again = client.get(bundles.address(kind), headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    assert bundles.address("css") in client.get("/sign-in").text


def test_no_style_names_a_file_by_its_place() -> None:
    """The bundle lies elsewhere than the files that it is made of."""
    text = bundles.read_bundle("css").text.decode()
    assert re.findall(r"url\((?!['\"]?data:|var)", text) == []


def test_tags_of_others_stay_where_they_were() -> None:
    tags = "".join(
        f'<script src="{name}"></script>\n'
        for name in ("/a.js", "/assets/js/05.js?m=1.5", "/assets/js/10.js?m=2", "/b.js")
    )
    ours = f'<script src="{bundles.address("js")}"></script>\n'
    assert bundles.join_tags(tags, "js") == (
        f'<script src="/a.js"></script>\n{ours}<script src="/b.js"></script>\n'
    )

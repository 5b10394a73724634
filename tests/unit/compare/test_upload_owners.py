"""Uploads are one's own: no id can be computed, no name is shown, nobody's are pushed out."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.support.app_access import nobody
from tests.support.synthetic_rows import labelled_rows, write_csv
from webapp.api import browser
from webapp.app import EverycaseDash, create_app
from webapp.db.database import Database
from webapp.db.tables import uploads
from webapp.db.tables.uploads import Owner, Upload, Uploads
from webapp.settings import Settings
from webapp.timing import now_ms

NOW = now_ms()
NAME = "salaries-of-the-board.csv"
PAIR = "logit_games_v1,logit_games_v2"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EverycaseDash]:
    app = create_app(Settings(var_dir=tmp_path_factory.mktemp("var")))
    yield app
    app.services.close()


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("rows")
    return write_csv(folder / "rows.csv", labelled_rows(1200)).read_bytes()


def sent(client: FlaskClient, content: bytes) -> str:
    """The id of a file that a browser sends."""
    response = client.post(
        "/page/compare/file",
        data=content,
        content_type="application/octet-stream",
        headers={"X-File-Name": NAME},
    )
    return str(json.loads(response.get_data(as_text=True).splitlines()[-1])["file"])


def test_ids_are_random_and_names_are_the_senders(app: EverycaseDash, content: bytes) -> None:
    mine, another = nobody(app), nobody(app)
    ids = [sent(mine, content), sent(another, content), sent(mine, content)]
    assert ids[0] == ids[2]  # again by the same browser
    assert ids[0] != ids[1]  # so an id tells nothing of a file's content, nor of who else has it
    assert all(len(id_) == 32 for id_ in ids)
    for path in (
        f"/api/v1/compare?versions={PAIR}&file={ids[0]}",
        f"/page/compare.html?versions={PAIR}&file={ids[0]}",
    ):
        assert NAME in mine.get(path).text
        for client in (another, nobody(app)):
            text = client.get(path).text
            assert NAME not in text
            assert browser.NAMELESS in text


def test_the_cookie_is_random_and_no_script_reads_it(app: EverycaseDash, content: bytes) -> None:
    client = nobody(app)
    sent(client, content)
    cookie = client.get_cookie(browser.COOKIE)
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, len(cookie.value)) == (True, "Lax", 22)
    with app.services.log.database.reading() as link:
        rows = link.run("SELECT owner, network FROM uploads").fetchall()
    assert cookie.value not in str(rows)
    assert "127.0.0.1" not in str(rows)


def a_file(id_: str, at: int, owner: Owner, sha256: str = "") -> Upload:
    digest = sha256 or id_.ljust(64, "0")
    return Upload(id_, at, "f.csv", digest, ("G1",), {"counts": [[0, 1, 0]]}, owner)


def ids_left(table: Uploads, names: list[str]) -> list[str]:
    return [name for name in names if table.get(name) is not None]


def test_nobodys_files_are_pushed_out_by_anothers(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST", 8)
    monkeypatch.setattr(uploads, "MOST_OF_ONE", 3)
    table, mine = Uploads(database), Owner("me", "home")
    for i in range(2):
        table.add(a_file(f"mine{i}", NOW + i, mine))
    for i in range(30):  # a new cookie each time, from one network
        table.add(a_file(f"flood{i}", NOW + 100 + i, Owner(f"b{i}", "elsewhere")))
    for i in range(30):  # and without cookies
        table.add(a_file(f"plain{i}", NOW + 200 + i, Owner("", "elsewhere")))
    assert ids_left(table, ["mine0", "mine1"]) == ["mine0", "mine1"]
    for i in range(2, 5):  # one browser's own quota
        table.add(a_file(f"mine{i}", NOW + 300 + i, mine))
    names = [f"mine{i}" for i in range(5)]
    assert ids_left(table, names) == ["mine2", "mine3", "mine4"]


def test_a_file_sent_again_is_renewed_and_old_ones_are_dropped(database: Database) -> None:
    table, mine = Uploads(database), Owner("me", "home")
    first = table.add(a_file("a", NOW, mine, "1" * 64))
    again = table.add(a_file("b", NOW + 9, mine, "1" * 64))
    assert (again.id, again.at) == (first.id, NOW + 9)
    assert table.get("a") == again
    assert table.get("b") is None
    other = table.add(a_file("c", NOW + 10, Owner("you", "home"), "1" * 64))
    assert other.id == "c"
    table.add(a_file("d", NOW + 9 + uploads.KEPT_MS + 1, mine))
    assert table.get("a") is None
    assert table.get("c") is not None

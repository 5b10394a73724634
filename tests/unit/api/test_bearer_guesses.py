"""Bearer tokens are guessed as slowly as at signing in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import redis
from tests.support.app_access import ADMIN_TOKEN, API_TOKEN, bearer, make_app, nobody, session
from webapp.api.guesses import Guesses

TOKENS = {"api_token": API_TOKEN, "admin_token": ADMIN_TOKEN}
ROW = {f"G{i}": i % 2 for i in range(1, 11)}


def statuses(app: Any, guesses: int, path: str = "/api/v1/versions") -> list[int]:
    return [bearer(f"guess-{i}")(app).get(path).status_code for i in range(guesses)]


@pytest.mark.parametrize("path", ["/api/v1/versions", "/metrics", "/?G1=1", "/api/v1/retrain"])
def test_ten_wrong_tokens_a_minute(tmp_path: Path, path: str) -> None:
    app = make_app(tmp_path, **TOKENS)
    assert statuses(app, 10, path) == [401] * 10
    response = bearer("another-guess")(app).get(path)
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 60
    for token in (API_TOKEN, ADMIN_TOKEN):  # a guess that is right isn't told from a wrong one
        assert bearer(token)(app).get(path).status_code == 429
    far_away = bearer(API_TOKEN)(app)
    far_away.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert far_away.get(path).status_code != 429
    assert session(app).get("/api/v1/versions").status_code == 200


def test_a_program_that_repeats_a_wrong_token_locks_nobody_out(tmp_path: Path) -> None:
    app = make_app(tmp_path, **TOKENS)
    for _ in range(30):
        assert bearer("an-old-token")(app).get("/api/v1/versions").status_code == 401
    assert bearer(API_TOKEN)(app).get("/api/v1/versions").status_code == 200


def test_an_open_api_is_no_way_to_try_the_admins_token(tmp_path: Path) -> None:
    """Whose request ids they are tells a right token from a wrong one."""
    app = make_app(tmp_path, admin_token=ADMIN_TOKEN)
    for i in range(12):
        client = bearer(f"guess-{i}")(app)
        assert client.get("/", query_string=ROW | {"request_id": f"a{i}"}).status_code == 200
    ids = {
        client.get("/", query_string=ROW | {"request_id": "a1"}).get_json()["id"]
        for client in (bearer(ADMIN_TOKEN)(app), nobody(app))
    }
    assert len(ids) == 1


def test_guesses_end_with_their_minute(tmp_path: Path) -> None:
    now = [0.0]
    app = make_app(tmp_path, **TOKENS)
    object.__setattr__(app.access, "guesses", Guesses("", lambda: now[0]))
    statuses(app, 11)
    assert bearer(API_TOKEN)(app).get("/api/v1/versions").status_code == 429
    now[0] = 61.0
    assert bearer(API_TOKEN)(app).get("/api/v1/versions").status_code == 200


def test_processes_count_together_where_sign_ins_do(tmp_path: Path) -> None:
    with redis.running(tmp_path) as url:
        one, other = (
            make_app(tmp_path / name, redis_url=url, **TOKENS) for name in ("one", "other")
        )
        assert statuses(one, 10) == [401] * 10
        assert bearer("an-11th-guess")(other).get("/api/v1/versions").status_code == 429
        assert bearer(API_TOKEN)(other).get("/api/v1/versions").status_code == 429
        assert bearer("a-12th-guess")(one).get("/api/v1/versions").status_code == 429

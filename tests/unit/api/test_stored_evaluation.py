"""``/api/v1/versions/…/evaluation``: what a version is held against, and that it is forgotten."""

from __future__ import annotations

from pathlib import Path

from tests.support.app_access import ADMIN_TOKEN, API_TOKEN, bearer
from tests.support.versions import HandCatalog, ready
from webapp.app import create_app
from webapp.db.tables.evaluations import Evaluation
from webapp.settings import Settings

ADDRESS = "/api/v1/versions/a_v1/evaluation"


def test_stored_rows_can_be_asked_for_and_forgotten(tmp_path: Path) -> None:
    version = ready("a_v1")
    assert version.prepared is not None
    settings = Settings(var_dir=tmp_path, api_token=API_TOKEN, admin_token=ADMIN_TOKEN)
    app = create_app(settings, HandCatalog([version]))
    admin, build = bearer(ADMIN_TOKEN)(app), version.prepared.facts.build
    nothing = admin.get(ADDRESS)
    assert (nothing.status_code, nothing.get_json()["error"]["code"]) == (404, "no_evaluation")
    evaluation = Evaluation(build, 1, "a_v1", "rows.csv", "a" * 64, "1:300", 70, 20, "ann")
    app.services.evaluations.store(evaluation, [(0, 70, 20)])
    facts = {"source": "rows.csv", "n": 70, "positives": 20, "at": "1970-01-01T00:00:00.001Z"}
    assert facts.items() <= admin.get(ADDRESS).get_json().items()
    assert bearer(API_TOKEN)(app).delete(ADDRESS).status_code in (401, 403)
    assert facts.items() <= admin.delete(ADDRESS).get_json().items()
    assert admin.delete(ADDRESS).status_code == 404
    assert app.services.evaluations.find(build) is None
    app.services.close()

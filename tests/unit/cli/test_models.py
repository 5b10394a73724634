"""``everycase versions`` and ``everycase verify``: what they find and how they say it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.support.model_folders import (
    RULES,
    THREE,
    Counting,
    answering,
    carry,
    change_facts,
    ending,
    make_model,
    preparer,
    refusing,
    scores_of,
)
from webapp.catalog.digest import model_digest
from webapp.catalog.prepared import Facts, read_facts, read_prepared, write_prepared
from webapp.catalog.preparer import Preparer, Runner
from webapp.catalog.scan import Scanner
from webapp.catalog.verify import Verification, list_versions, verify
from webapp.cli.main import main
from webapp.limited_process import ChildResult


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


def verdicts(models: Path, var: Path, run: Runner = answering, *names: str) -> list[Verification]:
    return list(verify(models, var, names, preparer(run)))


def record_of(models: Path, var: Path) -> Path:
    """The folder of the record of the only version."""
    (entry,) = Scanner(models, var / "catalog").scan()
    return var / "catalog" / entry.key


# --- versions ----------------------------------------------------------------------------------


def test_what_is_not_prepared_yet_is_prepared_first(models: Path, var: Path) -> None:
    make_model(models, "a_v1", is_carried=True)
    make_model(models, "b_v1", "b")
    run = Counting()
    entries = list_versions(models, var, preparer(run))
    assert [(e.name, e.status) for e in entries] == [("a_v1", "ready"), ("b_v1", "ready")]
    assert run.asked == ["b_v1"]
    list_versions(models, var, preparer(run))
    assert run.asked == ["b_v1"]
    list_versions(models, var, Preparer(run, "other rules"))
    assert run.asked == ["b_v1", "b_v1"], "pickle is allowed now, say"


def test_a_version_that_hangs_is_asked_once(models: Path, var: Path) -> None:
    make_model(models, "b_v1")
    run = Counting(ending("took longer than 3 s"))
    for _ in range(3):
        (entry,) = list_versions(models, var, preparer(run))
        assert entry.reason == "Preparing it took longer than 3 s"
    assert run.asked == ["b_v1"]


# --- verify ------------------------------------------------------------------------------------


def test_a_table_that_agrees(models: Path, var: Path) -> None:
    make_model(models, "m_v1", is_carried=True)
    assert verdicts(models, var) == [Verification("m_v1", "ok", "8 cases agree")]
    assert not (var / "catalog").exists(), "nothing needs to be remembered"


def test_a_table_that_disagrees_is_not_served_until_it_is_repaired(models: Path, var: Path) -> None:
    folder = make_model(models, "m_v1")
    wrong = scores_of(folder)
    wrong[2] = 0.25
    carry(folder, wrong)
    (verdict,) = verdicts(models, var)
    assert verdict.outcome == "wrong"
    assert verdict.detail.startswith("Its stored score table differs from its model by up to 0.")
    (entry,) = list_versions(models, var, preparer())
    assert (entry.status, entry.reason) == ("unavailable", verdict.detail)
    carry(folder)
    assert verdicts(models, var)[0].outcome == "ok"
    assert list_versions(models, var, preparer())[0].status == "ready"


def test_an_older_finding_that_holds_no_more(models: Path, var: Path) -> None:
    make_model(models, "m_v1", is_carried=True)
    place = record_of(models, var)
    write_prepared(place, Facts("d", reason="it hangs", transient=True, rules=RULES))
    assert verdicts(models, var)[0].outcome == "ok"
    assert list_versions(models, var, preparer())[0].status == "ready"


def test_a_record_is_held_against_its_model_and_kept(models: Path, var: Path) -> None:
    make_model(models, "m_v1")
    list_versions(models, var, preparer())
    before = read_facts(record_of(models, var))
    assert verdicts(models, var) == [Verification("m_v1", "ok", "8 cases agree")]
    assert read_facts(record_of(models, var)) == before


def test_no_table_at_all(models: Path, var: Path) -> None:
    make_model(models, "m_v1")
    verifications = [Verification("m_v1", "ok", "No stored table; the model can be served")]
    assert verdicts(models, var) == verifications
    place = record_of(models, var)
    write_prepared(place, Facts("d", reason="it hangs", rules=RULES))
    assert verdicts(models, var) == verifications
    assert read_prepared(place).facts.rules == RULES


@pytest.mark.parametrize(
    ("run", "outcome", "detail"),
    [
        (refusing("it is a pickle"), "wrong", "it is a pickle"),
        (ending("took longer than 3 s"), "wrong", "Preparing it took longer than 3 s"),
        (ending("ended with: keras isn't installed here"), "unchecked", "keras isn't installed"),
        (ending("was stopped"), "unchecked", "Its files changed meanwhile"),
    ],
)
def test_models_that_do_not_answer(
    models: Path, var: Path, run: Runner, outcome: str, detail: str
) -> None:
    make_model(models, "m_v1", is_carried=True)
    (verdict,) = verdicts(models, var, run)
    assert verdict.outcome == outcome
    assert verdict.detail.startswith(detail)


def change_weights(folder: Path) -> None:
    (folder / "data" / "weights").write_text("other")


def tear_table(folder: Path) -> None:
    (folder / "everycase" / "score_table.npy").write_bytes(b"")


@pytest.mark.parametrize("run", [answering, ending("ended with: keras isn't installed here")])
@pytest.mark.parametrize(
    ("damage", "detail"),
    [
        (change_weights, "Its files changed after its table was made"),
        (tear_table, "score_table.npy was changed after it was made"),
        (lambda f: change_facts(f / "everycase", format=9), "facts.json has format 9"),
    ],
)
def test_damage_is_wrong_also_where_the_model_can_not_be_asked(
    models: Path, var: Path, damage: Callable[[Path], None], detail: str, run: Runner
) -> None:
    damage(make_model(models, "m_v1", is_carried=True))
    (verdict,) = verdicts(models, var, run)
    assert verdict.outcome == "wrong"
    assert verdict.detail.startswith(detail)


def test_what_is_intact_and_can_not_be_asked(models: Path, var: Path) -> None:
    make_model(models, "with_v1", is_carried=True)
    make_model(models, "without_v1")
    absent = "keras isn't installed here"
    assert verdicts(models, var, ending(f"ended with: {absent}")) == [
        Verification("with_v1", "unchecked", absent),
        Verification("without_v1", "unchecked", absent),
    ]


def test_only_the_versions_that_are_named(models: Path, var: Path) -> None:
    for name in ("a_v1", "b_v1", "c_v1"):
        make_model(models, name, is_carried=True)
    run = Counting()
    assert [v.name for v in verdicts(models, var, run, "c_v1", "x_v1", "a_v1")] == ["a_v1", "c_v1"]
    assert run.asked == ["a_v1", "c_v1"]


# --- The commands themselves -------------------------------------------------------------------


@pytest.fixture
def everycase(models: Path, var: Path) -> Callable[..., Result]:
    """Runs the command in this process, with real preparing in a child."""
    environ = {"MODELS_URI": str(models), "VAR_DIR": str(var), "PREPARE_SECONDS": "60"}
    return lambda *words: CliRunner().invoke(main, list(words), env=environ)


def test_no_versions(everycase: Callable[..., Result], models: Path) -> None:
    result = everycase("versions")
    assert result.exit_code == 0
    assert result.output == f"No versions in {models}: train one with everycase train\n"


def test_versions_as_lines_and_as_json(everycase: Callable[..., Result], models: Path) -> None:
    carry(make_model(models, "good_v1"), environment={"python": "3.1.0"})
    carry(make_model(models, "bad_v1"), reason="it is a pickle")
    result = everycase("versions")
    assert result.exit_code == 0
    bad, good = result.output.splitlines()
    assert bad.split(maxsplit=2) == ["bad_v1", "unavailable", "it is a pickle"]
    assert good.split(maxsplit=2)[:2] == ["good_v1", "ready"]
    assert "Saved with Python 3.1.0" in good
    bad, good = json.loads(everycase("versions", "--json").output)
    entry = {"name": "bad_v1", "status": "unavailable", "reason": "it is a pickle"}
    nothing = {"warnings": [], "features": [], "classes": [], "positive": None, "training": {}}
    nothing |= {"answered_by": {}, "environment_cost": {}}
    assert bad == entry | nothing
    assert good["features"] == ["a", "b", "c"]
    assert (good["name"], good["reason"], len(good["warnings"])) == ("good_v1", None, 1)


def test_choosing_a_class(
    everycase: Callable[..., Result], models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.cli.models.make_preparer", lambda _: CHOOSING)
    make_model(models, "churn_v1")
    (line,) = everycase("versions").output.splitlines()
    assert line.startswith("churn_v1                 needs a choice Its classes are churn and stay")
    assert line.endswith("everycase choose churn_v1 --positive churn")
    assert "unchecked" in everycase("verify").output

    result = everycase("choose", "churn_v1", "--positive", "leave")
    assert (result.exit_code, result.output) == (
        1,
        "Error: positive is leave: send churn or stay\n",
    )
    assert "no version churn_v9" in everycase("choose", "churn_v9", "--positive", "churn").output
    result = everycase("choose", "churn_v1", "--positive", "STAY")
    assert result.exit_code == 0, result.output
    sentence, line = result.output.splitlines()
    assert sentence == "The probability of churn_v1 is that of stay from now on."
    assert line.split(maxsplit=2)[1] == "ready"
    assert "Probability of stay." in line

    shutil.rmtree(models.parent / "var" / "catalog")  # another machine, or after a restart
    assert "Probability of stay." in everycase("versions").output
    everycase("choose", "churn_v1", "--positive", "churn")
    assert "Probability of churn." in everycase("versions").output, "it can be changed"


def choosing(*choice: str) -> Runner:
    """A runner of a model of two classes, of which one was chosen, or not."""

    def run(folder: Path, place: Path) -> ChildResult:
        facts = Facts(model_digest(folder), classes=("churn", "stay"))
        if choice:
            facts = replace(facts, features=THREE.names, positive=choice[0])
            write_prepared(place, facts, scores_of(folder))
        else:
            write_prepared(place, replace(facts, reason="two classes"))
        return ChildResult(b"")

    return run


CHOOSING = Preparer(choosing(), RULES, choosing)


def test_a_package_that_is_installed_lifts_its_refusal(
    models: Path, var: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_model(models, "b_v1")
    absent = Counting(ending("ended with: xgboost isn't installed here"))
    for _ in range(2):
        (entry,) = list_versions(models, var, preparer(absent))
        assert str(entry.reason).startswith("xgboost isn't installed here")
    assert absent.asked == ["b_v1"], "nothing was installed"
    (tmp_path / "site" / "xgboost-3.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert list_versions(models, var, preparer())[0].status == "ready"


def test_verify_says_what_is_missing(everycase: Callable[..., Result]) -> None:
    result = everycase("verify", "x_v1", "y_v1")
    assert result.exit_code == 1
    assert "no version x_v1, y_v1" in result.output


def test_verify_asks_in_a_child(everycase: Callable[..., Result], models: Path) -> None:
    """The hand-made model can't be loaded by MLflow, which is reported."""
    carry(make_model(models, "m_v1"), np.zeros(8))
    result = everycase("verify")
    assert result.exit_code == 1
    assert result.output.split(maxsplit=2)[:2] == ["m_v1", "wrong"]
    assert "It was saved as pickle" in result.output


def test_verify_passes(everycase: Callable[..., Result]) -> None:
    result = everycase("verify")
    assert (result.exit_code, result.output) == (0, "")

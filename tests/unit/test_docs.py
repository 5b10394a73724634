"""The documents say what is so."""

import re

from webapp.catalog.prepared import read_prepared
from webapp.settings import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_the_answer_in_the_readme_is_the_answer() -> None:
    scores = read_prepared(ROOT / "models/logit_games_v1/everycase").scores
    assert f"    {float(scores[768])!r}\n" in README


def test_links_between_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_runtime_is_the_python_that_the_models_were_saved_with() -> None:
    runtime = (ROOT / "runtime.txt").read_text("utf-8").strip()
    for folder in (ROOT / "models").iterdir():
        python = read_prepared(folder / "everycase").facts.environment["python"]
        assert runtime == "python-" + ".".join(python.split(".")[:2])


def test_every_make_target_is_named_with_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.M)
    assert targets
    for target in targets[1].split():
        assert re.search(rf"^{target}:.*## \S", makefile, re.M), target

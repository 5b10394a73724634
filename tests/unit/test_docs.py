"""The documents agree with the code."""

import re

from PIL import Image

from webapp.catalog.prepared import read_prepared
from webapp.settings import ROOT

BINARY = (".pyc", ".png", ".db", ".parquet", ".gz")
PARTS = re.MULTILINE | re.DOTALL
README = (ROOT / "README.md").read_text("utf-8")


def test_the_answer_in_the_readme_is_the_answer() -> None:
    scores = read_prepared(ROOT / "models/logit_games_v1/everycase").scores
    assert f"    {float(scores[768])!r}\n" in README


def test_the_readme_begins_with_a_picture_in_motion() -> None:
    """Made by scripts/film_readme.py; at most 2 MB."""
    film = re.search(r"\(docs/(predict\.webp)\)", README.partition("## Start")[0])
    assert film
    path = ROOT / "docs" / film[1]
    assert path.stat().st_size <= 2_000_000
    with Image.open(path) as image:
        assert getattr(image, "n_frames", 1) >= 4


def test_links_between_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_no_paragraph_is_longer_than_120_words() -> None:
    """Longer ones are lists, which can be read in part; code and tables aren't read so."""
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        text = re.sub(
            r"^```.*?^```$|^ {4}.*$|^\|.*$|^#.*$", "", document.read_text("utf-8"), flags=PARTS
        )
        for part in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", text):
            words = part.split()
            assert len(words) <= 120, (
                f"{document.name}: {len(words)} words, {' '.join(words[:9])} …"
            )


def test_changelog_lines_fit_and_no_entry_stands_twice() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert max(map(len, text.splitlines())) <= 120
    heads = re.findall(r"^- \*\*([^*]+)\*\*", text, re.M)
    assert len(heads) == len(set(heads))


def test_paths_in_documents_and_code_exist() -> None:
    pattern = re.compile(r"(?<![\w./-])(?:webapp|tests|docs|assets/js)/[\w./-]+")
    folders = ("webapp", "tests", "benchmarks", "scripts", "docs", "deploy", "assets/js", "types")
    files = [*ROOT.glob("*.*"), *(file for name in folders for file in ROOT.glob(f"{name}/**/*.*"))]
    texts = (".md", ".py", ".js", ".ts", ".toml", ".yaml", ".conf", ".service")
    for file in files:
        if file.suffix in texts and "node_modules" not in file.parts:
            for path in pattern.findall(file.read_text("utf-8")):
                assert (ROOT / path.rstrip("./")).exists(), f"{file.relative_to(ROOT)}: {path}"


def test_nothing_says_to_install_everycase_from_an_index() -> None:
    """No index has it, so anybody could put something there under its name."""
    of_the_index = re.compile(r"pip3? install(?: -\S+)* [^\n`]*(?<![\w./-])everycase(?![\w./-])")
    folders = ("webapp", "scripts", "docs", "deploy", "assets/js", "bin", ".github", "models")
    files = [*ROOT.glob("*"), *(file for name in folders for file in ROOT.glob(f"{name}/**/*"))]
    installs = 0
    for file in (file for file in files if file.is_file() and file.suffix not in BINARY):
        text = file.read_bytes().decode("utf-8", "replace")
        installs += text.count("pip install '.[")
        match = of_the_index.search(text)
        assert match is None, f"{file.relative_to(ROOT)}: {match and match[0]}"
    assert installs >= 6
    assert of_the_index.search("pip install 'everycase[lake]'")
    assert of_the_index.search("pip install -q everycase")
    assert not of_the_index.search("pip install build/everycase_churn_v1-1-py3-none-any.whl")


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


def test_every_decision_has_a_number_of_its_own_and_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text("utf-8")
    titles = [
        (path.name, title)
        for path in folder.glob("*.md")
        if path.name != "README.md"
        for title in re.findall(r"^## (\d+\. .*)$", path.read_text("utf-8"), re.M)
    ]
    numbers = [int(title.split(".")[0]) for _, title in titles]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    for name, title in titles:
        assert f"- [{title}]({name}#" in index, title


def test_every_decision_says_why_what_and_what_follows() -> None:
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        for record in path.read_text("utf-8").split("\n## ")[1:]:
            if path.name != "README.md":
                parts = re.findall(r"^\*\*(\w+)\.\*\* \S", record, re.M)
                assert parts == ["Context", "Decision", "Consequences"], record.splitlines()[0]

"""Sentences about the environment in which a version was asked, if that was its own."""

from __future__ import annotations

from webapp.catalog.prepared import Facts

_COMPARED = 2  # leading parts of a version that must be the same: 3.9 of 3.9.18


def describe_answering(facts: Facts) -> str:
    """Which Python and libraries answered, and how they compare with those it was saved with."""
    if not facts.answered_by:
        return ""
    text = f"Answered by {name_versions(facts.answered_by)}"
    others = find_differences(facts)
    return f"{text}; saved with {name_versions(others)}." if others else f"{text}, as it was saved."


def find_differences(facts: Facts) -> dict[str, str]:
    """The versions that it was saved with, where others answered."""
    return {
        name: version
        for name, version in facts.environment.items()
        if facts.answered_by and _minor(version) != _minor(facts.answered_by.get(name, ""))
    }


def describe_cost(facts: Facts) -> str:
    """What building its environment took."""
    if not facts.cost:
        return ""
    seconds, megabytes = facts.cost.get("seconds", 0), facts.cost.get("megabytes", 0)
    return f"Its environment took {seconds:,.0f} s to build and takes {megabytes:,.0f} MB."


def name_versions(versions: dict[str, str]) -> str:
    """Names and versions for people, Python first."""
    names = sorted(versions, key=lambda name: (name != "python", name))
    titles = {"python": "Python", "xgboost": "XGBoost", "lightgbm": "LightGBM"}
    return ", ".join(f"{titles.get(name, name)} {versions[name]}" for name in names)


def _minor(version: str) -> list[str]:
    return version.split(".")[:_COMPARED]

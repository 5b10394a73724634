"""A check of scikit-learn's trees before they are asked, as prediction follows them blindly."""

from __future__ import annotations

from typing import Any

from .refusal import Refusal

_LEAF = -1  # instead of a child
_MOST_PARTS = 2_000_000
_DAMAGED = "Its trees are damaged: a node points outside of its tree or of its inputs"


def check_trees(model: Any) -> None:
    """Raise Refusal if a tree anywhere in the model points outside of itself."""
    waiting, ids = [model], {id(model)}
    while waiting:
        part = waiting.pop()
        if type(part).__name__ == "Tree" and type(part).__module__ == "sklearn.tree._tree":
            _check_nodes(part)
        for each in _inner(part):
            if id(each) not in ids:
                ids.add(id(each))
                waiting.append(each)
        if len(ids) > _MOST_PARTS:
            raise Refusal(f"It has more than {_MOST_PARTS:,} parts")


def _check_nodes(tree: Any) -> None:
    """A child comes after its parent, so that following them comes to an end."""
    first, second = tree.children_left.tolist(), tree.children_right.tolist()
    features = tree.feature.tolist()
    for node, ends in enumerate(zip(first, second)):  # noqa: B905 - strict came with Python 3.10
        if ends[0] != _LEAF and not (
            all(node < end < tree.node_count for end in ends)
            and 0 <= features[node] < tree.n_features
        ):
            raise Refusal(_DAMAGED)
    if not first:
        raise Refusal(_DAMAGED)


def _inner(part: Any) -> list[Any]:
    """The objects that an object holds."""
    if isinstance(part, dict):
        return list(part.values())
    if isinstance(part, (list, tuple, set)):
        return list(part)
    if type(part).__name__ == "ndarray":
        return part.ravel().tolist() if part.dtype == object else []
    return list(vars(part).values()) if hasattr(part, "__dict__") else []

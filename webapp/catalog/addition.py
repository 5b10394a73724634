"""Add a model that somebody saved to a store, once a dry run has shown that it can be served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from webapp.catalog.answering import describe_answering, describe_cost
from webapp.catalog.prepared import Facts, PreparedError, read_facts, read_prepared
from webapp.catalog.preparer import Preparer
from webapp.catalog.records import make_record
from webapp.catalog.scan import CatalogEntry, warnings_of
from webapp.catalog.stores.origins import OriginError, Registry, fetch_model
from webapp.catalog.stores.store import SavingError, Store, split_version
from webapp.catalog.trial import keep
from webapp.catalog.versions import VERSION_NAME

_DISTRIBUTIONS = {"sklearn": "scikit-learn"}  # of a flavor, where its name is another
_TITLES = {"python": "Python"}


@dataclass(frozen=True)
class Candidate:
    """A copy of a model that can be served, and what it was found to be."""

    facts: Facts
    store: Store
    folder: Path  # its files, in a draft of the store
    record: Path  # its prepared version
    own_name: str | None  # what it is called where it comes from

    def lines(self) -> list[str]:
        """What it was found to be, a line each."""
        facts, count = self.facts, len(self.facts.features)
        lines = [f"flavor   {_describe_flavor(facts)}"]
        if count:
            names = ", ".join(facts.features)
            lines.append(f"inputs   {count} yes/no: {names}")
            lines.append(f"cases    {2**count:,}, all asked, in {facts.seconds:.1f} s")
        if facts.classes:
            end = f"; the probability is that of {facts.positive}" if facts.positive else ""
            lines.append(f"classes  {' and '.join(facts.classes)}{end}")
        if facts.answered_by:
            text = f"{describe_answering(facts)} {describe_cost(facts)}".strip()
            lines.append(f"runtime  {text}")
        if facts.code:
            lines.append(f"code     its own, {facts.code}: it ran to ask the model")
        return lines + [f"note     {warning}" for warning in warnings_of(facts)]

    def publish(self, name: str | None) -> str:
        """Move it into the store and return the version's name.

        ``name`` is that of a model, which gets the next number, or of a version, such as churn_v3;
        None takes its own. Raises OriginError and SavingError.
        """
        model, version = split_version(name or self.own_name or "")
        if self.store.assigns_numbers:  # and has one name for all
            return self._register(name)
        if not model:
            raise OriginError("nothing says what it is called: name it, such as with --as churn")
        if version is not None:
            return self.store.add_as(self.folder, version)
        return self.store.add(self.folder, model)

    def keep_record(self, version: str, models: Path, records: Path, preparer: Preparer) -> None:
        """Keep what was found as the version's record, so that it isn't asked again."""
        if not self.facts.needs_choice:
            keep(read_prepared(self.record), version, models, records, preparer)

    def _register(self, name: str | None) -> str:
        only_name = self.store.name_for("")
        model, version = split_version(name or only_name)
        if model != only_name:
            place = self.store.display_name
            raise SavingError(f"--as {name}: {place} takes versions of {only_name} only")
        if version is not None:
            raise SavingError(f"--as {name}: the registry assigns the numbers, so leave it out")
        return self.store.add(self.folder, only_name)


@contextmanager
def examine_model(
    origin: str, store: Store, preparer: Preparer, registry: Registry
) -> Iterator[Candidate]:
    """Copy a model beside the store and ask it for every case. The copy is removed at the end.

    Raises OriginError, PreparedError with the reason why it can't be served, RemoteError,
    SavingError and OSError.
    """
    with store.draft() as draft:
        folder, record = draft / "model", draft / "record"
        own_name = fetch_model(origin, folder, registry)
        if not make_record(folder, CatalogEntry("model", "preparing"), record, preparer):
            raise PreparedError("its files changed while they were looked at: try again")
        facts = read_facts(record)
        if facts.reason is not None and not facts.needs_choice:
            raise PreparedError(facts.reason)
        yield Candidate(facts, store, folder, record, own_name)


def check_new_name(name: str) -> None:
    """Raise SavingError unless a model or a version can be called so."""
    if VERSION_NAME.fullmatch(f"{name}_v1") is None:
        raise SavingError(
            f"--as {name!r}: use letters, digits, '.', '_' and '-', starting with a letter or "
            "digit, such as churn or churn_v3"
        )


def _describe_flavor(facts: Facts) -> str:
    """The flavor, with the versions that it was saved with."""
    package = _DISTRIBUTIONS.get(facts.flavor, facts.flavor)
    texts = [
        f"{_TITLES.get(name, name)} {facts.environment[name]}"
        for name in (package, "python")
        if name in facts.environment
    ]
    flavor = facts.flavor or "known once its positive class is chosen"
    return flavor + (f", saved with {' and '.join(texts)}" if texts else "")

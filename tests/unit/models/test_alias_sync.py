"""The alias of a registry and the ledger: whoever moves is followed, once, whatever is killed."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.event_logs import fresh_database, hand_services, promotions
from tests.support.versions import broken, ready
from webapp.db.database import Database
from webapp.db.tables.ledger import Ledger, LedgerMovedError
from webapp.db.tables.registry_alias import AliasMemory, Remembered
from webapp.services.context import Services
from webapp.services.models.alias_sync import ACTOR, REASON, SyncStep, sync_alias
from webapp.timing import now_ms

NAMES = tuple(f"games_v{number}" for number in range(1, 6))


class KilledError(Exception):
    """Stands for the end of the process."""


@dataclass
class HandAlias:
    """An alias in memory instead of a registry."""

    version: str | None = None
    sets: list[str] = field(default_factory=list)

    def alias(self) -> str | None:
        return self.version

    def set_alias(self, version: str) -> None:
        self.version = version
        self.sets.append(version)

    def holds(self, version: str) -> bool:
        return version.startswith("games_v")


class Pair:
    """Both sides and what is between them."""

    def __init__(self, *unservable: str) -> None:
        versions = [broken(n, "torn.") if n in unservable else ready(n) for n in NAMES]
        self.services: Services = hand_services([*versions, ready("other_v1")])
        self.memory = AliasMemory(fresh_database(), "models:/games")
        self.alias = HandAlias()

    def step(self) -> SyncStep:
        return sync_alias(self.services, self.memory, self.alias, now_ms)

    def promote(self, version: str) -> None:
        self.services.ledger.promote(version, actor="me", reason="better")

    @property
    def ledger(self) -> list[tuple[str, str]]:
        """Oldest first: version and actor."""
        return [(p.version, p.actor) for p in reversed(promotions(self.services.ledger))]


def test_nothing_is_decided_where_nobody_decided() -> None:
    pair = Pair()
    assert pair.step() == SyncStep()
    assert (pair.ledger, pair.alias.version) == ([], None)


def test_a_promotion_sets_the_alias_and_a_move_of_it_is_written_down() -> None:
    pair = Pair()
    pair.promote("games_v1")
    assert pair.step().message == "The alias champion was set to games_v1."
    assert pair.step() == SyncStep()
    pair.alias.version = "games_v2"
    assert "moved to games_v2" in str(pair.step().message)
    assert pair.step() == SyncStep()
    assert pair.ledger == [("games_v1", "me"), ("games_v2", ACTOR)]
    last = promotions(pair.services.ledger)[0]
    assert (last.reason, last.previous) == (REASON, "games_v1")
    assert last.evidence.keys() == {"registry", "noticed_at"}
    pair.promote("games_v1")
    assert "set to games_v1 (it was on games_v2)" in str(pair.step().message)
    assert pair.alias.sets == ["games_v1", "games_v1"]


def test_an_alias_that_was_there_first_is_taken_over() -> None:
    pair = Pair()
    pair.alias.version = "games_v3"
    pair.step()
    assert pair.ledger == [("games_v3", ACTOR)]
    assert pair.alias.sets == []


def test_an_alias_that_was_deleted_is_set_again() -> None:
    pair = Pair()
    pair.promote("games_v1")
    pair.step()
    pair.alias.version = None
    pair.step()
    assert pair.alias.version == "games_v1"


def test_both_moved_the_alias_noticed_later_overtakes() -> None:
    pair = Pair()
    pair.promote("games_v1")
    pair.step()
    pair.promote("games_v2")
    pair.alias.version = "games_v3"
    pair.step()
    assert pair.ledger == [("games_v1", "me"), ("games_v2", "me"), ("games_v3", ACTOR)]
    assert promotions(pair.services.ledger)[0].evidence["overtakes"] == "games_v2"
    assert pair.step() == SyncStep()


def test_both_moved_a_promotion_after_the_notice_wins() -> None:
    pair = Pair("games_v4")
    pair.promote("games_v1")
    pair.step()
    pair.alias.version = "games_v4"
    waits = "The alias champion is on games_v4, which can't answer here: torn."
    assert pair.step() == pair.step() == SyncStep(waits=waits)
    assert pair.ledger == [("games_v1", "me")]
    while now_ms() <= (pair.memory.recall().noticed_at or 0):
        pass
    pair.promote("games_v2")
    assert "set to games_v2 (it was on games_v4)" in str(pair.step().message)
    assert pair.alias.version == "games_v2"
    assert pair.step() == SyncStep()


def test_a_version_that_has_not_come_is_waited_for() -> None:
    pair = Pair("games_v4")
    pair.promote("games_v1")
    pair.step()
    pair.alias.version = "games_v9"
    assert "it has not arrived yet" in str(pair.step().waits)
    catalog: Any = pair.services.catalog
    catalog.by_name["games_v9"] = ready("games_v9")
    pair.step()
    assert pair.ledger[-1] == ("games_v9", ACTOR)


def test_a_champion_of_another_model_can_not_be_set() -> None:
    pair = Pair()
    pair.promote("other_v1")
    assert "other_v1 is not a version of the registry's model" in str(pair.step().waits)
    assert pair.alias.sets == []


def test_who_promotes_meanwhile_is_not_overtaken_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair()
    pair.promote("games_v1")
    pair.step()
    pair.alias.version = "games_v2"
    before = Ledger.history
    monkeypatch.setattr(Ledger, "history", lambda *_: (before(*_), pair.promote("games_v3"))[0])
    assert pair.step() == SyncStep()
    monkeypatch.undo()
    assert pair.ledger == [("games_v1", "me"), ("games_v3", "me")]


def test_our_own_setting_is_not_mistaken_for_a_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed when the alias was set and that was not remembered; then somebody promotes."""
    pair = Pair()
    pair.promote("games_v1")
    pair.step()
    pair.promote("games_v2")
    with monkeypatch.context() as patch:
        real = HandAlias.set_alias

        def killed(alias: HandAlias, version: str) -> None:
            real(alias, version)
            raise KilledError

        patch.setattr(HandAlias, "set_alias", killed)
        with pytest.raises(KilledError):
            pair.step()
    pair.promote("games_v3")
    assert "set to games_v3 (it was on games_v2)" in str(pair.step().message)
    assert pair.ledger[-1] == ("games_v3", "me")


def test_a_promotion_can_ask_to_follow_a_known_line() -> None:
    ledger = Pair().services.ledger
    first = ledger.promote("games_v1", actor="me", reason="", follows=0)
    with pytest.raises(LedgerMovedError):
        ledger.promote("games_v2", actor="me", reason="", follows=0)
    assert ledger.promote("games_v2", actor="me", reason="", follows=first.id).id > first.id


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_lost_and_nothing_loops_whatever_is_killed(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random moves of both sides; some steps are killed before or after one of their effects."""
    rng = random.Random(seed)
    pair = Pair()
    pair.promote("games_v1")
    pair.step()
    for _ in range(6):
        agreement = pair.alias.version
        moves: dict[str, str] = {}
        for _ in range(rng.randint(1, 4)):
            kind = rng.choice(["ledger", "alias", "step", "killed", "killed"])
            if kind == "ledger":
                moves["ledger"] = rng.choice(NAMES)
                pair.promote(moves["ledger"])
            elif kind == "alias":
                moves["alias"] = pair.alias.version = rng.choice(NAMES)
            else:
                _step_or_die(pair, rng if kind == "killed" else None, monkeypatch)
        pair.step()
        pair.step()
        assert pair.alias.version == pair.ledger[-1][0]
        assert pair.alias.version in {*moves.values(), *([] if moves else [agreement])}
        lines, sets = len(pair.ledger), len(pair.alias.sets)
        for _ in range(3):
            assert pair.step() == SyncStep()
        assert (len(pair.ledger), len(pair.alias.sets)) == (lines, sets)


def _step_or_die(pair: Pair, rng: random.Random | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if rng is None:
        pair.step()
        return
    owner, name = rng.choice(
        [(AliasMemory, "remember"), (HandAlias, "set_alias"), (Ledger, "promote")]
    )
    real, after = getattr(owner, name), rng.random() < 0.5

    def killed(*args: Any, **kwargs: Any) -> None:
        if after:
            real(*args, **kwargs)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed)
        with contextlib.suppress(KilledError):
            pair.step()


def test_the_memory_is_kept_for_each_place(database: Database) -> None:
    one, other = AliasMemory(database, "one"), AliasMemory(database, "other")
    assert one.recall() == Remembered()
    one.remember(Remembered("games_v1", noticed="games_v2", noticed_at=5))
    one.remember(Remembered("games_v3", sent="games_v4"))
    assert one.recall() == Remembered("games_v3", sent="games_v4")
    assert other.recall() == Remembered()


def test_of_several_processes_one_keeps_them_in_step(database: Database) -> None:
    memory = AliasMemory(database, "games")
    second = AliasMemory(Database(database.url.render_as_string(hide_password=False)), "games")
    with memory.locked() as first, second.locked() as other:
        assert first
        assert not other
    with second.locked() as later:
        assert later
    second._database.close()

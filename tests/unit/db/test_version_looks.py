"""Places in the list of looks: given once, kept for ever."""

from __future__ import annotations

from tests.support.event_logs import hand_services
from tests.support.versions import HandCatalog, ready
from webapp.components.version_key import class_names, colour, dash_of
from webapp.db.database import Database
from webapp.db.tables.version_looks import VersionLooks
from webapp.services.version_looks import place_versions


def test_a_version_keeps_its_place_when_others_come_and_go(database: Database) -> None:
    one, other = VersionLooks(database), VersionLooks(database)
    assert one.places(["b", "a"]) == {"b": 0, "a": 1}
    assert other.places(["a", "c"]) == {"a": 1, "c": 2}
    assert one.places(["c"]) == {"c": 2}
    assert VersionLooks(database).places(["d", "b"]) == {"d": 3, "b": 0}


def test_versions_are_placed_as_they_were_made() -> None:
    services = hand_services([ready("a_v1", created_at=2), ready("b_v1", created_at=1)])
    assert place_versions(services, ["a_v1"])["a_v1"] == 1
    assert isinstance(services.catalog, HandCatalog)
    services.catalog.by_name["0_v1"] = ready("0_v1", created_at=0)
    del services.catalog.by_name["b_v1"]
    assert place_versions(services, ["a_v1", "0_v1"]) == {"a_v1": 1, "0_v1": 2}


def test_twenty_versions_look_different() -> None:
    looks = {(colour(place), dash_of(place)) for place in range(20)}
    assert len(looks) == 20 == len({class_names(place) for place in range(20)})
    assert len({colour(place) for place in range(5)}) == 5, "the first differ by colour"

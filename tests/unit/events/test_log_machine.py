"""Whatever is done to a log, in whatever order: counts equal events, and a model of it agrees."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tests.support.event_logs import fresh_database
from tests.support.events import assert_consistent, make_event, select
from tests.support.lake import TODAY, day_of
from webapp.events.lake.counts import Lake
from webapp.events.log import EventLog
from webapp.timing import DAY_MS, now_ms

HOUR_MS = 3_600_000
cases = st.integers(0, 3)
sources = st.sampled_from(["api", "form", "batch"])
ages = st.sampled_from([0, 0, 0, HOUR_MS, 3 * DAY_MS, 20 * DAY_MS])
request_ids = st.none() | st.sampled_from(["a", "b", "c"])


class LogMachine(RuleBasedStateMachine):
    """A log beside a dictionary of what must be in it: id -> (source, case, label)."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.database = fresh_database()
        self.log = EventLog(self.database)
        self.events: dict[str, tuple[str, int, int | None]] = {}
        self.requests: dict[str, str] = {}
        self.lake = Lake(self.database)
        self.days: dict[tuple[str, int], dict[tuple[int, int], int]] = {}

    def teardown(self) -> None:
        self.database.close()

    @rule(target=ids, case=cases, source=sources, age=ages, request_id=request_ids)
    def record(self, case: int, source: str, age: int, request_id: str | None) -> str:
        made = make_event(now_ms() - age, case=case, source=source, request_id=request_id)
        (stored,) = self.log.record([made])
        if request_id in self.requests:
            assert stored.id == self.requests[request_id]
            return stored.id
        assert stored == made
        if request_id is not None:
            self.requests[request_id] = made.id
        self.events[made.id] = (source, case, None)
        return made.id

    @rule(drawn=st.lists(st.tuples(cases, sources, ages), min_size=2, max_size=25))
    def record_many(self, drawn: list[tuple[int, str, int]]) -> None:
        made = [make_event(now_ms() - age, case=case, source=source) for case, source, age in drawn]
        self.log.record(made)
        self.events |= {event.id: (event.source, event.case, None) for event in made}

    @rule(event_id=ids, label=st.integers(0, 1))
    def label(self, event_id: str, label: int) -> None:
        (status,) = self.log.label([(event_id, label)])
        if event_id not in self.events:
            assert status == "unknown"
            return
        source, case, known = self.events[event_id]
        expected = "recorded" if known is None else "repeated" if known == label else "contradicted"
        assert status == expected
        self.events[event_id] = (source, case, label if known is None else known)

    @rule(source=sources)
    def forget(self, source: str) -> None:
        gone = {key for key, event in self.events.items() if event[0] == source}
        assert self.log.forget(source) == len(gone)  # type: ignore[arg-type]
        self.events = {key: event for key, event in self.events.items() if key not in gone}
        self.requests = {key: id_ for key, id_ in self.requests.items() if id_ not in gone}

    @rule(
        dataset=st.sampled_from(["web", "app"]),
        age=st.sampled_from([0, 3, 13, 14, 20]),
        cells=st.dictionaries(
            st.tuples(cases, st.sampled_from([-1, 0, 1])), st.integers(1, 9), max_size=6
        ),
    )
    def count_in_lake(self, dataset: str, age: int, cells: dict[tuple[int, int], int]) -> None:
        day = TODAY - age * DAY_MS
        known = self.days.get((dataset, day))
        put = self.lake.put(dataset, day, day_of(day, cells))
        assert put == ("recorded" if known is None else "same" if known == cells else "replaced")
        self.days[dataset, day] = cells

    @rule(dataset=st.sampled_from(["web", "app"]))
    def forget_dataset(self, dataset: str) -> None:
        gone = [key for key in self.days if key[0] == dataset]
        assert self.lake.forget(dataset) == sum(sum(self.days.pop(key).values()) for key in gone)

    @invariant()
    def the_lake_is_the_sum_of_its_datasets(self) -> None:
        held = sum(sum(cells.values()) for cells in self.days.values())
        assert self.log.totals().get("lake", 0) == held

    @rule()
    def prune(self) -> None:
        self.log.prune()

    @invariant()
    def counts_are_the_events(self) -> None:
        assert_consistent(self.database)

    @invariant()
    def the_log_holds_what_it_was_given(self) -> None:
        found = select(self.database, 'SELECT id, source, "case", label FROM events')
        assert {row[0]: row[1:] for row in found} == self.events


LogMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLogMachine = LogMachine.TestCase

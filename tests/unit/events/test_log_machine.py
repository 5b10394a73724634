"""Random operations on a log in any order: counts equal events, and a model of it agrees."""

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
        event = make_event(now_ms() - age, case=case, source=source, request_id=request_id)
        (answer,) = self.log.record([event])
        if request_id in self.requests:
            assert answer.id == self.requests[request_id]
            return answer.id
        assert answer == event
        if request_id is not None:
            self.requests[request_id] = event.id
        self.events[event.id] = (source, case, None)
        return event.id

    @rule(visits=st.lists(st.tuples(cases, sources, ages), min_size=2, max_size=25))
    def record_many(self, visits: list[tuple[int, str, int]]) -> None:
        events = [
            make_event(now_ms() - age, case=case, source=source) for case, source, age in visits
        ]
        self.log.record(events)
        self.events |= {event.id: (event.source, event.case, None) for event in events}

    @rule(event_id=ids, label=st.integers(0, 1))
    def label(self, event_id: str, label: int) -> None:
        (status,) = self.log.label([(event_id, label)])
        if event_id not in self.events:
            assert status == "unknown"
            return
        source, case, before = self.events[event_id]
        wanted_status = (
            "recorded" if before is None else "repeated" if before == label else "contradicted"
        )
        assert status == wanted_status
        self.events[event_id] = (source, case, label if before is None else before)

    @rule(event_id=ids)
    def withdraw(self, event_id: str) -> None:
        result = self.log.withdraw(event_id)
        is_ours = event_id in self.events and self.events[event_id][0] == "form"
        assert (result != "unknown") == is_ours
        if result == "withdrawn":
            assert self.events.pop(event_id)[2] is None
            self.requests = {key: id_ for key, id_ in self.requests.items() if id_ != event_id}

    @rule(event_id=ids)
    def withdraw_outcome(self, event_id: str) -> None:
        event = self.log.find([event_id]).get(event_id)
        at = -1 if event is None or event.labelled_at is None else event.labelled_at
        if self.log.withdraw_outcome(event_id, at) == "withdrawn":
            source, case, label = self.events[event_id]
            assert label is not None
            self.events[event_id] = (source, case, None)

    @rule(source=sources)
    def forget(self, source: str) -> None:
        ids = {key for key, event in self.events.items() if event[0] == source}
        assert self.log.forget(source) == len(ids)  # type: ignore[arg-type]
        self.events = {key: event for key, event in self.events.items() if key not in ids}
        self.requests = {key: id_ for key, id_ in self.requests.items() if id_ not in ids}

    @rule(
        dataset=st.sampled_from(["web", "app"]),
        age=st.sampled_from([0, 3, 13, 14, 20]),
        cells=st.dictionaries(
            st.tuples(cases, st.sampled_from([-1, 0, 1])), st.integers(1, 9), max_size=6
        ),
    )
    def count_in_lake(self, dataset: str, age: int, cells: dict[tuple[int, int], int]) -> None:
        day = TODAY - age * DAY_MS
        before = self.days.get((dataset, day))
        put = self.lake.put(dataset, day, day_of(day, cells))
        assert put == ("recorded" if before is None else "same" if before == cells else "replaced")
        self.days[dataset, day] = cells

    @rule(dataset=st.sampled_from(["web", "app"]))
    def forget_dataset(self, dataset: str) -> None:
        keys = [key for key in self.days if key[0] == dataset]
        assert self.lake.forget(dataset) == sum(sum(self.days.pop(key).values()) for key in keys)

    @invariant()
    def the_lake_is_the_sum_of_its_datasets(self) -> None:
        total = sum(sum(cells.values()) for cells in self.days.values())
        assert self.log.totals().get("lake", 0) == total

    @rule()
    def prune(self) -> None:
        self.log.prune()

    @invariant()
    def counts_are_the_events(self) -> None:
        assert_consistent(self.database)

    @invariant()
    def the_log_holds_what_it_was_given(self) -> None:
        rows = select(self.database, 'SELECT id, source, "case", label FROM events')
        assert {row[0]: row[1:] for row in rows} == self.events


LogMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLogMachine = LogMachine.TestCase

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from slipway.api.conditions import HELD, Condition, Reason
from slipway.engine.key import Key
from slipway.engine.lease import LeaseLost
from slipway.engine.outcome import EventNote, Failed, Outcome, Settled, Stalled, Waiting
from slipway.engine.reconcile import Observed, Plan, Reconciler, StaleWrite
from slipway.engine.store import Store
from slipway.engine.view import hash_status
from tests.unit.engine.support import KIND, START, FakeView, ManualClock, key

SETTLED = Settled("Connected", "The registry answers")
READY = {
    "type": "Ready",
    "status": "True",
    "observedGeneration": 2,
    "lastTransitionTime": "2026-11-21T08:00:00Z",
    "reason": "Connected",
    "message": "The registry answers",
}
AT_REST = {"phase": "Connected", "observedGeneration": 2, "conditions": [READY]}


def observed(status: Mapping[str, Any] | None, **fields: Any) -> Observed:
    """A live object of generation 2 with this status."""
    made = Observed(key(), "uid-1", "7", 2, status, hash_status(status), {}, START)
    return replace(made, **fields)


@dataclass
class FakeFacts:
    """What a gather read: the object and nothing else."""

    observed: Observed


@dataclass
class FakeKind:
    """A kind whose three parts do what a test tells them."""

    facts: FakeFacts | None
    outcome: Outcome = SETTLED
    status: Mapping[str, Any] = field(default_factory=lambda: {"phase": "Connected"})
    events: tuple[EventNote, ...] = ()
    conditions: tuple[Condition, ...] = ()
    keeps_status: bool = False
    tells_transition: bool = False
    trouble: dict[str, BaseException] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    name: str = KIND

    async def gather(self, name: Key) -> FakeFacts | None:
        """Read."""
        self._step("gather")
        return self.facts

    def decide(self, facts: FakeFacts, now: datetime) -> Plan[str]:
        """Decide."""
        self._step("decide")
        return Plan(self.status, Stalled("NotYetApplied", ""), "act", (), ())

    async def apply(self, facts: FakeFacts, plan: Plan[str]) -> Plan[str]:
        """Act; the outcome is known only now."""
        assert plan.actions == "act"
        self._step("apply")
        concluded = replace(plan, outcome=self.outcome, events=self.events, conditions=self.conditions)
        return replace(concluded, keeps_status=self.keeps_status, tells_transition=self.tells_transition)

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if name in self.trouble:
            raise self.trouble[name]


@dataclass
class FakeWriter:
    """The API server's side: one live object, and every write that reached it."""

    live: Observed | None
    trouble: BaseException | None = None
    deaf: BaseException | None = None
    reads: int = 0
    written: list[tuple[Observed, dict[str, Any]]] = field(default_factory=list)
    on_write: Callable[[], None] = lambda: None

    async def read(self, name: Key) -> Observed | None:
        """The live object."""
        self.reads += 1
        if self.deaf:
            raise self.deaf
        return self.live

    async def write(self, seen: Observed, status: Mapping[str, Any]) -> None:
        """Take the write, or raise."""
        self.on_write()
        if self.trouble:
            raise self.trouble
        self.written.append((seen, dict(status)))


@dataclass
class FakeSink:
    """Every Event told."""

    notes: list[EventNote] = field(default_factory=list)
    trouble: Exception | None = None

    async def emit(self, seen: Observed, note: EventNote) -> None:
        """Take the Event."""
        self.notes.append(note)
        if self.trouble:
            raise self.trouble


class Scene:
    """One object, its kind, and the world around."""

    def __init__(self, seen: Observed | None, **kind: Any) -> None:
        self.kind = FakeKind(FakeFacts(seen) if seen else None, **kind)
        self.writer = FakeWriter(seen)
        self.sink = FakeSink()
        self.store = Store()
        self.store.put(FakeView(key(), resource_version=7))
        self.reconciler = Reconciler(
            self.kind,
            store=self.store,
            writer=self.writer,
            events=self.sink,
            clock=ManualClock(),
            redact=lambda text: text.replace("hunter2", "***"),
        )

    async def run(self) -> Outcome | None:
        """One run."""
        return await self.reconciler.run(key())

    @property
    def status(self) -> dict[str, Any]:
        """The one status that was written."""
        ((_, status),) = self.writer.written
        return status


# --- runs that go through


async def test_a_new_object_gets_one_complete_status() -> None:
    """One write: the kind's fields, the generation, the conditions."""
    scene = Scene(observed({"observedGeneration": -1}))

    assert await scene.run() == SETTLED

    assert scene.kind.steps == ["gather", "decide", "apply"]
    assert scene.status == {
        **AT_REST,
        "conditions": [{**READY, "lastTransitionTime": "2026-11-21T09:00:00Z"}],
    }
    assert scene.sink.notes == []


async def test_an_object_at_rest_is_not_written() -> None:
    """Equal but for the transition time: nothing is written, nothing is told, and the time is kept."""
    scene = Scene(observed(AT_REST))

    assert await scene.run() == SETTLED

    assert (scene.writer.written, scene.sink.notes, scene.writer.reads) == ([], [], 0)


async def test_a_gone_object_needs_nothing() -> None:
    """Gather found nothing: no decision, no write, and no doubt is kept."""
    scene = Scene(None)
    scene.store.doubt(key())

    assert await scene.run() is None

    assert scene.kind.steps == ["gather"]
    assert not scene.store.must_read_live(key())


async def test_the_write_is_bound_to_what_was_decided_from() -> None:
    """The object as gather read it goes to the writer, after the store heard of the write."""
    scene = Scene(observed({}))
    scene.writer.on_write = lambda: doubted.append(scene.store.must_read_live(key()))
    doubted: list[bool] = []

    await scene.run()

    assert scene.writer.written[0][0].resource_version == "7"
    assert doubted == [True]


async def test_a_transition_is_told_after_the_write() -> None:
    """What changed from what to what; then the kind's own Events; each once."""
    own = EventNote("ArtifactChanged", "The artifact changed from a to b")
    scene = Scene(observed(AT_REST), outcome=Waiting("Unreachable", "No answer"), events=(own,))

    await scene.run()

    transition, other = scene.sink.notes
    assert transition.message == "Ready went from True (Connected) to False (Unreachable): No answer"
    assert other == own


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Waiting("Building", "Build 2 is under way"), ["BuildStarted"]),
        (Waiting("Unreachable", "No answer", is_trouble=True), ["Unreachable", "BuildStarted"]),
        (Stalled("InvalidSpec", "No"), ["InvalidSpec", "BuildStarted"]),
    ],
    ids=["a build begins", "trouble", "a person must act"],
)
async def test_a_transition_that_the_kind_tells_itself_is_not_told_twice(
    outcome: Outcome, told: list[str]
) -> None:
    """Where the plan says so; trouble is told in any case."""
    own = EventNote("BuildStarted", "Began build 2")
    scene = Scene(observed(AT_REST), outcome=outcome, events=(own,), tells_transition=True)

    await scene.run()

    assert [note.reason for note in scene.sink.notes] == told


async def test_the_kinds_events_are_told_without_a_write_too() -> None:
    """An Event needs no change of status."""
    note = EventNote("InvalidRequest", "x", "Warning", "Read")
    scene = Scene(observed(AT_REST), events=(note,))

    await scene.run()

    assert (scene.sink.notes, scene.writer.written) == ([note], [])


async def test_extra_conditions_are_written() -> None:
    """A kind's own condition stands beside Ready."""
    held = Condition(HELD, "True", "RolledBack", "hunter2", 2, START)
    scene = Scene(observed(AT_REST), conditions=(held,))

    await scene.run()

    assert [(item["type"], item["message"]) for item in scene.status["conditions"]] == [
        ("Ready", "The registry answers"),
        ("Held", "***"),
    ]


async def test_messages_and_events_are_redacted() -> None:
    """Whoever wrote them, secrets leave through no door."""
    scene = Scene(
        observed({}),
        outcome=Waiting("Unreachable", "https://u:hunter2@host"),
        events=(EventNote("A", "hunter2"),),
    )

    assert await scene.run() == Waiting("Unreachable", "https://u:***@host")

    assert "hunter2" not in str(scene.status)
    assert "hunter2" not in str(scene.sink.notes)


async def test_every_text_of_a_status_is_redacted() -> None:
    """Messages of builds and of the history may repeat what a registry said; all else stays as it was."""
    status = {"builds": [{"number": 1, "message": "hunter2 refused"}], "message": "hunter2", "replicas": 2}
    scene = Scene(observed({}), status=status)

    await scene.run()

    kept = {name: scene.status[name] for name in status}
    assert kept == {"builds": [{"number": 1, "message": "*** refused"}], "message": "***", "replicas": 2}


async def test_a_lost_event_changes_nothing() -> None:
    """Events are notices; the state is written, and the next notice is tried."""
    scene = Scene(observed(AT_REST), outcome=Waiting("NoTags", ""), events=(EventNote("A", "x"),))
    scene.sink.trouble = ConnectionError("lost")

    assert await scene.run() == Waiting("NoTags", "")

    assert len(scene.sink.notes) == 2


# --- nothing new to say


async def test_a_plan_that_keeps_the_status_writes_nothing() -> None:
    """Whatever else it says; its Events are told, and when to look again."""
    outcome = Waiting("NoTags", "", timedelta(seconds=7))
    scene = Scene(observed(AT_REST), outcome=outcome, keeps_status=True, events=(EventNote("Found", "New"),))

    assert await scene.run() == outcome

    assert (scene.writer.written, scene.writer.reads) == ([], 0)
    assert [note.reason for note in scene.sink.notes] == ["Found"]


# --- decided from the view alone


async def test_a_blank_view_is_written_without_a_read() -> None:
    """There is no status to keep."""
    scene = Scene(observed(None, status_hash=b""))

    await scene.run()

    assert (len(scene.writer.written), scene.writer.reads) == (1, 0)


async def test_a_view_with_the_wanted_hash_needs_nothing() -> None:
    """0 reads, 0 writes, 0 Events: the idle path."""
    scene = Scene(observed(None, status_hash=hash_status(AT_REST)))

    assert await scene.run() == SETTLED

    assert (scene.writer.written, scene.writer.reads, scene.sink.notes) == ([], 0, [])


async def test_a_view_with_another_hash_is_read_before_it_is_written() -> None:
    """Transition times and the Event come from the live status."""
    scene = Scene(observed(None, status_hash=hash_status(AT_REST)), outcome=Settled("Connected", "New words"))
    scene.writer.live = observed(AT_REST)

    await scene.run()

    assert scene.writer.reads == 1
    assert scene.status["conditions"][0]["lastTransitionTime"] == "2026-11-21T08:00:00Z"
    assert scene.sink.notes == []


@pytest.mark.parametrize("fields", [{"resource_version": "8"}, {"uid": "uid-2"}])
async def test_a_view_older_than_the_live_object_is_decided_anew(fields: dict[str, str]) -> None:
    """What was decided from an old version is never written onto a new one."""
    scene = Scene(observed(None, status_hash=b"other"))
    scene.writer.live = observed({"phase": "x"}, **fields)

    with pytest.raises(StaleWrite):
        await scene.run()

    assert scene.writer.written == []
    assert scene.store.must_read_live(key())


async def test_a_view_whose_object_is_gone_needs_nothing() -> None:
    """The live read says 404."""
    scene = Scene(observed(None, status_hash=b"other"))
    scene.writer.live = None

    assert await scene.run() is None


async def test_after_a_lost_answer_the_view_is_not_believed() -> None:
    """The view may be older than our own write, so that even an equal hash is checked live."""
    scene = Scene(observed(None, status_hash=hash_status(AT_REST)))
    scene.writer.live = observed(AT_REST)
    scene.store.will_write(key(), b"answer lost")

    assert await scene.run() == SETTLED

    assert (scene.writer.reads, scene.writer.written) == (1, [])
    assert not scene.store.must_read_live(key())


async def test_a_live_gather_ends_the_doubt() -> None:
    """What gather read itself is as new as anything."""
    scene = Scene(observed(AT_REST))
    scene.store.doubt(key())

    await scene.run()

    assert not scene.store.must_read_live(key())


async def test_a_view_that_lags_behind_a_live_read_is_doubted_until_it_catches_up() -> None:
    """The next run would go back behind what this one has seen."""
    scene = Scene(observed(AT_REST, resource_version="8"))

    await scene.run()
    assert scene.store.must_read_live(key())

    scene.store.put(FakeView(key(), resource_version=8))
    await scene.run()
    assert not scene.store.must_read_live(key())


async def test_after_a_conclusion_that_broke_off_the_view_is_not_believed() -> None:
    """What was decided was not written, and nothing in the object tells so."""
    scene = Scene(observed(AT_REST), status={"phase": object()})

    outcome = await scene.run()

    assert isinstance(outcome, Failed)
    assert scene.writer.written == []
    assert scene.store.must_read_live(key())


# --- conflicts


async def test_a_conflict_asks_for_another_run() -> None:
    """409: nothing is told, the caller queues the key, and the next run must not believe the view."""
    scene = Scene(observed({}), outcome=Waiting("NoTags", ""), events=(EventNote("A", "x"),))
    scene.writer.trouble = StaleWrite()

    with pytest.raises(StaleWrite):
        await scene.run()

    assert scene.sink.notes == []
    assert scene.store.must_read_live(key())


@pytest.mark.parametrize("step", ["gather", "decide", "apply"])
async def test_a_conflict_within_the_kind_is_no_failure(step: str) -> None:
    """A child's write may meet one too."""
    scene = Scene(observed({}), trouble={step: StaleWrite()})

    with pytest.raises(StaleWrite):
        await scene.run()

    assert scene.writer.written == []


@pytest.mark.parametrize("step", ["gather", "decide", "apply"])
async def test_a_lost_lease_is_no_failure_of_the_object(step: str) -> None:
    """Nothing may be written, not even that; the next run reads what was written before."""
    scene = Scene(observed({}), trouble={step: LeaseLost("another has it")})

    with pytest.raises(LeaseLost):
        await scene.run()

    assert (scene.writer.written, scene.sink.notes) == ([], [])
    assert scene.store.must_read_live(key())


async def test_a_lease_that_is_lost_before_a_failure_is_shown_is_not_shown_either() -> None:
    """The next run tells of the failure, if it is still one."""
    scene = Scene(observed({}), trouble={"gather": ValueError("boom")})
    scene.writer.trouble = LeaseLost("another has it")

    with pytest.raises(LeaseLost):
        await scene.run()

    assert scene.store.must_read_live(key())


async def test_a_lease_that_is_lost_before_the_status_is_written_is_none_either() -> None:
    """Nothing is told of a status that nobody has seen."""
    scene = Scene(observed({}), events=(EventNote("A", "x"),))
    scene.writer.trouble = LeaseLost("another has it")

    with pytest.raises(LeaseLost):
        await scene.run()

    assert scene.sink.notes == []


# --- failures


class ForeseenError(Exception):
    """An error that knows its reason."""

    reason = "Unreachable"


@pytest.mark.parametrize("step", ["gather", "decide", "apply"])
@pytest.mark.parametrize(
    "before",
    [AT_REST, {"observedGeneration": -1}, {**AT_REST, "observedGeneration": 1, "builds": [{"number": 1}]}],
    ids=["at rest", "new", "of an older generation"],
)
async def test_an_error_changes_nothing_but_conditions(step: str, before: dict[str, Any]) -> None:
    """Every other field stays as it was, the observed generation too."""
    scene = Scene(observed(before), trouble={step: RuntimeError("boom hunter2")})

    outcome = await scene.run()

    assert outcome == Failed(Reason.RECONCILE_FAILED, "RuntimeError: boom ***")
    rest = {name: value for name, value in scene.status.items() if name != "conditions"}
    assert rest == {name: value for name, value in before.items() if name != "conditions"}
    assert [(item["type"], item["status"], item["reason"]) for item in scene.status["conditions"]] == [
        ("Ready", "False", "ReconcileFailed"),
        ("Reconciling", "True", "ReconcileFailed"),
    ]
    (note,) = scene.sink.notes
    assert (note.type, note.reason) == ("Warning", "ReconcileFailed")


async def test_the_same_failure_again_writes_and_tells_nothing() -> None:
    """A poison object costs one write, not one per try."""
    scene = Scene(observed(AT_REST), trouble={"decide": RuntimeError("boom")})
    await scene.run()

    again = Scene(observed(scene.status), trouble={"decide": RuntimeError("boom")})
    assert isinstance(await again.run(), Failed)

    assert (again.writer.written, again.sink.notes) == ([], [])


async def test_a_failure_keeps_the_kinds_own_conditions() -> None:
    """Held is not lost because a read failed."""
    held = Condition(HELD, "True", "RolledBack", "kept", 1, START - timedelta(days=1)).to_json()
    scene = Scene(observed({**AT_REST, "conditions": [READY, held]}), trouble={"apply": RuntimeError("boom")})

    await scene.run()

    assert held in scene.status["conditions"]


async def test_an_error_that_knows_its_reason_gives_it() -> None:
    """A translated error speaks for itself."""
    scene = Scene(observed({}), trouble={"gather": ForeseenError("The host does not answer")})

    assert await scene.run() == Failed("Unreachable", "The host does not answer")


async def test_a_foreign_errors_reason_is_not_taken() -> None:
    """UnicodeError has a reason too, which is no CamelCase word."""
    error = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
    outcome = await Scene(observed({}), trouble={"decide": error}).run()

    assert outcome is not None
    assert outcome.reason == Reason.RECONCILE_FAILED


async def test_an_error_without_words_is_named() -> None:
    """At least the type is told."""
    assert await Scene(observed({}), trouble={"decide": KeyError()}).run() == Failed(
        "ReconcileFailed", "KeyError"
    )


async def test_a_failure_of_an_object_that_is_gone_is_none() -> None:
    """Gather failed because the object went."""
    scene = Scene(observed({}), trouble={"gather": RuntimeError("boom")})
    scene.writer.live = None

    assert await scene.run() is None


async def test_a_failure_that_cannot_be_shown_is_still_a_failure() -> None:
    """The API server is down: backoff, and nothing else."""
    scene = Scene(observed({}), trouble={"gather": RuntimeError("boom")})
    scene.writer.deaf = ConnectionError("down")

    assert isinstance(await scene.run(), Failed)


async def test_a_failure_that_meets_a_conflict_waits_for_its_backoff() -> None:
    """Queued at once it would run into the same error without a pause."""
    scene = Scene(observed({}), trouble={"apply": RuntimeError("boom")})
    scene.writer.trouble = StaleWrite()

    assert isinstance(await scene.run(), Failed)


async def test_a_failure_decided_from_the_view_is_shown_on_the_live_status() -> None:
    """The status to keep is read first."""
    scene = Scene(observed(None, status_hash=b"x"), trouble={"apply": RuntimeError("boom")})
    scene.writer.live = observed({"phase": "Connected", "observedGeneration": 1})

    await scene.run()

    assert (scene.status["phase"], scene.status["observedGeneration"]) == ("Connected", 1)


async def test_a_status_that_cannot_be_written_is_a_failure() -> None:
    """One try per run: the next one comes with backoff, reads live, and nothing is told."""
    scene = Scene(observed(AT_REST), outcome=Waiting("NoTags", ""))
    scene.writer.trouble = ConnectionError("down")

    assert isinstance(await scene.run(), Failed)

    assert scene.sink.notes == []
    assert scene.store.must_read_live(key())


@pytest.mark.parametrize("step", ["gather", "decide", "apply"])
async def test_a_cancellation_is_never_swallowed(step: str) -> None:
    """It is no failure of the object, and nothing is written."""
    scene = Scene(observed({}), trouble={step: asyncio.CancelledError()})

    with pytest.raises(asyncio.CancelledError):
        await scene.run()

    assert scene.writer.written == []


async def test_a_cancellation_while_writing_or_telling_is_never_swallowed() -> None:
    """The same holds for the two last steps."""
    scene = Scene(observed({}))
    scene.writer.trouble = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await scene.run()

    scene = Scene(observed(AT_REST), outcome=Waiting("NoTags", ""))
    scene.sink.trouble = asyncio.CancelledError()  # type: ignore[assignment]
    with pytest.raises(asyncio.CancelledError):
        await scene.run()


async def test_damaged_conditions_stop_nobody() -> None:
    """Whatever stands in the list is replaced."""
    scene = Scene(
        observed({"conditions": ["x", {}, {"type": "Ready", "lastTransitionTime": 5}], "phase": "x"})
    )

    assert await scene.run() == SETTLED

    assert [item["type"] for item in scene.status["conditions"]] == ["Ready"]


def test_the_reconciler_is_named_after_its_kind() -> None:
    """Workers find it by the kind of a key."""
    assert Scene(None).reconciler.name == KIND

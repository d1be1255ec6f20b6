from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from slipway.api.conditions import Reason
from slipway.engine.outcome import EventNote, Outcome, Settled, Stalled, Waiting
from slipway.engine.reconcile import Plan
from slipway.kinds.managedimage.archive import FINALIZER
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.departure import (
    ArchiveAction,
    FinalizersAction,
    Leaving,
    Refusal,
    Unheld,
    Unrecalled,
)
from slipway.kinds.managedimage.leaving import (
    PATIENCE,
    RECALL_PATIENCE,
    after_archiving,
    at_once,
    leave,
    told_of_run,
    wait_for_run,
)
from slipway.kinds.managedimage.situation import ImagePlan
from tests.unit.kinds.managedimage.world import NOW, OLD, built_on, facts

THEIRS = "example.com/theirs"
OBSERVED = facts(built_on(OLD)).observed
ARCHIVE: dict[str, Any] = {
    "metadata": {"name": "api-archive", "annotations": {"slipway.dev/record-digest": "sha256:1a"}},
    "binaryData": {"record.json.gz": "H4sI"},
}
EXISTING = {"metadata": {"name": "api-archive", "uid": "c1"}}
WRITTEN = {**ARCHIVE, "metadata": {**ARCHIVE["metadata"], "uid": "c1", "resourceVersion": "7"}}
REFUSED = Refusal("exceeded quota")


def leaving(
    *, existing: dict[str, Any] | None = None, is_ours: bool = False, has_builds: bool = True
) -> Leaving:
    """An image that was deleted just now."""
    return Leaving(
        observed=OBSERVED,
        finalizers=(THEIRS, FINALIZER),
        deleted_at=NOW,
        has_builds=has_builds,
        archive=ARCHIVE,
        existing=existing,
        is_ours=is_ours,
    )


def told(notes: tuple[EventNote, ...]) -> list[tuple[str, str]]:
    return [(note.reason, note.type) for note in notes]


def test_image_with_builds_is_held() -> None:
    """Beside the finalizers of others, and without a word about it in the status."""
    plan = decide(Unheld(OBSERVED, (THEIRS,)), NOW)
    assert plan.actions == FinalizersAction((THEIRS, FINALIZER))
    assert plan.keeps_status
    assert plan.outcome == Waiting(Reason.BUILDING, plan.outcome.message, timedelta(0))


@pytest.mark.parametrize(
    ("facts", "want"),
    [
        pytest.param(leaving(), ArchiveAction(ARCHIVE, None), id="there is none: it is made"),
        pytest.param(
            leaving(existing=EXISTING, is_ours=True),
            ArchiveAction(ARCHIVE, "c1"),
            id="an earlier one gives way",
        ),
        pytest.param(
            leaving(existing=WRITTEN, is_ours=True),
            FinalizersAction((THEIRS,)),
            id="one that is as it is to be was written before a crash",
        ),
        pytest.param(
            leaving(existing={**WRITTEN, "binaryData": {}}, is_ours=True),
            ArchiveAction(ARCHIVE, "c1"),
            id="one with another content gives way",
        ),
        pytest.param(
            leaving(existing={**WRITTEN, "metadata": EXISTING["metadata"]}, is_ours=True),
            ArchiveAction(ARCHIVE, "c1"),
            id="one whose mark is lost gives way",
        ),
        pytest.param(
            leaving(existing=EXISTING), FinalizersAction((THEIRS,)), id="one of somebody else stays"
        ),
        pytest.param(
            leaving(existing=EXISTING, is_ours=True, has_builds=False),
            FinalizersAction((THEIRS,)),
            id="without builds an earlier one stays",
        ),
    ],
)
def test_archive_comes_before_the_end(facts: Leaving, want: ArchiveAction | FinalizersAction) -> None:
    """An object that may go is let go; another one gets its archive first."""
    assert decide(facts, NOW).actions == want


def test_configmap_of_somebody_else_is_told_of() -> None:
    """The record is lost, and a person should know."""
    plan = decide(leaving(existing=EXISTING), NOW)
    assert told(plan.events) == [(Reason.ARCHIVE_REFUSED, "Warning")]


@pytest.mark.parametrize(
    "plan",
    [after_archiving(leaving(), None, NOW), decide(leaving(existing=WRITTEN, is_ours=True), NOW)],
    ids=["now", "before a crash"],
)
def test_written_archive_lets_the_image_go(plan: ImagePlan) -> None:
    """Finalizers of others stay."""
    assert plan.actions == FinalizersAction((THEIRS,))
    assert told(plan.events) == [(Reason.ARCHIVED, "Normal")]


def test_refused_archive_is_tried_again_for_a_while() -> None:
    """The status says why the image is still there, and loses nothing."""
    plan = after_archiving(leaving(), REFUSED, NOW + PATIENCE - timedelta(seconds=1))
    assert plan.actions is None
    assert not plan.keeps_status
    assert isinstance(plan.outcome, Waiting)
    assert "exceeded quota" in plan.outcome.message
    assert plan.outcome.until is not None
    assert plan.outcome.until + PATIENCE < timedelta(minutes=5)
    status = OBSERVED.status or {}
    assert plan.status == {name: value for name, value in status.items() if name != "observedGeneration"}


def test_deletion_never_hangs() -> None:
    """After less than five minutes the image goes without its record, and an Event says so."""
    plan = after_archiving(leaving(), REFUSED, NOW + PATIENCE)
    assert plan.actions == FinalizersAction((THEIRS,))
    assert told(plan.events) == [(Reason.ARCHIVE_REFUSED, "Warning")]
    assert "exceeded quota" in plan.events[0].message


def test_image_goes_at_once_with_its_namespace() -> None:
    """Nothing can be made there any more, Events neither."""
    plan = after_archiving(leaving(), replace(REFUSED, namespace_goes=True), NOW)
    assert (plan.actions, plan.events) == (FinalizersAction((THEIRS,)), ())


@pytest.mark.parametrize(
    ("outcome", "want"),
    [
        pytest.param(Settled("A", "b"), Settled("A", "b", timedelta(0)), id="settled"),
        pytest.param(Waiting("A", "b"), Waiting("A", "b", timedelta(0)), id="waiting"),
        pytest.param(Stalled("A", "b"), Stalled("A", "b", timedelta(0)), id="stalled"),
    ],
)
def test_restored_image_is_looked_at_again(outcome: Outcome, want: Outcome) -> None:
    """Nothing holds it before its builds are on record, and nobody else wakes it."""
    assert at_once(Plan(status={}, outcome=outcome, actions=None)).outcome == want


DOWN = Unrecalled("BuilderUnreachable", "no answer", passes=True)
NEVER = Unrecalled("NotOffered", "its run may go on: end it on its page", passes=False)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("problem", "after", "waits"),
    [
        pytest.param(None, SECOND, False, id="the run was ended"),
        pytest.param(DOWN, SECOND, True, id="its host may be back in a moment"),
        pytest.param(DOWN, RECALL_PATIENCE - SECOND, True, id="it is not back almost long enough"),
        pytest.param(DOWN, RECALL_PATIENCE, False, id="it is not back long enough"),
        pytest.param(NEVER, SECOND, False, id="nobody can ever end it"),
    ],
)
def test_image_waits_a_moment_for_its_run_to_be_ended(
    problem: Unrecalled | None, after: timedelta, waits: bool
) -> None:
    """A deletion never hangs: with the last pause, it goes on after less than two minutes."""
    plan = wait_for_run(leaving(), problem, NOW + after)
    assert (plan is not None) is waits
    if plan is not None:
        assert isinstance(plan.outcome, Waiting)
        assert (plan.actions, plan.outcome.reason) == (None, "BuilderUnreachable")
        assert "no answer" in plan.outcome.message
        assert plan.outcome.until is not None
        assert plan.outcome.until <= timedelta(seconds=15)


def test_run_that_goes_on_is_told_of_once() -> None:
    """When the image goes, and not at each try to write its record."""
    gone = after_archiving(leaving(), None, NOW)
    assert told(told_of_run(gone, DOWN).events) == [
        (Reason.ARCHIVED, "Normal"),
        (Reason.BUILDER_UNREACHABLE, "Warning"),
    ]
    assert told_of_run(gone, None) == gone
    for waiting in (after_archiving(leaving(), REFUSED, NOW), leave(leaving())):
        assert told_of_run(waiting, DOWN) == waiting

"""Events are what the new status has and the old one had not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from slipway.api.deployment import DeploymentStatus, HistoryEntry, RejectedDigest
from slipway.kinds.deployment.events import events_between

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def entry(action: str = "Update", outcome: str | None = None) -> HistoryEntry:
    """One change."""
    return HistoryEntry(
        revision=2,
        action=action,
        old_image="a@sha256:1",
        new_image="a@sha256:2",
        old_replicas=1,
        new_replicas=3,
        started_at=NOW,
        outcome=outcome,
        cause="why",
    )


def status(*history: HistoryEntry, rejected: tuple[RejectedDigest, ...] = ()) -> DeploymentStatus:
    """With this history."""
    return DeploymentStatus(history=history, rejected=rejected)


@pytest.mark.parametrize(
    ("action", "reason", "words"),
    [
        ("Create", "RevisionCreated", "Began revision 2 with a@sha256:2"),
        ("Update", "RevisionCreated", "after a@sha256:1 (why)"),
        ("Rollback", "RolledBack", "from a@sha256:1 to a@sha256:2 (why)"),
        ("Scale", "Scaled", "from 1 to 3 replicas"),
    ],
)
def test_beginnings(action: str, reason: str, words: str) -> None:
    """What began, from what to what, and why."""
    (note,) = events_between(status(), status(entry(action)))

    assert note.reason == reason
    assert words in note.message


@pytest.mark.parametrize(
    ("action", "outcome", "reasons"),
    [
        ("Update", "Promoted", ["RolloutCompleted"]),
        ("Update", "Superseded", ["RolloutSuperseded"]),
        ("Update", "Failed", []),
        ("Scale", "Promoted", []),
    ],
)
def test_ends(action: str, outcome: str, reasons: list[str]) -> None:
    """A failure is told by the Ready condition, a scale by its beginning."""
    notes = events_between(status(entry(action)), status(entry(action, outcome)))

    assert [note.reason for note in notes] == reasons


def test_release() -> None:
    """The first rollout after a rollback is its release."""
    (note,) = events_between(status(entry("Rollback")), status(entry(), entry("Rollback")))

    assert note.reason == "RollbackReleased"


def test_what_a_killed_operator_began_is_told() -> None:
    """Beginning and end at once."""
    notes = events_between(status(), status(entry(outcome="Superseded")))

    assert [note.reason for note in notes] == ["RevisionCreated", "RolloutSuperseded"]


def test_rejections() -> None:
    """New ones only."""
    rejection = RejectedDigest(digest="sha256:" + "1" * 64, reason="slow", since=NOW)
    (note,) = events_between(status(), status(rejected=(rejection,)))

    assert (note.reason, note.type) == ("DigestRejected", "Warning")
    assert events_between(status(rejected=(rejection,)), status(rejected=(rejection,))) == ()

"""Revisions as they are stored, found, numbered and pruned."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from slipway.api.deployment import HistoryEntry, RejectedDigest
from slipway.kinds.deployment.inputs import Inputs, identity_of
from slipway.kinds.deployment.revisions import (
    Revision,
    next_number,
    ran,
    surplus,
    with_identity,
    with_number,
)
from slipway.kinds.deployment.template import controller_revision, pod_template

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
REJECTION = RejectedDigest(digest="sha256:" + "1" * 64, reason="slow", since=NOW)


def revision(number: int) -> Revision:
    """Revision `number`, with a digest of its own."""
    inputs = Inputs(f"registry.test/api@sha256:{number:064x}")
    identity = identity_of(inputs)
    return Revision(number, identity, inputs, pod_template("api", identity, inputs), f"build {number}")


def stored(number: int, rejected: RejectedDigest | None = None) -> dict[str, Any]:
    """Its ControllerRevision as the API server answers it."""
    body = controller_revision("api-x", "api", revision(number), rejected)
    body["metadata"] |= {"uid": "1", "resourceVersion": "2"}
    return body


@pytest.mark.parametrize("rejected", [None, REJECTION])
def test_stored_revision_is_read(rejected: RejectedDigest | None) -> None:
    """Everything comes back, the rejection included."""
    found = Revision.from_body(stored(3, rejected))

    assert found is not None
    assert found.stored
    assert (found.number, found.identity, found.inputs, found.template, found.cause) == (
        3,
        revision(3).identity,
        revision(3).inputs,
        revision(3).template,
        "build 3",
    )
    assert found.rejected == rejected


def test_the_number_cannot_be_edited() -> None:
    """Kubernetes lets people edit `revision`, but not `data`."""
    found = Revision.from_body({**stored(3), "revision": 9})

    assert found is not None
    assert found.number == 3


@pytest.mark.parametrize("data", [None, {}, {"inputs": {}}, {"inputs": []}, {"inputs": {"image": "a"}}, []])
def test_foreign_content_is_no_revision(data: object) -> None:
    """A ControllerRevision of somebody else's making stops nothing."""
    assert Revision.from_body({**stored(1), "data": data}) is None


def test_damaged_rejection_is_none() -> None:
    """An edit by hand stops nothing."""
    body = stored(1)
    body["metadata"]["annotations"]["slipway.dev/rejected"] = "{"
    found = Revision.from_body(body)

    assert found is not None
    assert found.rejected is None


def test_look_ups() -> None:
    """By number, by identity, by digest."""
    kept = [revision(1), revision(2)]

    assert with_number(kept, 2) is kept[1]
    assert with_number(kept, None) is None
    assert with_identity(kept, kept[0].identity) is kept[0]
    assert ran(kept, kept[0].inputs.digest)
    assert not ran(kept, "sha256:0")


def test_next_number_is_above_all_that_is_known() -> None:
    """Kept, told in the history, or named by the status."""
    entry = HistoryEntry(revision=7, action="Update", started_at=NOW)

    assert next_number([], [], 0) == 1
    assert next_number([revision(3)], [], 2) == 4
    assert next_number([revision(3)], [entry], 2) == 8
    assert next_number([], [entry], 9) == 10


def test_surplus_is_the_oldest_beyond_the_limit() -> None:
    """Protected numbers stand beside the limit."""
    kept = [revision(number) for number in range(1, 7)]

    assert [item.number for item in surplus(kept, 2, {1, 6})] == [3, 2]
    assert surplus(kept, 6, set()) == ()

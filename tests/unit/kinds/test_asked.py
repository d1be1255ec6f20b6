from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from slipway.api.conditions import Reason
from slipway.engine.key import Key
from slipway.engine.reconcile import Observed
from slipway.kinds.asked import Asked

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
KEY = Key("warehouses.slipway.dev", "shop", "api")


def observed(value: str, *handled: dict[str, Any]) -> Observed:
    """An object that is asked to be looked at."""
    return Observed(
        key=KEY,
        uid="u1",
        resource_version="7",
        generation=3,
        status={"handledRequests": list(handled)},
        status_hash=b"",
        annotations={"slipway.dev/reconcile": value},
        created_at=NOW - timedelta(days=1),
    )


def test_a_request_is_read_until_it_was_handled() -> None:
    """What stands in the status is not done again."""
    asked = Asked()

    assert [request.at for request in asked.read(observed("2026-11-21T08:59:00Z"), NOW)[0]] == [
        NOW - timedelta(minutes=1)
    ]
    handled = {"verb": "reconcile", "at": "2026-11-21T08:59:00Z", "result": "Succeeded"}
    assert asked.read(observed("2026-11-21T08:59:00Z", handled), NOW) == ((), ())


def test_who_asked_is_read_where_a_policy_vouches_for_it() -> None:
    """Whether one does is the kind's to say."""
    one = observed("2026-11-21T08:59:00Z")
    stamped = replace(one, annotations={**one.annotations, "requested-by.slipway.dev/reconcile": "anna"})

    assert [request.by for request in Asked().read(stamped, NOW, trusted=True)[0]] == ["anna"]
    assert [request.by for request in Asked().read(stamped, NOW)[0]] == [None]


def test_an_unreadable_request_is_told_once() -> None:
    """It stays in the object, but is news only when it changes, or when the object is a new one."""
    asked = Asked()
    notes = asked.read(observed("now"), NOW)[1]

    assert [(note.reason, note.type) for note in notes] == [(Reason.INVALID_REQUEST, "Warning")]
    assert "write it like" in notes[0].message
    assert asked.read(observed("now"), NOW)[1] == ()
    assert len(asked.read(observed("soon"), NOW)[1]) == 1
    asked.forget(KEY)
    assert len(asked.read(observed("soon"), NOW)[1]) == 1

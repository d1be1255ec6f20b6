from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.key import Key
from slipway.engine.reconcile import EventNote, Observed
from slipway.kube.events import event_body


def observed(name: str = "api") -> Observed:
    """What an Event is about."""
    key = Key("deployments.slipway.dev", "shop", name)
    return Observed(key, "uid-1", "12", 3, {}, b"", {}, datetime(2026, 11, 21, 9, tzinfo=UTC))


def test_an_event_names_object_and_reporter() -> None:
    """`kubectl describe` finds it by the object's group, kind, name and UID."""
    note = EventNote("RolledBack", "Rolled back from 8 to 7", "Warning", action="Rollback")

    body = event_body(
        observed(), note, moment="2026-11-21T09:00:00.000000Z", instance="slipway-0", token="abc"
    )

    assert body == {
        "metadata": {"name": "api.abc", "namespace": "shop"},
        "eventTime": "2026-11-21T09:00:00.000000Z",
        "reportingController": "slipway.dev/operator",
        "reportingInstance": "slipway-0",
        "action": "Rollback",
        "reason": "RolledBack",
        "note": "Rolled back from 8 to 7",
        "type": "Warning",
        "regarding": {
            "apiVersion": "slipway.dev/v1alpha1",
            "kind": "Deployment",
            "namespace": "shop",
            "name": "api",
            "uid": "uid-1",
            "resourceVersion": "12",
        },
    }


@given(
    st.text(st.characters(codec="utf-8"), max_size=3000),
    st.text(min_size=1, max_size=300),
    st.text(min_size=1, max_size=253),
)
def test_no_text_is_too_long_for_the_api_server(message: str, word: str, name: str) -> None:
    """A note has 1 kB at most, whatever its characters weigh; names have 128 and 253 characters."""
    body = event_body(
        observed(name), EventNote(word, message, action=word), moment="", instance="", token="f" * 16
    )

    assert len(body["note"].encode()) <= 1024
    assert max(len(body["reason"]), len(body["action"])) <= 128
    assert len(body["metadata"]["name"]) <= 253
    assert message.startswith(body["note"].removesuffix("…"))

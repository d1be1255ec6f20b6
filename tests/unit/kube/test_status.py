from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from slipway.engine.key import Key
from slipway.kube.status import observed_from

KEY = Key("warehouses.slipway.dev", "shop", "api")


def body(**more: Any) -> dict[str, Any]:
    """A live object."""
    metadata = {
        "name": "api",
        "namespace": "shop",
        "uid": "uid-1",
        "resourceVersion": "12",
        "generation": 3,
        "creationTimestamp": "2026-11-21T09:00:00Z",
    }
    return {"metadata": metadata, **more}


def test_a_live_object_is_read_as_it_is() -> None:
    """Everything the engine asks of an object comes from its metadata and status."""
    observed = observed_from(KEY, body(status={"phase": "Current"}))

    assert (observed.key, observed.uid, observed.resource_version, observed.generation) == (
        KEY,
        "uid-1",
        "12",
        3,
    )
    assert observed.status == {"phase": "Current"}
    assert observed.created_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert observed.annotations == {}


def test_a_status_that_nobody_wrote_is_live_and_blank() -> None:
    """An object without a status was read all the same: its status is empty, not unknown."""
    for blank in (body(), body(status=None), body(status={"observedGeneration": -1})):
        observed = observed_from(KEY, blank)

        assert observed.status is not None
        assert observed.status_hash == b""

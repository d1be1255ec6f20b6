from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.kube.client import KubeClient
from slipway.kube.errors import NotFound
from slipway.kube.finalizers import Finalizers
from slipway.kube.resources import MANAGEDIMAGES
from slipway.kube.status import observed_from
from slipway.kube.watched import Watched

KEY = Key("managedimages.slipway.dev", "shop", "api")


def body(**metadata: Any) -> dict[str, Any]:
    """A live image."""
    common = {"name": "api", "namespace": "shop", "uid": "u1", "resourceVersion": "7"}
    return {"metadata": {**common, "creationTimestamp": "2026-11-21T09:00:00Z", **metadata}}


class Cluster:
    """Takes patches, and hears what is taken in."""

    def __init__(self, answer: dict[str, Any] | None) -> None:
        self.answer = answer
        self.operations: list[Mapping[str, Any]] = []
        self.seen: list[Any] = []

    async def json_patch(
        self, _resource: Any, _namespace: str, _name: str, operations: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        self.operations += operations
        if self.answer is None:
            msg = "no such object"
            raise NotFound(msg, status=404)
        return self.answer

    def observe(self, view: Any, *, own: bool) -> None:
        assert own
        self.seen.append(view)


async def give(cluster: Cluster, *names: str) -> None:
    watched = Watched(MANAGEDIMAGES, lambda live: cast("Any", live["metadata"]["resourceVersion"]))
    finalizers = Finalizers(cast("KubeClient", cluster), cast("Intake", cluster), [watched])
    await finalizers.give(observed_from(KEY, body()), names)


async def test_finalizers_are_bound_to_the_version_that_was_read() -> None:
    """A namesake that was made since has another version, and stays as it is."""
    cluster = Cluster(body(resourceVersion="8", finalizers=["a"]))
    await give(cluster, "a")
    assert list(cluster.operations) == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "add", "path": "/metadata/finalizers", "value": ["a"]},
    ]
    assert cluster.seen == ["8"]


async def test_object_that_went_with_its_last_finalizer_is_not_taken_in() -> None:
    """The answer shows it as it was; taken in, it would live on in the store."""
    cluster = Cluster(body(resourceVersion="8", deletionTimestamp="2026-11-21T09:00:00Z"))
    await give(cluster)
    assert cluster.seen == []


async def test_object_with_other_finalizers_is_taken_in() -> None:
    """It is still there."""
    cluster = Cluster(
        body(resourceVersion="8", deletionTimestamp="2026-11-21T09:00:00Z", finalizers=["theirs"])
    )
    await give(cluster, "theirs")
    assert cluster.seen == ["8"]


async def test_object_that_has_gone_is_as_good() -> None:
    """There is nothing left to hold or to let go."""
    cluster = Cluster(None)
    await give(cluster)
    assert cluster.seen == []

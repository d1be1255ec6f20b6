"""Compaction behind the API server's back, on a cluster without a watch cache."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.api import ApiError, resource_path
from dev.cluster import Cluster
from dev.state import ClusterOptions

pytestmark = pytest.mark.test_bed


@pytest.fixture(scope="module")
def uncached() -> Iterator[Cluster]:
    """A cluster whose API server answers every watch from etcd."""
    with Cluster.start(ClusterOptions(watch_cache=False)) as cluster:
        yield cluster


def test_a_watch_from_before_a_compaction_is_expired(uncached: Cluster) -> None:
    """410 Expired at once, which is what a client sees that was away for too long."""
    path = resource_path("v1", "configmaps", "default")
    version = uncached.api.get(path)["metadata"]["resourceVersion"]
    for name in ("missed", "seen-at-the-earliest"):
        uncached.api.create(path, {"metadata": {"name": name}})

    newest = uncached.compact()

    assert newest > int(version)
    with pytest.raises(ApiError, match="Expired") as expired:
        next(uncached.api.watch(path, resourceVersion=version))
    assert expired.value.status == 410


def test_a_watch_from_the_newest_version_goes_on(uncached: Cluster) -> None:
    """A compaction takes history alone: the objects and new watches are as before."""
    path = resource_path("v1", "configmaps", "default")
    uncached.api.create(path, {"metadata": {"name": "old"}})
    uncached.compact()
    version = uncached.api.get(path)["metadata"]["resourceVersion"]
    events = uncached.api.watch(path, resourceVersion=version)
    uncached.api.create(path, {"metadata": {"name": "seen"}})

    assert next(events)["object"]["metadata"]["name"] == "seen"
    events.close()  # type: ignore[attr-defined]

"""The Lease on a real API server, and the fence of the client."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dev.cluster import Cluster
from dev.relay import Relay
from slipway.engine.lease import LeaseLost, LeaseUnavailable, Raced, Record
from slipway.kube.client import KubeClient
from slipway.kube.errors import Unreachable
from slipway.kube.lease import KubeLease
from slipway.kube.resources import CONFIGMAPS, LEASES
from tests.support.fence import CountingFence

MOMENT = datetime(2026, 11, 21, 9, 0, 0, 1, UTC)
FIRST = Record("a", 45, acquired=MOMENT, renewed=MOMENT, transitions=0)


@pytest.fixture
def lease(kube: KubeClient, namespace: str) -> KubeLease:
    """A Lease that nobody has made yet."""
    return KubeLease(kube, namespace, timeout=5)


async def test_a_lease_is_made_renewed_and_given_back(
    lease: KubeLease, kube: KubeClient, namespace: str
) -> None:
    """What is written is what is read, and the API server shows it as any other Lease."""
    assert await lease.read() is None

    made = await lease.write(FIRST)
    renewed = await lease.write(replace(made, renewed=datetime.now(UTC), transitions=1))

    assert made == replace(FIRST, version=made.version)
    assert await lease.read() == renewed
    body = await kube.get(LEASES, namespace, "slipway")
    assert body is not None
    assert body["spec"]["holderIdentity"] == "a"
    assert body["spec"]["leaseDurationSeconds"] == 45
    assert body["spec"]["acquireTime"] == "2026-11-21T09:00:00.000001Z"

    given_back = await lease.write(replace(renewed, holder=""))

    assert given_back.holder == ""
    assert await lease.read() == given_back


async def test_of_two_that_write_the_first_wins(lease: KubeLease) -> None:
    """Two replicas create it, two replace the same version: the second has to look again."""
    made = await lease.write(FIRST)
    with pytest.raises(Raced):
        await lease.write(replace(FIRST, holder="b"))

    await lease.write(replace(made, renewed=datetime.now(UTC)))
    with pytest.raises(Raced):
        await lease.write(replace(made, holder="b"))

    found = await lease.read()
    assert found is not None
    assert found.holder == "a"


async def test_a_write_that_changes_nothing_makes_no_version(lease: KubeLease) -> None:
    """Others would not see it: that is why each renewal has a moment of its own."""
    made = await lease.write(FIRST)

    assert await lease.write(made) == made


async def test_a_lease_that_was_deleted_has_to_be_looked_at_again(
    lease: KubeLease, kube: KubeClient, namespace: str
) -> None:
    """A renewal does not bring back what somebody took away."""
    made = await lease.write(FIRST)
    body = await kube.get(LEASES, namespace, "slipway")
    assert body is not None
    await kube.delete(
        LEASES, namespace, "slipway", uid=body["metadata"]["uid"], resource_version=made.version
    )

    with pytest.raises(Raced):
        await lease.write(made)

    assert await lease.read() is None


async def test_what_people_put_on_the_object_stays(
    lease: KubeLease, kube: KubeClient, namespace: str
) -> None:
    """Labels and annotations are theirs, and a Lease without content is free."""
    metadata = {"name": "slipway", "labels": {"team": "shop"}, "annotations": {"note": "ours"}}
    await kube.create(LEASES, namespace, {"metadata": metadata})
    empty = await lease.read()
    assert empty is not None
    assert empty.holder == ""

    await lease.write(replace(FIRST, version=empty.version))

    body = await kube.get(LEASES, namespace, "slipway")
    assert body is not None
    assert body["metadata"]["labels"] == {"team": "shop"}
    assert body["metadata"]["annotations"] == {"note": "ours"}


async def test_a_namespace_that_is_not_there_is_named(kube: KubeClient) -> None:
    """No race, but something that a person has to repair."""
    lease = KubeLease(kube, "nowhere", timeout=5)

    assert await lease.read() is None
    with pytest.raises(LeaseUnavailable, match="nowhere"):
        await lease.write(FIRST)


@pytest.mark.test_bed
async def test_an_api_server_that_is_away_is_told_in_time(
    cluster: Cluster, relay: Relay, tmp_path: Path, crds: None
) -> None:
    """Within the time-out, repeats included."""
    kubeconfig = cluster.kubeconfig_through(relay, tmp_path / "relay.kubeconfig")
    async with await KubeClient.connect(kubeconfig) as kube:
        lease = KubeLease(kube, "default", timeout=0.05, name="away")
        await asyncio.to_thread(relay.refuse)

        with pytest.raises(LeaseUnavailable, match="no answer"):
            await lease.read()
        with pytest.raises(LeaseUnavailable, match="no answer"):
            await lease.write(FIRST)


async def test_behind_a_closed_fence_only_reads_arrive(cluster: Cluster, namespace: str, crds: None) -> None:
    """Every verb that changes something is refused before it is sent."""
    body = {"metadata": {"name": "a"}}
    async with await KubeClient.connect(cluster.kubeconfig, fence=CountingFence(0)) as kube:
        for write in (
            kube.create(CONFIGMAPS, namespace, body),
            kube.apply(CONFIGMAPS, namespace, "a", body),
            kube.apply_status(CONFIGMAPS, namespace, "a", body),
            kube.json_patch(CONFIGMAPS, namespace, "a", []),
            kube.delete(CONFIGMAPS, namespace, "a", uid="u", resource_version="1"),
        ):
            with pytest.raises(LeaseLost, match="held by b"):
                await write

        assert await kube.get(CONFIGMAPS, namespace, "a") is None
        assert [page async for page in kube.pages(CONFIGMAPS, namespace)]


async def test_the_fence_is_asked_for_as_long_as_a_request_may_take(
    cluster: Cluster, namespace: str, crds: None
) -> None:
    """An open one changes nothing else."""
    fence = CountingFence(1)
    async with await KubeClient.connect(cluster.kubeconfig, fence=fence) as kube:
        await kube.create(CONFIGMAPS, namespace, {"metadata": {"name": "a"}})

    assert fence.asked == [30]


@pytest.mark.test_bed
async def test_each_attempt_is_fenced(cluster: Cluster, relay: Relay, tmp_path: Path, crds: None) -> None:
    """The Lease may be lost while a request is repeated."""
    kubeconfig = cluster.kubeconfig_through(relay, tmp_path / "relay.kubeconfig")
    await asyncio.to_thread(relay.refuse)
    body = {"metadata": {"name": "a"}}
    patient, lost = CountingFence(100), CountingFence(2)
    async with await KubeClient.connect(kubeconfig, fence=patient) as kube:
        with pytest.raises(Unreachable):
            await kube.apply(CONFIGMAPS, "default", "a", body)
    async with await KubeClient.connect(kubeconfig, fence=lost) as kube:
        with pytest.raises(LeaseLost):
            await kube.apply(CONFIGMAPS, "default", "a", body)

    assert len(patient.asked) == 4
    assert len(lost.asked) == 3

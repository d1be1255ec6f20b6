"""Jobs of one image are made, found, read and deleted, and never those of others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.build.builders.contract import Failed, Pending, Run, Running, Succeeded
from slipway.build.builders.job.ending import LONGEST_WITHOUT_POD
from slipway.build.builders.job.naming import job_name
from slipway.build.builders.order import BuildOrder
from slipway.kube.errors import Conflict, Forbidden, LeftOver, NameConflict
from tests.support.ci.fake import StoredRun, json_reply, order_of
from tests.support.ci.jobs import DIGEST, FakeJobs
from tests.support.raw_server import Reply, Seen

ORDER = order_of()


def of_somebody_else(cluster: FakeJobs, order: BuildOrder = ORDER, **owner: Any) -> StoredRun:
    """A Job of the name that the order leads to, which something else controls."""
    stored = cluster.dispatched(order)
    (reference,) = cluster.bodies[stored.name]["metadata"]["ownerReferences"]
    reference.update(owner or {"uid": "another", "kind": "CronJob", "name": "nightly"})
    return stored


async def test_job_is_made_for_its_image() -> None:
    """It goes with the image, and everybody sees what it is for."""
    cluster = FakeJobs()
    async with cluster.running() as running:
        run = await running.builder.start(ORDER)
    assert run == Run(job_name(ORDER))
    metadata = cluster.bodies[job_name(ORDER)]["metadata"]
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("ManagedImage", "api", ORDER.uid)
    assert (owner["controller"], metadata["namespace"]) == (True, "shop")
    assert metadata["labels"]["slipway.dev/managed"] == "true"


async def test_job_that_is_there_already_stays_as_it_is() -> None:
    """The same order leads to the same Job, however often it is given."""
    cluster = FakeJobs()
    stored = cluster.dispatched(ORDER)
    cluster.words(stored, "running")
    async with cluster.running() as running:
        assert await running.builder.start(ORDER) == Run(stored.name)
        assert isinstance(await running.builder.look(ORDER, Run(stored.name)), Running)
    assert len(cluster.runs) == 1


@pytest.mark.parametrize(
    ("owner", "error"),
    [
        pytest.param({}, NameConflict, id="of somebody else"),
        pytest.param({"uid": "before"}, LeftOver, id="of a deleted image of this name"),
    ],
)
async def test_job_of_another_is_neither_taken_nor_touched(
    owner: dict[str, Any], error: type[NameConflict]
) -> None:
    """Though it has the very name."""
    cluster = FakeJobs()
    stored = of_somebody_else(cluster, **owner)
    run = Run(stored.name)
    async with cluster.running() as running:
        assert await running.builder.find(ORDER) is None
        with pytest.raises(error) as caught:
            await running.builder.start(ORDER)
        assert type(caught.value) is error
        assert isinstance(await running.builder.look(ORDER, run), Failed)
        await running.builder.cancel(ORDER, run)
        assert running.asked("DELETE") == []
    assert stored.name in cluster.bodies


async def test_job_that_is_found_tells_how_it_goes() -> None:
    """So that it is read once a look."""
    cluster = FakeJobs()
    cluster.words(cluster.dispatched(ORDER), "succeeded")
    async with cluster.running() as running:
        run = await running.builder.find(ORDER)
        assert len(running.asked("GET", job_name(ORDER))) == 1
    assert run is not None
    assert run.progress == Succeeded(DIGEST)


async def test_result_is_what_the_container_tells() -> None:
    """The digest of what was pushed, with no question to the registry."""
    cluster = FakeJobs()
    stored = cluster.dispatched(ORDER)
    cluster.words(stored, "succeeded")
    async with cluster.running() as running:
        assert await running.builder.look(ORDER, Run(stored.name)) == Succeeded(DIGEST)


async def test_only_the_pods_of_the_job_are_read() -> None:
    """A namespace may have thousands."""
    cluster = FakeJobs()
    stored = cluster.dispatched(ORDER)
    async with cluster.running() as running:
        assert isinstance(await running.builder.look(ORDER, Run(stored.name)), Pending)
        (asked,) = running.asked("GET", "/pods")
    assert f"labelSelector=batch.kubernetes.io%2Fjob-name%3D{stored.name}" in asked.target


async def test_job_that_is_gone_says_nothing_of_the_build() -> None:
    """Somebody deleted it: the attempt is repeated."""
    async with FakeJobs().running() as running:
        progress = await running.builder.look(ORDER, Run("api-7-gone"))
        assert running.asked("GET", "/pods") == []
    assert isinstance(progress, Failed)
    assert (progress.reason, progress.is_infrastructure) == ("RunnerFailed", True)


async def test_time_without_a_pod_is_that_of_the_clock() -> None:
    """A Job itself is taken where its pods are refused."""
    cluster = FakeJobs()
    stored = cluster.dispatched(ORDER)
    nothing = json_reply({"metadata": {"resourceVersion": "1"}, "items": []})
    cluster.instead = lambda seen: nothing if seen.path.endswith("/pods") else None
    async with cluster.running() as running:
        assert isinstance(await running.builder.look(ORDER, Run(stored.name)), Pending)
        running.clock.seconds += LONGEST_WITHOUT_POD.total_seconds()
        progress = await running.builder.look(ORDER, Run(stored.name))
    assert isinstance(progress, Failed)
    assert progress.reason == "PodsRefused"


async def test_exactly_the_job_that_was_read_is_deleted() -> None:
    """One that took its place meanwhile is refused by the API server, and looked at anew."""
    cluster = FakeJobs()
    stored = cluster.dispatched(ORDER)

    def replaced(seen: Seen) -> Reply | None:
        if seen.method == "DELETE":
            cluster.bodies[stored.name]["metadata"]["uid"] = "another"
        return None

    cluster.instead = replaced
    async with cluster.running() as running:
        with pytest.raises(Conflict):
            await running.builder.cancel(ORDER, Run(stored.name))
    assert stored.name in cluster.bodies


async def test_attempts_are_jobs_of_their_own() -> None:
    """What the one before left behind says nothing of this one."""
    cluster = FakeJobs()
    cluster.words(cluster.dispatched(ORDER), "failed")
    again = replace(ORDER, attempt=2)
    async with cluster.running() as running:
        assert await running.builder.find(again) is None
        await running.builder.start(again)
    assert len(cluster.bodies) == 2


async def test_refusal_says_why_in_the_words_of_the_api_server() -> None:
    """A quota names what is used up."""
    cluster = FakeJobs()
    refusal = {"kind": "Status", "reason": "Forbidden", "message": "exceeded quota: count/jobs.batch=5"}
    cluster.instead = lambda seen: json_reply(refusal, 403) if seen.method == "POST" else None
    async with cluster.running() as running:
        with pytest.raises(Forbidden, match="exceeded quota"):
            await running.builder.start(ORDER)

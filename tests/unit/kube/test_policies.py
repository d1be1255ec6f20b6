from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, cast

import pytest
import structlog

from slipway.api.policies.shipped import EMERGENCY_REBUILD, REQUESTED_BY, manifests
from slipway.kube.client import KubeClient
from slipway.kube.errors import Forbidden, Unreachable
from slipway.kube.policies import KEPT, Policies
from slipway.kube.resources import Resource
from tests.unit.engine.support import ManualClock


class ApiServer:
    """Has the policies as they are shipped, and counts who reads them."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Any] = {
            (manifest.kind, manifest.name): {"spec": manifest.spec}
            for name in (REQUESTED_BY, EMERGENCY_REBUILD)
            for manifest in manifests(name)
        }
        self.reads: Counter[str] = Counter()
        self.trouble: Exception | None = None

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Any:
        self.reads[resource.kind] += 1
        await asyncio.sleep(0)
        if self.trouble is not None:
            raise self.trouble
        assert namespace is None
        return self.objects.get((resource.kind, name))


class Scene:
    """The lookup before an API server, with a clock that can be moved."""

    def __init__(self) -> None:
        self.server = ApiServer()
        self.clock = ManualClock()
        self.policies = Policies(cast("KubeClient", self.server), self.clock)


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_a_policy_as_it_is_shipped_is_installed(scene: Scene) -> None:
    """With its binding."""
    assert await scene.policies.installed(REQUESTED_BY)
    assert await scene.policies.installed(EMERGENCY_REBUILD)
    assert scene.server.reads == dict.fromkeys(
        (
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
        ),
        1,
    )


@pytest.mark.parametrize("kind", ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"])
@pytest.mark.parametrize("found", [None, {"spec": {"policyName": "another"}}], ids=["missing", "changed"])
async def test_half_of_a_policy_is_none(scene: Scene, kind: str, found: Any) -> None:
    """Neither does anything alone, and another form may do anything."""
    scene.server.objects[kind, REQUESTED_BY] = found

    assert not await scene.policies.installed(REQUESTED_BY)
    assert await scene.policies.installed(EMERGENCY_REBUILD)


async def test_an_answer_is_good_for_a_minute(scene: Scene) -> None:
    """Every look at every ManagedImage asks."""
    assert await scene.policies.installed(REQUESTED_BY)
    scene.server.objects.clear()
    scene.clock.seconds += KEPT - 1
    assert await scene.policies.installed(REQUESTED_BY)
    scene.clock.seconds += 1
    assert not await scene.policies.installed(REQUESTED_BY)


async def test_many_who_ask_at_once_are_answered_by_one_look(scene: Scene) -> None:
    """All workers come by in the first second."""
    answers = await asyncio.gather(*(scene.policies.installed(REQUESTED_BY) for _ in range(32)))

    assert answers == [True] * 32
    assert scene.server.reads.total() == 2


async def test_what_must_not_be_read_is_not_there_and_the_log_says_why(scene: Scene) -> None:
    """Once for each kind, until it was read; the line holds the rule that is missing."""
    scene.server.trouble = Forbidden("no")
    with structlog.testing.capture_logs() as lines:
        assert not await scene.policies.installed(REQUESTED_BY)
        scene.clock.seconds += KEPT
        assert not await scene.policies.installed(REQUESTED_BY)

    assert [line["add_to_cluster_role"] for line in lines] == [
        f"apiGroups [admissionregistration.k8s.io], resources [{plural}], verbs [get]"
        for plural in ("mutatingadmissionpolicies", "mutatingadmissionpolicybindings")
    ]

    scene.server.trouble = None
    scene.clock.seconds += KEPT
    assert await scene.policies.installed(REQUESTED_BY)
    scene.server.trouble = Forbidden("no")
    scene.clock.seconds += KEPT
    with structlog.testing.capture_logs() as lines:
        assert not await scene.policies.installed(REQUESTED_BY)
    assert len(lines) == 2, "it was taken away again"


async def test_no_answer_is_none(scene: Scene) -> None:
    """An API server that is away neither vouches for a request nor denies it; the next look asks again."""
    scene.server.trouble = Unreachable("away")
    with pytest.raises(Unreachable):
        await scene.policies.installed(REQUESTED_BY)

    scene.server.trouble = None
    assert await scene.policies.installed(REQUESTED_BY)

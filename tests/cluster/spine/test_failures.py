from __future__ import annotations

from datetime import datetime

import pytest
from typing_extensions import override

from dev.cluster import Cluster
from slipway.engine.key import Key
from slipway.engine.reconcile import Plan
from slipway.engine.store import Store
from slipway.kube.client import KubeClient
from slipway.kube.resources import WAREHOUSES
from tests.support.spine import SpineFacts, SpineKind, live_when, ready, running, warehouse

STATUS = {"release": "3f9c1e", "handledRequests": []}


class FailingKind(SpineKind):
    """Fails at one step, once it is told to."""

    def __init__(self, kube: KubeClient, store: Store, step: str) -> None:
        super().__init__(kube, store, STATUS)
        self._step = step
        self.failing = False

    def _fail_at(self, step: str) -> None:
        if self.failing and step == self._step:
            msg = "could not reach https://user:hunter2@registry.example.com/"
            raise RuntimeError(msg)

    @override
    async def gather(self, key: Key) -> SpineFacts | None:
        """As it is, or an error."""
        self._fail_at("gather")
        return await super().gather(key)

    @override
    def decide(self, facts: SpineFacts, now: datetime) -> Plan[None]:
        """As it is, or an error."""
        self._fail_at("decide")
        return super().decide(facts, now)

    @override
    async def apply(self, facts: SpineFacts, plan: Plan[None]) -> Plan[None]:
        """As it is, or an error."""
        self._fail_at("apply")
        return await super().apply(facts, plan)


@pytest.mark.parametrize("step", ["gather", "decide", "apply"])
async def test_an_error_changes_nothing_but_conditions(
    cluster: Cluster, kube: KubeClient, namespace: str, step: str
) -> None:
    """Not even observedGeneration: nothing was observed. When the error is gone, so is every trace of it."""
    kinds: list[FailingKind] = []

    def kind(store: Store) -> FailingKind:
        kinds.append(FailingKind(kube, store, step))
        return kinds[0]

    async with running(kube, cluster.kubeconfig, kind):
        made = await kube.create(WAREHOUSES, namespace, warehouse("a"))
        before = await live_when(kube, namespace, "a", ready("True", "Suspended"))
        kinds[0].failing = True
        spec = {**made["spec"], "interval": "7m"}
        await kube.apply(WAREHOUSES, namespace, "a", {"metadata": {"name": "a"}, "spec": spec})

        failed = await live_when(kube, namespace, "a", ready("False", "ReconcileFailed"))

        assert {**failed["status"], "conditions": []} == {**before["status"], "conditions": []}
        assert failed["status"]["observedGeneration"] == 1
        assert "hunter2" not in str(failed["status"])

        kinds[0].failing = False
        mended = await live_when(kube, namespace, "a", ready("True", "Suspended"))
        assert mended["status"]["observedGeneration"] == 2
        assert [condition["type"] for condition in mended["status"]["conditions"]] == ["Ready"]


class PickyKind(SpineKind):
    """Fails for one object."""

    @override
    def decide(self, facts: SpineFacts, now: datetime) -> Plan[None]:
        """As it is, except for an object called `bad`."""
        if facts.observed.key.name == "bad":
            raise RuntimeError(facts.observed.key.name)
        return super().decide(facts, now)


async def test_the_failure_of_one_object_is_not_the_others(
    cluster: Cluster, kube: KubeClient, namespace: str
) -> None:
    """A worker outlives whatever one object brings about."""
    async with running(kube, cluster.kubeconfig, lambda store: PickyKind(kube, store), workers=1):
        for name in ("bad", "good"):
            await kube.create(WAREHOUSES, namespace, warehouse(name))

        await live_when(kube, namespace, "bad", ready("False", "ReconcileFailed"))
        await live_when(kube, namespace, "good", ready("True", "Suspended"))

"""Warehouses of one namespace in memory: gathered and decided for real, and their statuses kept.

Registries are those that a test serves; nothing of Kubernetes is imitated but reads by name.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from unittest.mock import patch

from slipway.api.conditions import Condition
from slipway.clock import format_time
from slipway.egress import LIBRARY_POLICY, EgressPolicy, circuit
from slipway.engine.outcome import Outcome
from slipway.engine.store import Store
from slipway.kinds.context import Context
from slipway.kinds.registry.view import RegistryView
from slipway.kinds.warehouse.decide import decide
from slipway.kinds.warehouse.gather import WarehouseGatherer
from slipway.kinds.warehouse.view import warehouse_key
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.kube.resources import SECRETS, WAREHOUSES, Resource
from slipway.oci.credentials import ALLOWED_HOSTS
from tests.support.outside import open_outside
from tests.unit.engine.support import ManualClock

__all__ = ["NAMESPACE", "Cluster", "Looked", "World", "image", "semver", "world"]

NAMESPACE = "shop"
INTERVAL = timedelta(minutes=5)


def semver(text: str) -> dict[str, Any]:
    """A policy that chooses the highest version of a range."""
    return {"type": "Semver", "semver": {"range": text}}


def image(name: str, repository: str, policy: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A subscription of images."""
    return {
        "name": name,
        "type": "Image",
        "image": {"repository": repository, "policy": dict(policy), **more},
    }


@dataclass(frozen=True)
class Looked:
    """What a Warehouse says after a look."""

    status: Mapping[str, Any]
    outcome: Outcome
    conditions: tuple[Condition, ...]
    """The kind's own, beside Ready."""

    def artifact(self, name: str = "app") -> Mapping[str, Any]:
        """Of the subscription of this name."""
        return next(one for one in self.status["artifacts"] if one["name"] == name)

    def chosen(self, name: str = "app") -> tuple[str, str] | None:
        """Tag and digest; None when nothing was chosen ever."""
        found = self.artifact(name).get("image")
        return (found["tag"], found["digest"]) if found else None

    def problem(self, name: str = "app") -> str | None:
        """The reason why the last look at this subscription brought nothing."""
        reason: str | None = self.artifact(name).get("problem", {}).get("reason")
        return reason

    def changes(self, name: str = "app") -> list[str]:
        """What was chosen one after the other, the newest first."""
        return [one["to"] for one in self.status.get("history", ()) if one["name"] == name]


@dataclass
class Cluster:
    """What the API server has, and what was read of it."""

    objects: dict[tuple[Resource, str, str], dict[str, Any]] = field(default_factory=dict)
    reads: list[tuple[Resource, str, str]] = field(default_factory=list)

    async def get(self, resource: Resource, namespace: str, name: str) -> dict[str, Any] | None:
        """A live object."""
        self.reads.append((resource, namespace, name))
        return self.objects.get((resource, namespace, name))

    async def get_metadata(self, resource: Resource, namespace: str, name: str) -> dict[str, Any] | None:
        """A live object; that there is more than metadata does no harm."""
        return await self.get(resource, namespace, name)

    def secrets_read(self) -> set[tuple[str, str]]:
        """Namespace and name of each Secret that was read."""
        return {(namespace, name) for resource, namespace, name in self.reads if resource is SECRETS}


@dataclass
class World:
    """The objects, and the operator's memory of its looks."""

    context: Context
    clock: ManualClock
    cluster: Cluster

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """The operator is killed: only what was written is left."""
        self.gatherer = WarehouseGatherer(self.context)

    def make(self, name: str, *subscriptions: dict[str, Any], **spec: Any) -> None:
        """A new Warehouse, which was never looked at."""
        metadata = {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "resourceVersion": "1"}
        created = {"generation": 1, "creationTimestamp": format_time(self.clock.now())}
        self.cluster.objects[WAREHOUSES, NAMESPACE, name] = {
            "metadata": metadata | created,
            "spec": {"subscriptions": list(subscriptions), **spec},
        }

    def registry(self, name: str, url: str, *, namespace: str = NAMESPACE, **spec: Any) -> None:
        """A Registry, as the store keeps it."""
        metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": "1"}
        body = {"metadata": metadata, "spec": {"url": url, **spec}}
        self.context.store.put(RegistryView.from_body(body))

    def secret(
        self, name: str, kind: str, data: Mapping[str, str], *, namespace: str = NAMESPACE, hosts: str = ""
    ) -> None:
        """A Secret; `hosts` is where it says that it may be sent to."""
        metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": "1"}
        annotations = {ALLOWED_HOSTS: hosts} if hosts else {}
        self.cluster.objects[SECRETS, namespace, name] = {
            "metadata": {**metadata, "annotations": annotations},
            "type": kind,
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
        }

    async def look(self, name: str) -> Looked:
        """Somebody asks, five minutes later, and what was decided is written."""
        self.clock.seconds += INTERVAL.total_seconds()
        body = self.cluster.objects[WAREHOUSES, NAMESPACE, name]
        body["metadata"]["annotations"] = {"slipway.dev/reconcile": format_time(self.clock.now())}
        facts = await self.gatherer.gather(warehouse_key(NAMESPACE, name))
        assert facts is not None
        plan = decide(facts, self.clock.now())
        body["status"] = {**plan.status, "observedGeneration": body["metadata"]["generation"]}
        return Looked(plan.status, plan.outcome, plan.conditions)


@asynccontextmanager
async def world(policy: EgressPolicy = LIBRARY_POLICY) -> AsyncIterator[World]:
    """A world without objects, in which a host that broke may be asked again without five seconds' pause.

    Args:
        policy: what may be called; by default loopback may.
    """
    clock, cluster = ManualClock(), Cluster()
    with patch.object(circuit, "SHORTEST", 0.0):
        async with open_outside(clock=clock, policy=policy) as outside:
            context = outside.context(cast("KubeClient", cluster), cast("Children", None), Store())
            yield World(context, clock, cluster)

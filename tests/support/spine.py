"""The shortest way through the whole operator: a Warehouse that is suspended, and nothing around it."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from slipway.api.conditions import Reason
from slipway.assembly import Assembly, assemble
from slipway.engine.key import Key
from slipway.engine.outcome import Settled
from slipway.engine.reconcile import Observed, Plan
from slipway.engine.store import Store
from slipway.engine.view import PlainView, View, hash_status, hash_wish
from slipway.kube.client import KubeClient
from slipway.kube.resources import WAREHOUSES
from slipway.kube.status import observed_from
from slipway.kube.watched import Watched
from slipway.settings import Settings

__all__ = [
    "WATCHED",
    "SpineFacts",
    "SpineKind",
    "SpineView",
    "live_when",
    "ready",
    "running",
    "until",
    "warehouse",
]


@dataclass(frozen=True, slots=True)
class SpineView(PlainView):
    """What every view has, and no more."""

    key: Key
    uid: str
    resource_version: int
    generation: int
    wish: bytes
    status_hash: bytes
    owner: Key | None = None
    topics: tuple[Hashable, ...] = ()
    listens: tuple[Hashable, ...] = ()

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> SpineView:
        """Read a live object."""
        metadata = body["metadata"]
        return cls(
            key=Key(WAREHOUSES.key_kind, metadata["namespace"], metadata["name"]),
            uid=metadata["uid"],
            resource_version=int(metadata["resourceVersion"]),
            generation=metadata["generation"],
            wish=hash_wish(body.get("spec"), metadata.get("annotations"), metadata.get("deletionTimestamp")),
            status_hash=hash_status(body.get("status")),
        )


WATCHED: Final = (Watched(WAREHOUSES, SpineView.from_body),)


def warehouse(name: str, *, suspend: bool = True) -> dict[str, Any]:
    """A Warehouse as a user would write it."""
    image = {
        "repository": "registry.example.com/shop/api",
        "policy": {"type": "Digest", "digest": {"tag": "stable"}},
    }
    spec = {"suspend": suspend, "subscriptions": [{"name": "app", "type": "Image", "image": image}]}
    return {"metadata": {"name": name}, "spec": spec}


@dataclass(frozen=True, slots=True)
class SpineFacts:
    """The object and nothing else."""

    observed: Observed


class SpineKind:
    """Settles every Warehouse as suspended, with `status` beside the conditions."""

    name: Final = WAREHOUSES.key_kind

    def __init__(
        self, kube: KubeClient, store: Store, status: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        self._kube = kube
        self._store = store
        self._status = status

    async def gather(self, key: Key) -> SpineFacts | None:
        """From the view alone, where it can be trusted."""
        view = self._store.get(key)
        if view is None:
            return None
        if self._store.must_read_live(key):
            body = await self._kube.get(WAREHOUSES, key.namespace, key.name)
            return SpineFacts(observed_from(key, body)) if body is not None else None
        return SpineFacts(_from_view(view))

    def decide(self, facts: SpineFacts, now: datetime) -> Plan[None]:
        """Nothing to do."""
        return Plan(status=self._status, outcome=Settled(Reason.SUSPENDED, "Suspended"), actions=None)

    async def apply(self, facts: SpineFacts, plan: Plan[None]) -> Plan[None]:
        """Nothing to do."""
        return plan


@asynccontextmanager
async def running(
    kube: KubeClient, kubeconfig: Path, kind: Callable[[Store], SpineKind], **settings: Any
) -> AsyncIterator[Assembly]:
    """An operator of this kind alone in the running loop until the block ends; synced at its start."""
    chosen = Settings(kubeconfig=kubeconfig, health_host="127.0.0.1", health_port=0, **settings)
    assembly, stop = assemble(chosen, kube, WATCHED, lambda store, _: [kind(store)]), asyncio.Event()
    work = asyncio.create_task(assembly.run(stop))
    try:
        await until(lambda: assembly.engine.synced or work.done())
        yield assembly
    finally:
        stop.set()
        await work
        _collect_what_kopf_left()


def _collect_what_kopf_left() -> None:
    """Kopf's loop may end with a connection that was reset under it; aiohttp leaves that to the collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def until(condition: Callable[[], bool], timeout: float = 30.0) -> None:
    """Wait until the condition holds.

    Raises:
        TimeoutError: when it does not within `timeout` seconds.
    """
    async with asyncio.timeout(timeout):
        # Nothing tells when: what is waited for is the work of other processes and threads.
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def live_when(
    kube: KubeClient, namespace: str, name: str, condition: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The live Warehouse, as soon as the condition holds for it.

    Raises:
        TimeoutError: when it does not within 30 s.
    """
    async with asyncio.timeout(30):
        while True:
            body = await kube.get(WAREHOUSES, namespace, name)
            if body is not None and condition(body):
                return body
            await asyncio.sleep(0.05)


def ready(status: str, reason: str) -> Callable[[dict[str, Any]], bool]:
    """Whether the Ready condition of an object is this."""

    def check(body: dict[str, Any]) -> bool:
        conditions = (body.get("status") or {}).get("conditions") or []
        found = [(item["status"], item["reason"]) for item in conditions if item["type"] == "Ready"]
        return found == [(status, reason)]

    return check


def _from_view(view: View) -> Observed:
    return Observed(
        key=view.key,
        uid=view.uid,
        resource_version=str(view.resource_version),
        generation=view.generation,
        status=None,
        status_hash=view.status_hash,
        annotations={},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )

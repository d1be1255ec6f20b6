"""Reads a real cluster and real registries, with the rights of whoever sits at the keyboard."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import structlog

from slipway.api.warehouse import Warehouse
from slipway.cli.errors import Refused
from slipway.cli.explaining import explain
from slipway.cli.identity import identity_key
from slipway.cli.plain import one_line
from slipway.cli.reading import KnownRegistry, OpenRegistry, Reader, Told, Where
from slipway.cli.registry import ReadRegistry
from slipway.cli.translation import translated
from slipway.clock import SystemClock
from slipway.egress import LIBRARY_POLICY
from slipway.engine.intake import Intake
from slipway.engine.queue import Queue
from slipway.engine.store import Store
from slipway.kinds.outside import Outside, cache_directory
from slipway.kinds.registry.access import Access
from slipway.kinds.registry.view import RegistryView, registry_key
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.kube.contexts import usual_namespace
from slipway.kube.errors import NotFound
from slipway.kube.resources import REGISTRIES, WAREHOUSES
from slipway.oci.reference import ImageReference
from slipway.oci.retries import Retries
from slipway.settings import PREFIX, Settings

__all__ = ["ClusterReader", "connect"]

_SHARED: Final = (f"{PREFIX}CACHE_DIRECTORY",)

_RETRIES: Final = Retries(most=1)
"""Somebody waits: a registry that is down is told of after a second, not after seven."""


@asynccontextmanager
async def connect(where: Where) -> AsyncIterator[Reader]:
    """What can be read of a cluster, until the end of the block.

    Raises:
        Refused: when the configuration does not lead to a cluster.
    """
    _silence()
    with translated():
        kube = await KubeClient.connect(where.kubeconfig, context=where.context)
    async with kube:
        with translated():
            namespace = where.namespace or usual_namespace(where.kubeconfig, where.context)
        settings = _settings(os.environ)
        outside = Outside.open(
            settings,
            LIBRARY_POLICY,
            SystemClock(),
            retries=_RETRIES,
            identity_key=identity_key(cache_directory(settings)),
        )
        async with aclosing(outside):
            yield ClusterReader(kube, outside, namespace)


def _settings(environment: Mapping[str, str]) -> Settings:
    """The operator's, of which a person shares the place of the cache: the others are about its own work."""
    return Settings.from_environment({name: environment[name] for name in _SHARED if name in environment})


def _silence() -> None:
    """Without an operator there is no log: what matters to a person is printed by the command."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


class ClusterReader:
    """Implements `slipway.cli.reading.Reader`.

    Args:
        kube: the API server.
        outside: the ways to registries.
        namespace: that is meant.
    """

    def __init__(self, kube: KubeClient, outside: Outside, namespace: str) -> None:
        self.namespace = namespace
        self._kube = kube
        self._outside = outside
        self._store = Store()
        # Nothing is written here: the children, whom a context has to have, are never asked for.
        nobody = Children(kube, Intake(self._store, Queue(), ()), ())
        self._context = outside.context(kube, nobody, self._store)

    async def registries(self, namespace: str | None) -> Sequence[KnownRegistry]:
        """The Registries of a namespace, or of all of them."""
        try:
            with translated():
                pages = self._kube.pages(REGISTRIES, namespace)
                return [self._taken_in(body) async for page in pages for body in page.items]
        except Refused as refusal:
            raise _without_kinds(refusal) from refusal

    async def open(self, registry: KnownRegistry, repository: str = "") -> OpenRegistry:
        """A Registry, with its Secrets as they are now."""
        view = self._store.get(registry_key(registry.namespace, registry.name))
        assert isinstance(view, RegistryView), "it came out of `registries`"
        with translated():
            pooled = await self._context.registries.registry_of(view, repository)
        return self._read(registry, Access(pooled, view.host, view.key, view.connected))

    async def open_for(self, reference: ImageReference) -> OpenRegistry:
        """The registry of an image, as the objects of the namespace would ask it."""
        known = {one.name: one for one in await self.registries(self.namespace)}
        with translated():
            access = await self._context.registries.client_for(self.namespace, reference)
        key = access.registry_key
        return self._read(None if key is None else known[key.name], access)

    async def explain(self, warehouse: str, tag: str, subscription: str | None) -> Told:
        """Why a Warehouse of the namespace chose a tag, or did not."""
        # What it watches is asked through the Registry that fits.
        await self.registries(self.namespace)
        with translated():
            body = await self._kube.get(WAREHOUSES, self.namespace, warehouse)
            if body is None:
                msg = (
                    f"There is no Warehouse {warehouse} in namespace {self.namespace}: correct the name, or"
                    " name the namespace with -n"
                )
                raise Refused(msg)
            return await explain(self._context, Warehouse.model_validate(body), tag, subscription)

    def _taken_in(self, body: Mapping[str, Any]) -> KnownRegistry:
        view = RegistryView.from_body(body)
        self._store.put(view)
        trouble = _ready_message(body) if view.connected is False else None
        return KnownRegistry(view.key.namespace, view.key.name, view.host, trouble)

    def _read(self, known: KnownRegistry | None, access: Access) -> ReadRegistry:
        return ReadRegistry(known, access, self._outside)


def _ready_message(body: Mapping[str, Any]) -> str:
    conditions = (body.get("status") or {}).get("conditions") or ()
    ready: Mapping[str, Any] = next((one for one in conditions if one.get("type") == "Ready"), {})
    return one_line(str(ready.get("message") or "its phase is Error"))


def _without_kinds(refusal: Refused) -> Refused:
    """The API server says no more than 404 of a kind that it does not know."""
    if not isinstance(refusal.__cause__, NotFound):
        return refusal
    return Refused("The cluster does not know Registries: install the kinds with kubectl apply -f crds/")

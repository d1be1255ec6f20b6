"""Finalizers: what makes a deletion wait for the operator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slipway.engine.intake import Intake
from slipway.engine.reconcile import Observed
from slipway.kube.client import KubeClient
from slipway.kube.errors import NotFound
from slipway.kube.resources import BY_KEY_KIND
from slipway.kube.watched import Watched

__all__ = ["Finalizers"]


class Finalizers:
    """Changes the finalizers of our objects, and tells the intake what came of it."""

    __slots__ = ("_client", "_intake", "_watched")

    def __init__(self, client: KubeClient, intake: Intake, watched: Iterable[Watched]) -> None:
        """Write through the client; what is taken in are objects of the watched kinds."""
        self._client = client
        self._intake = intake
        self._watched = {kind.resource.key_kind: kind for kind in watched}

    async def give(self, observed: Observed, finalizers: Sequence[str]) -> None:
        """Give exactly the object that was read these finalizers and no others; one that has gone is as good.

        The version stands for the UID too: a namesake that was made since has another one.

        Raises:
            Conflict: when the object has changed since, or is another one of that name.
        """
        key, resource = observed.key, BY_KEY_KIND[observed.key.kind]
        operations: list[Mapping[str, Any]] = [
            {"op": "replace", "path": "/metadata/resourceVersion", "value": observed.resource_version},
            {"op": "add", "path": "/metadata/finalizers", "value": list(finalizers)},
        ]
        try:
            body = await self._client.json_patch(resource, key.namespace, key.name, operations)
        except NotFound:
            return
        metadata, watched = body["metadata"], self._watched.get(key.kind)
        # A deleted object without finalizers has gone, and the watch tells of that.
        is_gone = "deletionTimestamp" in metadata and not metadata.get("finalizers")
        if watched is not None and not is_gone and (view := watched.view(body)) is not None:
            self._intake.observe(view, own=True)

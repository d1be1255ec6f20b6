"""Reading an object for a decision and writing the status that was decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from slipway.clock import parse_time
from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.reconcile import Observed, StaleWrite
from slipway.engine.view import hash_status
from slipway.kube.client import KubeClient
from slipway.kube.errors import NotFound
from slipway.kube.resources import BY_KEY_KIND
from slipway.kube.watched import Watched

__all__ = ["KubeStatusWriter", "observed_from"]


def observed_from(key: Key, body: Mapping[str, Any], status_hash: bytes | None = None) -> Observed:
    """The live object as the engine sees it.

    Args:
        key: of the object.
        body: the object.
        status_hash: of its status, where it is known already.
    """
    metadata = body["metadata"]
    status = body.get("status") or {}
    return Observed(
        key=key,
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        generation=metadata.get("generation") or 0,
        status=status,
        status_hash=hash_status(status) if status_hash is None else status_hash,
        annotations=metadata.get("annotations") or {},
        created_at=parse_time(metadata["creationTimestamp"]),
    )


class KubeStatusWriter:
    """Writes statuses by server-side apply; implements `slipway.engine.reconcile.StatusWriter`."""

    __slots__ = ("_client", "_intake", "_parsers")

    def __init__(self, client: KubeClient, intake: Intake, watched: Iterable[Watched]) -> None:
        """Write through the client and tell the intake what came of it."""
        self._client = client
        self._intake = intake
        self._parsers = {kind.resource.key_kind: kind.parse for kind in watched}

    async def read(self, key: Key) -> Observed | None:
        """The live object, or None when it is gone.

        Raises:
            KubeError: when the API server could not be asked.
        """
        body = await self._client.get(BY_KEY_KIND[key.kind], key.namespace, key.name)
        return observed_from(key, body) if body is not None else None

    async def write(self, observed: Observed, status: Mapping[str, Any]) -> None:
        """Write the complete status, bound to the version that it was decided from.

        The version stands for the UID too, which the API server does not check on a status: an object that
        was made anew has another version.

        Raises:
            StaleWrite: when the object changed or went meanwhile.
            KubeError: when the API server refused or did not answer.
        """
        key = observed.key
        metadata = {
            "name": key.name,
            "namespace": key.namespace,
            "resourceVersion": observed.resource_version,
        }
        try:
            body = await self._client.apply_status(
                BY_KEY_KIND[key.kind], key.namespace, key.name, {"metadata": metadata, "status": status}
            )
        except NotFound as error:
            raise StaleWrite(str(key)) from error
        self._intake.observe(self._parsers[key.kind](body), own=True)

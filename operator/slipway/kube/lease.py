"""The Lease as an object of the API server (`coordination.k8s.io/v1`)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from slipway.clock import parse_time
from slipway.engine.lease import LeaseUnavailable, Raced, Record
from slipway.kube.client import KubeClient
from slipway.kube.errors import AlreadyExists, Conflict, KubeError, NotFound
from slipway.kube.resources import LEASES
from slipway.redact import redact

__all__ = ["LEASE_NAME", "KubeLease", "read_record", "spec_of"]

LEASE_NAME: Final = "slipway"

_UNTOLD_DURATION: Final = 60.0
"""Seconds that a holder is left in peace who did not write for how long; longer than any common one."""


class KubeLease:
    """One Lease object; implements `slipway.engine.lease.LeaseStore`."""

    __slots__ = ("_client", "_name", "_namespace", "_timeout")

    def __init__(self, client: KubeClient, namespace: str, *, timeout: float, name: str = LEASE_NAME) -> None:
        """Read and write through the client, which must have no fence: the fence opens by these writes.

        Args:
            client: of its own connections, so that a renewal never waits for those of the work.
            namespace: of the object.
            timeout: seconds for one read or write, repeats included.
            name: of the object.
        """
        self._client = client
        self._namespace = namespace
        self._timeout = timeout
        self._name = name

    async def read(self) -> Record | None:
        """The record as it is now, or None when there is none.

        Raises:
            LeaseUnavailable: when it could not be read.
        """
        body = await self._in_time(self._client.get(LEASES, self._namespace, self._name))
        return read_record(body) if body is not None else None

    async def write(self, record: Record) -> Record:
        """Replace the version that the record carries, or create it where it has none.

        Labels, annotations and owners that people gave the object stay.

        Returns:
            The record as it is stored.

        Raises:
            Raced: when the object has another version, or was made or deleted meanwhile.
            LeaseUnavailable: when nobody knows whether it was written.
        """
        try:
            return read_record(await self._in_time(self._sent(record)))
        except (AlreadyExists, Conflict) as error:
            raise Raced(error.message) from error

    async def _sent(self, record: Record) -> dict[str, Any]:
        spec = spec_of(record)
        if not record.version:
            body = {"metadata": {"name": self._name}, "spec": spec}
            return await self._client.create(LEASES, self._namespace, body)
        operations: list[dict[str, Any]] = [
            {"op": "replace", "path": "/metadata/resourceVersion", "value": record.version},
            {"op": "add", "path": "/spec", "value": spec},
        ]
        try:
            return await self._client.json_patch(LEASES, self._namespace, self._name, operations)
        except NotFound as error:
            raise Conflict(error.message) from error

    async def _in_time(self, request: Coroutine[Any, Any, Any]) -> Any:
        try:
            async with asyncio.timeout(self._timeout):
                return await request
        except TimeoutError as error:
            msg = f"The API server gave no answer within {self._timeout:g} s"
            raise LeaseUnavailable(msg) from error
        except (AlreadyExists, Conflict):
            raise
        except KubeError as error:
            raise LeaseUnavailable(redact(error.message)) from error


def read_record(body: Mapping[str, Any]) -> Record:
    """What a Lease object says; whatever nobody wrote, as with one that a person made, is empty."""
    spec = body.get("spec") or {}
    return Record(
        holder=spec.get("holderIdentity") or "",
        duration=float(spec.get("leaseDurationSeconds") or _UNTOLD_DURATION),
        acquired=_moment(spec.get("acquireTime")),
        renewed=_moment(spec.get("renewTime")),
        transitions=spec.get("leaseTransitions") or 0,
        version=body["metadata"]["resourceVersion"],
    )


def spec_of(record: Record) -> dict[str, Any]:
    """The `spec` of the Lease object; the duration is rounded up, never shorter than the holder counts."""
    times = {"acquireTime": record.acquired, "renewTime": record.renewed}
    return {
        "holderIdentity": record.holder,
        "leaseDurationSeconds": math.ceil(record.duration),
        "leaseTransitions": record.transitions,
        **{name: _micro_time(moment) for name, moment in times.items() if moment is not None},
    }


def _moment(text: str | None) -> datetime | None:
    return parse_time(text) if text else None


def _micro_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

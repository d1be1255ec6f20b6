"""Whether the admission policies that vouch for requests are in the cluster, just as they are shipped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import structlog

from slipway.api.policies.shipped import Manifest, manifests
from slipway.clock import Clock
from slipway.kube.client import KubeClient
from slipway.kube.errors import Forbidden
from slipway.kube.resources import (
    MUTATING_POLICIES,
    MUTATING_POLICY_BINDINGS,
    VALIDATING_POLICIES,
    VALIDATING_POLICY_BINDINGS,
    Resource,
)

__all__ = ["KEPT", "Policies"]

KEPT: Final = 60.0
"""Seconds for which an answer is good: as long may a policy be away, or be there, without being noticed."""

_RESOURCES: Final[Mapping[str, Resource]] = MappingProxyType(
    {
        resource.kind: resource
        for resource in (
            MUTATING_POLICIES,
            MUTATING_POLICY_BINDINGS,
            VALIDATING_POLICIES,
            VALIDATING_POLICY_BINDINGS,
        )
    }
)

_log = structlog.get_logger(__name__)


class Policies:
    """Looks the policies up, each once a minute at most, however many ask."""

    __slots__ = ("_answers", "_client", "_clock", "_forbidden", "_looking")

    def __init__(self, client: KubeClient, clock: Clock) -> None:
        """Read through the client."""
        self._client = client
        self._clock = clock
        self._looking = asyncio.Lock()
        self._answers: dict[str, tuple[float, bool]] = {}
        self._forbidden: set[str] = set()

    async def installed(self, name: str) -> bool:
        """Whether the policy of this name and its binding are there, and say what ours say.

        What must not be read counts as not there, and the log says which rule is missing.

        Args:
            name: one of those in `slipway.api.policies.shipped`.

        Raises:
            KubeError: when the API server gives no answer.
            KeyError: when no policy of this name is shipped.
        """
        async with self._looking:
            looked_at, answer = self._answers.get(name, (-KEPT, False))
            if self._clock.monotonic() - looked_at >= KEPT:
                looked_at, answer = self._clock.monotonic(), await self._look(name)
                self._answers[name] = looked_at, answer
            return answer

    async def _look(self, name: str) -> bool:
        return all([await self._is_there(manifest) for manifest in manifests(name)])

    async def _is_there(self, manifest: Manifest) -> bool:
        resource = _RESOURCES[manifest.kind]
        try:
            body = await self._client.get(resource, None, manifest.name)
        except Forbidden:
            self._tell(resource)
            return False
        self._forbidden.discard(resource.plural)
        return body is not None and manifest.is_that_of(body)

    def _tell(self, resource: Resource) -> None:
        if resource.plural in self._forbidden:
            return
        self._forbidden.add(resource.plural)
        _log.warning(
            "Admission policies cannot be read, so nobody knows who asked",
            add_to_cluster_role=f"apiGroups [{resource.group}], resources [{resource.plural}], verbs [get]",
        )

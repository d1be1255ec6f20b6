"""The ways out to builders, shared by all images that are built there."""

from __future__ import annotations

from slipway.build.builders.patient import Patience
from slipway.egress import LIBRARY_POLICY, EgressPolicy
from slipway.engine.fence import Fence
from slipway.http import Circuits, HostLimits, HttpClient, origin_of

__all__ = ["BuilderClients"]


class BuilderClients:
    """Keeps connections to builders; a host sees one limit, and is left alone by all when it fails.

    Args:
        policy: what may be called.
        fence: asked before every request that may change something; by default nobody is.
    """

    def __init__(self, policy: EgressPolicy = LIBRARY_POLICY, fence: Fence | None = None) -> None:
        self._policy = policy
        self._fence = fence
        self._limits = HostLimits()
        self._circuits = Circuits()
        self.patience = Patience()
        """Which servers want to be left alone."""

        self._clients: dict[str | None, HttpClient] = {}

    async def aclose(self) -> None:
        """Closes every connection."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    def client(self, url: str, namespace: str) -> HttpClient:
        """The way to a builder for an object of a namespace, whose own Services are no strangers to it.

        Raises:
            InvalidUrl: when the URL is none.
        """
        # The namespace counts only where the policy asks for it: all others share their connections.
        inside = namespace if self._policy.is_cluster_name(origin_of(url).host) else None
        client = self._clients.get(inside)
        if client is None:
            policy = self._policy if inside is None else self._policy.within(inside)
            client = self._clients[inside] = HttpClient(
                policy, limits=self._limits, circuits=self._circuits, fence=self._fence
            )
        return client

"""The ways out to chart repositories, shared by all that read charts."""

from __future__ import annotations

from slipway.charts.repository import ChartRepository
from slipway.egress import LIBRARY_POLICY, EgressPolicy
from slipway.http import HttpClient, origin_of

__all__ = ["ChartClients"]


class ChartClients:
    """Keeps connections to chart repositories.

    Args:
        policy: what may be called.
    """

    def __init__(self, policy: EgressPolicy = LIBRARY_POLICY) -> None:
        self._policy = policy
        self._clients: dict[str | None, HttpClient] = {}

    async def aclose(self) -> None:
        """Closes every connection."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    def repository(self, url: str, namespace: str, authorization: str | None = None) -> ChartRepository:
        """A chart repository, as an object of a namespace may see it.

        Args:
            url: of the repository.
            namespace: of whoever names the URL: its own Services are no strangers to the egress policy.
            authorization: the header of that name; sent to the repository's own origin alone.

        Raises:
            InvalidUrl: when the URL is none.
        """
        # The namespace counts only where the policy asks for it: all others share their connections.
        inside = namespace if self._policy.is_cluster_name(origin_of(url).host) else None
        client = self._clients.get(inside)
        if client is None:
            policy = self._policy if inside is None else self._policy.within(inside)
            client = self._clients[inside] = HttpClient(policy)
        return ChartRepository(client, authorization)

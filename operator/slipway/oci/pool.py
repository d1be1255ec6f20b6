"""Clients shared by everybody who speaks to the same registry with the same authority."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from slipway.clock import Clock, SystemClock
from slipway.egress import LIBRARY_POLICY, ClientCertificate, EgressPolicy, Limits
from slipway.engine.fence import Fence
from slipway.http import Circuits, HostLimits, HttpClient, origin_of
from slipway.oci.client import RegistryClient
from slipway.oci.credentials import ANONYMOUS, Credential, credential_id
from slipway.oci.retries import Retries
from slipway.oci.session import RegistrySession, registry_base
from slipway.oci.sources import CredentialSource, StaticCredential

__all__ = ["ClientPool", "Endpoint"]

_IDLE: Final = 600.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a registry is and who asks it."""

    url: str
    credential: Credential = ANONYMOUS
    ca: bytes | None = None
    """PEM authorities trusted beside the system's."""

    client_cert: ClientCertificate | None = field(default=None, repr=False)
    verify: bool = True
    timeout: float = 30.0
    """Seconds for one request; see `slipway.oci.session.RegistrySession` for what they bound."""

    limits: Limits | None = None
    """What this Registry's host is asked at most; None for what all others ask."""

    source: CredentialSource | None = field(default=None, compare=False, repr=False)
    """Exchanges the credential for what the registry takes; None when it takes the credential itself. The
    first one that is given for a credential serves all who come with it."""

    namespace: str | None = None
    """Of the object that names the URL: Services of this namespace are no strangers to the egress policy."""

    @property
    def credential_id(self) -> str:
        """Credential, authorities and TLS mode in one name; see `slipway.oci.credentials.credential_id`."""
        return credential_id(self.credential, self.ca, self.client_cert, self.verify)


_Key = tuple[str, str, float, Limits | None, str | None]


class ClientPool:
    """Keeps one client per endpoint and authority, and drops those that nobody used for a while.

    Args:
        policy: What may be called.
        fence: Asked before every request that may change something; by default nobody is.
        clock: Measures idleness.
        idle: Seconds after which an unused client is closed.
        retries: How often reads are repeated, and how long after.
        limits: What a host is asked at most by all clients together, unless one of them is allowed more.
    """

    def __init__(
        self,
        policy: EgressPolicy = LIBRARY_POLICY,
        *,
        fence: Fence | None = None,
        clock: Clock | None = None,
        idle: float = _IDLE,
        retries: Retries | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._policy = policy
        self._fence = fence
        self._clock = clock or SystemClock()
        self._idle = idle
        self._retries = retries or Retries()
        self._limits = HostLimits(limits)
        self._circuits = Circuits()
        self._clients: dict[_Key, RegistryClient] = {}

    async def get(self, endpoint: Endpoint) -> RegistryClient:
        """The client for an endpoint. It belongs to the pool: use it soon, never close it.

        Raises:
            InvalidReference: when the URL is none.
        """
        key = self._key(endpoint)
        client = self._clients.pop(key, None) or self._open(endpoint)
        self._clients[key] = client
        await self._drop_idle(keep=client)
        return client

    async def aclose(self) -> None:
        """Closes every client."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    def _key(self, endpoint: Endpoint) -> _Key:
        """The namespace counts only where the policy asks for it: all others share their connections."""
        base = registry_base(endpoint.url)
        is_inside = self._policy.is_cluster_name(origin_of(base).host)
        namespace = endpoint.namespace if is_inside else None
        return base, endpoint.credential_id, endpoint.timeout, endpoint.limits, namespace

    def _open(self, endpoint: Endpoint) -> RegistryClient:
        base, _, timeout, limits, namespace = self._key(endpoint)
        http = HttpClient(
            self._policy if namespace is None else self._policy.within(namespace),
            timeout=timeout,
            verify=endpoint.verify,
            ca=endpoint.ca,
            client_cert=endpoint.client_cert,
            home=origin_of(base),
            limits=self._limits,
            own_limits=limits,
            circuits=self._circuits,
            fence=self._fence,
        )
        source = endpoint.source or StaticCredential(endpoint.credential)
        session = RegistrySession(base, http, source, self._clock, retries=self._retries, limits=limits)
        return RegistryClient.over(session, timeout)

    async def _drop_idle(self, keep: RegistryClient) -> None:
        now = self._clock.monotonic()
        idle = [
            key
            for key, client in self._clients.items()
            if client is not keep and not client.in_flight and now - client.last_used > self._idle
        ]
        for client in [self._clients.pop(key) for key in idle]:
            await client.aclose()

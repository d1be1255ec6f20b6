"""Clients shared by everybody who speaks to the same registry with the same authority."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Final

from slipway.clock import Clock, SystemClock
from slipway.egress import LIBRARY_POLICY, ClientCertificate, EgressPolicy, Limits
from slipway.engine.fence import Fence
from slipway.http import Circuits, HostLimits, HttpClient, origin_of
from slipway.oci.client import RegistryClient
from slipway.oci.credentials import ANONYMOUS, Credential, credential_id
from slipway.oci.providers.access import Access
from slipway.oci.providers.api import direct
from slipway.oci.providers.factory import make_provider
from slipway.oci.providers.provider import Provider
from slipway.oci.retries import Retries
from slipway.oci.session import RegistrySession, registry_base
from slipway.oci.sources import CredentialSource, StaticCredential

__all__ = ["ClientPool", "Endpoint", "PooledRegistry"]

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

    source_id: str = ""
    """Tells sources apart that exchange one credential: the Secret they come from, at its version."""

    namespace: str | None = None
    """Of the object that names the URL: Services of this namespace are no strangers to the egress policy."""

    product: str = "Generic"
    """The type of the Registry: what lists its repositories and tags."""

    project: str | None = None
    """Repositories are listed below this path."""

    identity_key: bytes | None = field(default=None, compare=False, repr=False)
    """What ids are made with; None for a key that only this process has."""

    @property
    def credential_id(self) -> str:
        """Credential, authorities and TLS mode in one name; see `slipway.oci.credentials.credential_id`."""
        identity = credential_id(self.credential, self.ca, self.client_cert, self.verify, self.identity_key)
        return f"{identity}/{self.source_id}" if self.source_id else identity


@dataclass(frozen=True, slots=True)
class PooledRegistry:
    """A registry as it is shared by those who come with the same authority."""

    client: RegistryClient
    provider: Provider
    credentials: CredentialSource
    """What the registry takes now."""

    credential_id: str
    identity: Hashable
    """Equal where the same questions get the same answers."""


_Key = tuple[Hashable, float, Limits | None]


class ClientPool:
    """Keeps one client per endpoint and authority, and drops those that nobody used for a while.

    Args:
        policy: What may be called.
        fence: Asked before every request that may change something; by default nobody is.
        clock: Measures idleness.
        idle: Seconds after which an unused client is closed.
        retries: How often reads are repeated, and how long after.
        limits: What a host is asked at most by all clients together, unless one of them is allowed more.
        identity_key: Makes the credential ids, where they have to outlive this process.
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
        identity_key: bytes | None = None,
    ) -> None:
        self._policy = policy
        self._identity_key = identity_key
        self._fence = fence
        self._clock = clock or SystemClock()
        self._idle = idle
        self._retries = retries or Retries()
        self._limits = HostLimits(limits)
        self._circuits = Circuits()
        self._registries: dict[_Key, PooledRegistry] = {}
        self._given_at: dict[_Key, float] = {}

    async def get(self, endpoint: Endpoint) -> RegistryClient:
        """The client for an endpoint. It belongs to the pool: use it soon, never close it.

        Raises:
            InvalidReference: when the URL is none.
        """
        return (await self.registry(endpoint)).client

    async def registry(self, endpoint: Endpoint) -> PooledRegistry:
        """The registry at an endpoint. It belongs to the pool: use it soon, never close it.

        Raises:
            InvalidReference: when the URL is none.
        """
        if self._identity_key is not None:
            endpoint = replace(endpoint, identity_key=self._identity_key)
        key = (self._identity(endpoint), endpoint.timeout, endpoint.limits)
        registry = self._registries.pop(key, None) or self._open(endpoint)
        self._registries[key] = registry
        self._given_at[key] = self._clock.monotonic()
        await self._drop_idle()
        return registry

    async def aclose(self) -> None:
        """Closes every client."""
        registries, self._registries = self._registries, {}
        for registry in registries.values():
            await registry.client.aclose()

    def _identity(self, endpoint: Endpoint) -> Hashable:
        base, product = registry_base(endpoint.url), (endpoint.product, endpoint.project)
        return base, endpoint.credential_id, self._namespace(base, endpoint), product

    def _namespace(self, base: str, endpoint: Endpoint) -> str | None:
        """It counts only where the policy asks for it: all others share their connections."""
        is_inside = self._policy.is_cluster_name(origin_of(base).host)
        return endpoint.namespace if is_inside else None

    def _open(self, endpoint: Endpoint) -> PooledRegistry:
        base, timeout, limits = registry_base(endpoint.url), endpoint.timeout, endpoint.limits
        namespace = self._namespace(base, endpoint)
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
        client = RegistryClient.over(session, timeout)
        access = Access(
            session,
            direct(http, self._retries, session.quotas),
            client,
            source,
            endpoint.project,
            self._clock,
            timeout,
        )
        provider = make_provider(endpoint.product, access)
        return PooledRegistry(client, provider, source, endpoint.credential_id, self._identity(endpoint))

    async def _drop_idle(self) -> None:
        """Whoever was given one just now has not used it yet, or asks the product's own API with it."""
        now = self._clock.monotonic()
        idle = [
            key
            for key, registry in self._registries.items()
            if not registry.client.in_flight
            and now - max(registry.client.last_used, self._given_at[key]) > self._idle
        ]
        for key in idle:
            del self._given_at[key]
        for registry in [self._registries.pop(key) for key in idle]:
            await registry.client.aclose()

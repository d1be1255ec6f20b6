"""The one way from an image to a client that may ask its registry: which Registry, credential and TLS."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from slipway.api.conditions import Reason
from slipway.engine.key import Key
from slipway.engine.outcome import Stalled, Waiting
from slipway.engine.store import Store
from slipway.kinds.registry.credentials import Exchange, SecretUnavailable, SharedSecrets, read_endpoint
from slipway.kinds.registry.select import AmbiguousRegistry, select_registry
from slipway.kinds.registry.view import RegistryView, host_topic, registry_key
from slipway.kube.client import KubeClient
from slipway.oci.client import RegistryClient
from slipway.oci.errors import CredentialError, CredentialNotBound, InvalidReference, RegistryError
from slipway.oci.pool import ClientPool, Endpoint, PooledRegistry
from slipway.oci.providers.provider import Provider
from slipway.oci.reference import ImageReference

__all__ = ["Access", "AccessProblem", "RegistryAccess", "problem_outcome"]

_RECHECK: Final = timedelta(seconds=60)
"""Secrets are not watched: what hangs on one is looked at again after this time."""


@dataclass(frozen=True, slots=True)
class Access:
    """A client for the registry of one image."""

    registry: PooledRegistry
    """Shared with others of the same credential: use it, never close it."""

    host: str
    """As image references name it."""

    registry_key: Key | None
    """The Registry whose credential it carries; None for anonymous access without a Registry."""

    connected: bool | None
    """Whether that Registry's last connection test succeeded; None without one, or before the first test."""

    @property
    def client(self) -> RegistryClient:
        """Asks the registry itself."""
        return self.registry.client

    @property
    def provider(self) -> Provider:
        """Lists by the API of the product."""
        return self.registry.provider

    @property
    def credential_id(self) -> str:
        """Who asks; see `slipway.oci.credentials.credential_id`."""
        return self.registry.credential_id

    @property
    def identity(self) -> Hashable:
        """Equal where the same questions get the same answers."""
        return self.registry.identity


class AccessProblem(Exception):  # noqa: N818 - it is an answer to be shown, not a failure of ours
    """There is no client for an image now; the outcome says who can help, and what they have to do."""

    def __init__(self, outcome: Waiting | Stalled) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome

    @property
    def reason(self) -> str:
        """The reason of a Ready condition."""
        return self.outcome.reason


class RegistryAccess:
    """Finds the Registry for an image among those of its namespace; gives a client with its credential."""

    def __init__(self, kube: KubeClient, store: Store, pool: ClientPool, exchange: Exchange) -> None:
        self._secrets = SharedSecrets(kube, exchange.clock)
        self._store = store
        self._pool = pool
        self._exchange = exchange

    async def client_for(
        self,
        namespace: str,
        reference: ImageReference,
        registry_ref: str | None = None,
        since: datetime | None = None,
    ) -> Access:
        """A client for the registry of an image.

        Args:
            namespace: of the object that names the image; Registries and Secrets of others are never used.
            reference: the image; its tag and digest play no part.
            registry_ref: the name of the Registry to use; None for the one that matches best.
            since: when its Secrets may have been read, for others that look at the same time; None for now.

        Raises:
            AccessProblem: when no client may be had now.
            KubeError: when the API server does not answer.
        """
        view = self.registry_for(namespace, reference, registry_ref)
        if view is None:
            return Access(await self._anonymous(namespace, reference), reference.registry, None, None)
        registry = await self.registry_of(view, reference.repository, since)
        return Access(registry, reference.registry, view.key, view.connected)

    def registry_for(
        self, namespace: str, reference: ImageReference, registry_ref: str | None = None
    ) -> RegistryView | None:
        """The Registry that serves an image; None when the image is asked for anonymously.

        Raises:
            AccessProblem: when the named one does not exist or is for another host, or several match.
        """
        if registry_ref is not None:
            return self._named(namespace, reference, registry_ref)
        candidates = self._of_host(namespace, reference)
        try:
            return select_registry(candidates, reference.registry, reference.repository)
        except AmbiguousRegistry as error:
            raise AccessProblem(Stalled(Reason.AMBIGUOUS_REGISTRY, str(error), _RECHECK)) from error

    async def way(
        self, namespace: str, repository: str, registry_ref: str | None, *, with_secrets: bool
    ) -> tuple[Hashable, bool]:
        """What the client for a repository depends on, as it is now, and whether Secrets are part of it.

        Args:
            namespace: as for `client_for`.
            repository: with its host; one that is none has the reason in place of the Registry.
            registry_ref: as for `client_for`.
            with_secrets: whether their versions are read; a few seconds old, for all that ask together.

        Raises:
            KubeError: when the API server does not answer.
        """
        try:
            view = self.registry_for(namespace, ImageReference.parse(repository), registry_ref)
        except (AccessProblem, InvalidReference) as problem:
            return problem.reason, False
        if view is None:
            return None, False
        versions = await self._secrets.versions(view) if with_secrets else None
        by_secret = view.secret is not None or view.cert_secret is not None
        return (view.uid, view.generation, view.connected, versions), by_secret

    async def registry_of(
        self, view: RegistryView, repository: str = "", since: datetime | None = None
    ) -> PooledRegistry:
        """What a Registry stands for.

        Args:
            view: the Registry.
            repository: narrows a docker configuration whose keys have paths.
            since: see `client_for`.

        Raises:
            AccessProblem: when a Secret is missing, or must not or cannot be used.
            KubeError: when the API server does not answer.
        """
        try:
            # A docker configuration may name nothing but the project.
            read = self._secrets.reader(since)
            endpoint = await read_endpoint(read, view, self._exchange, repository or view.project)
            return await self._pool.registry(endpoint)
        except (SecretUnavailable, RegistryError) as error:
            raise AccessProblem(problem_outcome(error)) from error

    def is_ambient(self, view: RegistryView) -> bool:
        """Whether the operator's own identity opens the registry; nobody else must get what it is worth."""
        return self._exchange.is_ambient(view)

    async def _anonymous(self, namespace: str, reference: ImageReference) -> PooledRegistry:
        """Loopback registries speak plain http, as Docker and containerd have it; all others https."""
        scheme = "http" if _is_loopback(reference.registry) else "https"
        try:
            endpoint = Endpoint(url=f"{scheme}://{reference.api_host}", namespace=namespace)
            return await self._pool.registry(endpoint)
        except RegistryError as error:
            raise AccessProblem(problem_outcome(error)) from error

    def _named(self, namespace: str, reference: ImageReference, name: str) -> RegistryView:
        view = self._store.get(registry_key(namespace, name))
        if not isinstance(view, RegistryView):
            message = (
                f"Registry {name} does not exist in namespace {namespace}: create it, or correct registryRef"
            )
            raise AccessProblem(Waiting(Reason.REGISTRY_NOT_FOUND, message, is_trouble=True))
        if view.host != reference.registry:
            message = (
                f"Registry {name} is for {view.host}, but the image is on {reference.registry}: "
                "name a Registry for that host in registryRef, or leave registryRef out"
            )
            raise AccessProblem(Stalled(Reason.INVALID_SPEC, message, _RECHECK))
        return view

    def _of_host(self, namespace: str, reference: ImageReference) -> Iterable[RegistryView]:
        for key in self._store.providers(host_topic(namespace, reference.registry)):
            view = self._store.get(key)
            if isinstance(view, RegistryView):
                yield view


def problem_outcome(error: SecretUnavailable | RegistryError) -> Waiting | Stalled:
    """Who can help: a credential that must not be used waits for a person; all else may mend itself."""
    if isinstance(error, CredentialNotBound):
        return Stalled(error.reason, str(error), _RECHECK)
    until = _RECHECK if isinstance(error, CredentialError | SecretUnavailable) else None
    return Waiting(error.reason, str(error), until, is_trouble=True)


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name in {"localhost", "[::1]"} or name.startswith("127.")

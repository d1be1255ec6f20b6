"""Reading the Secrets that a Registry names, by name and only when they are needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from slipway.api.base import LocalReference
from slipway.api.conditions import Reason
from slipway.clock import Clock
from slipway.http import HttpClient
from slipway.kinds.registry.view import RegistryView
from slipway.kube.client import KubeClient
from slipway.kube.errors import Forbidden
from slipway.kube.resources import SECRETS
from slipway.oci.credentials import ANONYMOUS, Certificates, Secret, certificates_from
from slipway.oci.exchange.ambient import AmbientIdentity
from slipway.oci.exchange.choosing import choose_source, uses_ambient_identity
from slipway.oci.pool import Endpoint
from slipway.oci.scans import Scans
from slipway.oci.sources import StaticCredential

__all__ = [
    "Exchange",
    "SecretForbidden",
    "SecretMissing",
    "SecretUnavailable",
    "SharedSecrets",
    "read_endpoint",
    "read_secret",
    "secret_version",
    "secret_versions",
]

_LONGEST_SHARED: Final = timedelta(seconds=60)
"""How old a Secret may be that is read for one object and used for another."""

_VERSIONS_SHARED: Final = timedelta(seconds=5)
"""How old the versions of Secrets may be, which a thousand objects may want that fail for the same reason."""

SecretReader: TypeAlias = Callable[[str, str], Awaitable[Mapping[str, Any] | None]]
"""Namespace and name to the Secret as the API server has it; None when it does not exist."""


class SecretUnavailable(Exception):  # noqa: N818 - its kinds are named like the reasons they become
    """A Secret that an object names cannot be had; the message says which, and what to do."""

    reason: str


class SecretMissing(SecretUnavailable):
    """It does not exist."""

    reason = Reason.SECRET_NOT_FOUND


class SecretForbidden(SecretUnavailable):
    """The operator may not read it."""

    reason = Reason.SECRET_FORBIDDEN


@dataclass(frozen=True, slots=True)
class Exchange:
    """How clouds are asked for what their registries take."""

    http: HttpClient
    """Goes to the clouds' own hosts."""

    ambient: AmbientIdentity
    """What the operator's own pod is to them."""

    clock: Clock

    def is_ambient(self, view: RegistryView) -> bool:
        """Whether the operator's own identity opens the registry."""
        return uses_ambient_identity(
            view.product, view.host, self.ambient, has_secret=view.secret is not None
        )


class SharedSecrets:
    """Reads Secrets by name; what was read for one object serves others that look at about the same time.

    A thousand objects that are due together read the credential that they share once.
    """

    def __init__(self, kube: KubeClient, clock: Clock) -> None:
        self._kube = kube
        self._clock = clock
        # What is missing, or could not be read, may be there for whoever asks next.
        self._scans: Scans[Mapping[str, Any] | None] = Scans(
            clock, keeps=lambda one: isinstance(one, Mapping)
        )
        self._versions: Scans[tuple[str | None, ...]] = Scans(clock, keeps=lambda one: isinstance(one, tuple))

    async def versions(self, view: RegistryView) -> tuple[str | None, ...]:
        """The versions of the Secrets that a Registry names, as they were a few seconds ago or later.

        Raises:
            KubeError: when the API server does not answer.
        """
        key = (view.key.namespace, view.secret, view.cert_secret)
        since = self._clock.now() - _VERSIONS_SHARED
        return await self._versions.get(key, since, lambda: secret_versions(self._kube, view))

    def reader(self, since: datetime | None) -> SecretReader:
        """Reads Secrets as they were at `since` or later, and never older than a minute; None means now."""
        now = self._clock.now()
        freshness = now if since is None else max(since, now - _LONGEST_SHARED)

        async def read(namespace: str, name: str) -> Mapping[str, Any] | None:
            return await self._scans.get(
                (namespace, name), freshness, lambda: self._kube.get(SECRETS, namespace, name)
            )

        return read


async def read_endpoint(
    read: SecretReader, view: RegistryView, exchange: Exchange, repository: str = ""
) -> Endpoint:
    """Where a Registry is and how to talk to it.

    Args:
        read: reads its Secrets.
        view: the Registry.
        exchange: how clouds are asked.
        repository: narrows a docker configuration whose keys have paths.

    Raises:
        SecretUnavailable: when a Secret does not exist, or must not be read.
        CredentialError: when it cannot be used, or must not be sent to the Registry's host.
        KubeError: when the API server does not answer.
    """
    body = await _body(read, view.key.namespace, view.secret, "secretRef")
    secret = None if body is None else Secret.from_object(body)
    source = choose_source(
        view.product,
        view.host,
        secret,
        exchange.http,
        ambient=exchange.ambient,
        repository=repository,
        clock=exchange.clock,
    )
    is_static = isinstance(source, StaticCredential)
    certificates = await _certificates(read, view)
    return Endpoint(
        url=view.url,
        credential=await source.credential() if is_static else ANONYMOUS,
        source=None if is_static else source,
        source_id="" if is_static else f"{view.product}/{'' if body is None else _version(body)}",
        ca=certificates.authorities,
        client_cert=certificates.client,
        verify=view.verify,
        timeout=view.timeout.total_seconds(),
        limits=view.limits,
        namespace=view.key.namespace,
        product=view.product,
        project=view.project or None,
    )


async def read_secret(kube: KubeClient, namespace: str, name: str, field: str) -> Secret:
    """A Secret, by its name.

    Args:
        kube: reads it.
        namespace: of the object that names it.
        name: of the Secret.
        field: that names it, for the words of the error.

    Raises:
        SecretUnavailable: when it does not exist, or must not be read.
        CredentialInvalid: when its data is not base64.
        KubeError: when the API server does not answer.
    """

    async def read(namespace: str, name: str) -> Mapping[str, Any] | None:
        return await kube.get(SECRETS, namespace, name)

    return Secret.from_object(await _require(read, namespace, name, field))


async def secret_version(kube: KubeClient, namespace: str, reference: LocalReference | None) -> str | None:
    """The version of a Secret, without its content; None for none at all, and for one that cannot be had.

    Raises:
        KubeError: when the API server does not answer.
    """
    return None if reference is None else await _version_of(kube, namespace, reference.name)


async def secret_versions(kube: KubeClient, view: RegistryView) -> tuple[str | None, ...]:
    """The versions of the Secrets that a Registry names, without their content; None for a missing one."""
    names = [name for name in (view.secret, view.cert_secret) if name is not None]
    return tuple([await _version_of(kube, view.key.namespace, name) for name in names])


async def _version_of(kube: KubeClient, namespace: str, name: str) -> str | None:
    try:
        body = await kube.get_metadata(SECRETS, namespace, name)
    except Forbidden:
        return None  # whoever reads it then says so
    return None if body is None else _version(body)


async def _certificates(read: SecretReader, view: RegistryView) -> Certificates:
    body = await _body(read, view.key.namespace, view.cert_secret, "certSecretRef")
    return Certificates() if body is None else certificates_from(Secret.from_object(body))


async def _body(read: SecretReader, namespace: str, name: str | None, field: str) -> Mapping[str, Any] | None:
    return None if name is None else await _require(read, namespace, name, field)


async def _require(read: SecretReader, namespace: str, name: str, field: str) -> Mapping[str, Any]:
    try:
        body = await read(namespace, name)
    except Forbidden as error:
        msg = (
            f"Secret {name} in namespace {namespace}, which {field} names, may not be read with these "
            "rights: have the verb get on it granted, or ask whoever runs the cluster"
        )
        raise SecretForbidden(msg) from error
    if body is None:
        msg = f"Secret {name} does not exist in namespace {namespace}: create it, or correct {field}"
        raise SecretMissing(msg)
    return body


def _version(body: Mapping[str, Any]) -> str:
    metadata = body["metadata"]
    return f"{metadata['uid']}/{metadata['resourceVersion']}"

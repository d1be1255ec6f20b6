"""Reading the Secrets that a Registry names, by name and only when they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.api.base import LocalReference
from slipway.api.conditions import Reason
from slipway.clock import Clock
from slipway.http import HttpClient
from slipway.kinds.registry.view import RegistryView
from slipway.kube.client import KubeClient
from slipway.kube.resources import SECRETS
from slipway.oci.credentials import ANONYMOUS, Certificates, Secret, certificates_from
from slipway.oci.exchange.ambient import AmbientIdentity
from slipway.oci.exchange.choosing import choose_source, uses_ambient_identity
from slipway.oci.pool import Endpoint
from slipway.oci.sources import StaticCredential

__all__ = ["Exchange", "SecretMissing", "read_endpoint", "read_secret", "secret_version", "secret_versions"]


class SecretMissing(Exception):  # noqa: N818 - named like the reason it becomes
    """A Secret that an object names does not exist; the message says which, and what to do."""

    reason = Reason.SECRET_NOT_FOUND


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


async def read_endpoint(
    kube: KubeClient, view: RegistryView, exchange: Exchange, repository: str = ""
) -> Endpoint:
    """Where a Registry is and how to talk to it, with the Secrets as they are now.

    Raises:
        SecretMissing: when a Secret does not exist.
        CredentialError: when it cannot be used, or must not be sent to the Registry's host.
        KubeError: when the API server does not answer.
    """
    body = await _body(kube, view.key.namespace, view.secret, "secretRef")
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
    certificates = await _certificates(kube, view)
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
        SecretMissing: when it does not exist.
        CredentialInvalid: when its data is not base64.
        KubeError: when the API server does not answer.
    """
    return Secret.from_object(await _require(kube, namespace, name, field))


async def secret_version(kube: KubeClient, namespace: str, reference: LocalReference | None) -> str | None:
    """The version of a Secret, without its content; None for a missing one, or none at all.

    Raises:
        KubeError: when the API server does not answer.
    """
    if reference is None:
        return None
    body = await kube.get_metadata(SECRETS, namespace, reference.name)
    return None if body is None else _version(body)


async def secret_versions(kube: KubeClient, view: RegistryView) -> tuple[str | None, ...]:
    """The versions of the Secrets that a Registry names, without their content; None for a missing one."""
    names = [name for name in (view.secret, view.cert_secret) if name is not None]
    found = [await kube.get_metadata(SECRETS, view.key.namespace, name) for name in names]
    return tuple(None if body is None else _version(body) for body in found)


async def _certificates(kube: KubeClient, view: RegistryView) -> Certificates:
    body = await _body(kube, view.key.namespace, view.cert_secret, "certSecretRef")
    return Certificates() if body is None else certificates_from(Secret.from_object(body))


async def _body(kube: KubeClient, namespace: str, name: str | None, field: str) -> Mapping[str, Any] | None:
    return None if name is None else await _require(kube, namespace, name, field)


async def _require(kube: KubeClient, namespace: str, name: str, field: str) -> Mapping[str, Any]:
    body = await kube.get(SECRETS, namespace, name)
    if body is None:
        msg = f"Secret {name} does not exist in namespace {namespace}: create it, or correct {field}"
        raise SecretMissing(msg)
    return body


def _version(body: Mapping[str, Any]) -> str:
    metadata = body["metadata"]
    return f"{metadata['uid']}/{metadata['resourceVersion']}"

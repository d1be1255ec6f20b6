"""Reading the Secrets that a Registry names, by name and only when they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway.api.conditions import Reason
from slipway.kinds.registry.view import RegistryView
from slipway.kube.client import KubeClient
from slipway.kube.resources import SECRETS
from slipway.oci.credentials import (
    ANONYMOUS,
    Certificates,
    Credential,
    Secret,
    certificates_from,
    credential_for,
)
from slipway.oci.pool import Endpoint

__all__ = ["SecretMissing", "read_endpoint", "secret_versions"]


class SecretMissing(Exception):  # noqa: N818 - named like the reason it becomes
    """A Secret that a Registry names does not exist; the message says which, and what to do."""

    reason = Reason.SECRET_NOT_FOUND


async def read_endpoint(kube: KubeClient, view: RegistryView, repository: str = "") -> Endpoint:
    """Where a Registry is and how to talk to it, with the Secrets as they are now.

    Raises:
        SecretMissing: when a Secret does not exist.
        CredentialError: when it cannot be used, or must not be sent to the Registry's host.
        KubeError: when the API server does not answer.
    """
    credential = await _credential(kube, view, repository)
    certificates = await _certificates(kube, view)
    return Endpoint(
        url=view.url,
        credential=credential,
        ca=certificates.authorities,
        client_cert=certificates.client,
        verify=view.verify,
        timeout=view.timeout.total_seconds(),
        namespace=view.key.namespace,
    )


async def secret_versions(kube: KubeClient, view: RegistryView) -> tuple[str | None, ...]:
    """The versions of the Secrets that a Registry names, without their content; None for a missing one."""
    names = [name for name in (view.secret, view.cert_secret) if name is not None]
    found = [await kube.get_metadata(SECRETS, view.key.namespace, name) for name in names]
    return tuple(None if body is None else _version(body) for body in found)


async def _credential(kube: KubeClient, view: RegistryView, repository: str) -> Credential:
    if view.secret is None:
        return ANONYMOUS
    secret = await _read(kube, view.key.namespace, view.secret, "secretRef")
    return credential_for(secret, view.host, repository)


async def _certificates(kube: KubeClient, view: RegistryView) -> Certificates:
    if view.cert_secret is None:
        return Certificates()
    return certificates_from(await _read(kube, view.key.namespace, view.cert_secret, "certSecretRef"))


async def _read(kube: KubeClient, namespace: str, name: str, field: str) -> Secret:
    body = await kube.get(SECRETS, namespace, name)
    if body is None:
        msg = f"Secret {name} does not exist in namespace {namespace}: create it, or correct {field}"
        raise SecretMissing(msg)
    return Secret.from_object(body)


def _version(body: Mapping[str, Any]) -> str:
    metadata = body["metadata"]
    return f"{metadata['uid']}/{metadata['resourceVersion']}"

"""The Secrets that a build Job mounts: its pod would wait for one that is missing, and not say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from slipway.api.managedimage import ManagedImage
from slipway.build.builders.job.registries import JobRegistry
from slipway.kinds.registry.credentials import SecretMissing
from slipway.kube.client import KubeClient
from slipway.kube.errors import Forbidden
from slipway.kube.resources import SECRETS

__all__ = ["ensure_secrets"]


async def ensure_secrets(kube: KubeClient, image: ManagedImage, registries: Iterable[JobRegistry]) -> None:
    """See that every Secret is there which the Jobs of an image mount. Their content is not read.

    Raises:
        SecretMissing: one is not; the message says who names it.
        KubeError: when the API server does not answer.
    """
    for name, mender in dict((*_of_registries(registries), *_of_spec(image))).items():
        if not await _is_there(kube, image.metadata.namespace, name):
            msg = f"Secret {name} does not exist in namespace {image.metadata.namespace}: {mender}"
            raise SecretMissing(msg)


async def _is_there(kube: KubeClient, namespace: str, name: str) -> bool:
    try:
        return await kube.get_metadata(SECRETS, namespace, name) is not None
    except Forbidden:
        return True  # the kubelet has other rights


def _of_spec(image: ManagedImage) -> Iterator[tuple[str, str]]:
    """Name, and what to do where it is missing."""
    source, build = image.spec.source, image.spec.build
    if source is not None and source.git.secret_ref is not None:
        yield source.git.secret_ref.name, "create it, or correct source.git.secretRef"
    for secret in build.job.secrets if build is not None and build.job is not None else ():
        yield secret.name, "create it, or correct build.job.secrets"


def _of_registries(registries: Iterable[JobRegistry]) -> Iterator[tuple[str, str]]:
    for registry in registries:
        place = f"the Registry of {registry.host}"
        if registry.secret is not None:
            yield registry.secret, f"the operator keeps it for {place}, which tells why it does not"
        if registry.certificates is not None:
            yield registry.certificates, f"create it, or correct certSecretRef of {place}"

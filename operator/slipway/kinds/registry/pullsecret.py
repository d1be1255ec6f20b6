"""The Secret with which pods pull a Registry's images: what must be in it, and whether it is right. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from slipway.kube.children import child_name, is_child_of
from slipway.kube.owners import Owner
from slipway.oci.auth import basic_header
from slipway.oci.credentials import Credential, CredentialKind
from slipway.oci.reference import DOCKER_HUB

__all__ = [
    "DeletePullSecret",
    "PullFacts",
    "PullSecretAction",
    "PullSecretTaken",
    "WritePullSecret",
    "docker_config",
    "plan_pull_secret",
    "pull_secret_name",
]

_TYPE: Final = "kubernetes.io/dockerconfigjson"
_KEY: Final = ".dockerconfigjson"
_DOCKER_HUB_KEY: Final = "https://index.docker.io/v1/"
"""What docker itself writes for Docker Hub, and the kubelet looks for."""


class PullSecretTaken(Exception):  # noqa: N818 - it says what happened
    """A Secret of somebody else has the name; the message says what to do."""


@dataclass(frozen=True, slots=True)
class PullFacts:
    """What is known of the pull Secret of a Registry."""

    name: str
    wanted: bytes | None = field(repr=False)
    """The docker configuration that it must hold; None when there must be no such Secret."""

    live: Mapping[str, Any] | None = field(repr=False)
    """The Secret of this name, whoever made it."""


@dataclass(frozen=True, slots=True)
class WritePullSecret:
    """Make it, or bring it to this content."""

    body: Mapping[str, Any] = field(repr=False)
    live: Mapping[str, Any] | None = field(repr=False)

    @property
    def name(self) -> str:
        """The name of the Secret."""
        return str(self.body["metadata"]["name"])


@dataclass(frozen=True, slots=True)
class DeletePullSecret:
    """Remove it: nobody wants it any longer."""

    live: Mapping[str, Any] = field(repr=False)


PullSecretAction: TypeAlias = WritePullSecret | DeletePullSecret


def pull_secret_name(registry: str) -> str:
    """The name of the pull Secret of the Registry of this name."""
    return child_name(registry, "pull")


def plan_pull_secret(owner: Owner, facts: PullFacts) -> PullSecretAction | None:
    """What has to be done about it; None when it is right.

    Raises:
        PullSecretTaken: when a Secret of somebody else has the name.
    """
    is_ours = facts.live is not None and is_child_of(owner, facts.live)
    if facts.wanted is None:
        return DeletePullSecret(facts.live) if facts.live is not None and is_ours else None
    if facts.live is not None and not is_ours:
        msg = (
            f"Secret {facts.name} exists and was not made for this Registry: delete or rename it, or set "
            "pullSecret.enabled to false"
        )
        raise PullSecretTaken(msg)
    data = {_KEY: base64.b64encode(facts.wanted).decode()}
    if facts.live is not None and facts.live.get("data") == data:
        return None
    return WritePullSecret({"metadata": {"name": facts.name}, "type": _TYPE, "data": data}, facts.live)


def docker_config(host: str, project: str, credential: Credential) -> bytes | None:
    """The docker configuration with a credential for a registry, as the kubelet reads it; None without one.

    Args:
        host: of the registry, as image references name it.
        project: what repositories begin with; the kubelet takes the longest match, so that two Registries of
            one host may have credentials of their own.
        credential: to pull with.
    """
    if credential.kind is CredentialKind.ANONYMOUS:
        return None
    place = f"{host}/{project}" if project else host
    key = _DOCKER_HUB_KEY if place == DOCKER_HUB else place
    pair = basic_header(credential).removeprefix("Basic ")
    username, _, password = base64.b64decode(pair).decode().partition(":")
    entry = {"username": username, "password": password, "auth": pair}
    return json.dumps({"auths": {key: entry}}, separators=(",", ":"), sort_keys=True).encode()

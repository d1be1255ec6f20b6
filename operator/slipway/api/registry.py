"""The Registry kind: a container registry and the credential for it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from slipway.api.base import ApiModel, LocalReference, Resource, Status
from slipway.api.declaration import PHASE, READY_COLUMNS, Column, Declaration
from slipway.api.markers import Advice, Rule
from slipway.api.strings import PositiveDuration, Time, Word

__all__ = [
    "KNOWN_URLS",
    "Limits",
    "PullSecret",
    "RateLimit",
    "Registry",
    "RegistryPhase",
    "RegistrySpec",
    "RegistryStatus",
    "RegistryType",
    "TlsSettings",
]

RegistryType = Literal[
    "Generic",
    "DockerHub",
    "GHCR",
    "GitLab",
    "Gitea",
    "Harbor",
    "Quay",
    "ECR",
    "ACR",
    "GAR",
    "Nexus",
    "Artifactory",
]

KNOWN_URLS: Final[Mapping[str, str]] = {
    "DockerHub": "https://docker.io",
    "GHCR": "https://ghcr.io",
    "GitLab": "https://registry.gitlab.com",
    "Quay": "https://quay.io",
}
"""The address of the products that one company serves for everybody."""

_URL_PATTERN = r"^https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?$"

Url = Annotated[
    str,
    Field(min_length=1, max_length=512, pattern=_URL_PATTERN),
    Rule(
        "!self.contains('@')",
        "remove the user name and password from url: put them into a Secret and name it in secretRef",
    ),
    Advice(
        "write https:// or http://, the host and at most a port, such as https://registry.example.com:5000; "
        "a path belongs into project"
    ),
]

Project = Annotated[
    str,
    Field(min_length=1, max_length=255, pattern=r"^[a-z0-9]+([._/-]+[a-z0-9]+)*$"),
    Advice(
        "write the path that repositories begin with, in lower case and without slashes around, such as shop"
    ),
]


class TlsSettings(ApiModel):
    """How the certificate of the registry is checked."""

    verify: Literal["Full", "None"] = "Full"
    """Full checks chain and host name. None checks nothing: whoever is between can read and change all."""


class Limits(ApiModel):
    """How much the registry is asked at most."""

    requests_per_second: Annotated[int, Field(ge=1, le=1000)] = 20
    """Requests that begin in one second."""

    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Requests under way at the same time."""

    pull_budget_percent: Annotated[int, Field(ge=1, le=100)] = 80
    """Share of the pulls that the registry grants, where it counts them, that the operator may use up."""


class PullSecret(ApiModel):
    """A Secret with the credential in the form that pods take it."""

    enabled: bool = True
    """Whether the Secret NAME-pull is made and kept right. Without a credential there is none."""


class RegistrySpec(ApiModel):
    """The registry that is meant, and how to talk to it."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.certSecretRef) || !has(self.url) || !self.url.startsWith('http://')",
            "certSecretRef needs an https:// url: change url to https://, or remove certSecretRef",
        ),
        Rule(
            f"has(self.url) || self.type in {sorted(KNOWN_URLS)}",
            "url is missing: write https:// and the host of the registry (it may be left out with type "
            f"{', '.join(sorted(KNOWN_URLS))})",
        ),
    )

    type: RegistryType = "Generic"
    """The product: its own API lists tags with digests and times in few requests. Generic is anything that
    speaks the OCI distribution API."""

    url: Url | None = None
    """Scheme, host and port; may be left out where the type has one address for everybody. http:// works only
    for hosts on the operator's egress list."""

    project: Project | None = None
    """Project, organisation or user: this Registry serves only repositories below it. The longest wins."""

    secret_ref: LocalReference | None = None
    """Secret with the credential: kubernetes.io/dockerconfigjson, kubernetes.io/basic-auth, or Opaque with
    `token`. It is used only for hosts that the Secret itself names: the keys of its dockerconfigjson, or its
    annotation slipway.dev/allowed-hosts."""

    cert_secret_ref: LocalReference | None = None
    """Secret with `ca.crt` to trust, and optionally `tls.crt` and `tls.key` to show as a client."""

    tls: TlsSettings = TlsSettings()
    """How the certificate of the registry is checked."""

    interval: PositiveDuration = "10m"
    """Time between two tests of the connection."""

    timeout: PositiveDuration = "30s"
    """Longest time that one request may take."""

    limits: Limits = Limits()
    """How much the registry is asked at most."""

    pull_secret: PullSecret = PullSecret()
    """A Secret for the pods that run images of this registry."""

    suspend: bool = False
    """Stops the tests of the connection; what is known stays."""


class RegistryPhase(StrEnum):
    """What `status.phase` of a Registry can say."""

    PENDING = "Pending"
    CONNECTED = "Connected"
    ERROR = "Error"


class RateLimit(ApiModel):
    """How far the registry's own quota is used up."""

    state: Word
    """Ok, Low (a fifth or less is left, or the budget of spec.limits is used up) or Exhausted."""


class RegistryStatus(Status):
    """What the last test of the connection found."""

    phase: Word | None = None
    """Pending, Connected or Error: what the last test came to, also while the Registry is suspended."""

    url: Annotated[str, Field(max_length=512)] | None = None
    """Where the registry's API is called: spec.url or the address of the type, Docker Hub at its API host."""

    last_sync_time: Time | None = None
    """When the connection last worked; written when the outcome changes, else at most hourly."""

    capabilities: Annotated[tuple[Word, ...], Field(max_length=16)] = ()
    """What the registry was seen to offer: Catalog, Referrers, ConditionalRequests, ProviderAPI."""

    repositories: Annotated[int, Field(ge=0)] | None = None
    """How many repositories below the project it lists to this credential."""

    rate_limit: RateLimit | None = None
    """There only where the registry tells how much it grants."""


class Registry(Resource):
    """A container registry and the credential for it.

    The operator tests the connection and uses the credential for Warehouses, ManagedImages and Deployments
    (deployments.slipway.dev) of the same namespace whose images are below its url and project.
    """

    declaration: ClassVar[Declaration] = Declaration(
        kind="Registry",
        plural="registries",
        short_name="reg",
        columns=(
            Column("Type", ".spec.type", "The product"),
            Column("URL", ".status.url", "Where its API is called"),
            Column("Project", ".spec.project", "What repositories begin with", wide=True),
            Column("Phase", PHASE, "Pending, Connected or Error"),
            Column("Repositories", ".status.repositories", "How many it lists to us", type="integer"),
            Column("Quota", ".status.rateLimit.state", "Ok, Low or Exhausted", wide=True),
            Column(
                "Last Sync", ".status.lastSyncTime", "When the connection last worked", type="date", wide=True
            ),
            *READY_COLUMNS,
        ),
        selectable=(PHASE,),
    )

    spec: RegistrySpec
    """The registry that is meant, and how to talk to it."""

    status: RegistryStatus = RegistryStatus()
    """What the last test of the connection found."""

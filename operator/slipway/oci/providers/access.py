"""What a provider has to work with, and which API may see the credential."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from slipway.clock import Clock, SystemClock
from slipway.egress import Origin
from slipway.http import origin_of
from slipway.oci.auth import basic_header
from slipway.oci.credentials import ANONYMOUS, Credential, CredentialKind
from slipway.oci.providers.api import Send, VendorApi
from slipway.oci.reference import DOCKER_HUB_HOST
from slipway.oci.results import RepositoryCatalog, TagsList
from slipway.oci.session import RegistrySession
from slipway.oci.sources import CredentialSource, StaticCredential

__all__ = ["Access", "PlainListing", "basic", "bearer", "may_see", "own_api", "secret_of", "token_or_basic"]

# An API that a vendor runs on another host than its registry, and both are the vendor's own.
_PARTNERS: Final = frozenset({(DOCKER_HUB_HOST, "hub.docker.com"), ("ghcr.io", "api.github.com")})


class PlainListing(Protocol):
    """What every registry lists, by the distribution API alone."""

    async def list_repositories(self) -> RepositoryCatalog:
        """All repositories, or an error."""

    async def list_tags(self, repository: str) -> TagsList:
        """All tags, or an error."""


@dataclass(frozen=True, slots=True)
class Access:
    """One registry, and the ways to it."""

    session: RegistrySession
    """Carries requests to the registry's own origin, with its tokens."""

    direct: Send
    """Carries requests without those; see `slipway.oci.providers.api.direct`."""

    plain: PlainListing
    """What is asked where the product's API gives no answer."""

    credentials: CredentialSource = field(default_factory=StaticCredential)
    project: str | None = None
    """Repositories are listed below this path."""

    clock: Clock = field(default_factory=SystemClock)
    timeout: float = 30.0
    """Seconds for one request."""


def may_see(credential: Credential, api: Origin, registry: Origin) -> bool:
    """Whether an API may be shown the credential of a registry.

    It is the registry's own origin, or the vendor's own API beside it, or the Secret names its host; and the
    secret does not leave TLS.
    """
    if api == registry:
        return True
    if registry.scheme == "https" and api.scheme != "https":
        return False
    if api.scheme == "https" and api.port == 443 and (registry.host, api.host) in _PARTNERS:
        return True
    return bool({api.host if api.port in {80, 443} else "", f"{api.host}:{api.port}"} & set(credential.hosts))


def own_api(access: Access, base: str, show: Callable[[Credential], str | None]) -> VendorApi:
    """An API with an authorization of its own.

    Args:
        access: The registry it belongs to.
        base: Its address.
        show: The header that shows a credential, such as `basic`.
    """
    api = origin_of(base)

    async def authorization(_: str | None) -> str | None:
        credential = await access.credentials.credential()
        return show(credential if may_see(credential, api, access.session.origin) else ANONYMOUS)

    return VendorApi(
        base, access.direct, authorization, lambda: access.credentials.secrets, timeout=access.timeout
    )


def basic(credential: Credential) -> str | None:
    """The credential itself, as user name and password."""
    return None if credential.kind is CredentialKind.ANONYMOUS else basic_header(credential)


def bearer(credential: Credential) -> str | None:
    """Its token or password, as a personal access token is shown."""
    secret = secret_of(credential)
    return f"Bearer {secret}" if secret else None


def token_or_basic(credential: Credential) -> str | None:
    """A token as such, and a user name with its password."""
    return bearer(credential) if credential.kind is CredentialKind.TOKEN else basic(credential)


def secret_of(credential: Credential) -> str:
    """Its token or password; empty when there is none."""
    return credential.token or credential.password

"""What every provider offers."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from slipway.oci.results import RepositoryCatalog, TagsList

__all__ = ["Capability", "Provider"]


class Capability(StrEnum):
    """What a registry was seen to offer beyond manifests and blobs; the words of `status.capabilities`."""

    CATALOG = "Catalog"
    """It lists its repositories to us."""

    REFERRERS = "Referrers"
    """It answers which manifests refer to another one (distribution-spec 1.1)."""

    CONDITIONAL_REQUESTS = "ConditionalRequests"
    """It answers 304 to a request with If-None-Match."""

    PROVIDER_API = "ProviderAPI"
    """Its product's own API answers us: tags come with digests and times."""


class Provider(Protocol):
    """How one product lists what it has. Whatever its API does not give comes from the plain protocol.

    Both methods give whole lists or raise a `RegistryError`; neither ever gives a part.
    """

    @property
    def name(self) -> str:
        """The type of a Registry that stands for it, such as `DockerHub`."""

    @property
    def answers_by_api(self) -> bool | None:
        """Whether the product's own API answers us: it did, and has not refused the same since.

        None as long as nothing shows it: before tags were asked for, where the API lists no repositories.
        """

    async def list_repositories(self) -> RepositoryCatalog:
        """All repositories below the Registry's project that the credential shows.

        Raises:
            RegistryError: when they could not all be listed.
        """

    async def list_tags(self, repository: str) -> TagsList:
        """All tags of a repository, with digests and times where the product tells them.

        Raises:
            RepositoryNotFound: when there is no such repository.
            ListingIncomplete: when they could not all be listed.
        """

"""Azure Container Registry: the API at the registry's own host, which takes the registry's own tokens.

`/acr/v1/_catalog` and `/acr/v1/{name}/_tags` give 1,000 entries at once, and a Link to the next:
https://learn.microsoft.com/en-us/rest/api/containerregistry/tag/get-list. They are read in the order of
names, the default: in the order of time, what is pushed meanwhile would move others from page to page.
"""

from __future__ import annotations

from typing import Any, Final

from slipway.oci.providers.access import Access
from slipway.oci.providers.api import Call, VendorApi
from slipway.oci.providers.fields import digest_in, list_in, moment_in, name_in, objects_in
from slipway.oci.providers.paging import by_link, walk
from slipway.oci.results import RepositoryInfo, TagInfo

__all__ = ["ACR"]

_PAGE: Final = "n=1000"


class ACR:
    """Lists what one registry has."""

    name = "ACR"

    def __init__(self, access: Access, base: str | None = None) -> None:
        self._api = VendorApi(
            base or access.session.base,
            access.session.send,
            secrets=lambda: access.credentials.secrets,
            timeout=access.timeout,
        )

    async def repositories(self) -> list[RepositoryInfo]:
        """All repositories that the credential shows."""
        call = Call(self._api.url(f"acr/v1/_catalog?{_PAGE}"), scopes=("registry:catalog:*",))
        return await self._api.collect(walk(call, _repositories, by_link), "the repositories")

    async def tags(self, repository: str) -> list[TagInfo]:
        """The tags of a repository; one whose write lock is on never moves."""
        scopes = (f"repository:{repository}:metadata_read",)
        call = Call(self._api.url(f"acr/v1/{repository}/_tags?{_PAGE}"), scopes=scopes)
        return await self._api.collect(walk(call, _tags, by_link), f"the tags of {repository}")


def _repositories(body: Any) -> list[RepositoryInfo]:
    return [RepositoryInfo(name) for name in list_in(body, "repositories") if isinstance(name, str)]


def _tags(body: Any) -> list[TagInfo]:
    return [
        TagInfo(
            name_in(entry, "name"),
            digest_in(entry, "digest"),
            pushed_at=moment_in(entry, "lastUpdateTime", "createdTime"),
            immutable=_is_locked(entry.get("changeableAttributes")),
        )
        for entry in objects_in(body, "tags")
    ]


def _is_locked(attributes: Any) -> bool:
    return isinstance(attributes, dict) and attributes.get("writeEnabled") is False

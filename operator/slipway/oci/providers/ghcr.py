"""GitHub's container registry: the packages API beside it.

https://docs.github.com/en/rest/packages/packages (packages and their versions, of an organisation or a
user). It answers only a classic personal access token with `read:packages`. A version is a digest, and has
the tags that point at it. The registry's own `_catalog` is never asked: it once listed all of GitHub in
pages without end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

from slipway.oci.credentials import Credential
from slipway.oci.digest import is_digest
from slipway.oci.errors import AccessDenied
from slipway.oci.providers.access import Access, bearer, may_see, own_api
from slipway.oci.providers.api import Call, NotOffered, first_offered
from slipway.oci.providers.fields import Version, moment_in, name_in, number_in, objects_in, text_in
from slipway.oci.providers.paging import by_link, walk
from slipway.oci.results import RepositoryInfo, TagInfo

__all__ = ["GHCR"]

_HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_KINDS: Final = ("orgs", "users")

Result = TypeVar("Result")


class GHCR:
    """Lists the container packages of one owner: the project, else the user of the credential."""

    name = "GHCR"

    def __init__(self, access: Access, base: str = "https://api.github.com") -> None:
        self._access = access
        self._api = own_api(access, base, bearer)
        self._kind_of: dict[str, str] = {}

    async def repositories(self) -> list[RepositoryInfo]:
        """The container packages of the owner."""
        credential = await self._access.credentials.credential()
        owner = (self._access.project or credential.username).partition("/")[0].lower()
        try:
            return await self._of_owner(owner, partial(self._packages, owner))
        except NotOffered as error:
            msg = (
                f"GitHub does not list the packages of {owner or 'nobody'} ({error}): name the owner in"
                " project, and in secretRef a Secret with a classic personal access token that has"
                " read:packages"
            )
            raise AccessDenied(msg) from error

    async def tags(self, repository: str) -> list[TagInfo]:
        """The tags of a package."""
        owner, _, package = repository.partition("/")
        versions = await self._of_owner(owner, partial(self._versions, owner, package))
        return [tag for version in versions for tag in version.tags]

    async def _of_owner(self, owner: str, ask: Callable[[str], Awaitable[Result]]) -> Result:
        """What the API says of an owner, who is an organisation or a user; it is remembered which."""
        credential = await self._access.credentials.credential()
        if not owner or not bearer(credential) or not self._is_ours(credential):
            msg = "no token for GitHub"
            raise NotOffered(msg)

        async def of(kind: str) -> Result:
            result = await ask(kind)
            self._kind_of[owner] = kind
            return result

        kinds = sorted(_KINDS, key=lambda kind: kind != self._kind_of.get(owner))
        return await first_offered(*(partial(of, kind) for kind in kinds))

    def _is_ours(self, credential: Credential) -> bool:
        return may_see(credential, self._api.origin, self._access.session.origin)

    async def _packages(self, owner: str, kind: str) -> list[RepositoryInfo]:
        url = self._api.url(f"{kind}/{quote(owner, safe='')}/packages?package_type=container&per_page=100")
        flow = walk(Call(url, headers=_HEADERS), partial(_packages_in, owner), by_link)
        return await self._api.collect(flow, f"the packages of {owner}")

    async def _versions(self, owner: str, package: str, kind: str) -> list[Version]:
        path = f"{kind}/{owner}/packages/container/{quote(package, safe='')}/versions"
        url = self._api.url(f"{path}?state=active&per_page=100")
        flow = walk(Call(url, headers=_HEADERS), _versions_in, by_link)
        return await self._api.collect(flow, f"the versions of {owner}/{package}")


def _packages_in(owner: str, body: Any) -> list[RepositoryInfo]:
    return [
        RepositoryInfo(
            f"{owner}/{name_in(entry, 'name')}",
            updated_at=moment_in(entry, "updated_at"),
            description=text_in(entry, "description"),
        )
        for entry in objects_in(body)
    ]


def _versions_in(body: Any) -> list[Version]:
    return [_version(entry) for entry in objects_in(body)]


def _version(entry: dict[str, Any]) -> Version:
    name = name_in(entry, "name")
    metadata = entry.get("metadata")
    container = metadata.get("container") if isinstance(metadata, dict) else None
    tags = container.get("tags") if isinstance(container, dict) else None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        msg = "an answer with versions that have no tags"
        raise NotOffered(msg)
    digest = name if is_digest(name) else None
    pushed = moment_in(entry, "updated_at", "created_at")
    return Version(
        f"{number_in(entry, 'id')} {name}", tuple(TagInfo(tag, digest, pushed_at=pushed) for tag in tags)
    )

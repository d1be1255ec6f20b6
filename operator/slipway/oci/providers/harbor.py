"""Harbor: its API 2.0 on the host of the registry.

https://github.com/goharbor/harbor/blob/main/api/v2.0/swagger.yaml (`listRepositories`, `listArtifacts`). One
artifact is a digest with its tags. A repository is named without its project, and what has slashes in its
name is encoded twice. `X-Total-Count` tells how many entries there are.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from slipway.oci.providers.access import Access, basic, own_api
from slipway.oci.providers.api import Call, NotOffered
from slipway.oci.providers.fields import (
    Version,
    digest_in,
    moment_in,
    name_in,
    number_in,
    objects_in,
    text_in,
)
from slipway.oci.providers.paging import by_number, header_total, walk
from slipway.oci.results import RepositoryInfo, TagInfo

__all__ = ["Harbor"]

_PAGE: Final = "page=1&page_size=100"
_ARTIFACTS: Final = f"{_PAGE}&sort=-push_time&q=tags%3D%2A&with_tag=true&with_immutable_status=true"


class Harbor:
    """Lists the repositories of a project, and the artifacts that have tags."""

    name = "Harbor"

    def __init__(self, access: Access, base: str | None = None) -> None:
        self._project = access.project
        self._api = own_api(access, base or access.session.base, basic)

    async def repositories(self) -> list[RepositoryInfo]:
        """The repositories of the project, else all that the user sees."""
        project = (self._project or "").partition("/")[0]
        path = f"api/v2.0/projects/{project}/repositories" if project else "api/v2.0/repositories"
        call = Call(self._api.url(f"{path}?{_PAGE}"))
        flow = walk(call, _repositories, by_number, header_total)
        return await self._api.collect(flow, "the repositories of Harbor")

    async def tags(self, repository: str) -> list[TagInfo]:
        """The tags of a repository, those of the artifact that was pushed last first."""
        project, slash, name = repository.partition("/")
        if not slash:
            msg = "names on Harbor begin with a project"
            raise NotOffered(msg)
        encoded = quote(quote(name, safe=""), safe="")
        path = f"api/v2.0/projects/{project}/repositories/{encoded}/artifacts?{_ARTIFACTS}"
        flow = walk(Call(self._api.url(path)), _artifacts, by_number, header_total)
        versions = await self._api.collect(flow, f"the tags of {repository}")
        return [tag for version in versions for tag in version.tags]


def _repositories(body: Any) -> list[RepositoryInfo]:
    return [
        RepositoryInfo(
            name_in(entry, "name"),
            updated_at=moment_in(entry, "update_time", "creation_time"),
            description=text_in(entry, "description"),
        )
        for entry in objects_in(body)
    ]


def _artifacts(body: Any) -> list[Version]:
    return [_artifact(entry) for entry in objects_in(body)]


def _artifact(entry: dict[str, Any]) -> Version:
    extra = entry.get("extra_attrs")
    created = moment_in(extra, "created") if isinstance(extra, dict) else None
    tags = objects_in(entry, "tags") if entry.get("tags") is not None else ()
    return Version(
        name_in(entry, "digest"),
        tuple(
            TagInfo(
                name_in(tag, "name"),
                digest_in(entry, "digest"),
                pushed_at=moment_in(tag, "push_time") or moment_in(entry, "push_time"),
                created_at=created,
                size=number_in(entry, "size"),
                immutable=tag.get("immutable") is True,
            )
            for tag in tags
        ),
    )

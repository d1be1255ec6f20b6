"""Google Artifact Registry, and gcr.io, which it serves.

The registry's own tags/list tells more than the protocol asks for: a `manifest` map from digests to tags
and times, 10,000 tags at most and no further page (google/go-containerregistry pkg/v1/google/list.go and
its issue 1643; https://cloud.google.com/artifact-registry/quotas). Repositories, and the tags where there
are more, come from the Artifact Registry API, which takes Google's access tokens alone:
https://docs.cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.packages.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, unquote

from slipway.oci.auth import repository_scope
from slipway.oci.errors import ListingIncomplete
from slipway.oci.exchange.gar import ACCESS_TOKEN_USER, is_google_host
from slipway.oci.providers.access import Access, may_see
from slipway.oci.providers.api import Call, NotOffered, VendorApi
from slipway.oci.providers.fields import digest_in, list_in, moment_in, name_in, number_in, objects_in
from slipway.oci.providers.paging import by_token, walk
from slipway.oci.results import RepositoryInfo, TagInfo

__all__ = ["GAR"]

_MOST_TAGS: Final = 10_000
_PAGE: Final = "pageSize=1000"
_BY_TOKEN: Final = by_token("nextPageToken", "pageToken")
_SUFFIX: Final = "-docker.pkg.dev"


class GAR:
    """Lists what Google has at one location; repositories below a project, or a repository of one.

    Args:
        access: The registry, and the ways to it.
        base: The address of the Artifact Registry API.
        registry: The address of the registry's API; that of the session by default.
        location: Where the registry is; by default what its host name says.
    """

    name = "GAR"

    def __init__(
        self,
        access: Access,
        base: str = "https://artifactregistry.googleapis.com",
        registry: str | None = None,
        location: str | None = None,
    ) -> None:
        self._access = access
        host = access.session.origin.host
        self._location = location or (host.removesuffix(_SUFFIX) if host.endswith(_SUFFIX) else None)
        self._registry = VendorApi(
            registry or access.session.base,
            access.session.send,
            secrets=lambda: access.credentials.secrets,
            timeout=access.timeout,
        )
        self._api = VendorApi(
            base, access.direct, self._header, lambda: access.credentials.secrets, timeout=access.timeout
        )

    async def repositories(self) -> list[RepositoryInfo]:
        """The images of a project, each of which is a repository to the protocol."""
        project, _, rest = (self._access.project or "").partition("/")
        if not project:
            msg = "Google lists repositories only of a project"
            raise NotOffered(msg)
        images: list[RepositoryInfo] = []
        for repository in [rest.partition("/")[0]] if rest else await self._repositories(project):
            images += await self._images(project, repository)
        return images

    async def tags(self, repository: str) -> list[TagInfo]:
        """The tags of a repository, with the digests and times of its manifests."""
        url = self._registry.url(f"v2/{repository}/tags/list?n={_MOST_TAGS}")
        call = Call(url, scopes=(repository_scope(repository),))
        answer = await self._registry.ask(call, f"the tags of {repository}")
        names, known = _listed(answer.body), _in_manifests(answer.body)
        if len(names) >= _MOST_TAGS or answer.headers.get("link") is not None:
            try:
                return await self._all_tags(repository, known)
            except NotOffered as error:
                msg = (
                    f"{repository} has more tags than {self._registry.origin} lists at once, and the Artifact"
                    " Registry API does not list them: give the Registry a service account's key (key.json)"
                )
                raise ListingIncomplete(msg) from error
        return [known.get(name) or TagInfo(name) for name in names]

    async def _repositories(self, project: str) -> list[str]:
        path = self._path(project)
        call = Call(self._api.url(f"{path}?{_PAGE}"))
        flow = walk(call, _docker_repositories, _BY_TOKEN)
        return await self._api.collect(flow, f"the repositories of {project}")

    async def _images(self, project: str, repository: str) -> list[RepositoryInfo]:
        call = Call(self._api.url(f"{self._path(project)}/{repository}/packages?{_PAGE}"))
        flow = walk(call, lambda body: _packages(body, f"{project}/{repository}"), _BY_TOKEN)
        return await self._api.collect(flow, f"the images of {project}/{repository}")

    async def _all_tags(self, name: str, known: dict[str, TagInfo]) -> list[TagInfo]:
        project, _, rest = name.partition("/")
        repository, _, image = rest.partition("/")
        package = f"{self._path(project)}/{repository}/packages/{quote(image, safe='')}"
        flow = walk(Call(self._api.url(f"{package}/tags?{_PAGE}")), _tags, _BY_TOKEN)
        listed = await self._api.collect(flow, f"the tags of {name}")
        return [_joined(tag, known.get(tag.name)) for tag in listed]

    def _path(self, project: str) -> str:
        if self._location is None:
            msg = "gcr.io does not say which location it stands for"
            raise NotOffered(msg)
        return f"v1/projects/{project}/locations/{self._location}/repositories"

    async def _header(self, _: str | None) -> str | None:
        """An access token, which is Google's own, for a registry that is Google's own; nothing else."""
        credential, registry = await self._access.credentials.credential(), self._access.session.origin
        is_theirs = registry.scheme == "https" and is_google_host(registry.host)
        may = is_theirs or may_see(credential, self._api.origin, registry)
        if credential.username != ACCESS_TOKEN_USER or not may:
            msg = "the Artifact Registry API wants an access token of Google"
            raise NotOffered(msg)
        return f"Bearer {credential.password}"


def _listed(body: Any) -> list[str]:
    return list(dict.fromkeys(name for name in list_in(body, "tags") if isinstance(name, str)))


def _in_manifests(body: Any) -> dict[str, TagInfo]:
    """What the map tells of each tag."""
    manifests = body.get("manifest")
    if not isinstance(manifests, dict):
        msg = "an answer without a map of manifests"
        raise NotOffered(msg)
    known: dict[str, TagInfo] = {}
    for digest, manifest in manifests.items():
        if not isinstance(manifest, dict):
            msg = "an answer with manifests that are no objects"
            raise NotOffered(msg)
        listed = manifest.get("tag")
        for name in listed if isinstance(listed, list) else ():
            if isinstance(name, str):
                known[name] = _tag(name, digest, manifest)
    return known


def _tag(name: str, digest: str, manifest: dict[str, Any]) -> TagInfo:
    return TagInfo(
        name,
        digest_in({"": digest}, ""),
        pushed_at=_milliseconds(manifest.get("timeUploadedMs")),
        created_at=_milliseconds(manifest.get("timeCreatedMs")),
        size=_whole(manifest.get("imageSizeBytes")),
    )


def _milliseconds(value: Any) -> datetime | None:
    """A time in milliseconds since 1970: a text in Container Registry, a number in Artifact Registry."""
    number = _whole(value)
    return None if number is None else moment_in({"": number / 1000}, "")


def _whole(value: Any) -> int | None:
    """A number that Google writes as text, because it may have 64 bits."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return int(value)
    return number_in({"": value}, "")


def _tags(body: Any) -> list[TagInfo]:
    """`projects/…/tags/<name>`, each with its version: `projects/…/versions/<digest>`."""
    return [
        TagInfo(_last(name_in(entry, "name")), digest_in({"": _last(str(entry.get("version")))}, ""))
        for entry in _entries(body, "tags")
    ]


def _joined(tag: TagInfo, known: TagInfo | None) -> TagInfo:
    """With what the map told, unless the tag has moved between the two answers."""
    return known if known is not None and known.digest == tag.digest else tag


def _docker_repositories(body: Any) -> list[str]:
    entries = _entries(body, "repositories")
    return [_last(name_in(entry, "name")) for entry in entries if entry.get("format") == "DOCKER"]


def _packages(body: Any, prefix: str) -> list[RepositoryInfo]:
    return [
        RepositoryInfo(f"{prefix}/{_last(name_in(entry, 'name'))}", updated_at=moment_in(entry, "updateTime"))
        for entry in _entries(body, "packages")
    ]


def _entries(body: Any, name: str) -> list[dict[str, Any]]:
    """Google leaves out lists that are empty."""
    if isinstance(body, dict) and name not in body and set(body) <= {"nextPageToken"}:
        return []
    return list(objects_in(body, name))


def _last(path: str) -> str:
    """The last part of a name of Google's; slashes inside of it are encoded."""
    return unquote(path.rpartition("/")[2])

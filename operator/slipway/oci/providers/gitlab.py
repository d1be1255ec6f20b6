"""GitLab: the registry's own API, with the registry's own tokens, and that of GitLab beside it.

https://gitlab.com/gitlab-org/container-registry/-/blob/master/docs/spec/gitlab/api.md (tags, repositories
below a path; only where the registry has its metadata database) and
https://docs.gitlab.com/api/container_registry/ (repositories of a group or project). Tags come up to 1000 at
a time, with the digest and the time of the last push.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

from slipway.oci.auth import repository_scope
from slipway.oci.credentials import Credential
from slipway.oci.providers.access import Access, bearer, own_api
from slipway.oci.providers.api import Call, NotOffered, VendorApi, first_offered
from slipway.oci.providers.fields import digest_in, moment_in, name_in, number_in, objects_in
from slipway.oci.providers.paging import by_link, walk
from slipway.oci.results import RepositoryInfo, TagInfo

__all__ = ["GitLab"]


class GitLab:
    """Lists by the registry's API, and repositories by GitLab's where the Secret names the host of GitLab.

    Args:
        access: The registry.
        base: Its address.
        gitlab: The address of GitLab itself; by default the first other host that the Secret names.
    """

    name = "GitLab"

    def __init__(self, access: Access, base: str | None = None, gitlab: str | None = None) -> None:
        self._access = access
        session = access.session
        self._registry = VendorApi(
            base or session.base,
            session.send,
            secrets=lambda: session.asker.secrets,
            timeout=access.timeout,
        )
        self._gitlab = gitlab

    async def repositories(self) -> list[RepositoryInfo]:
        """The repositories of the project, group or user that the Registry names."""
        project = self._access.project
        if project is None:
            msg = "lists start from a project"
            raise NotOffered(msg)
        return await first_offered(partial(self._below, project), partial(self._known_to_gitlab, project))

    async def tags(self, repository: str) -> list[TagInfo]:
        """The tags of a repository."""
        url = self._registry.url(f"gitlab/v1/repositories/{repository}/tags/list/?n=1000")
        call = Call(url, scopes=(repository_scope(repository),))
        return await self._registry.collect(walk(call, _tags, by_link), f"the tags of {repository}")

    async def _below(self, project: str) -> list[RepositoryInfo]:
        url = self._registry.url(f"gitlab/v1/repository-paths/{project}/repositories/list/?n=1000")
        call = Call(url, scopes=(repository_scope(project), repository_scope(f"{project}/*")))
        flow = walk(call, _repositories, by_link)
        return await self._registry.collect(flow, f"the repositories below {project}")

    async def _known_to_gitlab(self, project: str) -> list[RepositoryInfo]:
        base = self._gitlab or _gitlab_named_by(await self._access.credentials.credential(), self._access)
        if base is None:
            msg = "the Secret does not name the host of GitLab"
            raise NotOffered(msg)
        api = own_api(self._access, base, bearer)

        async def of(kind: str) -> list[RepositoryInfo]:
            path = f"api/v4/{kind}/{quote(project, safe='')}/registry/repositories?per_page=100"
            flow = walk(Call(api.url(path)), _repositories, by_link)
            return await api.collect(flow, f"the repositories of {project}")

        return await first_offered(partial(of, "groups"), partial(of, "projects"))


def _gitlab_named_by(credential: Credential, access: Access) -> str | None:
    """The first host of the Secret that is another one than the registry's; patterns are no hosts."""
    registry = access.session.origin
    own = {registry.host, f"{registry.host}:{registry.port}"}
    others = (host for host in credential.hosts if host not in own and "*" not in host)
    return next((f"https://{host}" for host in others), None)


def _repositories(body: Any) -> list[RepositoryInfo]:
    return [
        RepositoryInfo(
            name_in(entry, "path"),
            tags=number_in(entry, "tags_count"),
            updated_at=moment_in(entry, "updated_at", "created_at"),
        )
        for entry in objects_in(body)
    ]


def _tags(body: Any) -> list[TagInfo]:
    return [
        TagInfo(
            name_in(entry, "name"),
            digest_in(entry, "digest"),
            pushed_at=moment_in(entry, "published_at", "updated_at", "created_at"),
            size=number_in(entry, "size_bytes"),
        )
        for entry in objects_in(body)
    ]

"""Quay: its API 1 on the host of the registry.

https://docs.redhat.com/en/documentation/red_hat_quay/3/html/red_hat_quay_api_reference/ (`repository`,
`tag`). Everybody is told of public repositories; of private ones whoever has an OAuth access token. Robot
accounts have none, so with them private ones are listed by the plain protocol.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from slipway.oci.credentials import Credential, CredentialKind
from slipway.oci.providers.access import Access, bearer, own_api
from slipway.oci.providers.api import Call, NotOffered
from slipway.oci.providers.fields import digest_in, moment_in, name_in, number_in, objects_in, text_in
from slipway.oci.providers.paging import by_token, walk, while_flag
from slipway.oci.results import RepositoryInfo, TagInfo

__all__ = ["Quay"]

_OAUTH_USER: Final = "$oauthtoken"  # what Quay takes as the user name beside an OAuth token


class Quay:
    """Lists the repositories of a namespace, and the tags that are alive."""

    name = "Quay"

    def __init__(self, access: Access, base: str | None = None) -> None:
        self._project = access.project
        self._api = own_api(access, base or access.session.base, _oauth)

    async def repositories(self) -> list[RepositoryInfo]:
        """The repositories of the namespace; without one the API would list the whole of quay.io."""
        if self._project is None:
            msg = "lists start from a namespace"
            raise NotOffered(msg)
        namespace = quote(self._project.partition("/")[0])
        call = Call(self._api.url(f"api/v1/repository?namespace={namespace}&public=true&last_modified=true"))
        flow = walk(call, _repositories, by_token("next_page"))
        return await self._api.collect(flow, f"the repositories of {namespace}")

    async def tags(self, repository: str) -> list[TagInfo]:
        """The tags of a repository, the one that was pushed last first."""
        path = f"api/v1/repository/{repository}/tag/?limit=100&page=1&onlyActiveTags=true"
        flow = walk(Call(self._api.url(path)), _tags, while_flag("has_additional"))
        return await self._api.collect(flow, f"the tags of {repository}")


def _oauth(credential: Credential) -> str | None:
    is_oauth = credential.kind is CredentialKind.TOKEN or credential.username == _OAUTH_USER
    return bearer(credential) if is_oauth else None


def _repositories(body: Any) -> list[RepositoryInfo]:
    return [
        RepositoryInfo(
            f"{name_in(entry, 'namespace')}/{name_in(entry, 'name')}",
            updated_at=moment_in(entry, "last_modified"),
            description=text_in(entry, "description"),
        )
        for entry in objects_in(body, "repositories")
    ]


def _tags(body: Any) -> list[TagInfo]:
    return [
        TagInfo(
            name_in(entry, "name"),
            digest_in(entry, "manifest_digest"),
            pushed_at=moment_in(entry, "start_ts", "last_modified"),
            size=number_in(entry, "size"),
            immutable=entry.get("immutable") is True,
        )
        for entry in objects_in(body, "tags")
    ]

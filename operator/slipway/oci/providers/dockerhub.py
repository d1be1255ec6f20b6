"""Docker Hub: the Hub API beside the registry.

https://docs.docker.com/reference/api/hub/latest/ (repositories of a namespace, tags of a repository, create
access token). One answer has 100 entries, `count` and the URL of the `next` page; the digest of a tag is that
of its index. Its limit per minute is another one than that for pulls. The registry itself has no catalogue.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from typing import Any, Final
from urllib.parse import quote

from pydantic_core import from_json

from slipway.oci.credentials import Credential, CredentialKind
from slipway.oci.errors import AccessDenied
from slipway.oci.providers.access import Access, may_see
from slipway.oci.providers.api import Answer, Call, NotOffered, VendorApi
from slipway.oci.providers.fields import digest_in, moment_in, name_in, number_in, objects_in, text_in
from slipway.oci.providers.paging import by_field, walk
from slipway.oci.results import RepositoryInfo, TagInfo

__all__ = ["DockerHub"]

_PAGE: Final = "page_size=100"
_EARLY: Final = 30.0  # seconds before its end that a token is renewed
_UNKNOWN_LIFE: Final = 300.0  # seconds, for a token that does not tell its end
_OFFICIAL: Final = "library"


class DockerHub:
    """Lists what Docker Hub has in one namespace: the project, else the user of the credential."""

    name = "DockerHub"

    def __init__(self, access: Access, base: str = "https://hub.docker.com") -> None:
        self._access = access
        self._token = _HubToken(access, base)
        self._api = VendorApi(
            base,
            access.direct,
            self._token.header,
            lambda: access.credentials.secrets,
            timeout=access.timeout,
        )

    async def repositories(self) -> list[RepositoryInfo]:
        """The repositories of the namespace."""
        namespace = await self._namespace()
        call = Call(self._api.url(f"v2/namespaces/{quote(namespace, safe='')}/repositories?{_PAGE}"))
        flow = walk(call, lambda body: _repositories(body, namespace), by_field("next"), _count)
        try:
            return await self._api.collect(flow, f"the repositories of {namespace}")
        except NotOffered as error:
            msg = f"Docker Hub does not list {namespace} ({error}): check project and secretRef"
            raise AccessDenied(msg) from error

    async def tags(self, repository: str) -> list[TagInfo]:
        """The tags of a repository, whose digests are those of the indexes."""
        namespace, _, name = repository.rpartition("/")
        if "/" in namespace:
            msg = "names on Docker Hub have two parts"
            raise NotOffered(msg)
        path = f"v2/namespaces/{namespace or _OFFICIAL}/repositories/{name}/tags"
        call = Call(self._api.url(f"{path}?{_PAGE}&ordering=last_updated"))
        return await self._api.collect(
            walk(call, _tags, by_field("next"), _count), f"the tags of {repository}"
        )

    async def _namespace(self) -> str:
        credential = await self._access.credentials.credential()
        namespace = (self._access.project or credential.username).partition("/")[0]
        if not namespace:
            msg = "Docker Hub lists repositories only of a namespace: name it in project"
            raise AccessDenied(msg)
        return namespace


class _HubToken:
    """The short-lived token that user name and access token are exchanged for."""

    def __init__(self, access: Access, base: str) -> None:
        self._access = access
        self._api = VendorApi(
            base, access.direct, secrets=lambda: access.credentials.secrets, timeout=access.timeout
        )
        self._lock = asyncio.Lock()
        self._of: Credential | None = None
        self._header: str | None = None
        self._ends = 0.0

    async def header(self, rejected: str | None) -> str | None:
        """The Authorization header; None for everybody's view."""
        credential = await self._access.credentials.credential()
        is_pair = credential.kind is CredentialKind.BASIC
        if not is_pair or not may_see(credential, self._api.origin, self._access.session.origin):
            return None
        async with self._lock:
            is_over = self._access.clock.monotonic() >= self._ends
            if self._of != credential or is_over or (rejected is not None and rejected == self._header):
                await self._renew(credential)
            return self._header

    async def _renew(self, credential: Credential) -> None:
        self._of = self._header = None
        pair = {"identifier": credential.username, "secret": credential.password}
        call = Call(
            self._api.url("v2/auth/token"),
            "POST",
            {"Content-Type": "application/json"},
            json.dumps(pair).encode(),
        )
        answer = await self._api.ask(call, "a token")
        token = name_in(answer.body if isinstance(answer.body, dict) else {}, "access_token")
        life = _life(token, self._access.clock.now().timestamp())
        self._of, self._header = credential, f"Bearer {token}"
        self._ends = self._access.clock.monotonic() + life - _EARLY


def _life(token: str, now: float) -> float:
    """Seconds until the token's own `exp`; its signature is nobody's business but the Hub's."""
    try:
        claims = token.split(".")[1]
        body: Any = from_json(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return float(body["exp"]) - now
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return _UNKNOWN_LIFE


def _count(answer: Answer) -> int | None:
    return number_in(answer.body, "count") if isinstance(answer.body, dict) else None


def _repositories(body: Any, namespace: str) -> list[RepositoryInfo]:
    return [
        RepositoryInfo(
            f"{namespace}/{name_in(entry, 'name')}",
            updated_at=moment_in(entry, "last_updated"),
            description=text_in(entry, "description"),
        )
        for entry in objects_in(body, "results")
    ]


def _tags(body: Any) -> list[TagInfo]:
    return [
        TagInfo(
            name_in(entry, "name"),
            digest_in(entry, "digest"),
            pushed_at=moment_in(entry, "tag_last_pushed", "last_updated"),
            size=number_in(entry, "full_size"),
        )
        for entry in objects_in(body, "results")
    ]

"""Amazon ECR: its API, signed, beside the registry.

DescribeImages gives tags with digests and times, 1,000 at once, in no order, and DescribeRepositories says
which tags never move: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html,
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html. Both need keys:
with a password alone, such as a docker configuration has, the registry is asked by the plain protocol.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from pydantic_core import to_json

from slipway.oci.errors import ListingIncomplete
from slipway.oci.exchange.ecr import EcrApi, EcrCredential, ecr_request
from slipway.oci.providers.access import Access
from slipway.oci.providers.api import Call, Flow, NotOffered, VendorApi
from slipway.oci.providers.fields import digest_in, moment_in, name_in, number_in, objects_in, text_in
from slipway.oci.providers.paging import MAX_PAGES
from slipway.oci.results import RepositoryInfo, TagInfo

__all__ = ["ECR"]

_PAGE: Final = 1000

Item = TypeVar("Item")
IsImmutable = Callable[[str], bool]


class ECR:
    """Lists what one account has in one region."""

    name = "ECR"

    def __init__(self, access: Access) -> None:
        source = access.credentials
        self._ecr = source.api if isinstance(source, EcrCredential) else None
        self._timeout = access.timeout

    async def repositories(self) -> list[RepositoryInfo]:
        """All repositories of the account."""
        ecr = self._signed()
        fields = {"registryId": ecr.host.account, "maxResults": _PAGE}
        return await self._collect("DescribeRepositories", fields, _repositories, "the repositories")

    async def tags(self, repository: str) -> list[TagInfo]:
        """The tags of a repository; those of one image were pushed with it, as far as Amazon says."""
        ecr = self._signed()
        named = {"registryId": ecr.host.account, "repositoryName": repository}
        fields = {**named, "filter": {"tagStatus": "TAGGED"}, "maxResults": _PAGE}
        images = await self._collect("DescribeImages", fields, _images, f"the tags of {repository}")
        is_immutable = await self._promise(repository) if images else _nothing
        return [tag for image in images for tag in _tags(image, is_immutable)]

    async def _promise(self, repository: str) -> IsImmutable:
        """Which tags the repository keeps from moving; none, where we may not know."""
        fields = {"registryId": self._signed().host.account, "repositoryNames": [repository]}
        try:
            settings = await self._collect("DescribeRepositories", fields, _objects, "its settings")
        except NotOffered:
            return _nothing
        return _mutability(settings[0]) if settings else _nothing

    async def _collect(
        self, action: str, fields: dict[str, Any], read: Callable[[Any], list[Item]], about: str
    ) -> list[Item]:
        ecr = self._signed()
        api = VendorApi(ecr.host.api, ecr.send, secrets=lambda: ecr.secrets, timeout=self._timeout)
        return await api.collect(_pages(ecr.host.api, action, fields, read), about)

    def _signed(self) -> EcrApi:
        if self._ecr is None:
            msg = "Amazon's API wants a signature, and there are no keys"
            raise NotOffered(msg)
        return self._ecr


def _pages(api: str, action: str, fields: dict[str, Any], read: Callable[[Any], list[Item]]) -> Flow[Item]:
    """All items: the token for the next page goes into the body of the request, not into its URL."""
    ask = ecr_request(api, action, fields)
    call = Call(ask.url, ask.method, ask.headers, to_json(fields))
    items: list[Item] = []
    visited: set[str] = set()
    while True:
        answer = yield call
        items += read(answer.body)
        token = text_in(answer.body, "nextToken")
        if token is None:
            return items
        if token in visited or len(visited) >= MAX_PAGES:
            msg = f"the pages of ecr:{action} go in a circle, or there are more than are ever needed"
            raise ListingIncomplete(msg)
        visited.add(token)
        call = Call(ask.url, ask.method, ask.headers, to_json({**fields, "nextToken": token}))


def _objects(body: Any) -> list[dict[str, Any]]:
    return list(objects_in(body, "repositories"))


def _repositories(body: Any) -> list[RepositoryInfo]:
    return [RepositoryInfo(name_in(entry, "repositoryName")) for entry in objects_in(body, "repositories")]


def _images(body: Any) -> list[dict[str, Any]]:
    images = list(objects_in(body, "imageDetails"))
    for image in images:
        name_in(image, "imageDigest")
    return images


def _tags(image: dict[str, Any], is_immutable: IsImmutable) -> list[TagInfo]:
    listed = image.get("imageTags")
    names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    return [
        TagInfo(
            name,
            digest_in(image, "imageDigest"),
            pushed_at=moment_in(image, "imagePushedAt"),
            size=number_in(image, "imageSizeInBytes"),
            immutable=is_immutable(name),
        )
        for name in names
    ]


def _mutability(settings: dict[str, Any]) -> IsImmutable:
    """`IMMUTABLE` or `MUTABLE`, and with exceptions: patterns in which `*` stands for anything."""
    word = str(settings.get("imageTagMutability") or "")
    promised = word.startswith("IMMUTABLE")
    if not word.endswith("_WITH_EXCLUSION"):
        return lambda _: promised
    listed = settings.get("imageTagMutabilityExclusionFilters")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    patterns = [_pattern(str(entry.get("filter") or "")) for entry in entries]
    if not patterns:
        return _nothing
    return lambda name: promised is not any(pattern.fullmatch(name) for pattern in patterns)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text[:128].split("*"))))


def _nothing(_: str) -> bool:
    return False

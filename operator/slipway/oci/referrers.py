"""What refers to a manifest: signatures, SBOMs, attestations (distribution-spec, Listing Referrers).

Registries without that API keep an index under a tag named after the subject's digest, which whoever pushes a
referrer maintains; we do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

from pydantic import ValidationError

from slipway.egress import Headers, Response
from slipway.oci.answers import Subject
from slipway.oci.auth import repository_scope
from slipway.oci.carrier import PageCarrier
from slipway.oci.digest import digest_of, require_digest
from slipway.oci.errors import (
    InvalidResponse,
    ListingIncomplete,
    ManifestNotFound,
    RepositoryNotFound,
    UnsupportedManifest,
    UploadRejected,
)
from slipway.oci.manifest import OCI_INDEX, Descriptor, ImageIndex, ImageManifest, ManifestV2
from slipway.oci.manifests import Manifests
from slipway.oci.pages import Page, PageFlow, PageRefused, PageRequest, Trail
from slipway.oci.session import RegistrySession

__all__ = ["Referrers", "fallback_tag", "list_referrers"]

MAX_REFERRERS: Final = 10_000
_MOST_LOOKED_AT: Final = 32
_NOT_OFFERED: Final = frozenset({400, 404, 405, 406, 410, 501})
_NOT_IN_TAGS: Final = re.compile(r"[^A-Za-z0-9_.-]")


def fallback_tag(digest: str) -> str:
    """The tag under which the referrers of a digest are kept (distribution-spec, Referrers Tag Schema)."""
    algorithm, _, encoded = digest.partition(":")
    return _NOT_IN_TAGS.sub("-", f"{algorithm[:32]}-{encoded[:64]}")


def list_referrers(url: str, artifact_type: str | None) -> PageFlow[tuple[Descriptor, ...] | None]:
    """All referrers, in the order of the registry, each once; None when the registry has no such API.

    Args:
        url: The address of the list, without a query.
        artifact_type: Only those of this type; filtered here where the registry does not say it did.

    Raises:
        ListingIncomplete: when the pages go in a circle, lead elsewhere, vanish, or do not end.
        InvalidResponse: when a page is no index.
    """
    found: dict[str, Descriptor] = {}
    trail = Trail(url, page_size=None)
    query = "" if artifact_type is None else f"?{urlencode({'artifactType': artifact_type})}"
    request = trail.enter(f"{url}{query}")
    while True:
        page = yield request
        if request.is_start and (isinstance(page, PageRefused) or not _is_index(page.headers)):
            return None
        if isinstance(page, PageRefused):
            msg = f"the referrers at {url} could not be listed to the end: a page was refused"
            raise ListingIncomplete(msg)
        trail.take(page)
        entries = _entries(page)
        if artifact_type is not None and not _is_filtered(page.headers):
            entries = [entry for entry in entries if entry.artifact_type == artifact_type]
        for entry in entries:
            found.setdefault(entry.digest, entry)
        if len(found) > MAX_REFERRERS:
            msg = f"there are more than {MAX_REFERRERS} referrers at {url}"
            raise ListingIncomplete(msg)
        following = trail.following(request.url, page)
        if following is None:
            return tuple(found.values())
        request = trail.enter(following)


class Referrers:
    """What refers to the manifests of one registry."""

    def __init__(self, session: RegistrySession, timeout: float, manifests: Manifests) -> None:
        self._session = session
        self._carrier = PageCarrier(session, timeout)
        self._manifests = manifests

    async def of(self, repository: str, digest: str, artifact_type: str | None) -> tuple[Descriptor, ...]:
        """All of them, or an error."""
        name = f"{repository}@{require_digest(digest)}"

        def judge(response: Response, _: PageRequest) -> Page | PageRefused:
            if response.status == 200:
                return Page(response.body, response.headers)
            refusal = self._session.refusal(response, Subject.MANIFEST, name)
            if response.status in _NOT_OFFERED and not isinstance(refusal, RepositoryNotFound):
                return PageRefused(response.status)
            raise refusal

        flow = list_referrers(f"{self._session.base}/v2/{repository}/referrers/{digest}", artifact_type)
        scopes = (repository_scope(repository),)
        listed = await self._carrier.carry(flow, scopes, judge, f"the referrers of {name}", OCI_INDEX)
        return await self._fallback(repository, digest, artifact_type) if listed is None else listed

    async def record(self, repository: str, referrer: ManifestV2, subject: str) -> None:
        """Adds a referrer to the index under the fallback tag of its subject.

        Raises:
            UploadRejected: when something else has that tag.
        """
        tag = fallback_tag(subject)
        index = await self._index(repository, tag, subject)
        if all(entry.digest != referrer.digest for entry in index.manifests):
            entries = (*index.manifests, _entry_of(referrer))
            await self._manifests.put(
                repository, tag, ManifestV2.of(index.model_copy(update={"manifests": entries}))
            )

    async def _index(self, repository: str, tag: str, subject: str) -> ImageIndex:
        """What the tag names now; an empty index where it names nothing, or the subject."""
        try:
            known = await self._manifests.get(repository, tag)
        except ManifestNotFound:
            return ImageIndex()
        except UnsupportedManifest as error:
            raise _taken(repository, tag) from error
        if _is_subject(known, subject):
            return ImageIndex()
        if not isinstance(known.content, ImageIndex):
            raise _taken(repository, tag)
        return known.content

    async def _fallback(
        self, repository: str, digest: str, artifact_type: str | None
    ) -> tuple[Descriptor, ...]:
        """Those that the index under the fallback tag names.

        GitLab answers for such a tag with the subject itself. So it must be an index, another one than the
        subject, and of each entry it must show that it is an artifact.
        """
        try:
            manifest = await self._manifests.get(repository, fallback_tag(digest))
        except (ManifestNotFound, UnsupportedManifest):
            return ()
        index = manifest.content
        if not isinstance(index, ImageIndex) or _is_subject(manifest, digest):
            return ()
        entries = await self._plausible(repository, digest, index.manifests)
        return tuple(entry for entry in entries if artifact_type in {None, entry.artifact_type})

    async def _plausible(
        self, repository: str, digest: str, entries: Iterable[Descriptor]
    ) -> list[Descriptor]:
        plausible: dict[str, Descriptor] = {}
        looked_at = 0
        for entry in entries:
            if entry.artifact_type is None:
                looked_at += 1
                if looked_at > _MOST_LOOKED_AT:
                    msg = f"more than {_MOST_LOOKED_AT} referrers of {repository}@{digest} have no type"
                    raise ListingIncomplete(msg)
                typed = await self._typed(repository, digest, entry)
            else:
                typed = entry
            if typed is not None:
                plausible.setdefault(typed.digest, typed)
        return list(plausible.values())

    async def _typed(self, repository: str, digest: str, entry: Descriptor) -> Descriptor | None:
        """The entry with the type that its manifest names; None when that does not refer to the subject."""
        try:
            content = (await self._manifests.get(repository, entry.digest)).content
        except (ManifestNotFound, UnsupportedManifest):
            return None
        if content.subject is None or content.subject.digest != digest:
            return None
        return entry.model_copy(update={"artifact_type": _type_of(content)})


def _taken(repository: str, tag: str) -> UploadRejected:
    msg = f"the tag {tag} of {repository} is no index of referrers: delete it, then push again"
    return UploadRejected(msg)


def _entry_of(referrer: ManifestV2) -> Descriptor:
    """With its type and annotations, as the specification wants it."""
    content = referrer.content
    return referrer.descriptor.model_copy(
        update={"artifact_type": _type_of(content), "annotations": content.annotations}
    )


def _type_of(content: ImageManifest | ImageIndex) -> str | None:
    config = None if isinstance(content, ImageIndex) else content.config.media_type
    return content.artifact_type or config


def _is_subject(manifest: ManifestV2, digest: str) -> bool:
    return digest_of(manifest.raw, digest.partition(":")[0]) == digest


def _is_index(headers: Headers) -> bool:
    return (headers.get("content-type") or "").partition(";")[0].strip().lower() == OCI_INDEX


def _is_filtered(headers: Headers) -> bool:
    filters = ",".join(headers.all("oci-filters-applied"))
    return "artifacttype" in (name.strip().lower() for name in filters.split(","))


def _entries(page: Page) -> Iterable[Descriptor]:
    try:
        return ImageIndex.model_validate_json(page.body).manifests
    except ValidationError as error:
        msg = "the registry answered with a list of referrers that is no index"
        raise InvalidResponse(msg) from error

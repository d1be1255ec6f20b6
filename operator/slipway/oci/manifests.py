"""Manifests: what a tag names, read verified, stored (distribution-spec, Pulling and Pushing Manifests)."""

from __future__ import annotations

from typing import NamedTuple

from slipway.egress import EndpointClass, Response
from slipway.oci.answers import Subject, is_html, not_a_registry
from slipway.oci.auth import repository_scope
from slipway.oci.digest import digest_of, is_digest
from slipway.oci.errors import DigestMismatch, InvalidReference, UploadRejected
from slipway.oci.manifest import ACCEPTED_MANIFESTS, MANIFEST_TYPES, Descriptor, ManifestV2
from slipway.oci.reference import is_tag, require_repository
from slipway.oci.session import Ask, RegistrySession, off_loop

__all__ = ["Manifests", "Stored"]


class Stored(NamedTuple):
    """What a registry says of a manifest that it has stored."""

    digest: str
    lists_referrer: bool
    """Whether it lists the manifest itself among those that refer to its subject (header OCI-Subject)."""


class Manifests:
    """The manifests of one registry."""

    def __init__(self, session: RegistrySession) -> None:
        self._session = session

    async def head(self, repository: str, reference: str) -> Descriptor:
        """What a tag or digest names."""
        response = await self._session.send(self._ask("HEAD", repository, reference))
        if response.status in {401, 429} or response.status >= 500:
            raise self._session.refusal(response, Subject.MANIFEST, _full_name(repository, reference))
        described = _described(response) if response.status == 200 else None
        # Some hosts refuse HEAD, older ones leave headers out, and only the body of a GET says what is
        # missing.
        if described is None:
            return (await self.get(repository, reference)).descriptor
        if is_digest(reference) and described.digest != reference:
            msg = f"{self._session.origin} answered with {described.digest} when asked for {reference}"
            raise DigestMismatch(msg)
        return described

    async def get(self, repository: str, reference: str) -> ManifestV2:
        """A manifest or index. The digest sent with a tag is not compared: many get it wrong."""
        response = await self._session.send(self._ask("GET", repository, reference))
        if response.status != 200:
            raise self._session.refusal(response, Subject.MANIFEST, _full_name(repository, reference))
        if is_html(response):
            raise not_a_registry(self._session.origin)
        algorithm = reference.partition(":")[0] if is_digest(reference) else "sha256"
        digest = digest_of(response.body, algorithm)
        if is_digest(reference) and digest != reference:
            msg = f"{self._session.origin} sent content with the digest {digest} for {repository}@{reference}"
            raise DigestMismatch(msg)
        content_type = response.headers.get("content-type")
        return await off_loop(len(response.body), ManifestV2.parse, response.body, content_type, digest)

    async def put(self, repository: str, reference: str, manifest: ManifestV2) -> Stored:
        """Stores a manifest under a tag or its digest."""
        if is_digest(reference) and reference != manifest.digest:
            msg = f"the manifest has the digest {manifest.digest}, it cannot be stored as {reference}"
            raise InvalidReference(msg)
        ask = Ask(
            "PUT",
            _url(repository, reference),
            (repository_scope(repository, push=True),),
            headers={"Content-Type": manifest.media_type},
            content=manifest.raw,
            endpoint=EndpointClass.MANIFESTS,
        )
        response = await self._session.send(ask)
        if response.status not in {200, 201, 202}:
            raise self._session.refusal(response, Subject.UPLOAD, _full_name(repository, reference))
        stored = response.headers.get("docker-content-digest")
        if stored is not None and is_digest(stored) and stored != manifest.digest:
            msg = f"{self._session.origin} stored {stored} instead of {manifest.digest}"
            raise UploadRejected(msg)
        return Stored(manifest.digest, response.headers.get("oci-subject") is not None)

    def _ask(self, method: str, repository: str, reference: str) -> Ask:
        url = _url(repository, reference)
        return Ask(
            method,
            url,
            (repository_scope(repository),),
            headers={"Accept": ACCEPTED_MANIFESTS},
            endpoint=EndpointClass.MANIFESTS,
        )


def _url(repository: str, reference: str) -> str:
    require_repository(repository)
    if not is_tag(reference) and not is_digest(reference):
        msg = f"{reference[:160]!r} is neither a tag nor a digest"
        raise InvalidReference(msg)
    return f"v2/{repository}/manifests/{reference}"


def _full_name(repository: str, reference: str) -> str:
    return f"{repository}@{reference}" if is_digest(reference) else f"{repository}:{reference}"


def _described(response: Response) -> Descriptor | None:
    """What the headers say of a manifest; None when they do not say all of it."""
    digest = response.headers.get("docker-content-digest") or ""
    size = response.headers.get("content-length") or ""
    media_type = (response.headers.get("content-type") or "").partition(";")[0].strip()
    if not is_digest(digest) or not size.isdecimal() or len(size) > 18 or media_type not in MANIFEST_TYPES:
        return None
    return Descriptor(media_type=media_type, digest=digest, size=int(size))

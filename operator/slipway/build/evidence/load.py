"""Reads what a registry tells of an image: its labels, and the provenance beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from slipway.build.evidence.attestations import (
    Attestation,
    attestations,
    may_hold_provenance,
    statements,
)
from slipway.build.evidence.claims import Claim, SourceCommit
from slipway.build.evidence.labels import label_claims
from slipway.build.evidence.provenance import Provenance, read_provenance
from slipway.build.rebase.load import read_image
from slipway.build.rebase.place import Place, RegistryApi
from slipway.build.rebase.refusal import RebaseRefusedError
from slipway.oci.errors import AuthenticationFailed, InvalidResponse, NotFound
from slipway.oci.manifest import Descriptor, ImageIndex, ImageManifest, ManifestV2
from slipway.oci.reference import ImageReference
from slipway.oci.session import off_loop

__all__ = ["Evidence", "EvidenceApi", "read_evidence"]

_STATEMENT: Final = 2 << 20
"""Bytes of a statement; BuildKit's are 2 KiB to some hundred."""

_MOST_STATEMENTS: Final = 8
"""Statements read of one image: one for each of its platforms, as far as somebody still looks at them."""

_MOST_ATTESTATIONS: Final = 16
"""Manifests read to find them."""

_MOST_SUBJECTS: Final = 4
"""Digests that referrers are asked for: the index, and its first images."""

_MOST_NOTES: Final = 10


class EvidenceApi(RegistryApi, Protocol):
    """What is needed of a registry; `slipway.oci.client.RegistryClient` has it."""

    async def referrers(
        self, repository: str, digest: str, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """What refers to a manifest."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a registry tells of what an image is made from. Whoever pushed the image wrote it."""

    digest: str
    """Of the image: of its index, where it has one."""

    claims: tuple[Claim, ...]
    """Of labels, then of provenance; each once."""

    commits: tuple[SourceCommit, ...]
    """Of the repositories that it was built from, that of the Dockerfile first where it is told."""

    notes: tuple[str, ...]
    """Sentences on what was there and could not be read."""


async def read_evidence(client: EvidenceApi, image: ImageReference) -> Evidence:
    """Read what a registry tells of an image, from manifests, configurations and statements, never a layer.

    What is missing, malformed or too large beside the image becomes a note.

    Args:
        client: The registry, by the credential that may read the image.
        image: The image; its digest counts before its tag.

    Raises:
        RegistryError: when the image itself cannot be read, or the registry fails.
    """
    place = Place(client, image)
    manifest = await client.get_manifest(place.path, image.version)
    claims, notes = await _labels(place, str(image), manifest)
    found = await _Search(client, image.repository, manifest).provenance()
    return Evidence(
        digest=manifest.digest,
        claims=tuple(dict.fromkeys((*claims, *(claim for one in found for claim in one.claims)))),
        commits=tuple(dict.fromkeys(commit for one in found for commit in one.commits)),
        notes=tuple(dict.fromkeys((*notes, *(note for one in found for note in one.notes))))[:_MOST_NOTES],
    )


async def _labels(place: Place, name: str, manifest: ManifestV2) -> tuple[Sequence[Claim], Sequence[str]]:
    try:
        return label_claims(await read_image(place, name, manifest))
    except RebaseRefusedError as refused:
        return (), (f"the labels of the image cannot be read: {refused}",)


class _Search:
    """Looks for the provenance of one image: in its index, and where there is none, among its referrers."""

    def __init__(self, client: EvidenceApi, repository: str, manifest: ManifestV2) -> None:
        self._client = client
        self._repository = repository
        self._manifest = manifest
        self._left = _MOST_STATEMENTS

    async def provenance(self) -> list[Provenance]:
        """What each statement says."""
        content = self._manifest.content
        inside = attestations(content) if isinstance(content, ImageIndex) else ()
        found = [one async for one in self._read(inside)]
        if not any(one.claims or one.commits for one in found):
            found += [one async for one in self._read(await self._referring(found))]
        return found

    async def _referring(self, found: list[Provenance]) -> list[Attestation]:
        attached: list[Attestation] = []
        for subject in self._subjects():
            try:
                referrers = await self._client.referrers(self._repository, subject)
            except (AuthenticationFailed, NotFound, InvalidResponse) as error:
                found.append(_unreadable(error))
                continue
            attached += [Attestation(one.digest, subject) for one in referrers if may_hold_provenance(one)]
        return attached

    def _subjects(self) -> list[str]:
        content = self._manifest.content
        images = [entry.digest for entry in content.images] if isinstance(content, ImageIndex) else []
        return list(dict.fromkeys([self._manifest.digest, *images]))[:_MOST_SUBJECTS]

    async def _read(self, places: Iterable[Attestation]) -> AsyncIterator[Provenance]:
        for number, place in enumerate(places):
            if self._left <= 0 or number == _MOST_ATTESTATIONS:
                yield Provenance(notes=("only the first statements about the image were read",))
                return
            try:
                async for one in self._statements(place):
                    yield one
            except (AuthenticationFailed, NotFound, InvalidResponse) as error:
                yield _unreadable(error)

    async def _statements(self, place: Attestation) -> AsyncIterator[Provenance]:
        manifest = (await self._client.get_manifest(self._repository, place.digest)).content
        if not isinstance(manifest, ImageManifest):
            return
        about = frozenset({place.subject, self._manifest.digest})
        for layer in statements(manifest):
            if self._left <= 0:
                return
            self._left -= 1
            content = await self._client.get_blob(self._repository, layer.digest, _STATEMENT)
            yield await off_loop(len(content), read_provenance, content, about)


def _unreadable(error: Exception) -> Provenance:
    return Provenance(notes=(f"the provenance of the image cannot be read: {error}",))

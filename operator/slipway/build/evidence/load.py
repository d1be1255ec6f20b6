"""Reads what a registry tells of an image: its labels, and the provenance beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
_CUT_OFF: Final = "only the first statements about the image were read"

_BESIDE_THE_IMAGE: Final = (AuthenticationFailed, InvalidResponse, NotFound)
"""What may be wrong with an attestation alone; whatever else is raised concerns the registry."""


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


async def read_evidence(
    client: EvidenceApi, image: ImageReference, *, all_platforms: bool = True
) -> Evidence:
    """Read what a registry tells of an image, from manifests, configurations and statements, never a layer.

    What is missing, malformed or too large beside the image becomes a note.

    Args:
        client: The registry, by the credential that may read the image.
        image: The image; its digest counts before its tag.
        all_platforms: Whether all images of an index are read, or the first alone: each costs some requests.

    Raises:
        RegistryError: when the image itself cannot be read, or the registry fails.
    """
    place = Place(client, image)
    manifest = await client.get_manifest(place.path, image.version)
    manifest = manifest if all_platforms else _with_first(manifest)
    claims, notes = await _labels(place, str(image), manifest)
    found = await _Search(client, image.repository, manifest).provenance()
    return Evidence(
        digest=manifest.digest,
        claims=tuple(dict.fromkeys((*claims, *(claim for one in found for claim in one.claims)))),
        commits=tuple(dict.fromkeys(commit for one in found for commit in one.commits)),
        notes=tuple(dict.fromkeys((*notes, *(note for one in found for note in one.notes))))[:_MOST_NOTES],
    )


def _with_first(manifest: ManifestV2) -> ManifestV2:
    """An index as if it held its first image alone, with what is said about that."""
    index = manifest.content
    if not isinstance(index, ImageIndex):
        return manifest
    first = {entry.digest for entry in index.images[:1]}
    about = first | {found.digest for found in attestations(index) if found.subject in first}
    kept = tuple(entry for entry in index.manifests if entry.digest in about)
    return replace(manifest, content=index.model_copy(update={"manifests": kept}))


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
        self._found: list[Provenance] = []
        self._statements = 0

    async def provenance(self) -> list[Provenance]:
        """What each statement says."""
        content = self._manifest.content
        await self._read(attestations(content) if isinstance(content, ImageIndex) else ())
        if not any(one.claims or one.commits for one in self._found):
            await self._read(await self._attached())
        return self._found

    async def _attached(self) -> list[Attestation]:
        attached: list[Attestation] = []
        for subject in self._subjects():
            try:
                referrers = await self._client.referrers(self._repository, subject)
            except _BESIDE_THE_IMAGE as error:
                self._note(f"what refers to the image cannot be listed: {error}")
            else:
                attached += [
                    Attestation(one.digest, subject) for one in filter(may_hold_provenance, referrers)
                ]
        return attached

    def _subjects(self) -> list[str]:
        content = self._manifest.content
        images = [entry.digest for entry in content.images] if isinstance(content, ImageIndex) else []
        return list(dict.fromkeys([self._manifest.digest, *images]))[:_MOST_SUBJECTS]

    async def _read(self, places: Sequence[Attestation]) -> None:
        for place in places[:_MOST_ATTESTATIONS]:
            try:
                await self._read_statements(place)
            except _BESIDE_THE_IMAGE as error:
                self._note(f"the provenance of the image cannot be read: {error}")
        if len(places) > _MOST_ATTESTATIONS:
            self._note(_CUT_OFF)

    async def _read_statements(self, place: Attestation) -> None:
        manifest = (await self._client.get_manifest(self._repository, place.digest)).content
        if not isinstance(manifest, ImageManifest):
            return
        about = frozenset({place.subject, self._manifest.digest})
        for layer in statements(manifest):
            if self._statements == _MOST_STATEMENTS:
                self._note(_CUT_OFF)
                return
            self._statements += 1
            content = await self._client.get_blob(self._repository, layer.digest, _STATEMENT)
            self._found.append(await off_loop(len(content), read_provenance, content, about))

    def _note(self, note: str) -> None:
        self._found.append(Provenance(notes=(note,)))

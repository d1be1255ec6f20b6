"""Where the provenance of an image lies in a registry. Pure.

BuildKit puts it into the index, one manifest for each image: the entry is of type `attestation-manifest`
and names the image that it speaks of; the layers are in-toto statements, each marked with the type of its
predicate (https://docs.docker.com/build/metadata/attestations/attestation-storage/). Others push an
artifact that refers to the image (distribution-spec, Listing Referrers).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from slipway.build.evidence.provenance import PROVENANCE
from slipway.oci.digest import is_digest
from slipway.oci.manifest import Descriptor, ImageIndex, ImageManifest

__all__ = ["Attestation", "attestations", "may_hold_provenance", "statements"]

_TYPE: Final = "vnd.docker.reference.type"
_SUBJECT: Final = "vnd.docker.reference.digest"
_PREDICATE: Final = "in-toto.io/predicate-type"
_BUNDLED_PREDICATE: Final = "dev.sigstore.bundle.predicateType"
_ARTIFACTS: Final = (
    "application/vnd.in-toto+json",
    "application/vnd.dsse.envelope",
    "application/vnd.dev.sigstore.bundle",
    "application/vnd.docker.attestation.manifest",
)
"""How types of artifacts and layers begin that hold statements: bare, enveloped, bundled, and BuildKit's."""

_UNTOLD: Final = frozenset(
    {None, "", "application/vnd.oci.empty.v1+json", "application/vnd.oci.image.config.v1+json"}
)
"""Types that leave open what an artifact holds."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """A manifest with statements about an image."""

    digest: str
    """Of the manifest."""

    subject: str
    """Digest of the image."""


def attestations(index: ImageIndex) -> tuple[Attestation, ...]:
    """The attestations of an index that say which of its images they speak of."""
    images = {entry.digest for entry in index.images}
    return tuple(found for found in _attestations(index) if found.subject in images)


def may_hold_provenance(referrer: Descriptor) -> bool:
    """Whether what refers to an image may be provenance, by its type and what it says it holds.

    Some registries put the type of its configuration into their lists, which says nothing.
    """
    told = (referrer.annotations or {}).get(_BUNDLED_PREDICATE)
    is_possible = referrer.artifact_type in _UNTOLD or (referrer.artifact_type or "").startswith(_ARTIFACTS)
    return is_possible and (told is None or told in PROVENANCE)


def statements(manifest: ImageManifest) -> Iterable[Descriptor]:
    """The layers that may be provenance: those that say so, and those that say nothing."""
    for layer in manifest.layers:
        told = (layer.annotations or {}).get(_PREDICATE)
        if layer.media_type.startswith(_ARTIFACTS) and (told is None or told in PROVENANCE):
            yield layer


def _attestations(index: ImageIndex) -> Iterator[Attestation]:
    for entry in index.manifests:
        annotations = entry.annotations or {}
        subject = annotations.get(_SUBJECT, "")
        if annotations.get(_TYPE) == "attestation-manifest" and is_digest(subject):
            yield Attestation(entry.digest, subject)

"""Manifests, indexes and image configurations (OCI image-spec and Docker's schema 2), as registries hand them
over.

Fields that nobody here reads are kept, so that a model written back loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import from_json, to_json

from slipway.oci.digest import digest_of
from slipway.oci.errors import InvalidResponse, UnsupportedManifest
from slipway.oci.platform import Platform

__all__ = [
    "ACCEPTED_MANIFESTS",
    "DOCKER_INDEX",
    "DOCKER_MANIFEST",
    "INDEX_TYPES",
    "MANIFEST_TYPES",
    "OCI_INDEX",
    "OCI_MANIFEST",
    "Descriptor",
    "ImageConfig",
    "ImageIndex",
    "ImageManifest",
    "ManifestV2",
    "RootFs",
]

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
_SCHEMA1: Final = (
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.docker.distribution.manifest.v1+json",
)
_SCHEMA1_ADVICE: Final = (
    "the image has a manifest of schema 1, which registries retired; push it again with a current tool"
)
INDEX_TYPES: Final = frozenset({OCI_INDEX, DOCKER_INDEX})
"""The media types of indexes."""

MANIFEST_TYPES: Final = INDEX_TYPES | {OCI_MANIFEST, DOCKER_MANIFEST}
"""The media types of what is handled here."""

ACCEPTED_MANIFESTS: Final = ", ".join((OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST, *_SCHEMA1))
"""The Accept header. Schema 1 is asked for only to be named; without it the answer would be a 404."""

MediaType = Annotated[str, StringConstraints(max_length=255)]
DigestText = Annotated[
    str, StringConstraints(pattern=r"^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})\z")
]


class _Json(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="allow")

    def to_bytes(self) -> bytes:
        """Compact JSON: the same model always gives the same bytes."""
        return to_json(self, by_alias=True, exclude_none=True)


class Descriptor(_Json):
    """What something is, how large it is and what its bytes hash to (image-spec descriptor.md)."""

    media_type: MediaType
    digest: DigestText
    size: int = Field(ge=0)
    """Bytes."""

    platform: Platform | None = None
    annotations: dict[str, str] | None = None
    artifact_type: MediaType | None = None

    @property
    def is_attestation(self) -> bool:
        """Whether this is BuildKit's provenance or SBOM beside an image, rather than an image."""
        if "vnd.docker.reference.type" in (self.annotations or {}):
            return True
        return self.platform is not None and self.platform.os == "unknown"


class ImageManifest(_Json):
    """One image for one platform: a configuration and layers, lowest first (image-spec manifest.md)."""

    schema_version: int = 2
    media_type: MediaType | None = None
    artifact_type: MediaType | None = None
    config: Descriptor
    layers: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


class ImageIndex(_Json):
    """Images for several platforms (image-spec image-index.md)."""

    schema_version: int = 2
    media_type: MediaType | None = None
    artifact_type: MediaType | None = None
    manifests: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None

    @property
    def images(self) -> tuple[Descriptor, ...]:
        """The entries that are images: no attestations."""
        return tuple(entry for entry in self.manifests if not entry.is_attestation)


class RootFs(_Json):
    """The layers of an image by the digests of their uncompressed content."""

    type: str = "layers"
    diff_ids: tuple[DigestText, ...] = Field(default=(), alias="diff_ids")


class ImageConfig(_Json):
    """The configuration of an image (image-spec config.md); whatever is not read here stays in the extras."""

    architecture: str = ""
    os: str = ""
    variant: str | None = None
    created: str | None = None
    rootfs: RootFs = RootFs()
    config: dict[str, Any] | None = None
    history: tuple[dict[str, Any], ...] | None = None

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """The configuration in these bytes.

        Raises:
            InvalidResponse: when it is none.
        """
        try:
            return cls.model_validate_json(raw)
        except ValidationError as error:
            msg = f"an image configuration is malformed: {_first_problem(error)}"
            raise InvalidResponse(msg) from error

    @property
    def platform(self) -> Platform:
        """What the image runs on."""
        return Platform(os=self.os, architecture=self.architecture, variant=self.variant)


@dataclass(frozen=True, slots=True)
class ManifestV2:
    """A manifest or index together with the very bytes that its digest was made from."""

    raw: bytes
    digest: str
    media_type: str
    content: ImageManifest | ImageIndex

    @classmethod
    def of(cls, content: ImageManifest | ImageIndex) -> ManifestV2:
        """The manifest that this model makes; its media type is OCI's when the model names none."""
        if content.media_type is None:
            standard = OCI_INDEX if isinstance(content, ImageIndex) else OCI_MANIFEST
            content = content.model_copy(update={"media_type": standard})
        raw = content.to_bytes()
        return cls(raw=raw, digest=digest_of(raw), media_type=content.media_type or "", content=content)

    @classmethod
    def parse(cls, raw: bytes, content_type: str | None = None, digest: str | None = None) -> ManifestV2:
        """The manifest in these bytes.

        Args:
            raw: The body as the registry sent it.
            content_type: The Content-Type header; parameters, and types that name no manifest, are ignored.
            digest: The digest of the bytes, when it is already known to be right.

        Raises:
            UnsupportedManifest: when it is none of the four kinds.
            InvalidResponse: when header and body disagree, or the body is malformed.
        """
        body = _read(raw)
        media_type = _media_type(body, content_type)
        model = ImageIndex if media_type in INDEX_TYPES else ImageManifest
        try:
            content = model.model_validate(body)
        except ValidationError as error:
            msg = f"a manifest is malformed: {_first_problem(error)}"
            raise InvalidResponse(msg) from error
        return cls(raw=raw, digest=digest or digest_of(raw), media_type=media_type, content=content)

    @property
    def descriptor(self) -> Descriptor:
        """How an index refers to it."""
        return Descriptor(media_type=self.media_type, digest=self.digest, size=len(self.raw))


def _read(raw: bytes) -> dict[str, Any]:
    try:
        body = from_json(raw)
    except ValueError as error:
        msg = "the registry answered with a manifest that is not JSON"
        raise InvalidResponse(msg) from error
    if not isinstance(body, dict):
        msg = "the registry answered with a manifest that is not a JSON object"
        raise InvalidResponse(msg)
    if body.get("schemaVersion") == 1:
        raise UnsupportedManifest(_SCHEMA1_ADVICE)
    return body


def _media_type(body: dict[str, Any], content_type: str | None) -> str:
    """The body decides; static servers put text/plain into the header (distribution-spec, Pulling)."""
    announced = (content_type or "").partition(";")[0].strip().lower()
    if announced in _SCHEMA1:
        raise UnsupportedManifest(_SCHEMA1_ADVICE)
    known = MANIFEST_TYPES
    named = body.get("mediaType")
    if named is None:
        if announced in known:
            return announced
        named = OCI_INDEX if "manifests" in body else OCI_MANIFEST if "config" in body else None
    if not isinstance(named, str) or named not in known:
        msg = f"a manifest of type {str(named or announced)[:120]!r} is no image and no index"
        raise UnsupportedManifest(msg)
    if announced in known and announced != named:
        msg = f"the registry calls a manifest {announced}, the manifest calls itself {named}"
        raise InvalidResponse(msg)
    return named


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, problem['loc']))[:120]}: {problem['msg'][:120]}"

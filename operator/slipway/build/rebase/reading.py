"""Reading images: manifests, indexes and configurations become `Image`, or are refused.

Pure. OCI image specification (manifest.md, image-index.md, config.md); Docker's schema 2 types mean the same.
Everything is checked here once, so that planning need not doubt it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from slipway.build.rebase.image import HistoryEntry, Json, Layer, PlatformImage
from slipway.build.rebase.refusal import RebaseRefusedError, RefusalReason
from slipway.oci.digest import is_digest
from slipway.oci.manifest import Descriptor, ImageManifest
from slipway.oci.platform import Platform

__all__ = ["CONFIG_TYPES", "is_attached", "parse_platform_image", "require_container_image"]

_OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
CONFIG_TYPES = frozenset({_OCI_CONFIG, "application/vnd.docker.container.image.v1+json"})
"""What the configuration of a container image is called; anything else is an artifact."""


def is_attached(entry: Descriptor) -> bool:
    """Whether an index entry is no image but something about one: an attestation, a signature, an SBOM."""
    return entry.is_attestation or (entry.artifact_type or _OCI_CONFIG) not in CONFIG_TYPES


def require_container_image(name: str, manifest: ImageManifest) -> None:
    """Refuse an artifact before its configuration is asked for: it may have none, or a huge one.

    Raises:
        RebaseRefusedError: UnsupportedImage.
    """
    if manifest.config.media_type not in CONFIG_TYPES or manifest.artifact_type:
        kind = manifest.artifact_type or manifest.config.media_type
        message = f"{name} is no container image but an artifact of type {kind}"
        raise RebaseRefusedError(RefusalReason.UNSUPPORTED_IMAGE, message)


def parse_platform_image(
    name: str, digest: str, manifest: ImageManifest, config: bytes, entry: Descriptor | None = None
) -> PlatformImage:
    """Read one image.

    Args:
        name: how messages call it.
        digest: of the manifest.
        manifest: of a container image, see `require_container_image`.
        config: its configuration.
        entry: its entry in the index, where there is one.

    Raises:
        RebaseRefusedError: ImageMalformed for documents that contradict the specification or each other.
    """
    check = _Checker(name)
    document = _document(check, config)
    return PlatformImage(
        name=name,
        digest=digest,
        platform=_platform(check, document),
        layers=_layers(check, manifest, document),
        history=_history(check, document),
        config=document,
        settings=_settings(check, document),
        annotations=manifest.annotations or {},
        entry=entry,
    )


@dataclass(frozen=True, slots=True)
class _Checker:
    name: str

    def expect(self, holds: bool, fault: str) -> None:
        if not holds:
            raise RebaseRefusedError(RefusalReason.IMAGE_MALFORMED, f"{self.name} is malformed: {fault}")


def _document(check: _Checker, config: bytes) -> Json:
    try:
        document = from_json(config, allow_inf_nan=False)
    except ValueError:
        document = None
    check.expect(isinstance(document, dict), "its configuration is no JSON object")
    return document or {}


def _platform(check: _Checker, config: Json) -> Platform:
    members = {name: config.get(name) for name in ("os", "architecture", "variant", "os.version")}
    check.expect(all(_is_text(member or "") for member in members.values()), "its platform is not text")
    platform = Platform.model_validate({name: member for name, member in members.items() if member})
    check.expect(platform.is_known, "its configuration names no os and architecture")
    return platform


def _layers(check: _Checker, manifest: ImageManifest, config: Json) -> tuple[Layer, ...]:
    rootfs = config.get("rootfs")
    diff_ids = (rootfs.get("diff_ids") or []) if isinstance(rootfs, Mapping) else []
    check.expect(_is_texts(diff_ids) and all(map(is_digest, diff_ids)), "its diff IDs are no digests")
    check.expect(
        len(manifest.layers) == len(diff_ids),
        f"its manifest has {len(manifest.layers)} layers, its configuration {len(diff_ids)} diff IDs",
    )
    pairs = zip(manifest.layers, diff_ids, strict=True)
    return tuple(
        Layer(layer.digest, layer.size, layer.media_type, diff_id, layer.annotations or {})
        for layer, diff_id in pairs
    )


def _history(check: _Checker, config: Json) -> tuple[HistoryEntry, ...]:
    entries = config.get("history") or []
    check.expect(_is_list(entries, _is_object), "its history is no list of objects")
    return tuple(HistoryEntry.from_json(entry) for entry in entries)


def _settings(check: _Checker, config: Json) -> Json:
    settings = config.get("config") or {}
    check.expect(isinstance(settings, Mapping), "its `config` is no object")
    present = {name: value for name, value in settings.items() if value not in (None, "", [], {}, False)}
    for name, value in present.items():
        has_its_type = name not in _SHAPES or _SHAPES[name](value)
        check.expect(has_its_type, f"config.{name} has the wrong type")
    return present


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: Any, each: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(each(item) for item in value)


def _is_texts(value: Any) -> bool:
    return _is_list(value, _is_text)


def _is_text_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(_is_text(item) for item in value.values())


_SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "Env": _is_texts,
    "Cmd": _is_texts,
    "Entrypoint": _is_texts,
    "OnBuild": _is_texts,
    "Shell": _is_texts,
    "Labels": _is_text_map,
    "ExposedPorts": _is_object,
    "Volumes": _is_object,
    "Healthcheck": _is_object,
    "User": _is_text,
    "WorkingDir": _is_text,
    "StopSignal": _is_text,
}
"""Members of `config` whose type the merge relies on."""

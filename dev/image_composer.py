"""Small real images in memory: tar.gz layers, configurations with true diff IDs, manifests and indexes.

`compose` makes an image as a Dockerfile would, on a base or from nothing. What comes out depends only on what
is asked for, so the same call gives the same digests. Pushing is left to `dev.images`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "CREATED",
    "Blob",
    "Files",
    "MadeImage",
    "MadeLayer",
    "MadePlatform",
    "Settings",
    "Step",
    "add",
    "compose",
    "copy",
    "note",
    "parse",
    "run",
]

Files = Mapping[str, str | bytes]
Json = dict[str, Any]

CREATED = "2026-11-01T00:00:00Z"
"""When images were made unless a test says otherwise."""

_OCI = {
    "index": "application/vnd.oci.image.index.v1+json",
    "manifest": "application/vnd.oci.image.manifest.v1+json",
    "config": "application/vnd.oci.image.config.v1+json",
    "layer": "application/vnd.oci.image.layer.v1.tar+gzip",
}
_DOCKER = {
    "index": "application/vnd.docker.distribution.manifest.list.v2+json",
    "manifest": "application/vnd.docker.distribution.manifest.v2+json",
    "config": "application/vnd.docker.container.image.v1+json",
    "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of history, with the files of its layer; None for a line without a layer."""

    created_by: str
    files: Files | None = None


def copy(files: Files) -> Step:
    """A COPY as BuildKit records it."""
    return Step(f"COPY {' '.join(sorted(files))} / # buildkit", files)


def add(files: Files) -> Step:
    """An ADD as Docker's classic builder records it."""
    return Step("/bin/sh -c #(nop) ADD multi:5f3c in / ", files)


def run(command: str, files: Files) -> Step:
    """A RUN as BuildKit records it, with the files that it leaves behind."""
    return Step(f"RUN /bin/sh -c {command} # buildkit", files)


def note(instruction: str) -> Step:
    """An instruction that changes no file: ENV, LABEL, CMD and so on."""
    return Step(instruction)


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes under their digest: a layer or a configuration."""

    digest: str
    content: bytes


EMPTY = Blob(f"sha256:{hashlib.sha256(b'{}').hexdigest()}", b"{}")
"""Configuration and layer of attestations."""


@dataclass(frozen=True, slots=True)
class MadeLayer:
    """A layer, compressed as it is stored."""

    blob: Blob
    diff_id: str


@dataclass(frozen=True, slots=True)
class MadePlatform:
    """The image of one platform."""

    platform: str
    """`linux/amd64`."""
    layers: tuple[MadeLayer, ...]
    config: Json
    config_blob: Blob
    manifest: Blob

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """Digests of the uncompressed layers, bottom first."""
        return tuple(layer.diff_id for layer in self.layers)


@dataclass(frozen=True, slots=True)
class MadeImage:
    """An image or an index, and where it was pushed to."""

    platforms: tuple[MadePlatform, ...]
    top: Blob
    """What the tag points at: the index, or the only manifest."""
    media_types: Mapping[str, str]
    is_index: bool
    attestations: tuple[Blob, ...] = ()
    """Manifests of attestations; beside the images of the index."""
    statements: tuple[Blob, ...] = ()
    """What the attestations say."""
    repository: str = ""
    tag: str = ""

    @property
    def digest(self) -> str:
        """Of what the tag points at."""
        return self.top.digest

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Layers and configurations."""
        layers = (layer.blob for part in self.platforms for layer in part.layers)
        configs = (part.config_blob for part in self.platforms)
        return (*layers, *configs, *((EMPTY,) if self.attestations else ()), *self.statements)

    @property
    def children(self) -> tuple[Blob, ...]:
        """The manifests that must be there before the index is."""
        return (*(part.manifest for part in self.platforms), *self.attestations) if self.is_index else ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What an image says beside its layers."""

    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    """Further members of `config`: Entrypoint, Cmd, User, WorkingDir, ExposedPorts, …"""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Of manifests and index."""
    created: str = CREATED


def compose(
    base: MadeImage | None,
    steps: Sequence[Step],
    settings: Settings | None = None,
    *,
    platforms: Sequence[str] = (),
    index: bool | None = None,
    docker: bool = False,
    attested: bool = False,
    statement: Callable[[MadePlatform], Json] | None = None,
) -> MadeImage:
    """Make an image as a build of these steps would.

    Args:
        base: what it stands on; None for a base image.
        steps: oldest first.
        settings: its own environment, labels and so on; the base's are inherited as a Dockerfile does it.
        platforms: such as `linux/arm64/v8`; the base's, or `linux/amd64`, when none are named.
        index: whether it is an index; without a word it is one when there are several platforms.
        docker: Docker's schema 2 media types rather than OCI's.
        attested: the index gets an attestation for every platform, as BuildKit adds them.
        statement: what they say, an in-toto statement for each platform; without it, nothing.
    """
    own = settings or Settings()
    types = _DOCKER if docker else _OCI
    names = list(platforms) or ([made.platform for made in base.platforms] if base else ["linux/amd64"])
    made = tuple(_compose_platform(base, steps, own, name, types) for name in names)
    is_index = len(made) > 1 or attested if index is None else index
    if not is_index:
        return MadeImage(made, made[0].manifest, types, is_index=False)
    said = tuple(statement(part) if statement else {} for part in made) if attested else ()
    attestations = tuple(map(_attestation, made, said))
    return MadeImage(
        made,
        _index(made, attestations, own, types),
        types,
        is_index=True,
        attestations=attestations,
        statements=tuple(map(_json_blob, filter(None, said))),
    )


def parse(manifest: bytes, config: bytes, layers: Sequence[bytes]) -> MadeImage:
    """An image of one platform, read back from what `compose` made of it.

    Args:
        manifest: as it is stored; OCI's, not Docker's.
        config: the configuration that it names.
        layers: the compressed layers, bottom first.
    """
    document = json.loads(config)
    names = (document["os"], document["architecture"], document.get("variant", ""))
    diff_ids = document["rootfs"]["diff_ids"]
    made = MadePlatform(
        "/".join(filter(None, names)),
        tuple(MadeLayer(_blob(layer), diff_id) for layer, diff_id in zip(layers, diff_ids, strict=True)),
        document,
        _blob(config),
        _blob(manifest),
    )
    return MadeImage((made,), made.manifest, _OCI, is_index=False)


def _compose_platform(
    base: MadeImage | None, steps: Sequence[Step], settings: Settings, platform: str, types: Mapping[str, str]
) -> MadePlatform:
    below = next(made for made in base.platforms if made.platform == platform) if base else None
    own = tuple(_layer(step.files, platform) for step in steps if step.files is not None)
    layers = (below.layers if below else ()) + own
    config = _config(below.config if below else {}, steps, settings, platform, layers)
    config_blob = _json_blob(config)
    return MadePlatform(
        platform, layers, config, config_blob, _manifest(layers, config_blob, settings, types)
    )


def _layer(files: Files, platform: str) -> MadeLayer:
    """The files as a reproducible tar.gz; `{platform}` in a text becomes its platform."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, content in sorted(files.items()):
            text = content.replace("{platform}", platform).encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    plain = archive.getvalue()
    return MadeLayer(_blob(gzip.compress(plain, mtime=0)), _digest(plain))


def _config(
    below: Json, steps: Sequence[Step], settings: Settings, platform: str, layers: Sequence[MadeLayer]
) -> Json:
    os, architecture, *variant = platform.split("/")
    history = [
        {"created": settings.created, "created_by": step.created_by}
        | ({"empty_layer": True} if step.files is None else {})
        for step in steps
    ]
    return {
        "architecture": architecture,
        "os": os,
        **({"variant": variant[0]} if variant else {}),
        "created": settings.created,
        "config": _inherit(below.get("config", {}), settings),
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": below.get("history", []) + history,
    }


def _inherit(below: Json, settings: Settings) -> Json:
    """What a Dockerfile leaves: own values over those of the base; an own ENTRYPOINT drops the base's CMD."""
    env = dict(line.split("=", 1) for line in below.get("Env", [])) | dict(settings.env)
    labels = below.get("Labels", {}) | dict(settings.labels)
    inherited = {name: value for name, value in below.items() if name != "OnBuild"}
    if "Entrypoint" in settings.config:
        inherited.pop("Cmd", None)
    merged = inherited | dict(settings.config)
    for name in ("ExposedPorts", "Volumes"):
        merged[name] = inherited.get(name, {}) | settings.config.get(name, {})
    merged |= {"Env": [f"{name}={value}" for name, value in env.items()], "Labels": labels}
    return {name: value for name, value in merged.items() if value}


def _manifest(
    layers: Sequence[MadeLayer], config: Blob, settings: Settings, types: Mapping[str, str]
) -> Blob:
    manifest = {
        "schemaVersion": 2,
        "mediaType": types["manifest"],
        "config": _descriptor(types["config"], config),
        "layers": [_descriptor(types["layer"], layer.blob) for layer in layers],
    }
    return _json_blob(
        manifest | ({"annotations": dict(settings.annotations)} if settings.annotations else {})
    )


def _index(
    made: Sequence[MadePlatform], attestations: Sequence[Blob], settings: Settings, types: Mapping[str, str]
) -> Blob:
    entries = [
        _descriptor(types["manifest"], part.manifest) | {"platform": _platform(part.platform)}
        for part in made
    ]
    for part, attestation in zip(made, attestations, strict=False):
        entry = _descriptor(_OCI["manifest"], attestation)
        entry["platform"] = {"architecture": "unknown", "os": "unknown"}
        entry["annotations"] = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": part.manifest.digest,
        }
        entries.append(entry)
    index = {"schemaVersion": 2, "mediaType": types["index"], "manifests": entries}
    return _json_blob(index | ({"annotations": dict(settings.annotations)} if settings.annotations else {}))


def _attestation(part: MadePlatform, statement: Json) -> Blob:
    """A manifest as BuildKit makes for provenance, with a statement as its layer."""
    predicate_type = statement.get("predicateType", "https://slsa.dev/provenance/v1")
    layer = _descriptor("application/vnd.in-toto+json", _json_blob(statement))
    layer["annotations"] = {"in-toto.io/predicate-type": predicate_type}
    return _json_blob(
        {
            "schemaVersion": 2,
            "mediaType": _OCI["manifest"],
            "config": _descriptor(_OCI["config"], EMPTY),
            "layers": [layer],
            "annotations": {"of": part.manifest.digest},
        }
    )


def _platform(name: str) -> Json:
    os, architecture, *variant = name.split("/")
    return {"os": os, "architecture": architecture} | ({"variant": variant[0]} if variant else {})


def _descriptor(media_type: str, blob: Blob) -> Json:
    return {"mediaType": media_type, "digest": blob.digest, "size": len(blob.content)}


def _json_blob(document: Json) -> Blob:
    return _blob(json.dumps(document, separators=(",", ":")).encode())


def _blob(content: bytes) -> Blob:
    return Blob(_digest(content), content)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"

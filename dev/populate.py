"""Fills a registry for benchmarks by writing what distribution would have written: its filesystem layout.

Pushing fifty thousand tags takes minutes; the files are there in seconds, above all below `/dev/shm`.
The layout is that of distribution v3 (registry/storage/paths.go), without the index of each tag, which only
garbage collection and deletion read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = ["Contents", "numbered", "populate"]

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_FIRST_BUILD = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Contents:
    """What one repository gets."""

    repository: str
    tags: tuple[str, ...]
    """The oldest first."""
    own: int = 1
    """How many tags, from the last one back, have an image of their own, and can be pushed anew like any.

    The older ones all name the image of the first, and are symbolic links to it: to move one is to move all.
    """


def numbered(repositories: int, tags: int, prefix: str = "bench/app") -> Iterator[Contents]:
    """`bench/app-0000` and up, each with the tags `1.0.0`, `1.1.0` and so on."""
    versions = tuple(f"1.{number}.0" for number in range(tags))
    return (Contents(f"{prefix}-{number:04}", versions) for number in range(repositories))


def populate(storage: Path, contents: Iterable[Contents]) -> dict[str, str]:
    """Writes repositories that are not there yet; no two images are the same, in one or in several of them.

    Args:
        storage: The root directory of the registry's filesystem driver; it may run meanwhile.
        contents: What to write.

    Returns:
        The digest of the last tag of each repository, by its name.
    """
    root = storage / "docker" / "registry" / "v2"
    return {one.repository: _write_repository(root, one) for one in contents}


def _write_repository(root: Path, contents: Contents) -> str:
    directory = root / "repositories" / contents.repository
    tags = directory / "_manifests" / "tags"
    first, *others = contents.tags
    digest = _write_tag(tags / first, _write_image(root, directory, contents.repository, 0))
    shared = max(0, len(others) - contents.own)
    for tag in others[:shared]:
        (tags / tag).symlink_to(first)
    for number, tag in enumerate(others[shared:], start=1):
        digest = _write_tag(tags / tag, _write_image(root, directory, contents.repository, number))
    return digest


def _write_tag(directory: Path, digest: str) -> str:
    current = directory / "current"
    current.mkdir(parents=True)
    (current / "link").write_text(digest)
    return digest


def _write_image(root: Path, directory: Path, repository: str, number: int) -> str:
    """Stores an image and lets the repository have it; gives its digest."""
    created = (_FIRST_BUILD + timedelta(minutes=number)).isoformat()
    config = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": created,
            "config": {"Labels": {"repository": repository}},
            "rootfs": {"type": "layers", "diff_ids": []},
        }
    )
    described = {"mediaType": _CONFIG, "digest": f"sha256:{_hash(config)}", "size": len(config)}
    manifest = _json({"schemaVersion": 2, "mediaType": _MANIFEST, "config": described, "layers": []})
    _write_blob(root, config)
    _write_blob(root, manifest)
    _write_link(directory / "_layers", _hash(config))
    _write_link(directory / "_manifests" / "revisions", _hash(manifest))
    return f"sha256:{_hash(manifest)}"


def _write_blob(root: Path, content: bytes) -> None:
    name = _hash(content)
    directory = root / "blobs" / "sha256" / name[:2] / name
    directory.mkdir(parents=True)
    (directory / "data").write_bytes(content)


def _write_link(directory: Path, name: str) -> None:
    link = directory / "sha256" / name / "link"
    link.parent.mkdir(parents=True)
    link.write_text(f"sha256:{name}")


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

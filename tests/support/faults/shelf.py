"""What a registry has, and the answers of one that behaves (distribution-spec 1.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode

from slipway.oci.digest import digest_of
from slipway.oci.manifest import OCI_MANIFEST
from tests.support.raw_server import Reply, Seen

__all__ = ["JSON", "Shelf", "StoredImage", "error", "manifest_reply", "stored_image", "tag_page"]

JSON: Final = ("Content-Type", "application/json")
_VERSION: Final = ("Docker-Distribution-Api-Version", "registry/2.0")
_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_PATH: Final = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs|tags)/(?P<reference>[^/]+)")


@dataclass(frozen=True)
class StoredImage:
    """A manifest without layers, and its configuration."""

    manifest: bytes
    config: bytes

    @property
    def digest(self) -> str:
        """Of the manifest."""
        return digest_of(self.manifest)


def stored_image(label: str, created: str = "2026-01-02T03:04:05Z") -> StoredImage:
    """An image that differs from others by its label and its time."""
    rootfs = {"type": "layers", "diff_ids": []}
    labels = {"Labels": {"label": label}}
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "created": created, "config": labels, "rootfs": rootfs}
    ).encode()
    described = {"mediaType": _CONFIG, "digest": digest_of(config), "size": len(config)}
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described, "layers": []}
    return StoredImage(json.dumps(manifest).encode(), config)


def manifest_reply(manifest: bytes, digest: str | None = None) -> Reply:
    """The answer to GET and HEAD of a manifest; `digest` is what the header says, by default the truth."""
    headers = (("Content-Type", OCI_MANIFEST), ("Docker-Content-Digest", digest or digest_of(manifest)))
    return Reply(200, manifest, headers)


def tag_page(repository: str, tags: list[str], following: str | None = None) -> Reply:
    """A page of tags; `following` is what its Link names."""
    link = (("Link", f'<{following}>; rel="next"'),) if following else ()
    return Reply(200, json.dumps({"name": repository, "tags": tags}).encode(), (JSON, *link))


def error(status: int, code: str) -> Reply:
    """An error as the specification has it."""
    body = {"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}
    return Reply(status, json.dumps(body).encode(), (JSON, _VERSION))


class Shelf:
    """Repositories with tagged images; may be changed at any time."""

    def __init__(self) -> None:
        self._tags: dict[str, dict[str, StoredImage]] = {}
        self._images: dict[str, dict[str, StoredImage]] = {}

    def put(self, repository: str, tag: str, image: StoredImage) -> str:
        """Gives a tag to an image, which other digests of the repository outlive; its digest."""
        self._tags.setdefault(repository, {})[tag] = image
        self._images.setdefault(repository, {})[image.digest] = image
        return image.digest

    def tags(self, repository: str) -> list[str]:
        """Its tags, in the order in which they were first given."""
        return list(self._tags.get(repository, ()))

    def delete_tag(self, repository: str, tag: str) -> None:
        """The tag is gone, its image is still there by digest; without its last tag a repository is empty."""
        del self._tags[repository][tag]

    def delete_repository(self, repository: str) -> None:
        """The repository is gone with everything in it."""
        del self._tags[repository], self._images[repository]

    def answer(self, seen: Seen) -> Reply:
        """What a registry answers that behaves."""
        if seen.path in {"/v2/", "/v2"}:
            return Reply(200, b"{}", (JSON, _VERSION))
        if seen.path == "/v2/_catalog":
            return Reply(200, json.dumps({"repositories": sorted(self._tags)}).encode(), (JSON,))
        found = _PATH.fullmatch(seen.path)
        if found is None:
            return error(404, "UNSUPPORTED")
        if found["name"] not in self._tags:
            return error(404, "NAME_UNKNOWN")
        answers: dict[str, Callable[[str, str, Seen], Reply]] = {
            "tags": self._list,
            "manifests": self._manifest,
            "blobs": self._blob,
        }
        return answers[found["kind"]](found["name"], found["reference"], seen)

    def _list(self, repository: str, _: str, seen: Seen) -> Reply:
        query = parse_qs(seen.target.partition("?")[2])
        size, last = int(query.get("n", ["1000"])[0]), query.get("last", [""])[0]
        left = [tag for tag in sorted(self._tags[repository]) if tag > last]
        page = left[:size]
        more = f"{seen.path}?{urlencode({'n': size, 'last': page[-1]})}" if len(left) > size else None
        return tag_page(repository, page, more)

    def _manifest(self, repository: str, reference: str, _: Seen) -> Reply:
        image = (self._images if ":" in reference else self._tags)[repository].get(reference)
        return manifest_reply(image.manifest) if image else error(404, "MANIFEST_UNKNOWN")

    def _blob(self, repository: str, reference: str, _: Seen) -> Reply:
        for image in self._images[repository].values():
            if digest_of(image.config) == reference:
                return Reply(200, image.config, (("Content-Type", "application/octet-stream"),))
        return error(404, "BLOB_UNKNOWN")

"""Images small enough to push in a test, with layers that are real archives."""

from __future__ import annotations

import gzip
import http.client
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlsplit

from slipway.oci import (
    Descriptor,
    ImageConfig,
    ImageIndex,
    ImageManifest,
    ManifestV2,
    Platform,
    RegistryClient,
)
from slipway.oci.digest import digest_of
from slipway.oci.manifest import RootFs

__all__ = [
    "USERS",
    "SmallImage",
    "WireAnswer",
    "ask_on_the_wire",
    "push",
    "small_image",
    "small_index",
    "small_referrer",
    "tag_names",
]

USERS = {"robot": "hunter2"}
"""Passwords by user name, of the registries that want some."""

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_EMPTY = "application/vnd.oci.empty.v1+json"


@dataclass(frozen=True)
class SmallImage:
    """A manifest and the blobs that it names."""

    manifest: ManifestV2
    blobs: tuple[bytes, ...]


def small_image(name: str, *, megabytes: int = 0) -> SmallImage:
    """An image with one layer that holds one file; `megabytes` of zeros make it larger."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        content = name.encode() + bytes(megabytes << 20)
        entry = tarfile.TarInfo(name="etc/name")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    layer = gzip.compress(archive.getvalue(), compresslevel=0, mtime=0)
    rootfs = RootFs(diff_ids=(digest_of(archive.getvalue()),))
    config = ImageConfig(architecture="amd64", os="linux", rootfs=rootfs).to_bytes()
    content_model = ImageManifest(config=_describe(_CONFIG, config), layers=(_describe(_LAYER, layer),))
    return SmallImage(ManifestV2.of(content_model), (config, layer))


def small_index(*images: tuple[str, SmallImage]) -> ManifestV2:
    """An index of images by platform."""
    entries = tuple(
        image.manifest.descriptor.model_copy(update={"platform": Platform.parse(platform)})
        for platform, image in images
    )
    return ManifestV2.of(ImageIndex(manifests=entries))


def small_referrer(subject: SmallImage, artifact_type: str) -> SmallImage:
    """An artifact without content of its own, that refers to an image."""
    content = ImageManifest(
        artifact_type=artifact_type,
        config=_describe(_EMPTY, b"{}"),
        layers=(_describe(_EMPTY, b"{}"),),
        subject=subject.manifest.descriptor,
    )
    return SmallImage(ManifestV2.of(content), (b"{}",))


@dataclass(frozen=True)
class WireAnswer:
    """What came back, as it came."""

    status: int
    headers: Message
    body: bytes


def ask_on_the_wire(
    url: str, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
) -> WireAnswer:
    """One request with Host and these headers: what libraries add on their own changes answers."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        return WireAnswer(response.status, response.headers, response.read())
    finally:
        connection.close()


async def tag_names(client: RegistryClient, repository: str) -> tuple[str, ...]:
    """The names of all tags."""
    return (await client.list_tags(repository)).names


async def push(client: RegistryClient, repository: str, tag: str, image: SmallImage) -> str:
    """Stores an image under a tag; gives its digest."""
    for blob in image.blobs:
        await client.upload_blob(repository, digest_of(blob), len(blob), blob)
    return await client.put_manifest(repository, tag, image.manifest)


def _describe(media_type: str, content: bytes) -> Descriptor:
    return Descriptor(media_type=media_type, digest=digest_of(content), size=len(content))

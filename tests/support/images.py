"""The smallest image that a registry accepts, for tests that only need one to be there."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from urllib.parse import urljoin

__all__ = ["push_image"]

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def push_image(registry_url: str, repository: str, tag: str, *, label: str = "") -> str:
    """Push an image without layers, which differs by its label alone, and return its digest."""
    configuration = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": []},
            "config": {"Labels": {"label": label}},
        }
    ).encode()
    _upload(f"{registry_url}/v2/{repository}/blobs/uploads/", configuration)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": _digest(configuration),
                "size": len(configuration),
            },
            "layers": [],
        }
    ).encode()
    _send("PUT", f"{registry_url}/v2/{repository}/manifests/{tag}", manifest, _MANIFEST)
    return _digest(manifest)


def _upload(uploads: str, content: bytes) -> None:
    location = _send("POST", uploads, b"", "application/octet-stream")
    separator = "&" if "?" in location else "?"
    _send("PUT", f"{location}{separator}digest={_digest(content)}", content, "application/octet-stream")


def _send(method: str, url: str, content: bytes, content_type: str) -> str:
    request = urllib.request.Request(url, content, {"Content-Type": content_type}, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        location: str = response.headers.get("Location", "")
    return urljoin(url, location)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"

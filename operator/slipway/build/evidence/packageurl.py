"""Package URLs of container images, as provenance names them. Pure.

`pkg:docker/NAMESPACE/NAME@VERSION?QUALIFIERS` (https://github.com/package-url/purl-spec, type docker).
BuildKit writes the name as people do, without `docker.io/library`, the registry in front of the namespace,
the tag as version, and beside it the qualifiers `platform` and, for an image that was named by digest,
`digest`; one that was named by digest alone has no version. Others put the digest where the version stands,
or the registry into the qualifier `repository_url`.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, unquote

from slipway.build.evidence.references import meant
from slipway.oci.digest import is_digest

__all__ = ["IMAGES", "image_of"]

IMAGES: Final = "pkg:docker/"
"""How package URLs of images begin."""

_LONGEST: Final = 2048


def image_of(url: str) -> tuple[str, str | None] | None:
    """The reference and the digest that a package URL names; None when it names no image, or two digests."""
    if len(url) > _LONGEST or not url.startswith(IMAGES):
        return None
    bare, _, query = url.removeprefix(IMAGES).partition("#")[0].partition("?")
    path, _, version = bare.partition("@")
    qualifiers = dict(parse_qsl(query))
    name, version = "/".join(map(unquote, path.strip("/").split("/"))), unquote(version)
    if "repository_url" in qualifiers:
        name = f"{qualifiers['repository_url'].rstrip('/')}/{name}"
    digests = {text for text in (version, qualifiers.get("digest", "")) if is_digest(text)}
    tag = version if version and not is_digest(version) else ""
    digest = next(iter(digests), None)
    reference = f"{name}:{tag}" if tag else f"{name}@{digest}" if digest else name
    if len(digests) > 1 or meant(reference) is None:
        return None
    return reference, digest

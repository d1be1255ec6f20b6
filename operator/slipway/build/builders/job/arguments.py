"""The options of the command `build`, as both builder images know them (`images/builder-*/build`). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from slipway.build.builders.job.naming import KEY_LABEL
from slipway.build.builders.job.registries import registry_options
from slipway.build.builders.job.settings import JobSettings
from slipway.build.builders.order import BuildOrder, GitSource
from slipway.oci.reference import ImageReference

__all__ = ["SECRETS", "SOURCE", "build_arguments"]

SOURCE: Final = "/workspace/source"
"""Where the commit is checked out."""

SECRETS: Final = "/run/slipway/secrets"
"""One file per key of the Secrets that the build may read."""


def build_arguments(order: BuildOrder, source: GitSource, settings: JobSettings) -> list[str]:
    """Option, value, option, value; the same list for the same order."""
    return list(chain.from_iterable(_options(order, source, settings)))


def _options(order: BuildOrder, source: GitSource, settings: JobSettings) -> Iterator[tuple[str, str]]:
    yield "--reference", order.reference
    yield "--context", f"{SOURCE}/{source.path}".rstrip("/")
    yield "--dockerfile", source.dockerfile
    if source.target is not None:
        yield "--target", source.target
    for name, value in source.build_args:
        yield "--build-arg", f"{name}={value}"
    for platform in source.platforms:
        yield "--platform", platform
    yield from _pinned(order)
    yield "--label", f"org.opencontainers.image.revision={source.commit}"
    yield "--label", f"org.opencontainers.image.source={source.url}"
    yield "--annotation", f"{KEY_LABEL}={order.key}"
    yield from registry_options(settings.registries)
    if settings.cache is not None:
        yield "--cache", settings.cache
    if source.secrets:
        yield "--secrets", SECRETS


def _pinned(order: BuildOrder) -> Iterator[tuple[str, str]]:
    """Every base that the Dockerfile names by a tag, with the digest that stands for it in this build."""
    for written, digest in sorted(order.bases.items()):
        reference = ImageReference.parse(written)
        if reference.digest is None:
            # Without the tag: buildah reads no reference that has both.
            yield "--base", f"{written}={reference.name}@{digest}"

"""The images as builds make them: a base of one layer, and others with one more than their parent."""

from __future__ import annotations

from dev.image_composer import MadeImage, Settings, add, compose, copy

__all__ = ["base_image", "built_image"]


def base_image(version: str) -> MadeImage:
    """The base in one version."""
    return compose(None, [add({"/lib/tls": version})])


def built_image(name: str, parent: MadeImage, build: str) -> MadeImage:
    """An image on its parent.

    Its own layer is the same in every build, as the sources are; a builder with a cache leaves it so, too.

    Args:
        name: of the image.
        parent: the base that it was built on.
        build: the key of the build, which goes into a label.
    """
    return compose(parent, [copy({"/srv/name": name})], Settings(labels={"dev.slipway.bench/build": build}))

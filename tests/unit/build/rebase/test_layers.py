from __future__ import annotations

from dataclasses import replace

import pytest

from dev.image_composer import MadeImage, compose, copy
from slipway.build.rebase.layers import oci_layer, stands_on, upper_layers, verify_base
from slipway.build.rebase.refusal import RebaseRefusedError, RefusalReason
from tests.support.made_images import as_image, as_platform_image

BOTH = ["linux/amd64", "linux/arm64/v8"]


def base_of(version: str, platforms: list[str] | None = None) -> MadeImage:
    return compose(
        None, [copy({"/base": version + " {platform}"}), copy({"/etc": version})], platforms=platforms or []
    )


def test_an_image_stands_on_its_base_and_on_what_lies_below_it() -> None:
    """A base is proven by its layers being the lowest of the image."""
    lower = base_of("1")
    upper = compose(lower, [copy({"/lib": "1"})])
    image = as_platform_image(compose(upper, [copy({"/app": "1"})]))
    assert stands_on(image, as_platform_image(upper))
    assert stands_on(image, as_platform_image(lower))
    assert stands_on(image, image)
    assert not stands_on(as_platform_image(lower), image)
    assert not stands_on(image, as_platform_image(base_of("2")))


def test_the_same_layer_compressed_otherwise_is_the_same_layer() -> None:
    """Diff IDs count, digests of blobs don't."""
    base = as_platform_image(base_of("1"))
    recompressed = replace(
        base, layers=tuple(replace(layer, digest="sha256:" + "0" * 64) for layer in base.layers)
    )
    assert stands_on(base, recompressed)


def test_upper_layers_are_those_above_the_base() -> None:
    """In their order."""
    base = base_of("1")
    image = as_platform_image(compose(base, [copy({"/a": "1"}), copy({"/b": "1"})]))
    assert upper_layers(as_platform_image(base), image) == image.layers[2:]


def test_another_base_is_refused_with_how_far_they_agree() -> None:
    """The message tells how many layers are shared."""
    image = as_platform_image(compose(base_of("1"), [copy({"/a": "1"})]))
    other = as_platform_image(compose(None, [copy({"/base": "1 linux/amd64"}), copy({"/etc": "2"})]))
    with pytest.raises(RebaseRefusedError) as refused:
        upper_layers(other, image)
    assert refused.value.refusal.reason is RefusalReason.NOT_ON_BASE
    assert "it has 1 of the 2 layers of the base" in refused.value.refusal.message


def test_a_base_without_layers_proves_nothing() -> None:
    """Everything would stand on it."""
    with pytest.raises(RebaseRefusedError) as refused:
        upper_layers(as_platform_image(compose(None, [])), as_platform_image(base_of("1")))
    assert refused.value.refusal.reason is RefusalReason.BASE_EMPTY
    assert not stands_on(as_platform_image(base_of("1")), as_platform_image(compose(None, [])))


@pytest.mark.parametrize(
    ("media_type", "named"),
    [
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.oci.image.layer.v1.tar+gzip"),
        ("application/vnd.docker.image.rootfs.diff.tar", "application/vnd.oci.image.layer.v1.tar"),
        ("application/vnd.docker.image.rootfs.diff.tar.zstd", "application/vnd.oci.image.layer.v1.tar+zstd"),
        ("application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.oci.image.layer.v1.tar+zstd"),
    ],
)
def test_layer_types_get_their_oci_names(media_type: str, named: str) -> None:
    """The bytes stay what they are."""
    image = as_platform_image(base_of("1"))
    assert oci_layer(replace(image.layers[0], media_type=media_type), image).media_type == named


@pytest.mark.parametrize(
    ("media_type", "reason"),
    [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", RefusalReason.FOREIGN_LAYER),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", RefusalReason.FOREIGN_LAYER),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", RefusalReason.UNSUPPORTED_IMAGE),
        ("application/octet-stream", RefusalReason.UNSUPPORTED_IMAGE),
    ],
)
def test_layers_that_may_not_or_cannot_move_are_refused(media_type: str, reason: RefusalReason) -> None:
    """Foreign layers stay where they are, unknown ones are not understood."""
    image = as_platform_image(base_of("1"))
    with pytest.raises(RebaseRefusedError) as refused:
        oci_layer(replace(image.layers[0], media_type=media_type), image)
    assert refused.value.refusal.reason is reason


def test_a_result_is_verified_on_every_platform() -> None:
    """One platform on another base spoils the proof."""
    base, other = base_of("1", BOTH), base_of("2", BOTH)
    image = as_image(compose(base, [copy({"/a": "1"})]))
    assert verify_base(image, as_image(base)) is None
    refusal = verify_base(image, as_image(other))
    assert refusal is not None
    assert refusal.reason is RefusalReason.NOT_ON_BASE
    mixed = replace(as_image(base), platforms=(as_image(base).platforms[0], as_image(other).platforms[1]))
    refusal = verify_base(image, mixed)
    assert refusal is not None
    assert "linux/arm64" in refusal.message


def test_a_base_without_a_platform_of_the_image_does_not_verify() -> None:
    """The message names the platform."""
    image = as_image(compose(base_of("1", BOTH), [copy({"/a": "1"})]))
    refusal = verify_base(image, as_image(base_of("1")))
    assert refusal is not None
    assert refusal.reason is RefusalReason.PLATFORM_MISSING
    assert "linux/arm64" in refusal.message


def test_a_result_is_not_verified_by_a_base_without_layers() -> None:
    """Everything would stand on it."""
    refusal = verify_base(as_image(base_of("1")), as_image(compose(None, [])))
    assert refusal is not None
    assert refusal.reason is RefusalReason.BASE_EMPTY
    assert "so nothing proves that" in refusal.message

from __future__ import annotations

import pytest

from dev.image_composer import MadeImage, Settings, compose, copy
from slipway.build.rebase.bases import highest_base, labelled_base
from slipway.build.rebase.image import Image
from slipway.oci.reference import ImageReference
from tests.support.made_images import as_image

PYTHON = ImageReference.parse("registry.test/base/python:3.12")
DIGEST = "sha256:" + "1" * 64
NAME_LABEL, DIGEST_LABEL = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"
DEBIAN = compose(None, [copy({"/debian": "1"})])
PYTHON_BASE = compose(DEBIAN, [copy({"/python": "1"})])


def labelled(**labels: str) -> Image:
    return as_image(compose(PYTHON_BASE, [copy({"/app": "1"})], Settings(labels=labels)))


def test_the_label_names_the_base() -> None:
    """With or without a name beside the digest."""
    assert labelled_base(labelled(**{DIGEST_LABEL: DIGEST}), PYTHON) == DIGEST
    assert (
        labelled_base(
            labelled(**{DIGEST_LABEL: DIGEST, NAME_LABEL: "registry.test/base/python:3.11"}), PYTHON
        )
        == DIGEST
    )


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {DIGEST_LABEL: "latest"},
        {DIGEST_LABEL: DIGEST, NAME_LABEL: "docker.io/library/debian:12"},
        {DIGEST_LABEL: DIGEST, NAME_LABEL: "not a reference"},
    ],
)
def test_other_labels_tell_nothing(labels: dict[str, str]) -> None:
    """A label that names another repository was inherited from the base."""
    assert labelled_base(labelled(**labels), PYTHON) is None


def test_platforms_must_agree_on_the_label() -> None:
    """Of two answers neither is believed."""
    parts = [as_image(labelled_image(digit)).platforms[0] for digit in "12"]
    assert labelled_base(Image("app", DIGEST, tuple(parts), is_index=True), PYTHON) is None


def labelled_image(digit: str) -> MadeImage:
    return compose(PYTHON_BASE, [], Settings(labels={DIGEST_LABEL: "sha256:" + digit * 64}))


def test_the_highest_proven_base_is_the_base() -> None:
    """What lies below the base is proven too, but it is not the base."""
    image = labelled()
    debian, python = as_image(DEBIAN, "debian"), as_image(PYTHON_BASE, "python")
    assert highest_base(image, [debian, python]) is python
    assert highest_base(image, [python, debian]) is python


def test_of_equal_bases_the_first_seen_is_the_base() -> None:
    """Two digests may hold the same layers."""
    first = as_image(PYTHON_BASE, "first")
    second = as_image(compose(DEBIAN, [copy({"/python": "1"})], Settings(env={"A": "b"})), "second")
    assert highest_base(labelled(), [first, second]) is first


def test_without_a_proof_there_is_no_base() -> None:
    """A base that the image does not stand on is none."""
    assert highest_base(labelled(), [as_image(compose(None, [copy({"/other": "1"})]))]) is None
    assert highest_base(labelled(), []) is None

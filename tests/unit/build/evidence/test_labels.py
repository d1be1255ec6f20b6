"""From which place the base is taken, and what is said where it cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dev.image_composer import Settings, compose, copy
from slipway.build.evidence.claims import Claim, Kind, Source
from slipway.build.evidence.labels import label_claims
from slipway.build.rebase.documents import BASE_DIGEST, BASE_NAME
from slipway.build.rebase.image import Image
from tests.support.made_images import as_image

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def base(name: str = "", digest: str = "") -> dict[str, str]:
    """Labels or annotations."""
    return {key: value for key, value in {BASE_NAME: name, BASE_DIGEST: digest}.items() if value}


def image(
    *,
    labels: dict[str, str] | None = None,
    manifest: dict[str, str] | None = None,
    entry: dict[str, str] | None = None,
    index: dict[str, str] | None = None,
    platforms: tuple[str, ...] = ("linux/amd64",),
) -> Image:
    """An index of images that say something in these places."""
    made = as_image(
        compose(None, [copy({"/a": "1"})], Settings(labels=labels or {}), platforms=platforms, index=True)
    )
    parts = tuple(
        replace(
            part,
            annotations=manifest or {},
            entry=part.entry.model_copy(update={"annotations": entry}) if part.entry else None,
        )
        for part in made.platforms
    )
    return replace(made, platforms=parts, annotations=index or {})


PLACES = {
    "an annotation of the manifest, before all others": (
        image(manifest=base("m", A), entry=base("e"), index=base("i"), labels=base("l")),
        ("m", A, f"the annotation {BASE_NAME} of the image"),
    ),
    "an annotation of its entry in the index": (
        image(entry=base("e", A), index=base("i"), labels=base("l")),
        ("e", A, f"the annotation {BASE_NAME} of the image in the index"),
    ),
    "an annotation of the index": (
        image(index=base("i", A), labels=base("l", B)),
        ("i", A, f"the annotation {BASE_NAME} of the index"),
    ),
    "a label": (image(labels=base("l", A)), ("l", A, f"the label {BASE_NAME} of the image")),
    "a name without a digest, and no other place's digest": (
        image(index=base("i"), labels=base("l", A)),
        ("i", None, f"the annotation {BASE_NAME} of the index"),
    ),
    "a name with a digest that is none": (
        image(labels=base("l", "sha256:12")),
        ("l", None, f"the label {BASE_NAME} of the image"),
    ),
    "several platforms with one voice": (
        image(labels=base("l", A), platforms=("linux/amd64", "linux/arm64/v8")),
        ("l", A, f"the label {BASE_NAME} of the image"),
    ),
}

UNREADABLE = {
    "a digest without a name": (base("", A), f"the label {BASE_DIGEST} of the image names a digest, but no"),
    "no reference": (
        base("${BASE}", A),
        f"the label {BASE_NAME} of the image holds '${{BASE}}', which is no",
    ),
    "a url with a password": (base("https://ann:hunter2@h/x"), "holds 'https://***@h/x', which is no"),
    "a novel": (base("x" * 600), "which is no image reference"),
}


@pytest.mark.parametrize("case", PLACES)
def test_the_first_place_counts(case: str) -> None:
    """Name and digest together: those of two places may speak of two bases."""
    made, (name, digest, speaker) = PLACES[case]

    assert label_claims(made) == ((Claim(Source.LABEL, name, digest, Kind.FINAL, speaker),), ())


def test_an_image_without_an_index_is_read_alike() -> None:
    """Its annotations are those of its manifest."""
    single = as_image(compose(None, [copy({"/a": "1"})], Settings(annotations=base("m"), labels=base("l"))))

    assert [claim.reference for claim in label_claims(single)[0]] == ["m"]
    assert label_claims(as_image(compose(None, [copy({"/a": "1"})]))) == ((), ())


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_noted(case: str) -> None:
    """And no lower place is asked: it would speak of something else."""
    labels, words = UNREADABLE[case]
    claims, notes = label_claims(image(labels=labels, platforms=("linux/amd64", "linux/arm64/v8")))

    assert claims == ()
    assert len(notes) == 1
    assert words in notes[0]


def test_platforms_may_stand_on_different_bases() -> None:
    """Then each is named."""
    made = image(platforms=("linux/amd64", "linux/arm64/v8"))
    first, second = made.platforms
    told = replace(made, platforms=(replace(first, annotations=base("a", A)), second))
    both = replace(told, platforms=(told.platforms[0], replace(second, annotations=base("b", B))))

    assert [claim.speaker for claim in label_claims(told)[0]] == [
        f"the annotation {BASE_NAME} of the image for linux/amd64"
    ]
    assert [(claim.reference, claim.speaker) for claim in label_claims(both)[0]] == [
        ("a", f"the annotation {BASE_NAME} of the image for linux/amd64"),
        ("b", f"the annotation {BASE_NAME} of the image for linux/arm64/v8"),
    ]


def test_digests_of_platforms_are_all_kept() -> None:
    """Each platform may name the manifest of its own platform."""
    made = image(platforms=("linux/amd64", "linux/arm64/v8"))
    first, second = made.platforms
    parts = (replace(first, annotations=base("a", A)), replace(second, annotations=base("a", B)))
    speaker = f"the annotation {BASE_NAME} of the image"

    assert [(claim.digest, claim.speaker) for claim in label_claims(replace(made, platforms=parts))[0]] == [
        (A, speaker),
        (B, speaker),
    ]

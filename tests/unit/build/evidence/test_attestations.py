from __future__ import annotations

import json
from typing import Any

import pytest

from dev.image_composer import MadeImage, compose, copy
from slipway.build.evidence.attestations import (
    Attestation,
    attestations,
    may_hold_provenance,
    statements,
)
from slipway.oci.manifest import Descriptor, ImageIndex, ImageManifest, ManifestV2
from tests.support.provenance import V02

DIGEST = "sha256:" + "0" * 64
BOTH = ["linux/amd64", "linux/arm64/v8"]
IN_TOTO = "application/vnd.in-toto+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
TYPE, SUBJECT = "vnd.docker.reference.type", "vnd.docker.reference.digest"


def index_of(made: MadeImage) -> ImageIndex:
    """The index as the registry has it."""
    content = ManifestV2.parse(made.top.content).content
    assert isinstance(content, ImageIndex)
    return content


def descriptor(media_type: str = IN_TOTO, artifact_type: str | None = None, **annotations: str) -> Descriptor:
    """Something that a manifest or a list names."""
    return Descriptor(
        media_type=media_type, digest=DIGEST, size=2, artifact_type=artifact_type, annotations=annotations
    )


def manifest_with(layer: Descriptor) -> ImageManifest:
    """An attestation with one layer."""
    return ImageManifest(config=descriptor(), layers=(layer,))


def test_each_image_of_an_index_has_its_attestation() -> None:
    """By the digest that the entry names."""
    made = compose(None, [copy({"/a": "{platform}"})], platforms=BOTH, attested=True)

    assert attestations(index_of(made)) == tuple(
        Attestation(attestation.digest, part.manifest.digest)
        for attestation, part in zip(made.attestations, made.platforms, strict=True)
    )


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {TYPE: "attestation-manifest"},
        {TYPE: "attestation-manifest", SUBJECT: "sha256:12"},
        {TYPE: "attestation-manifest", SUBJECT: DIGEST},
        {TYPE: "something-else"},
    ],
    ids=["nothing", "no subject", "no digest", "an image that is not there", "another type"],
)
def test_what_speaks_of_no_image_of_the_index_is_passed_over(annotations: dict[str, str]) -> None:
    """It may have come with another index."""
    made = compose(None, [copy({"/a": "1"})], attested=True)
    document: dict[str, Any] = json.loads(made.top.content)
    document["manifests"][1]["annotations"] = annotations

    assert attestations(ImageIndex.model_validate(document)) == ()


LAYERS = {
    "provenance, as it says itself": (descriptor(**{"in-toto.io/predicate-type": V02}), True),
    "a statement that says nothing": (descriptor(), True),
    "an SBOM": (descriptor(**{"in-toto.io/predicate-type": "https://spdx.dev/Document"}), False),
    "a layer of an image": (descriptor("application/vnd.oci.image.layer.v1.tar+gzip"), False),
    "a bundle": (descriptor(BUNDLE), True),
}

REFERRERS = {
    "a statement": (descriptor(artifact_type=IN_TOTO), True),
    "an envelope": (descriptor(artifact_type="application/vnd.dsse.envelope.v1+json"), True),
    "an attestation of BuildKit's": (
        descriptor(artifact_type="application/vnd.docker.attestation.manifest.v1+json"),
        True,
    ),
    "a bundle of provenance": (
        descriptor(artifact_type=BUNDLE, **{"dev.sigstore.bundle.predicateType": V02}),
        True,
    ),
    "a bundle of something else": (
        descriptor(artifact_type=BUNDLE, **{"dev.sigstore.bundle.predicateType": "https://x/y"}),
        False,
    ),
    "a signature": (descriptor(artifact_type="application/vnd.dev.cosign.artifact.sig.v1+json"), False),
    "something without a type": (descriptor(), True),
    "something listed by the type of its configuration": (
        descriptor(artifact_type="application/vnd.oci.empty.v1+json"),
        True,
    ),
}


@pytest.mark.parametrize("case", LAYERS)
def test_only_what_may_be_provenance_is_fetched(case: str) -> None:
    """SBOMs have megabytes."""
    layer, is_wanted = LAYERS[case]

    assert list(statements(manifest_with(layer))) == ([layer] if is_wanted else [])


@pytest.mark.parametrize("case", REFERRERS)
def test_only_what_may_be_provenance_is_asked_for(case: str) -> None:
    """An image may have dozens of signatures."""
    referrer, is_wanted = REFERRERS[case]

    assert may_hold_provenance(referrer) is is_wanted

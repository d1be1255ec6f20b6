from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.oci.digest import digest_of
from slipway.oci.errors import InvalidResponse, RegistryError, UnsupportedManifest
from slipway.oci.manifest import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    ImageConfig,
    ImageIndex,
    ImageManifest,
    ManifestV2,
)

CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(b"{}"), "size": 2}
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest_of(b"layer"), "size": 5}
IMAGE: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": CONFIG, "layers": [LAYER]}
INDEX: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": OCI_INDEX,
    "manifests": [
        {
            "mediaType": OCI_MANIFEST,
            "digest": digest_of(b"amd64"),
            "size": 5,
            "platform": {"os": "linux", "architecture": "amd64"},
        },
        {
            "mediaType": OCI_MANIFEST,
            "digest": digest_of(b"attestation"),
            "size": 11,
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        },
    ],
}


def _raw(body: object) -> bytes:
    return json.dumps(body, indent=3).encode()


def test_an_image_keeps_the_bytes_its_digest_was_made_from() -> None:
    """Digest and bytes are those that came, whatever their spacing."""
    raw = _raw(IMAGE)

    manifest = ManifestV2.parse(raw, OCI_MANIFEST)

    assert manifest.raw == raw
    assert manifest.digest == digest_of(raw)
    assert manifest.descriptor == Descriptor(media_type=OCI_MANIFEST, digest=manifest.digest, size=len(raw))
    assert isinstance(manifest.content, ImageManifest)
    assert manifest.content.layers[0].size == 5


def test_attestations_are_no_images() -> None:
    """An index lists its images apart from what BuildKit puts beside them."""
    manifest = ManifestV2.parse(_raw(INDEX), OCI_INDEX)

    assert isinstance(manifest.content, ImageIndex)
    assert [str(entry.platform) for entry in manifest.content.images] == ["linux/amd64"]


@pytest.mark.parametrize(
    ("body", "content_type", "want"),
    [
        (IMAGE, f"{OCI_MANIFEST}; charset=utf-8", OCI_MANIFEST),
        (IMAGE, "text/plain", OCI_MANIFEST),
        (IMAGE, None, OCI_MANIFEST),
        (IMAGE | {"mediaType": DOCKER_MANIFEST}, DOCKER_MANIFEST, DOCKER_MANIFEST),
        (IMAGE | {"mediaType": None}, DOCKER_MANIFEST, DOCKER_MANIFEST),
        (IMAGE | {"mediaType": None}, "text/plain", OCI_MANIFEST),
        (INDEX | {"mediaType": None}, None, OCI_INDEX),
        (INDEX | {"mediaType": DOCKER_INDEX}, "application/json", DOCKER_INDEX),
    ],
)
def test_the_body_says_what_it_is_else_the_header_else_its_shape(
    body: dict[str, Any], content_type: str | None, want: str
) -> None:
    """Parameters are ignored, and so are headers that name no manifest."""
    assert ManifestV2.parse(_raw(body), content_type).media_type == want


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (IMAGE, OCI_INDEX, "calls itself"),
        (INDEX, OCI_MANIFEST, "calls itself"),
        ("text", OCI_MANIFEST, "not a JSON object"),
        (IMAGE | {"config": {}}, OCI_MANIFEST, "malformed"),
        (IMAGE | {"layers": [LAYER | {"size": -1}]}, OCI_MANIFEST, "malformed"),
        (IMAGE | {"layers": [LAYER | {"digest": "sha256:abc"}]}, OCI_MANIFEST, "malformed"),
    ],
)
def test_contradictions_and_malformed_bodies_are_refused(body: object, content_type: str, words: str) -> None:
    """A manifest that disagrees with its header, or lacks what it must have, is no answer."""
    with pytest.raises(InvalidResponse, match=words):
        ManifestV2.parse(_raw(body), content_type)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ({"schemaVersion": 1, "name": "a"}, "application/vnd.docker.distribution.manifest.v1+prettyjws"),
        ({"schemaVersion": 1, "name": "a"}, None),
        (IMAGE | {"mediaType": "application/vnd.oci.artifact.manifest.v1+json"}, None),
        ({"schemaVersion": 2}, "application/json"),
    ],
)
def test_kinds_that_are_not_handled_are_named(body: object, content_type: str | None) -> None:
    """Schema 1 and unknown kinds say what they are instead of failing somewhere later."""
    with pytest.raises(UnsupportedManifest):
        ManifestV2.parse(_raw(body), content_type)


def test_a_body_that_is_no_json_is_refused() -> None:
    """Neither HTML nor a nesting that would exhaust a parser's stack gets through."""
    for raw in (b"<html>", b"", b"[" * 100_000, b"\xff"):
        with pytest.raises(InvalidResponse):
            ManifestV2.parse(raw, OCI_MANIFEST)


def test_a_made_manifest_reads_back_as_itself() -> None:
    """The same model always gives the same bytes, with fields that nobody here knows."""
    content = ImageManifest.model_validate(IMAGE | {"org.example.future": {"b": 1, "a": 2}})

    made = ManifestV2.of(content)

    assert made == ManifestV2.of(content)
    assert ManifestV2.parse(made.raw, made.media_type) == made
    assert json.loads(made.raw) == IMAGE | {"org.example.future": {"b": 1, "a": 2}}


def test_a_made_manifest_gets_the_standard_type() -> None:
    """A model without a media type becomes OCI's."""
    assert ManifestV2.of(ImageManifest.model_validate({"config": CONFIG})).media_type == OCI_MANIFEST
    assert ManifestV2.of(ImageIndex()).media_type == OCI_INDEX


def test_a_configuration_keeps_what_nobody_reads() -> None:
    """Fields such as `author` survive a round trip."""
    body = {
        "architecture": "arm64",
        "os": "linux",
        "variant": "v8",
        "author": "somebody",
        "config": {"Env": ["A=1"]},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(b"diff")]},
        "history": [{"created_by": "COPY", "empty_layer": False}],
    }

    config = ImageConfig.parse(_raw(body))

    assert json.loads(config.to_bytes()) == body
    assert config.rootfs.diff_ids == (digest_of(b"diff"),)
    assert config.platform.key == ("linux", "arm64", None)


def test_a_malformed_configuration_is_refused() -> None:
    """The message names the field."""
    with pytest.raises(InvalidResponse, match=r"rootfs\.diff_ids"):
        ImageConfig.parse(_raw({"rootfs": {"diff_ids": ["abc"]}}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["mediaType", "config", "layers", "manifests", "digest", "size", "schemaVersion", "platform"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values, st.sampled_from([OCI_MANIFEST, OCI_INDEX, "text/html", None]))
def test_any_json_is_read_or_refused(body: object, content_type: str | None) -> None:
    """No JSON makes the reader fail with anything but a registry error."""
    try:
        manifest = ManifestV2.parse(_raw(body), content_type)
    except RegistryError:
        return

    assert manifest.digest == digest_of(_raw(body))

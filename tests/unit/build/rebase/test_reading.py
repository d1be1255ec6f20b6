from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.image_composer import compose, copy
from slipway.build.rebase.image import PlatformImage
from slipway.build.rebase.reading import is_attached, parse_platform_image, require_container_image
from slipway.build.rebase.refusal import RebaseRefusedError, RefusalReason
from slipway.oci.manifest import Descriptor, ImageIndex, ImageManifest, ManifestV2
from tests.support.made_images import as_image

MADE = compose(None, [copy({"/a": "1"})]).platforms[0]
DIGEST = "sha256:" + "0" * 64


def manifest_of(**changes: Any) -> ImageManifest:
    return ImageManifest.model_validate({**json.loads(MADE.manifest.content), **changes})


def read(config: bytes) -> PlatformImage:
    return parse_platform_image("app:1", DIGEST, manifest_of(), config)


def with_config(**changes: Any) -> bytes:
    return json.dumps({**MADE.config, **changes}).encode()


def reason_of(config: bytes) -> RefusalReason:
    with pytest.raises(RebaseRefusedError) as refused:
        read(config)
    return refused.value.refusal.reason


def test_layers_come_with_their_diff_ids() -> None:
    """A layer is known by what is stored and by what it holds."""
    image = read(MADE.config_blob.content)
    assert [(layer.digest, layer.diff_id) for layer in image.layers] == [
        (layer.blob.digest, layer.diff_id) for layer in MADE.layers
    ]
    assert str(image) == "app:1 (linux/amd64)"


@pytest.mark.parametrize(
    "config",
    [
        b"",
        b"[]",
        b"not json",
        b'{"a": NaN}',
        b'{"a": "\\ud800"}',
        b"[" * 100_000,
        with_config(os=""),
        with_config(architecture=None),
        with_config(os=["linux"]),
        with_config(rootfs=None),
        with_config(rootfs={"diff_ids": ["sha256:zz"]}),
        with_config(rootfs={"diff_ids": [7]}),
        with_config(rootfs={"diff_ids": [DIGEST, DIGEST]}),
        with_config(history={"created_by": "COPY"}),
        with_config(history=["COPY"]),
        with_config(config=["Env"]),
        with_config(config={"Env": {"A": "b"}}),
        with_config(config={"Env": [7]}),
        with_config(config={"Labels": {"a": 7}}),
        with_config(config={"Cmd": "sh"}),
        with_config(config={"Volumes": ["/data"]}),
        with_config(config={"User": 7}),
    ],
)
def test_a_configuration_that_breaks_the_specification_is_refused(config: bytes) -> None:
    """Never a traceback, never a guess."""
    assert reason_of(config) is RefusalReason.IMAGE_MALFORMED


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(config: bytes) -> None:
    """Whatever a registry hands over is read or refused."""
    with pytest.raises(RebaseRefusedError):
        read(config)


def test_what_is_empty_counts_as_absent() -> None:
    """Docker writes null and empty values where others write nothing."""
    image = read(
        with_config(
            config={"Env": None, "Cmd": [], "User": "", "Labels": {}, "ArgsEscaped": False, "Tty": True}
        )
    )
    assert image.settings == {"Tty": True}


@pytest.mark.parametrize(
    "changes",
    [
        {"artifactType": "application/vnd.example"},
        {"config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": DIGEST, "size": 2}},
        {"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": DIGEST, "size": 2}},
    ],
)
def test_an_artifact_is_no_image(changes: dict[str, Any]) -> None:
    """Charts, signatures and the like can't be rebased, and the message names what they are."""
    with pytest.raises(RebaseRefusedError) as refused:
        require_container_image("app:1", manifest_of(**changes))
    assert refused.value.refusal.reason is RefusalReason.UNSUPPORTED_IMAGE
    assert "artifact of type application/vnd." in refused.value.refusal.message


@pytest.mark.parametrize(
    ("entry", "attached"),
    [
        ({"platform": {"os": "linux", "architecture": "amd64"}}, False),
        ({}, False),
        ({"artifactType": "application/vnd.oci.image.config.v1+json"}, False),
        ({"platform": {"os": "unknown", "architecture": "unknown"}}, True),
        ({"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}, True),
        ({"artifactType": "application/vnd.dev.cosign.artifact.sig.v1+json"}, True),
    ],
)
def test_what_is_about_an_image_is_told_from_images(entry: dict[str, Any], attached: bool) -> None:
    """Attestations and signatures stand in an index beside the images."""
    fields = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": DIGEST, "size": 2}
    assert is_attached(Descriptor.model_validate({**fields, **entry})) is attached


def test_an_attested_index_is_made_of_images_and_attestations() -> None:
    """The images that tests are made with look like BuildKit's."""
    made = compose(None, [copy({"/a": "1"})], platforms=["linux/amd64", "linux/arm64"], attested=True)
    index = ManifestV2.parse(made.top.content).content
    assert isinstance(index, ImageIndex)
    assert [is_attached(entry) for entry in index.manifests] == [False, False, True, True]
    assert [str(part.platform) for part in as_image(made).platforms] == ["linux/amd64", "linux/arm64"]

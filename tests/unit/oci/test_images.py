from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.oci.digest import digest_of
from slipway.oci.images import config_descriptor, image_info
from slipway.oci.manifest import Descriptor, ImageConfig, ImageIndex, ImageManifest, ManifestV2
from slipway.oci.platform import Platform
from slipway.oci.resolution import Resolution
from slipway.oci.results import ImageInfo

KEY = "org.opencontainers.image.created"
OLD = "org.label-schema.build-date"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYERS = tuple(
    Descriptor(media_type="application/vnd.oci.image.layer.v1.tar+gzip", digest=digest_of(bytes(n)), size=100)
    for n in (1, 2)
)


def _day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


def _at(number: int | None, key: str = KEY) -> dict[str, str] | None:
    """Annotations or labels that name a day; 0 is the date of reproducible builds."""
    if number is None:
        return None
    return {key: "1970-01-01T00:00:00Z" if number == 0 else f"2026-01-{number:02}T00:00:00Z"}


def _image(annotations: dict[str, str] | None = None, media_type: str = CONFIG_TYPE) -> ManifestV2:
    config = Descriptor(media_type=media_type, digest=digest_of(b"{}"), size=7)
    return ManifestV2.of(ImageManifest(config=config, layers=LAYERS, annotations=annotations))


def _config(created: str | None = None, labels: dict[str, Any] | None = None) -> ImageConfig:
    return ImageConfig(os="linux", architecture="amd64", created=created, config={"Labels": labels})


def _entry(image: ManifestV2, platform: str | None, annotations: dict[str, str] | None = None) -> Descriptor:
    on = None if platform is None else Platform.parse(platform)
    return image.descriptor.model_copy(update={"platform": on, "annotations": annotations})


def test_an_image_without_an_index_is_told_by_its_configuration() -> None:
    """Platform, time, labels, layers from the lowest, and the bytes that are stored."""
    image = _image()

    info = image_info(image, Resolution(image), _config("2026-01-05T00:00:00Z", {"a": "b", "c": 5}))

    assert info == ImageInfo(
        digest=image.digest,
        media_type=image.media_type,
        platforms=(("linux/amd64", image.digest),),
        created_at=_day(5),
        labels={"a": "b"},
        layers=tuple(layer.digest for layer in LAYERS),
        size=207,
    )


def test_an_index_lists_its_platforms_in_its_own_order() -> None:
    """Under their usual names, each with its digest; attestations and what has no platform are none."""
    image, other = _image(), _image({"other": "one"})
    provenance = {"vnd.docker.reference.type": "attestation-manifest"}
    index = ImageIndex(
        manifests=(
            _entry(other, "linux/arm64/v8"),
            _entry(image, "linux/x86_64"),
            _entry(other, None),
            _entry(other, "unknown/unknown", provenance),
        )
    )
    top = ManifestV2.of(index)

    info = image_info(top, Resolution(image, (index,)), _config())

    assert info.digest == top.digest
    assert info.platforms == (("linux/arm64", other.digest), ("linux/amd64", image.digest))


def test_inner_indexes_add_their_platforms() -> None:
    """Those that were read on the way."""
    image = _image()
    inner = ImageIndex(manifests=(_entry(image, "linux/amd64"),))
    outer = ImageIndex(manifests=(ManifestV2.of(inner).descriptor,), annotations=_at(3))

    info = image_info(ManifestV2.of(outer), Resolution(image, (outer, inner)), _config())

    assert info.platforms == (("linux/amd64", image.digest),)
    assert info.created_at == _day(3)


@dataclass(frozen=True)
class Said:
    """The day that each place names; 0 is the epoch, None nothing."""

    index: int | None = None
    entry: int | None = None
    manifest: int | None = None
    config: int | None = None
    label: int | None = None


@pytest.mark.parametrize(
    ("said", "want"),
    [
        pytest.param(Said(1, 2, 3, 4, 5), 1, id="the index says it first"),
        pytest.param(Said(None, 2, 3, 4, 5), 2, id="then the entry of the index"),
        pytest.param(Said(None, None, 3, 4, 5), 3, id="then the manifest"),
        pytest.param(Said(config=4, label=5), 5, id="then the label, where it is later"),
        pytest.param(Said(config=5, label=4), 5, id="a label inherited from the base is older"),
        pytest.param(Said(0, 0, 0, 4, 0), 4, id="dates of reproducible builds are passed over"),
        pytest.param(Said(config=0), None, id="nobody knows"),
        pytest.param(Said(), None, id="nobody says"),
    ],
)
def test_the_time_of_the_build_is_looked_for_from_the_outside(said: Said, want: int | None) -> None:
    """Annotations before the configuration, and before its labels, which are inherited."""
    image = _image(_at(said.manifest))
    entry = _entry(image, "linux/amd64", _at(said.entry))
    top = ImageIndex(manifests=(entry,), annotations=_at(said.index))
    config = _config((_at(said.config) or {}).get(KEY), _at(said.label, OLD))

    info = image_info(ManifestV2.of(top), Resolution(image, (top,)), config)

    assert info.created_at == (None if want is None else _day(want))


def test_another_images_annotation_does_not_count() -> None:
    """Each entry tells of itself alone."""
    image, other = _image(), _image({"other": "one"})
    top = ImageIndex(manifests=(_entry(other, "linux/arm64", _at(9)), _entry(image, "linux/amd64", _at(2))))

    assert image_info(ManifestV2.of(top), Resolution(image, (top,)), None).created_at == _day(2)


def test_the_configuration_of_an_artifact_is_not_read() -> None:
    """It is anything: a chart, nothing at all, megabytes."""
    chart = _image(media_type="application/vnd.cncf.helm.config.v1+json")

    assert config_descriptor(chart) is None
    assert config_descriptor(_image()) is not None
    info = image_info(chart, Resolution(chart), None)
    assert (info.platforms, info.labels, info.size) == ((), {}, 207)


DAYS = st.none() | st.integers(min_value=0, max_value=28)


@settings(max_examples=50)
@given(DAYS, DAYS, DAYS, st.sampled_from(["", None, "x"]), st.none() | st.dictionaries(st.text(), st.none()))
def test_the_time_is_one_that_somebody_said(
    index: int | None, manifest: int | None, label: int | None, created: str | None, labels: Any
) -> None:
    """And never the epoch, whatever else is in the documents."""
    image = _image(_at(manifest))
    top = ImageIndex(manifests=(_entry(image, "linux/amd64"),), annotations=_at(index))
    config = _config(created, {**(labels or {}), **(_at(label) or {})})

    info = image_info(ManifestV2.of(top), Resolution(image, (top,)), config)

    said = [day for day in (index, manifest, label) if day]
    assert info.created_at == (_day(said[0]) if said else None)

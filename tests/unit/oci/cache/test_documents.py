from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.oci.cache.documents import fingerprint, image_body, read_image, sealed, unsealed
from slipway.oci.results import ImageInfo
from tests.unit.oci.cache.support import digest, image

IMAGE = image("one")

digests = st.binary(min_size=32, max_size=32).map(lambda raw: f"sha256:{raw.hex()}")
images = st.builds(
    ImageInfo,
    digest=digests,
    media_type=st.text(max_size=20),
    platforms=st.lists(st.tuples(st.text(max_size=20), digests), max_size=3).map(tuple),
    created_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    labels=st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=3),
    layers=st.lists(digests, max_size=3).map(tuple),
    size=st.integers(min_value=0, max_value=2**70),
)


@given(images)
@settings(max_examples=30)
def test_an_image_is_read_as_it_was_written(info: ImageInfo) -> None:
    body = image_body(info)

    assert body is not None
    assert read_image(info.digest, body) == info


@given(st.data())
@settings(max_examples=30)
def test_a_changed_byte_makes_it_no_image(data: st.DataObject) -> None:
    body = bytearray(image_body(IMAGE) or b"")
    place = data.draw(st.integers(0, len(body) - 1))

    body[place] ^= data.draw(st.integers(1, 255))

    assert read_image(IMAGE.digest, bytes(body)) is None


@given(st.none() | st.integers() | st.floats() | st.text() | st.binary())
@settings(max_examples=30)
def test_whatever_else_lies_there_is_no_image(value: object) -> None:
    assert read_image(IMAGE.digest, value) is None


def test_a_value_under_the_key_of_another_is_no_image() -> None:
    assert read_image(digest("two"), image_body(IMAGE)) is None


def test_a_time_is_read_in_utc() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    built = replace(IMAGE, created_at=datetime(2026, 11, 21, 9, 0, tzinfo=zone))

    read = read_image(built.digest, image_body(built))

    assert read is not None
    assert read.created_at == built.created_at
    assert read.created_at is not None
    assert read.created_at.tzinfo is UTC


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"digest": "latest"}, id="a digest that is none"),
        pytest.param({"layers": ("sha256:ab",)}, id="a layer that is no digest"),
        pytest.param({"created_at": datetime(2026, 1, 1)}, id="a time without a zone"),  # noqa: DTZ001
        pytest.param({"labels": {"a": "\ud800"}}, id="text that UTF-8 cannot say"),
        pytest.param({"labels": {"a": "x" * 300_000}}, id="labels that are a book"),
        pytest.param({"size": -1}, id="a negative size"),
    ],
)
def test_what_could_not_be_read_again_or_is_too_large_is_not_kept(change: dict[str, Any]) -> None:
    assert image_body(replace(IMAGE, **change)) is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"media_type": 7}, id="a number for a text"),
        pytest.param({"size": "12"}, id="a text for a number"),
        pytest.param({"size": -1}, id="a negative size"),
        pytest.param({"size": True}, id="true for a number"),
        pytest.param({"platforms": [["linux/amd64"]]}, id="a platform without a digest"),
        pytest.param({"platforms": {}}, id="an object for a list"),
        pytest.param({"layers": ["../../etc/passwd"]}, id="a layer that is no digest"),
        pytest.param({"labels": {"a": None}}, id="a label without a value"),
        pytest.param({"labels": []}, id="a list for an object"),
        pytest.param({"created_at": 1_700_000_000}, id="a number for a time"),
        pytest.param({"created_at": "2026-11-21T09:00:00"}, id="a time without a zone"),
        pytest.param({"created_at": "0001-01-01T00:00:00+14:00"}, id="a time before the first day"),
        pytest.param({"extra": 1}, id="a field that there is not"),
    ],
)
def test_a_value_with_a_right_checksum_still_has_to_be_an_image(change: dict[str, Any]) -> None:
    body = image_body(IMAGE) or b""
    forged = json.dumps(json.loads(body[16:]) | change).encode()

    assert read_image(IMAGE.digest, sealed(forged, IMAGE.digest.encode())) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"\xff", b"[" * 20_000])
def test_a_sealed_value_that_is_no_document_is_no_image(content: bytes) -> None:
    assert read_image(IMAGE.digest, sealed(content, IMAGE.digest.encode())) is None


def test_a_seal_binds_to_every_part_of_the_key() -> None:
    value = sealed(b"content", b"one", b"two")

    assert unsealed(value, b"one", b"two") == b"content"
    assert unsealed(value, b"onet", b"wo") is None
    assert unsealed(value, b"one") is None


def test_fingerprints_tell_texts_apart_however_they_are_cut() -> None:
    names = [("a", "b"), ("ab", ""), ("", "ab"), ("ab",), (), ("\ud800",), ("a" * 10_000,)]

    assert len({fingerprint(*parts) for parts in names}) == len(names)
    assert {len(fingerprint(*parts)) for parts in names} == {16}

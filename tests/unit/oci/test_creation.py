from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.oci.creation import annotated_creation, creation, from_milliseconds

MOMENT = datetime(2026, 11, 21, 9, tzinfo=UTC)
OCI = "org.opencontainers.image.created"
LABEL_SCHEMA = "org.label-schema.build-date"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2026-11-21T09:00:00Z", MOMENT),
        ("2026-11-21T10:00:00+01:00", MOMENT),
        ("2026-11-21T09:00:00.123456789Z", MOMENT.replace(microsecond=123456)),
        (" 2026-11-21T09:00:00 ", MOMENT),
        ("1970-01-01T00:00:00Z", None),
        ("1980-01-01T00:00:01Z", None),
        ("1980-12-31T23:59:59Z", None),
        ("1981-01-01T00:00:00Z", datetime(1981, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_the_time_of_a_build_is_believed_or_unknown(text: str | None, want: datetime | None) -> None:
    """What builds write to be reproducible says nothing about when they ran."""
    assert creation(text) == want


@pytest.mark.parametrize(
    ("annotations", "want"),
    [
        ({OCI: "2026-11-21T09:00:00Z", LABEL_SCHEMA: "2020-01-01T00:00:00Z"}, MOMENT),
        ({OCI: "1970-01-01T00:00:00Z", LABEL_SCHEMA: "2026-11-21T09:00:00Z"}, MOMENT),
        ({LABEL_SCHEMA: "2026-11-21T09:00:00Z"}, MOMENT),
        ({OCI: 5}, None),
        ({}, None),
        (None, None),
    ],
)
def test_annotations_name_the_time(annotations: dict[str, object] | None, want: datetime | None) -> None:
    """OCI's key, else the one that was used before it."""
    assert annotated_creation(annotations) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [("1795251600000", MOMENT), ("0", None), ("-5", None), ("", None), (None, None), ("9" * 15, None)],
)
def test_milliseconds_name_the_time(text: object, want: datetime | None) -> None:
    """As Google's registries write it."""
    assert from_milliseconds(text) == want


@given(
    st.text(max_size=40) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d|Z)", fullmatch=True)
)
def test_no_text_crashes_it(text: str) -> None:
    """What comes out is in UTC and after 1980."""
    for moment in (creation(text), from_milliseconds(text)):
        assert moment is None or (moment.tzinfo is UTC and moment.year > 1980)

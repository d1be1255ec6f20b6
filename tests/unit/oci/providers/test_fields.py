from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.oci.providers.api import NotOffered
from slipway.oci.providers.fields import (
    agreed,
    digest_in,
    list_in,
    moment_in,
    name_in,
    number_in,
    objects_in,
    text_in,
)
from slipway.oci.results import TagInfo

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)

anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.from_regex(r"[0-9]{4}-[0-9-]{0,6}T?[0-9:.]{0,12}Z?", fullmatch=True)
    | st.sampled_from([[], [3], [None], [{}], {}, {"a": []}])
)


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        ("2026-05-04T12:00:00Z", NOON),
        ("2026-05-04T12:00:00.000000Z", NOON),
        ("2026-05-04T14:00:00.000+02:00", NOON),
        ("2026-05-04T12:00:00", NOON),
        ("Mon, 04 May 2026 12:00:00 -0000", NOON),
        ("Mon, 04 May 2026 12:00:00 GMT", NOON),
        (int(NOON.timestamp()), NOON),
        (NOON.timestamp(), NOON),
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("2026-05-04T12:00:00.123456789Z", NOON.replace(microsecond=123456)),
        ("yesterday", None),
        ("", None),
        (None, None),
        (True, None),
        (0, None),
        (-1, None),
        (1e300, None),
        (["2026-05-04T12:00:00Z"], None),
    ],
)
def test_times_are_aware_and_in_utc(stated: Any, moment: datetime | None) -> None:
    """In all forms that the vendors write; zero values and nonsense are no times."""
    assert moment_in({"at": stated}, "at") == moment


def test_the_first_time_that_there_is_counts() -> None:
    """A field that is empty gives way to the next."""
    entry = {"pushed": None, "updated": "2026-05-04T12:00:00Z", "created": "2020-01-01T00:00:00Z"}

    assert moment_in(entry, "pushed", "updated", "created") == NOON


@settings(max_examples=40)
@given(anything)
def test_nothing_that_an_entry_holds_breaks_the_reading(value: Any) -> None:
    """It is something that makes sense, or nothing, or nonsense."""
    entry = {"it": value}

    moment, digest, number, text = (
        moment_in(entry, "it"),
        digest_in(entry, "it"),
        number_in(entry, "it"),
        text_in(entry, "it"),
    )

    assert moment is None or moment.tzinfo is UTC
    assert digest is None
    assert number is None or (number == value and number >= 0)
    assert text is None or text == value
    for read in (lambda: list_in(value), lambda: list(objects_in(entry, "it")), lambda: name_in(entry, "it")):
        try:
            assert read() is not None
        except NotOffered:
            continue


@pytest.mark.parametrize("digest", ["sha256:" + "A" * 64, "sha256:abc", "md5:" + "0" * 32, "0" * 64, 7])
def test_what_is_no_digest_is_not_told(digest: Any) -> None:
    """Upper case, other lengths and other algorithms are none."""
    assert digest_in({"digest": digest}, "digest") is None
    assert digest_in({"digest": "sha256:" + "0" * 64}, "digest") == "sha256:" + "0" * 64


def test_of_a_tag_with_several_digests_only_the_name_is_known() -> None:
    """Which of them is served, nobody said."""
    one, other = TagInfo("1.0", "sha256:a", pushed_at=NOON), TagInfo("1.0", "sha256:b", pushed_at=NOON)
    plain = TagInfo("2.0", "sha256:a")

    assert agreed([one, plain, other, one]) == {"1.0": TagInfo("1.0"), "2.0": plain}
    assert agreed([one, one]) == {"1.0": one}

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from slipway.build.builders.job.naming import annotations_of, job_name, labels_of
from tests.support.build_orders import ORDER

LABEL_VALUE = re.compile(r"[a-z0-9A-Z]([-_.a-z0-9A-Z]{0,61}[a-z0-9A-Z])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

words = st.text("ab0-", max_size=70).map(lambda middle: f"a{middle}0")
long_names = st.lists(words, min_size=1, max_size=3).map(".".join)


def test_a_job_is_named_after_image_number_and_key() -> None:
    assert job_name(ORDER) == "api-7-95da7a07"


@given(long_names, st.integers(1, 10**9))
def test_a_name_fits_a_label_whatever_the_image_is_called(name: str, number: int) -> None:
    """Its pods carry it in a label; number and key can still be read."""
    made = job_name(replace(ORDER, image_name=name, number=number))

    assert LABEL_VALUE.fullmatch(made)
    assert SUBDOMAIN.fullmatch(made)
    assert made.endswith(f"-{number}-95da7a07")


def test_long_names_that_begin_alike_are_told_apart() -> None:
    one, other = (replace(ORDER, image_name="a" * 70 + end) for end in "xy")

    assert job_name(one) != job_name(other)
    assert labels_of(one) != labels_of(other)


@given(long_names)
def test_labels_are_legal_and_annotations_have_the_whole(name: str) -> None:
    order = replace(ORDER, image_name=name)

    assert all(LABEL_VALUE.fullmatch(value) for value in labels_of(order).values())
    assert annotations_of(order)["slipway.dev/managed-image"] == name


def test_a_job_is_found_by_image_number_and_key() -> None:
    assert labels_of(ORDER) == {
        "slipway.dev/managed": "true",
        "slipway.dev/managed-image": "api",
        "slipway.dev/build-number": "7",
        "slipway.dev/build-key": ORDER.key,
    }

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.charts.versions import tag_of_version, version_of_tag
from slipway.oci.reference import is_tag


@given(st.from_regex(r"(0|[1-9][0-9]?)(\.(0|[1-9])){2}(-rc\.[0-9])?(\+[0-9a-z.-]{1,8})?", fullmatch=True))
@settings(max_examples=30)
def test_a_version_survives_being_a_tag(version: str) -> None:
    """A plus sign is no letter of a tag, and an underscore none of a version."""
    assert is_tag(tag_of_version(version))
    assert version_of_tag(tag_of_version(version)) == version

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.oci.digest import digest_of
from slipway.oci.google import tag_details
from slipway.oci.results import TagInfo

DIGEST = digest_of(b"first")
ENTRY = {
    "imageSizeBytes": "52428800",
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "tag": ["1.0", "latest"],
    "timeCreatedMs": "0",
    "timeUploadedMs": "1795251600000",
}


def test_digests_times_and_sizes_come_with_the_names() -> None:
    """One entry for each tag; the date of a reproducible build is none."""
    known = {"digest": DIGEST, "pushed_at": datetime(2026, 11, 21, 9, tzinfo=UTC), "size": 52428800}

    details = tag_details({"child": [], "manifest": {DIGEST: ENTRY}, "tags": ["1.0", "latest"]})

    assert details == {name: TagInfo(name, **known) for name in ("1.0", "latest")}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "manifests",
    [
        None,
        [],
        {"latest": ENTRY},
        {DIGEST: None},
        {DIGEST: {"tag": None}},
        {DIGEST: {"tag": "latest"}},
        {DIGEST: {"tag": [5]}},
    ],
)
def test_what_cannot_be_read_is_left_out(manifests: object) -> None:
    """The tags are listed all the same, only without details."""
    assert tag_details({"manifest": manifests}) == {}
    assert tag_details([]) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(ENTRY)), JSON))
def test_no_map_crashes_the_reader(entry: dict[str, object]) -> None:
    """Whatever stands in an entry, a tag has a digest."""
    for detail in tag_details({"manifest": {DIGEST: entry}}).values():
        assert detail.digest == DIGEST

from __future__ import annotations

import pytest

from slipway.kinds.warehouse.policies.chart import ChartPolicy
from slipway.kinds.warehouse.policies.policy import Rejection
from slipway.kinds.warehouse.policies.ranges import InvalidRange
from slipway.kinds.warehouse.policies.semver import SemverPolicy
from slipway.oci.results import TagInfo


def test_a_tag_stands_where_the_version_stands_that_it_means() -> None:
    """Tags have no plus sign: helm writes an underscore for it."""
    charts, versions = ChartPolicy.of("^1"), SemverPolicy.of("^1")

    for tag, version in (("1.2.0", "1.2.0"), ("1.2.0_build.7", "1.2.0+build.7")):
        assert charts.judge(tag, TagInfo(tag)) == versions.judge(version, TagInfo(version))
    assert charts.judge("2.0.0_x", TagInfo("2.0.0_x")) is Rejection.OUT_OF_RANGE
    assert charts.judge("latest", TagInfo("latest")) is Rejection.NOT_SEMVER


def test_pre_releases_count_where_they_are_asked_for() -> None:
    """As with images."""
    tag = TagInfo("1.3.0-rc.1")

    assert ChartPolicy.of("^1").judge(tag.name, tag) is Rejection.PRE_RELEASE
    assert not isinstance(ChartPolicy.of("^1", prereleases=True).judge(tag.name, tag), Rejection)


def test_what_is_no_range_is_refused() -> None:
    """Before anything is listed."""
    with pytest.raises(InvalidRange):
        ChartPolicy.of(">>1")

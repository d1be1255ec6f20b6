from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slipway.api.warehouse import ArtifactChart, ChartSubscription
from slipway.charts.index import ChartVersion
from slipway.kinds.warehouse.chartrecords import as_versions, chart_before, chart_of
from slipway.kinds.warehouse.selection import Choice
from slipway.kinds.warehouse.verdicts import Picked

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
SPEC = ChartSubscription(url="https://charts.example.com", name="api")
PICKED = Picked("1.0.0_build.7", DIGEST, first_seen_at=NOW, pushed_at=NOW - timedelta(days=1))


def test_a_version_is_written_as_such_and_not_as_a_tag() -> None:
    """Registries take no plus sign in a tag."""
    version = ChartVersion("1.0.0+build.7", "2.1", DIGEST, None, (), deprecated=False)

    assert chart_of(SPEC, PICKED, version) == ArtifactChart(
        url="https://charts.example.com",
        name="api",
        version="1.0.0+build.7",
        digest=DIGEST,
        app_version="2.1",
        created_at=NOW - timedelta(days=1),
        first_seen_at=NOW,
    )


def test_a_chart_in_a_registry_says_nothing_of_what_it_installs() -> None:
    """That stands in its content, which nobody reads."""
    assert chart_of(SPEC, PICKED, None).app_version is None


@pytest.mark.parametrize("version", [None, "2.1"])
def test_what_was_written_is_read_back(version: str | None) -> None:
    """So that the next look finds it chosen already."""
    told = ChartVersion("1.0.0+build.7", version, DIGEST, None, (), deprecated=False)

    assert chart_before(chart_of(SPEC, PICKED, told)) == PICKED
    assert chart_before(None) is None


def test_candidates_are_told_as_versions() -> None:
    """Everything else stays."""
    choice = Choice(("1.0.0_build.7", "0.9.0"), {"OutOfRange": 2}, 4)

    assert as_versions(choice) == Choice(("1.0.0+build.7", "0.9.0"), {"OutOfRange": 2}, 4)

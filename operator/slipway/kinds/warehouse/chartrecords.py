"""Between what the status says of a chart and what the choice works with. Pure."""

from __future__ import annotations

from slipway.api.warehouse import ArtifactChart, ChartSubscription
from slipway.charts.index import ChartVersion
from slipway.charts.versions import tag_of_version, version_of_tag
from slipway.kinds.warehouse.selection import Choice
from slipway.kinds.warehouse.verdicts import Picked

__all__ = ["as_versions", "chart_before", "chart_of"]


def chart_before(chart: ArtifactChart | None) -> Picked | None:
    """What was chosen, out of the status."""
    if chart is None:
        return None
    return Picked(
        tag=tag_of_version(chart.version),
        digest=chart.digest or "",
        first_seen_at=chart.first_seen_at,
        pushed_at=chart.created_at,
    )


def chart_of(spec: ChartSubscription, picked: Picked, version: ChartVersion | None) -> ArtifactChart:
    """What the status says of the chosen chart.

    Args:
        spec: of the subscription.
        picked: what was chosen.
        version: what the index of a repository says of it; None for a chart in a registry.
    """
    return ArtifactChart(
        url=spec.url,
        name=spec.name,
        version=version_of_tag(picked.tag),
        digest=picked.digest,
        app_version=version.app_version if version is not None else None,
        created_at=picked.pushed_at,
        first_seen_at=picked.first_seen_at,
    )


def as_versions(choice: Choice) -> Choice:
    """What became of the others, in versions instead of tags."""
    return Choice(tuple(map(version_of_tag, choice.candidates)), choice.rejected, choice.tags)

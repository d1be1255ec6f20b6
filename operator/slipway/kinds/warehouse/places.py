"""Where a subscription looks, and whether what was found before was found there. Pure."""

from __future__ import annotations

from slipway.api.warehouse import (
    Artifact,
    ArtifactChart,
    ArtifactCommit,
    ArtifactImage,
    Subscription,
    Warehouse,
)
from slipway.kinds.warehouse.findings import Content
from slipway.kinds.warehouse.history import content_of

__all__ = ["found_before", "reconsidered", "still_meant"]


def found_before(warehouse: Warehouse, subscription: Subscription) -> Artifact | None:
    """What a subscription found, as far as its spec of now still means it."""
    known = next((one for one in warehouse.status.artifacts if one.name == subscription.name), None)
    meant = still_meant(subscription, known)
    is_edited = warehouse.metadata.generation != warehouse.status.observed_generation
    # Which paths count may be another question by now.
    return reconsidered(meant) if is_edited else meant


def still_meant(subscription: Subscription, known: Artifact | None) -> Artifact | None:
    """What was found before, unless the subscription has come to mean another place."""
    chosen = content_of(known)
    return None if chosen is not None and _place_of(chosen) != _place(subscription) else known


def reconsidered(known: Artifact | None) -> Artifact | None:
    """The same without the commit that was passed over, so that it is looked at again."""
    if known is None or known.git is None or known.git.passed_over is None:
        return known
    return known.model_copy(update={"git": known.git.model_copy(update={"passed_over": None})})


def _place(subscription: Subscription) -> tuple[str | None, ...]:
    match subscription:
        case Subscription(image=image) if image is not None:
            return ("image", image.repository)
        case Subscription(git=git) if git is not None:
            return ("git", git.url)
        case Subscription(chart=chart) if chart is not None:
            return ("chart", chart.url, chart.name)
        case _:
            return ()


def _place_of(chosen: Content) -> tuple[str | None, ...]:
    match chosen:
        case ArtifactImage():
            return ("image", chosen.repository)
        case ArtifactCommit():
            return ("git", chosen.url)
        case ArtifactChart():
            return ("chart", chosen.url, chosen.name)

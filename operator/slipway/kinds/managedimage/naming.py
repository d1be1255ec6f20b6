"""The bases of a ManagedImage as they are named, before anybody tells their digests. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slipway.api.base import WarehouseReference
from slipway.api.managedimage import BaseUse, ManagedImage
from slipway.build.dockerfile import Analysis
from slipway.build.dockerfile import Base as AnalysedBase
from slipway.build.evidence import ToldBase

__all__ = ["NamedBase", "known_before", "of_analysis", "of_spec", "of_told", "references_of"]

_MOST_BASES = 16
_MOST_USES = 4


@dataclass(frozen=True, slots=True)
class NamedBase:
    """A base by its name."""

    reference: str
    """As it was written; empty where a Warehouse is named."""
    warehouse: WarehouseReference | None = None
    uses: tuple[BaseUse, ...] = ()
    """Where the Dockerfile uses it; empty for a base of the spec."""
    told_by: str | None = None
    """What of the image names it, where neither spec nor Dockerfile does."""


def of_spec(image: ManagedImage) -> tuple[NamedBase, ...]:
    """The bases that the user names."""
    return tuple(NamedBase(base.reference or "", base.warehouse) for base in image.spec.bases)


def of_analysis(analysis: Analysis) -> tuple[NamedBase, ...]:
    """The bases that the Dockerfile names, the one that the image stands on first; at most 16."""
    bases = sorted(analysis.bases, key=lambda base: base is not analysis.final_base)
    return tuple(NamedBase(base.uses[0].written, uses=_uses(base)) for base in bases[:_MOST_BASES])


def known_before(image: ManagedImage) -> tuple[NamedBase, ...]:
    """The bases that the status tells of: those of the Dockerfile, or image, when it was read last."""
    return tuple(
        NamedBase(base.reference, uses=base.uses, told_by=base.told_by) for base in image.status.bases
    )


def of_told(bases: Iterable[ToldBase]) -> tuple[NamedBase, ...]:
    """The bases that an image tells of by labels and provenance."""
    return tuple(
        NamedBase(base.reference, uses=(BaseUse(stage="", kind=base.kind.value),), told_by=base.source.value)
        for base in bases
    )


def references_of(named: Iterable[NamedBase]) -> tuple[str, ...]:
    """Those that are named by themselves."""
    return tuple(base.reference for base in named if base.reference)


def _uses(base: AnalysedBase) -> tuple[BaseUse, ...]:
    uses = dict.fromkeys((use.stage[:63], use.kind.value) for use in base.uses)
    return tuple(BaseUse(stage=stage, kind=kind) for stage, kind in list(uses)[:_MOST_USES])

"""What an image is made from where no Dockerfile says it: as its provenance has it, else its labels. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from slipway.build.evidence.agreement import AgreedBase, Agreement
from slipway.build.evidence.claims import Kind, Source

__all__ = ["ToldBase", "only_base", "stood_on", "told_bases"]

_MOST: Final = 16
"""Images that a status tells of."""


@dataclass(frozen=True, slots=True)
class ToldBase:
    """An image that another tells it is made from."""

    reference: str
    """In its short form: `python:3.12-slim`."""

    digest: str | None
    """Of its index, or of its manifest for one platform: not all say which."""

    kind: Kind
    """Final, Syntax, or Unknown: it was loaded, and what for is not told."""

    source: Source
    """Who is believed for it."""


def told_bases(agreement: Agreement) -> tuple[ToldBase, ...]:
    """The images that labels and provenance name, what the image stands on first.

    Provenance says all that was loaded: beside one that does, an image that a label alone names is none.
    """
    loaded = [base for base in agreement.bases if Source.PROVENANCE in base.sources and not _reads(base)]
    bases = [base for base in agreement.bases if not loaded or Source.PROVENANCE in base.sources]
    return _in_order(map(_told, bases))


def stood_on(bases: Iterable[ToldBase], digest: str) -> tuple[ToldBase, ...]:
    """The same once layers have proven that the image stands on the one of this digest."""
    return _in_order(
        replace(base, kind=Kind.FINAL) if base.digest == digest and base.kind is Kind.UNKNOWN else base
        for base in bases
    )


def only_base(bases: Iterable[ToldBase]) -> ToldBase | None:
    """The one that the image must stand on; None where several could be it, or there is none."""
    loaded = [base for base in bases if base.kind is not Kind.SYNTAX]
    finals = [base for base in loaded if base.kind is Kind.FINAL] or loaded
    return finals[0] if len(finals) == 1 else None


def _in_order(bases: Iterable[ToldBase]) -> tuple[ToldBase, ...]:
    return tuple(sorted(bases, key=lambda base: base.kind is not Kind.FINAL)[:_MOST])


def _reads(base: AgreedBase) -> bool:
    """Whether all that is told of it is that it reads the Dockerfile."""
    return base.kinds == (Kind.SYNTAX,)


def _told(base: AgreedBase) -> ToldBase:
    kind = next((kind for kind in (Kind.FINAL, Kind.SYNTAX) if kind in base.kinds), Kind.UNKNOWN)
    return ToldBase(base.reference, next(iter(base.digests), None), kind, base.sources[0])

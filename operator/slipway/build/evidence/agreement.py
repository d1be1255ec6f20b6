"""What the sources together say that an image is made from, and where they disagree. Pure.

A Dockerfile, or a spec that names bases, is believed before what the registry tells: it says what the next
build will load, and which part each image has. Provenance says what a build did load, but not what for: more
than the Dockerfile names is no contradiction, for instance an image that an ONBUILD trigger copies from. A
label says what an image stands on; it is inherited, so leave out what the base carries too
(`without_inherited`).

Digests are gathered and not compared: one source means the index, another the manifest of a platform. Nor are
labels compared with each other: images for two platforms may stand on two bases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from slipway.build.evidence.claims import Claim, Kind, Source
from slipway.build.evidence.references import Meant, meant, short_name

__all__ = ["AgreedBase", "Agreement", "agree", "without_inherited"]

_MOST_NAMED: Final = 5
"""Images that a sentence lists."""

_WRITTEN: Final = frozenset({Source.SPEC, Source.DOCKERFILE})
"""Who says what is to be built, not what was."""

_LOADED: Final = frozenset({Kind.FINAL, Kind.BUILDER, Kind.COPY_FROM})
"""Which parts provenance must know; what reads the Dockerfile can be replaced without a trace."""


@dataclass(frozen=True, slots=True)
class AgreedBase:
    """An image that another is made from."""

    reference: str
    """In its short form: `python:3.12-slim`."""

    kinds: tuple[Kind, ...]
    """Its parts, each once; Unknown only where nobody says more."""

    digests: tuple[str, ...]
    """All that are named for it, each once."""

    sources: tuple[Source, ...]
    """Who names it, the most believed first."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What several sources say, taken together."""

    bases: tuple[AgreedBase, ...]
    """Those of the spec or Dockerfile where there is one, else all that the registry tells."""

    disagreements: tuple[str, ...]
    """Sentences that say who says what; empty when nobody contradicts another."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A claim, and the image that it means."""

    claim: Claim
    image: Meant

    def says(self) -> str:
        return f"{self.claim.speaker} says {short_name(self.image)}"


def agree(claims: Iterable[Claim]) -> Agreement:
    """Take claims about one image together.

    Args:
        claims: In any order; what is no reference is passed over, and `scratch` is no base.
    """
    read = sorted(_read(claims), key=lambda one: list(Source).index(one.claim.source))
    groups = _groups(one for one in read if not one.image.is_nothing)
    if any(one.claim.source in _WRITTEN for one in read):
        groups = [group for group in groups if group[0].claim.source in _WRITTEN]
    return Agreement(tuple(map(_base, groups)), tuple(dict.fromkeys(_disagreements(read))))


def without_inherited(claims: Iterable[Claim], below: Collection[Claim]) -> tuple[Claim, ...]:
    """The claims without labels that an image only has from its base.

    Args:
        claims: About the image.
        below: About the base: a label that both carry says what the base stands on.
    """
    inherited = {_label(claim) for claim in below if claim.source is Source.LABEL}
    return tuple(
        claim for claim in claims if claim.source is not Source.LABEL or _label(claim) not in inherited
    )


def _label(claim: Claim) -> tuple[str, str | None]:
    return claim.reference, claim.digest


def _read(claims: Iterable[Claim]) -> Iterator[_Read]:
    for claim in claims:
        image = meant(claim.reference, claim.digest)
        if image is not None:
            yield _Read(claim, image)


def _groups(read: Iterable[_Read]) -> list[list[_Read]]:
    """Those that mean the same image, together."""
    groups: list[list[_Read]] = []
    for one in read:
        group = next((group for group in groups if _is_among(one, group)), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return groups


def _base(group: list[_Read]) -> AgreedBase:
    kinds = dict.fromkeys(one.claim.kind for one in group)
    known = tuple(kind for kind in kinds if kind is not Kind.UNKNOWN)
    return AgreedBase(
        reference=short_name(group[0].image),
        kinds=known or (Kind.UNKNOWN,),
        digests=tuple(dict.fromkeys(one.image.digest for one in group if one.image.digest is not None)),
        sources=tuple(dict.fromkeys(one.claim.source for one in group)),
    )


def _disagreements(read: list[_Read]) -> Iterator[str]:
    written = [one for one in read if one.claim.source in _WRITTEN]
    loaded = [one for one in read if one.claim.source is Source.PROVENANCE]
    labels = [one for one in read if one.claim.source is Source.LABEL]
    finals = [one for one in written if one.claim.kind is Kind.FINAL]
    for label in labels:
        yield from _contradiction(label, finals)
    for one in written:
        if one.claim.kind in _LOADED and not one.image.is_nothing:
            yield from _absence(one, loaded)
    for label in labels:
        yield from _absence(label, loaded)


def _contradiction(label: _Read, finals: list[_Read]) -> Iterator[str]:
    """What the label says against what others say that the image stands on."""
    if finals and not _is_among(label, finals):
        yield f"{finals[0].says()}, {label.says()}"


def _absence(one: _Read, loaded: list[_Read]) -> Iterator[str]:
    """An image that must have been loaded, against those that were."""
    if loaded and not _is_among(one, loaded):
        yield f"{one.says()}, {loaded[0].claim.speaker} names {_listed(loaded)}"


def _is_among(one: _Read, others: Iterable[_Read]) -> bool:
    return any(one.image.is_same(other.image) for other in others)


def _listed(loaded: list[_Read]) -> str:
    names = list(dict.fromkeys(short_name(one.image) for one in loaded))
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")

"""Why one tag was chosen, or was not: for `slipway why warehouse/NAME TAG`. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from slipway.kinds.warehouse.policies.policy import Judgement, Rejection
from slipway.kinds.warehouse.policies.ranking import UNKNOWN, Place
from slipway.kinds.warehouse.selection import Selector
from slipway.kinds.warehouse.verdicts import Examined, Kept, ManifestMissing, Picked, Refusal
from slipway.oci.results import TagsList

__all__ = ["Explanation", "explain", "in_words"]

_POLICY_WORDS: Final = {
    Rejection.OTHER_TAG: "is not the tag that is followed",
    Rejection.NOT_SEMVER: "is no semantic version: it would need three numbers, such as 1.4.0",
    Rejection.PRE_RELEASE: "is a pre-release, and prereleases is false",
    Rejection.OUT_OF_RANGE: "is a version outside the range",
    Rejection.NOT_NUMERICAL: "is no number",
    Rejection.NO_TIME: "has no known time to go by",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of one tag."""

    tag: str
    verdict: str
    """CamelCase: Chosen, Candidate, NotListed, ManifestMissing, or the reason of its rejection."""

    sentence: str
    position: int | None = None
    """From 1, among the tags that filters and policy allow; None when it is not one of them."""

    candidates: int = 0
    """How many tags filters and policy allow."""


class _Told(NamedTuple):
    verdict: str
    words: str


@dataclass(frozen=True, slots=True)
class _Case:
    """A tag, and what is known about the choice."""

    tag: str
    selector: Selector
    listing: TagsList
    examined: Examined
    deprecated: Collection[str]

    def judge(self, tag: str, text: str) -> Judgement:
        return self.selector.policy.judge(text, self.examined.details.get(tag, UNKNOWN))


def explain(
    tag: str,
    selector: Selector,
    listing: TagsList,
    examined: Examined,
    *,
    called: str | None = None,
    deprecated: Collection[str] = (),
) -> Explanation:
    """Explain one tag.

    Args:
        tag: whatever a person asks for.
        selector: of the subscription.
        listing: all tags of the repository that take part.
        examined: what the examination of this listing came to.
        called: what the person calls it, where that is no tag.
        deprecated: the tags of a chart that are there, and are no longer meant for use.
    """
    case = _Case(tag, selector, listing, examined, deprecated)
    position, candidates = _position(case)
    told = next((told for explanation in _EXPLANATIONS if (told := explanation(case))), None)
    if told is None:
        told = _Told(
            "Candidate", f"is number {position} of {candidates} candidates, and a better one was taken"
        )
    name = called or tag
    return Explanation(name, told.verdict, f"{name!a} {told.words}", position, candidates)


def _is_chosen(case: _Case) -> _Told | None:
    verdict = case.examined.verdict
    if isinstance(verdict, Picked) and verdict.tag == case.tag:
        return _Told("Chosen", f"is chosen: {verdict.digest}")
    return None


def _is_kept(case: _Case) -> _Told | None:
    kept = case.examined.verdict
    if not isinstance(kept, Kept) or kept.current.tag != case.tag:
        return None
    refusal = case.examined.refusals.get(case.tag)
    because = "nothing better may be taken yet"
    if refusal is not None:
        because = f"what the tag points at now {_refused(refusal)}"
    elif case.tag in case.deprecated:
        because = "it is deprecated, and what is left is no better"
    elif not kept.listed:
        because = "the tag was deleted, and what is left is no better"
    return _Told("Chosen", f"stays in use as {kept.current.digest}: {because}")


def _is_deprecated(case: _Case) -> _Told | None:
    if case.tag not in case.deprecated:
        return None
    words = "is deprecated: the chart repository marks it with deprecated: true, and it is never chosen anew"
    return _Told(Rejection.DEPRECATED.value, words)


def _is_not_listed(case: _Case) -> _Told | None:
    if case.tag in case.listing.names:
        return None
    return _Told("NotListed", f"is not among the {len(case.listing)} tags of {case.listing.repository}")


def _is_filtered_out(case: _Case) -> _Told | None:
    objection = case.selector.tag_filter.objection(case.tag)
    return _Told(objection.rejection.value, objection.words) if objection is not None else None


def _is_refused_by_policy(case: _Case) -> _Told | None:
    text = case.selector.tag_filter.text(case.tag) or case.tag
    judged = case.judge(case.tag, text)
    if not isinstance(judged, Rejection):
        return None
    read = "" if text == case.tag else f"is read as {text!r}, which "
    return _Told(judged.value, f"{read}{_POLICY_WORDS[judged]}; wanted is {case.selector.policy.wish}")


def _is_refused_by_image(case: _Case) -> _Told | None:
    refusal = case.examined.refusals.get(case.tag)
    return _Told(refusal.reason.value, _refused(refusal)) if refusal is not None else None


def _has_no_manifest(case: _Case) -> _Told | None:
    verdict = case.examined.verdict
    if not isinstance(verdict, ManifestMissing) or verdict.tag != case.tag:
        return None
    words = "is listed, and the registry has no manifest for it: push it again, or delete it"
    return _Told("ManifestMissing", words)


_Explain: TypeAlias = Callable[[_Case], _Told | None]
# First hit wins.
_EXPLANATIONS: Final[tuple[_Explain, ...]] = (
    _is_chosen,  # it is what the Warehouse has
    _is_kept,  # it was chosen before and stays
    _is_deprecated,  # the chart repository has it, and wants nobody to use it
    _is_not_listed,  # the registry does not have it
    _is_filtered_out,  # include, exclude, extract, signatures
    _is_refused_by_policy,  # by name or time
    _is_refused_by_image,  # by age or platform
    _has_no_manifest,  # the examination ended there
)


def in_words(refusals: Collection[Refusal]) -> str:
    """What is wrong with images that would do by name, the most frequent first."""
    counted = Counter(_fault(refusal) for refusal in refusals)
    return ", ".join(
        f"{count} {words}" for words, count in sorted(counted.items(), key=lambda item: -item[1])
    )


def _fault(refusal: Refusal) -> str:
    match refusal.reason:
        case Rejection.TOO_YOUNG:
            return "too young"
        case Rejection.PLATFORM_MISSING:
            return f"without {', '.join(refusal.missing)}"
        case _:
            return "broken"


def _refused(refusal: Refusal) -> str:
    match refusal.reason:
        case Rejection.TOO_YOUNG:
            return f"is too young until {_time(refusal.until)}"
        case Rejection.PLATFORM_MISSING:
            return f"has no image for {', '.join(refusal.missing)}"
        case _:
            return "is broken: what its manifest names is missing, or no image"


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else "later"


def _position(case: _Case) -> tuple[int | None, int]:
    """The place of the tag among all that are allowed, and how many these are."""
    places = [
        Place(judged, tag)
        for tag, text in case.selector.tag_filter.sift(case.listing.names).entries
        if not isinstance(judged := case.judge(tag, text), Rejection)
    ]
    own = next((place for place in places if place.tag == case.tag), None)
    if own is None:
        return None, len(places)
    return 1 + sum(own < place for place in places), len(places)

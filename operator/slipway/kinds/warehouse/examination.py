"""From the best tags to an artifact: each is looked at in turn until one may be taken.

A pure flow: it yields what it wants to know and is told, so that nothing here waits for a network::

    tags ─▶ times, if the policy goes by them ─▶ shortlist ─▶ best tag ─▶ digest ─▶ verdicts ─▶ taken
                                                                 ▲                     │
                                                                 └──── next best ◀─────┘ refused

The way down ends where the recorded artifact stands: what is worse than it is never taken instead of it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Final

from slipway.kinds.warehouse.policies.policy import Needs
from slipway.kinds.warehouse.policies.ranking import Place
from slipway.kinds.warehouse.questions import Answer, Describe, Question, Resolve
from slipway.kinds.warehouse.selection import Choice, Selector
from slipway.kinds.warehouse.verdicts import Examined, Picked, Rules, Situation, TooManyTags
from slipway.kinds.warehouse.walk import Examination, Walk
from slipway.oci.results import TagInfo, TagsList

__all__ = ["TIMES_LIMIT", "advance", "examine"]

TIMES_LIMIT: Final = 1000
"""Tags whose images are read for their time of build, when the listing does not tell it."""


def advance(examination: Examination, answer: Answer | None) -> Question | Examined:
    """Hands the examination its answer, None to begin; gives the next question, or the end.

    With many tags the first step is the one that takes milliseconds: give it to a thread.
    """
    try:
        return next(examination) if answer is None else examination.send(answer)
    except StopIteration as done:
        examined: Examined = done.value
        return examined


def examine(selector: Selector, listing: TagsList, rules: Rules, situation: Situation) -> Examination:
    """Choose an artifact.

    Args:
        selector: which tags, and which of them is best.
        listing: all tags of the repository, never a part of them; for a policy that follows one tag that tag
            alone.
        rules: what an image must be beside its tag.
        situation: what was chosen and seen before.
    """
    details = dict(listing.details)
    unknown = _without_time(selector, listing)
    if len(unknown) > TIMES_LIMIT:
        return Examined(
            TooManyTags(len(unknown), TIMES_LIMIT), Choice((), {}, len(listing)), seen=situation.seen
        )
    if unknown:
        details |= yield from _build_times(unknown, listing)
    shortlist = selector.shortlist(listing.names, details, rules.limit)
    walk = Walk(rules, situation, shortlist, details, _standing(selector, situation.current))
    return (yield from walk.down(frozenset(listing.names)))


def _without_time(selector: Selector, listing: TagsList) -> tuple[str, ...]:
    """The tags whose images must be asked when they were built."""
    if selector.policy.needs is not Needs.BUILD_TIMES:
        return ()
    passed = selector.tag_filter.sift(listing.names).passed
    return tuple(tag for tag in passed if listing.info(tag).created_at is None)


def _build_times(
    tags: tuple[str, ...], listing: TagsList
) -> Generator[Question, Answer, Mapping[str, TagInfo]]:
    """The tags with the time their images tell; one that tells none, or is not there, stays without."""
    digests = (yield Resolve(tags)).digests
    distinct = tuple(sorted(set(digests.values())))
    images = (yield Describe(distinct)).images if distinct else {}
    return {
        tag: replace(listing.info(tag), created_at=images[digest].created_at)
        for tag, digest in digests.items()
        if digest in images
    }


def _standing(selector: Selector, current: Picked | None) -> Place | None:
    """Where the recorded artifact stands; None when there is none, or its tag is no longer allowed."""
    if current is None:
        return None
    info = TagInfo(current.tag, pushed_at=current.pushed_at, created_at=current.created_at)
    return selector.place(current.tag, info)

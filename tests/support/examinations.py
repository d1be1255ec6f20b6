"""A registry in a dictionary, and the examination of its tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slipway.kinds.warehouse.examination import advance, examine
from slipway.kinds.warehouse.filters import TagFilter
from slipway.kinds.warehouse.policies.policy import Policy
from slipway.kinds.warehouse.questions import Answer, Question, Resolve
from slipway.kinds.warehouse.selection import Selector
from slipway.kinds.warehouse.verdicts import Examined, Rules, Situation
from slipway.oci.results import ImageInfo, TagInfo, TagsList

__all__ = ["Repository", "selector_for"]


def selector_for(policy: Policy, *include: str) -> Selector:
    """A subscription's selector without an API object."""
    return Selector(TagFilter.of(include, []), policy)


@dataclass
class Repository:
    """What a registry has, and what was asked of it."""

    digests: Mapping[str, str]
    """By tag. A tag that is listed and not here has no manifest."""

    images: Mapping[str, ImageInfo] = field(default_factory=dict)
    """By digest."""

    listed: tuple[TagInfo, ...] = ()
    """What the listing tells; by default the names of the tags alone."""

    questions: list[Question] = field(default_factory=list)

    @property
    def listing(self) -> TagsList:
        """The listing of all tags."""
        return TagsList.of("r.example.com/a", self.listed or map(TagInfo, self.digests))

    @property
    def resolved(self) -> list[str]:
        """The tags that were asked for, in order."""
        return [tag for question in self.questions if isinstance(question, Resolve) for tag in question.tags]

    @property
    def described(self) -> list[str]:
        """The digests that were asked for, in order."""
        asked = (question for question in self.questions if not isinstance(question, Resolve))
        return [digest for question in asked for digest in question.digests]

    def examine(self, selector: Selector, rules: Rules, situation: Situation) -> Examined:
        """Examine the tags, answering as this registry does."""
        examination = examine(selector, self.listing, rules, situation)
        step = advance(examination, None)
        while not isinstance(step, Examined):
            self.questions.append(step)
            step = advance(examination, self._answer(step))
        return step

    def _answer(self, question: Question) -> Answer:
        if isinstance(question, Resolve):
            return Answer(digests={tag: self.digests[tag] for tag in question.tags if tag in self.digests})
        return Answer(images={name: self.images[name] for name in question.digests if name in self.images})

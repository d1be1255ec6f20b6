"""The index of a chart repository, seen as a repository of tags, so that one examination serves both.

Charts in a registry are tags by themselves. The versions of an index become the tags under which they would
be pushed there; what the examination asks for is in the index already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from slipway.api.strings import DIGEST_LENGTH
from slipway.charts.index import ChartVersion
from slipway.charts.versions import tag_of_version
from slipway.kinds.warehouse.filters import TagFilter
from slipway.kinds.warehouse.policies.chart import ChartPolicy
from slipway.kinds.warehouse.policies.policy import Rejection
from slipway.kinds.warehouse.questions import Answer, Question, Resolve
from slipway.kinds.warehouse.selection import Choice, Selector
from slipway.oci.results import TagInfo, TagsList

__all__ = ["ChartTags", "chart_selector", "chart_tags"]


def chart_selector(text: str, *, prereleases: bool = False) -> Selector:
    """The selector of a chart subscription.

    Args:
        text: the range of versions.
        prereleases: whether 2.0.0-rc.1 counts too.

    Raises:
        InvalidRange: when the range cannot be read.
    """
    return Selector(TagFilter.of([], []), ChartPolicy.of(text, prereleases=prereleases))


@dataclass(frozen=True, slots=True)
class ChartTags:
    """The versions of one chart, as tags."""

    listing: TagsList
    """Without those that are deprecated. The time of publication counts as that of the push."""

    versions: Mapping[str, ChartVersion]
    """By tag."""

    deprecated: frozenset[str]
    """The tags of those that are marked as no longer meant for use."""

    def answer(self, question: Question) -> Answer:
        """What the index says of tags; it says nothing of images."""
        if not isinstance(question, Resolve):
            return Answer()
        return Answer(
            digests={tag: _identity(self.versions[tag]) for tag in question.tags if tag in self.versions}
        )

    def told(self, choice: Choice) -> Choice:
        """The choice with the deprecated versions counted among the others."""
        if not self.deprecated:
            return choice
        rejected = {**choice.rejected, Rejection.DEPRECATED.value: len(self.deprecated)}
        return replace(choice, rejected=rejected, tags=choice.tags + len(self.deprecated))


def chart_tags(place: str, versions: Iterable[ChartVersion]) -> ChartTags:
    """See the versions of a chart as tags. Of a version that is there twice the first counts, as in Helm.

    Args:
        place: where the chart is, for messages.
        versions: as the index has them.
    """
    by_tag: dict[str, ChartVersion] = {}
    for version in versions:
        by_tag.setdefault(tag_of_version(version.version), version)
    current = {tag: version for tag, version in by_tag.items() if not version.deprecated}
    listing = TagsList.of(
        place, (TagInfo(tag, version.digest, version.created) for tag, version in current.items())
    )
    return ChartTags(listing, current, frozenset(by_tag.keys() - current.keys()))


def _identity(version: ChartVersion) -> str:
    """The digest of the archive; where none of use is named, one of where the archive is and since when.

    What is published again under the same version has another one, either way.
    """
    named = version.digest or ""
    whole = named if ":" in named else f"sha256:{named}"
    if named and len(whole) <= DIGEST_LENGTH:
        return whole
    content = "\n".join([version.version, str(version.created), *version.urls])
    return f"sha256:{sha256(content.encode()).hexdigest()}"

"""What every tag policy offers."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Any, Final, Protocol, TypeAlias

from slipway.oci.results import TagInfo

__all__ = ["CANDIDATE_LIMIT", "Judgement", "Needs", "Policy", "Rejection", "SortKey"]

CANDIDATE_LIMIT: Final = 10
"""How many tags are told as candidates, the chosen one included."""


class Rejection(StrEnum):
    """Why a tag was not chosen, as it is counted in `status.artifacts[].rejected`."""

    SIGNATURE = "Signature"
    """A tag under which signatures, attestations or bills of materials are kept."""

    INVALID_TAG = "InvalidTag"
    """No tag by the rules of the distribution specification; it is never used for anything."""

    NOT_MATCHING = "NotMatching"
    """The include and exclude patterns leave it out, or `extract` makes nothing of it."""

    OTHER_TAG = "OtherTag"
    """Policy Digest: not the tag that is followed."""

    NOT_SEMVER = "NotSemver"
    """Policy Semver: no version with three numbers."""

    PRE_RELEASE = "PreRelease"
    """Policy Semver: a pre-release, and those do not count."""

    OUT_OF_RANGE = "OutOfRange"
    """Policy Semver: a version outside the range."""

    NOT_NUMERICAL = "NotNumerical"
    """Policy Numerical: no number."""

    NO_TIME = "NoTime"
    """Policy Newest: the registry or the image does not tell the time that counts."""

    PLATFORM_MISSING = "PlatformMissing"
    """The image lacks a platform that is wanted."""

    TOO_YOUNG = "TooYoung"
    """Its digest was first seen less than `minimumAge` ago."""

    BROKEN = "Broken"
    """The manifest is there, and what it names is missing or is no image."""

    DEPRECATED = "Deprecated"
    """Charts: the repository marks the version as no longer meant for use."""


class Needs(Enum):
    """What a policy must know of a tag beside its name."""

    NOTHING = "nothing"
    PUSH_TIMES = "push times"
    """Only the registry's own listing tells them; an image does not."""

    BUILD_TIMES = "build times"
    """The listing tells them, or else the configuration of each image."""


class SortKey(Protocol):
    """The place of a tag; keys of one policy compare with each other, and the greatest is the best."""

    def __lt__(self, other: Any, /) -> bool: ...


Judgement: TypeAlias = SortKey | Rejection
"""Where a tag stands, or why it does not take part."""


class Policy(Protocol):
    """Chooses among the tags that passed the subscription's filters. Pure."""

    @property
    def follows(self) -> str | None:
        """The one tag whose digest is followed, for which no list is needed; None to choose from the list."""

    @property
    def needs(self) -> Needs:
        """What `judge` reads from the second argument."""

    @property
    def wish(self) -> str:
        """What is wanted, in words that end the sentence "none of the tags is …"."""

    def judge(self, text: str, info: TagInfo) -> Judgement:
        """The place of one tag. It depends on nothing else, least of all on the other tags.

        Args:
            text: the tag, or what `extract` made of it.
            info: what is known of the tag.
        """

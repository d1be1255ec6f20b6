"""Which tags a policy gets to see: the user's include and exclude patterns, and no signatures.

Patterns are RE2 (https://github.com/google/re2/wiki/Syntax), which cannot be made to run for ever, and are
anchored: a pattern matches a whole tag or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import re2

__all__ = ["Filtered", "InvalidPattern", "TagFilter", "is_signature_tag"]

_SIGNATURE: Final = re.compile(r"sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?")

_MEMORY: Final = 1 << 20
"""Bytes that one compiled pattern may take; a pattern that needs more is refused."""


class InvalidPattern(ValueError):  # noqa: N818 - named like the reason it becomes
    """A pattern that RE2 does not accept; the message names the pattern and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Filtered:
    """The tags that passed, in the order given, and how many did not."""

    passed: list[str]
    signatures: int
    not_matching: int


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Compiled patterns of one subscription."""

    include: tuple[Any, ...]
    exclude: tuple[Any, ...]

    @classmethod
    def of(cls, include: Sequence[str], exclude: Sequence[str]) -> TagFilter:
        """Compile the patterns; no include pattern means that every tag is included.

        Raises:
            InvalidPattern: for the first pattern that RE2 refuses.
        """
        return cls(tuple(map(_compile, include)), tuple(map(_compile, exclude)))

    def sift(self, tags: Sequence[str]) -> Filtered:
        """Split the tags of a repository into those that pass and the numbers of those that do not."""
        images = [tag for tag in tags if not is_signature_tag(tag)]
        passed = [tag for tag in images if self._passes(tag)]
        return Filtered(passed, len(tags) - len(images), len(images) - len(passed))

    def _passes(self, tag: str) -> bool:
        included = not self.include or any(pattern.fullmatch(tag) for pattern in self.include)
        return included and not any(pattern.fullmatch(tag) for pattern in self.exclude)


def is_signature_tag(tag: str) -> bool:
    """Whether a tag is one under which cosign and the referrers fallback keep signatures and the like.

    They name a digest and not a version, and a signed repository has as many of them as images.
    """
    return tag.startswith("sha256-") and _SIGNATURE.fullmatch(tag) is not None


def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        msg = f"the pattern {pattern!r} is not valid RE2: {reason}"
        raise InvalidPattern(msg) from error

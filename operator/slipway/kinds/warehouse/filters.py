"""Which tags a policy gets to see, and as what: include, exclude and extract, and no signatures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from slipway.kinds.warehouse.extraction import Extraction
from slipway.kinds.warehouse.patterns import InvalidPattern, PatternSet, compile_pattern
from slipway.kinds.warehouse.policies.policy import Rejection
from slipway.oci.reference import is_tag

__all__ = ["Filtered", "InvalidPattern", "Objection", "TagFilter", "is_signature_tag"]

_SIGNATURE: Final = re.compile(r"sha(?:256|384|512)-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?")


@dataclass(frozen=True, slots=True)
class Filtered:
    """The tags that passed, in the order given, and how many did not."""

    passed: list[str]
    texts: list[str]
    """What the policy reads instead of each of them; the tags themselves without `extract`."""

    signatures: int
    invalid: int
    not_matching: int

    @property
    def entries(self) -> Iterable[tuple[str, str]]:
        """Each tag that passed, with its text."""
        return zip(self.passed, self.texts, strict=True)

    @property
    def rejected(self) -> dict[str, int]:
        """How many tags were left out, by reason; only reasons that occurred."""
        counts = {
            Rejection.SIGNATURE: self.signatures,
            Rejection.INVALID_TAG: self.invalid,
            Rejection.NOT_MATCHING: self.not_matching,
        }
        return {reason.value: count for reason, count in counts.items() if count}


class Objection(NamedTuple):
    """Why one tag does not pass."""

    rejection: Rejection
    words: str
    """A sentence about the tag, without a subject."""


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Compiled patterns of one subscription."""

    include: tuple[Any, ...]
    exclude: tuple[Any, ...]
    extraction: Extraction | None
    patterns: PatternSet
    """The include patterns, then the exclude patterns."""

    @classmethod
    def of(cls, include: Sequence[str], exclude: Sequence[str], extract: str | None = None) -> TagFilter:
        """Compile the patterns; no include pattern means that every tag is included.

        Args:
            include: a tag must match one of them; with `extract` the first that matches counts.
            exclude: a tag must match none of them.
            extract: what the policy reads instead of the tag, such as `$version`.

        Raises:
            InvalidPattern: for the first pattern that RE2 refuses, and an `extract` that cannot be filled.
        """
        included, excluded = tuple(map(compile_pattern, include)), tuple(map(compile_pattern, exclude))
        extraction = Extraction.of(extract, included) if extract else None
        return cls(included, excluded, extraction, PatternSet([*include, *exclude]))

    def sift(self, tags: Sequence[str]) -> Filtered:
        """Split the tags of a repository into those that pass and the numbers of those that do not."""
        valid = [tag for tag in tags if is_tag(tag)]
        images = [tag for tag in valid if not is_signature_tag(tag)]
        passed, texts = self._sifted(images)
        return Filtered(
            passed,
            texts,
            signatures=len(valid) - len(images),
            invalid=len(tags) - len(valid),
            not_matching=len(images) - len(passed),
        )

    def _sifted(self, images: list[str]) -> tuple[list[str], list[str]]:
        if not self.include and not self.exclude:
            return images, images
        passed, texts = [], []
        read = self._reader()
        for tag in images:
            text = read(tag)
            if text:
                passed.append(tag)
                texts.append(text)
        return passed, texts

    def _reader(self) -> Callable[[str], str | None]:
        """Gives what the policy reads of a tag; None or empty when the tag does not pass."""
        # A lone pattern that is read for its groups need not be asked before.
        if self.extraction is not None and len(self.include) == 1 and not self.exclude:
            return partial(self.extraction.text, 0)
        return self._text

    def _text(self, tag: str) -> str | None:
        matching = self.patterns.matching(tag)
        own = len(self.include)
        if (own and not matching) or (matching and max(matching) >= own):
            return None
        return tag if self.extraction is None else self.extraction.text(min(matching), tag)

    def text(self, tag: str) -> str | None:
        """What the policy reads instead of a tag; None when the tag does not pass."""
        return None if self.objection(tag) else self._reader()(tag)

    def objection(self, tag: str) -> Objection | None:
        """Why one tag does not pass, with the pattern that is to blame; None when it passes."""
        if not is_tag(tag):
            return Objection(Rejection.INVALID_TAG, "is no tag that a registry can have")
        if is_signature_tag(tag):
            return Objection(
                Rejection.SIGNATURE, "names a digest: signatures and the like are kept under such tags"
            )
        words = self._mismatch(tag)
        return Objection(Rejection.NOT_MATCHING, words) if words else None

    def _mismatch(self, tag: str) -> str | None:
        own, matching = len(self.include), sorted(self.patterns.matching(tag))
        if own and not any(number < own for number in matching):
            return f"matches none of the include patterns: {', '.join(map(_shown, self.include))}"
        if matching and matching[-1] >= own:
            return f"matches the exclude pattern {_shown(self.exclude[matching[-1] - own])}"
        return None if self._text(tag) else "gives no text, or too long a one, for extract"


def is_signature_tag(tag: str) -> bool:
    """Whether a tag is one under which cosign and the referrers fallback keep signatures and the like.

    They name a digest and not a version, and a signed repository has as many of them as images.
    """
    return tag.startswith("sha") and _SIGNATURE.fullmatch(tag) is not None


def _shown(pattern: Any) -> str:
    return f"`{pattern.pattern.decode()}`"  # as it was written: quoted by Python it would be another one

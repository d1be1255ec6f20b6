"""Tags of builds: a template with fixed keys, and the number of the next build.

A template such as `1.4.0-{build}` names every build. `{build}` is the only key: templates are substitutions,
never expressions. The grammar of a tag is that of the OCI distribution specification, "Pulling manifests".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["TagTemplate", "TagTemplateError", "next_build_number"]

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_KEY = re.compile(r"\{([^{}]*)\}")
_MOST_DIGITS = 18
"""Numbers beyond this many digits are not ours: they would not fit the int64 of a status."""


class TagTemplateError(ValueError):
    """The template can make no valid tag; the message names the fault and the fix."""


@dataclass(frozen=True, slots=True)
class TagTemplate:
    """A tag with at most one place for the number of the build."""

    text: str
    prefix: str
    suffix: str
    numbered: bool
    """False for a template without `{build}`: every build would get the same tag."""

    @classmethod
    def parse(cls, text: str) -> TagTemplate:
        """Read a template.

        Raises:
            TagTemplateError: for an unknown or repeated key, a stray brace, or a text that can be no tag.
        """
        keys = _KEY.findall(text)
        _refuse_keys(text, keys)
        prefix, _, suffix = text.partition("{build}")
        template = cls(text, prefix, suffix, numbered=bool(keys))
        _refuse_tag(text, template.render(10**_MOST_DIGITS - 1))
        return template

    def render(self, build: int) -> str:
        """The tag of a build."""
        return f"{self.prefix}{build}{self.suffix}" if self.numbered else self.text

    def number_of(self, tag: str) -> int | None:
        """The build that a tag belongs to; None for tags that this template did not make."""
        if not self.numbered or not (tag.startswith(self.prefix) and tag.endswith(self.suffix)):
            return None
        digits = tag[len(self.prefix) : len(tag) - len(self.suffix)]
        return int(digits) if _is_number(digits) else None


def next_build_number(template: TagTemplate, recorded: Iterable[int], tags: Iterable[str]) -> int:
    """One more than the highest number in status and in the registry, so that no tag is ever overwritten.

    Args:
        template: what names the builds.
        recorded: numbers of builds in status (and of Jobs, where there are any).
        tags: all tags of the repository; those that the template did not make count for nothing.
    """
    tagged = (template.number_of(tag) for tag in tags)
    numbers = [*recorded, *(number for number in tagged if number is not None)]
    return max(numbers, default=0) + 1


def _refuse_keys(text: str, keys: list[str]) -> None:
    unknown = sorted(set(keys) - {"build"})
    if unknown:
        msg = (
            f"tag {text!r}: unknown key {{{unknown[0]}}}; the only key is {{build}}, the number of the build"
        )
        raise TagTemplateError(msg)
    if len(keys) > 1:
        msg = f"tag {text!r}: {{build}} stands {len(keys)} times; write it once"
        raise TagTemplateError(msg)


def _refuse_tag(text: str, longest: str) -> None:
    if not _TAG.fullmatch(longest):
        msg = (
            f"tag {text!r} makes no valid tag: use letters, digits, '_', '.' and '-', do not start with '.' "
            "or '-', and keep it below 128 characters with a build number of 18 digits"
        )
        raise TagTemplateError(msg)


def _is_number(digits: str) -> bool:
    """A decimal number as we write it: ASCII, no leading zero, small enough for a status."""
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _MOST_DIGITS:
        return False
    return digits == "0" or not digits.startswith("0")

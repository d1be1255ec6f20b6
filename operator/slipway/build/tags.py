"""Tags of builds: a template with fixed keys, and the number of the next build.

A template such as `{version}-{date}-{build}` names every build. Templates are substitutions, never
expressions. `{build}` is the number of the build and makes its tag its own; `{date}` and `{commit}` always
have the same length, so that the number in a tag can be told from them. `{version}` is a text of the spec,
known before any tag is made or read. The grammar of a tag is that of the OCI distribution specification,
"Pulling manifests".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

__all__ = [
    "COMMIT_LENGTH",
    "BuildTag",
    "TagTemplate",
    "TagTemplateError",
    "date_of",
    "next_build_number",
    "with_version",
]

COMMIT_LENGTH: Final = 12
"""Characters of a commit that stand in a tag."""

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_KEY = re.compile(r"\{([^{}]*)\}")
_KEYS: Final = ("build", "commit", "date", "version")
_MOST_DIGITS = 18
"""Numbers beyond this many digits are not ours: they would not fit the int64 of a status."""

_READ: Final = {
    "build": rf"(?P<build>0|[1-9][0-9]{{0,{_MOST_DIGITS - 1}}})",
    "commit": rf"(?P<commit>[0-9a-f]{{{COMMIT_LENGTH}}})",
    "date": r"(?P<date>[0-9]{8})",
}
"""What each key looks like in a tag: a number as we write it, without leading zeros, and fixed lengths."""


class TagTemplateError(ValueError):
    """The template can make no valid tag; the message names the fault and the fix."""


@dataclass(frozen=True, slots=True)
class BuildTag:
    """What the keys stand for in one tag."""

    build: int
    """Number of the build."""

    date: str = ""
    """`20261122`; empty where the template has none."""

    commit: str = ""
    """The first characters of the commit; empty where the template has none."""


@dataclass(frozen=True, slots=True)
class TagTemplate:
    """A tag with places for what tells builds apart."""

    text: str
    """With the version in its place."""

    pattern: re.Pattern[str]
    """Matches the tags that it makes."""

    numbered: bool
    """False for a template without `{build}`: every build would get the same tag."""

    @classmethod
    def parse(cls, text: str, version: str | None = None) -> TagTemplate:
        """Read a template.

        Args:
            text: as image.tag has it.
            version: what `{version}` stands for; None where there is none.

        Raises:
            TagTemplateError: for an unknown or repeated key, one without a value, a stray brace, or a text
                that can be no tag.
        """
        keys = _KEY.findall(text)
        _refuse_keys(text, keys, version)
        spelled = with_version(text, version)
        template = cls(spelled, _pattern(spelled), numbered=bool(keys))
        _refuse_tag(text, template.render(10**_MOST_DIGITS - 1, "9" * 8, "f" * COMMIT_LENGTH))
        return template

    def render(self, build: int, date: str = "", commit: str = "") -> str:
        """The tag of a build.

        Args:
            build: its number.
            date: the day on which it was begun, as `date_of` writes it.
            commit: what it is built from; cut to its first characters.
        """
        values = {"build": str(build), "date": date, "commit": commit[:COMMIT_LENGTH]}
        return _KEY.sub(lambda found: values[found[1]], self.text)

    def read(self, tag: str) -> BuildTag | None:
        """What stands in a tag of this template, of whatever day and commit; None for tags of others."""
        found = self.pattern.fullmatch(tag) if self.numbered else None
        if found is None:
            return None
        values = found.groupdict("")
        return BuildTag(int(values["build"]), values.get("date", ""), values.get("commit", ""))

    def number_of(self, tag: str) -> int | None:
        """The build that a tag belongs to; None for tags that this template did not make."""
        found = self.read(tag)
        return None if found is None else found.build


def with_version(text: str, version: str | None) -> str:
    """A template with its version; without one it stays as it is."""
    return text if version is None else text.replace("{version}", version)


def date_of(moment: datetime) -> str:
    """The day in UTC as it stands in a tag: `20261122`."""
    return moment.astimezone(UTC).strftime("%Y%m%d")


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


def _pattern(spelled: str) -> re.Pattern[str]:
    """Each tag is matched in one way only: all but the number has a fixed length."""
    written = re.escape(spelled)
    for key, read in _READ.items():
        written = written.replace(re.escape(f"{{{key}}}"), read)
    return re.compile(written)


def _refuse_keys(text: str, keys: list[str], version: str | None) -> None:
    unknown = sorted(set(keys) - set(_KEYS))
    if unknown:
        known = ", ".join(f"{{{key}}}" for key in _KEYS)
        msg = f"tag {text!r}: unknown key {{{unknown[0]}}}; the keys are {known}"
        raise TagTemplateError(msg)
    for key in keys:
        if keys.count(key) > 1:
            msg = f"tag {text!r}: {{{key}}} stands {keys.count(key)} times; write it once"
            raise TagTemplateError(msg)
    if keys and "build" not in keys:
        msg = f"tag {text!r} has no {{build}}: write it in, so that each build gets a tag of its own"
        raise TagTemplateError(msg)
    if "version" in keys and version is None:
        msg = f"tag {text!r}: {{version}} has no value; write the version itself"
        raise TagTemplateError(msg)


def _refuse_tag(text: str, longest: str) -> None:
    if not _TAG.fullmatch(longest):
        msg = (
            f"tag {text!r} makes no valid tag: use letters, digits, '_', '.' and '-', do not start with '.' "
            "or '-', and keep it below 128 characters with a build number of 18 digits"
        )
        raise TagTemplateError(msg)

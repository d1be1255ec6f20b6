"""What a subscription follows: a branch, a tag, versions among all tags, or the default branch. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from slipway.git.errors import InvalidReference, RefNotFound

__all__ = ["HEAD", "Found", "GitReference", "is_object_id", "is_ref_name"]

HEAD: Final = "HEAD"
"""The ref that stands for the remote's default branch."""

_BRANCHES: Final = "refs/heads/"
_TAGS: Final = "refs/tags/"
_OBJECT_ID: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)")


@dataclass(frozen=True, slots=True)
class Found:
    """What a reference came to."""

    ref: str
    """Full name, such as `refs/heads/main`; `HEAD` for the default branch."""

    commit: str
    """Object id; of an annotated tag that of the commit it points to."""

    @property
    def name(self) -> str:
        """The name as people say it, such as `main` or `v1.4.2`."""
        return self.ref.removeprefix(_BRANCHES).removeprefix(_TAGS)


@dataclass(frozen=True, slots=True)
class GitReference:
    """What is followed; at most one of the three is set, and none means the default branch.

    Raises:
        InvalidReference: when several are set, or one is no name that git allows.
    """

    branch: str | None = None
    tag: str | None = None
    semver: str | None = None
    """Range of versions over the tags, read by whoever chooses (see `find`)."""

    def __post_init__(self) -> None:
        if sum(value is not None for value in (self.branch, self.tag, self.semver)) > 1:
            msg = "branch, tag and semver exclude each other: set one of them, or none for the default branch"
            raise InvalidReference(msg)
        for kind, name in (("branch", self.branch), ("tag", self.tag)):
            if name is not None and not is_ref_name(name):
                msg = f"{name!r} is no name that git allows for a {kind}: write it without refs/ and spaces"
                raise InvalidReference(msg)

    @property
    def patterns(self) -> tuple[str, ...]:
        """What `ls_remote` is to be asked for."""
        if self.branch is not None:
            return (f"{_BRANCHES}{self.branch}",)
        if self.tag is not None:
            return (f"{_TAGS}{self.tag}",)
        return (HEAD,) if self.semver is None else (f"{_TAGS}*",)

    def find(
        self, refs: Mapping[str, str], choose: Callable[[Collection[str]], str | None] | None = None
    ) -> Found:
        """The ref that is followed, among what `ls_remote` answered.

        Args:
            refs: Object ids by full ref name.
            choose: With `semver`: the newest of these tag names that the range admits, None when none is.

        Raises:
            RefNotFound: when it is not there; the message says what is missing.
        """
        ref = self._of_tags(refs, choose) if self.semver is not None else self.patterns[0]
        commit = refs.get(ref)
        if commit is None:
            raise RefNotFound(self._missing(ref))
        return Found(ref, commit)

    def _of_tags(
        self, refs: Mapping[str, str], choose: Callable[[Collection[str]], str | None] | None
    ) -> str:
        assert choose is not None, "a range needs somebody who reads it"
        names = [ref.removeprefix(_TAGS) for ref in refs if ref.startswith(_TAGS)]
        chosen = choose(names)
        if chosen is None:
            msg = f"none of the {len(names)} tags is a version in {self.semver}: push one, or widen semver"
            raise RefNotFound(msg)
        return f"{_TAGS}{chosen}"

    def _missing(self, ref: str) -> str:
        if ref == HEAD:
            return "the repository has no default branch, or no commit yet: push one, or set branch or tag"
        kind = "branch" if self.branch is not None else "tag"
        return f"the repository has no {kind} {ref.removeprefix(_BRANCHES).removeprefix(_TAGS)}"


def is_ref_name(name: str) -> bool:
    """Whether git allows the name for a branch or tag (https://git-scm.com/docs/git-check-ref-format).

    Stricter in one thing: no name begins with a dash, as git's own commands refuse to make such ones.
    """
    return (
        0 < len(name) <= 255
        and name.isprintable()
        and name != "@"
        and not name.startswith(("-", "/", "."))
        and not name.endswith(("/", "."))
        and _FORBIDDEN.search(name) is None
    )


def is_object_id(text: str) -> bool:
    """Whether the text is a full object id, of SHA-1 (40 digits) or SHA-256 (64 digits)."""
    return _OBJECT_ID.fullmatch(text) is not None

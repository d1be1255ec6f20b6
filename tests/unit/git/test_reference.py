from __future__ import annotations

import subprocess
from collections.abc import Collection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.git.errors import InvalidReference, RefNotFound
from slipway.git.reference import Found, GitReference, is_object_id, is_ref_name

ID = "0123456789" * 4

PATTERNS = {
    "a branch": (GitReference(branch="release/1.4"), ("refs/heads/release/1.4",)),
    "a tag": (GitReference(tag="v1.4.2"), ("refs/tags/v1.4.2",)),
    "a range over all tags": (GitReference(semver="^1"), ("refs/tags/*",)),
    "the default branch": (GitReference(), ("HEAD",)),
}

FOUND = {
    "a branch": (GitReference(branch="main"), {"refs/heads/main": ID}, Found("refs/heads/main", ID), "main"),
    "a tag": (GitReference(tag="v1"), {"refs/tags/v1": ID}, Found("refs/tags/v1", ID), "v1"),
    "the default branch": (GitReference(), {"HEAD": ID}, Found("HEAD", ID), "HEAD"),
}

MISSING = {
    "a branch": (GitReference(branch="main"), {"refs/tags/main": ID}, "no branch main"),
    "a tag": (GitReference(tag="v1"), {"refs/heads/v1": ID}, "no tag v1"),
    "the default branch of an empty repository": (GitReference(), {}, "no commit yet"),
}

NAMES = {
    "main": True,
    "release/1.4": True,
    "wip-#12": True,
    "caf\u00e9": True,
    "": False,
    "@": False,
    "-x": False,
    "--upload-pack=x": False,
    "a b": False,
    "a..b": False,
    "a~1": False,
    "a^": False,
    "a:b": False,
    "a*": False,
    "a?": False,
    "a[b": False,
    "a\\b": False,
    "a@{1}": False,
    "/a": False,
    "a/": False,
    "a//b": False,
    "a.": False,
    "a/.b": False,
    ".a": False,
    "a.lock": False,
    "a.lock/b": False,
    "a\n": False,
    "a\x7f": False,
    "x" * 256: False,
}


@pytest.mark.parametrize("case", PATTERNS)
def test_only_what_is_followed_is_asked_for(case: str) -> None:
    """A host with thousands of refs is not asked for all of them."""
    reference, patterns = PATTERNS[case]

    assert reference.patterns == patterns


@pytest.mark.parametrize("case", FOUND)
def test_what_is_followed_is_found(case: str) -> None:
    """By its full name, and no other ref of a similar one."""
    reference, refs, found, name = FOUND[case]

    assert reference.find(refs) == found
    assert found.name == name


def test_a_range_is_chosen_from_by_the_caller() -> None:
    """Versions are read where the ranges of images are read too; only tags are offered."""
    offered: list[str] = []

    def newest(tags: Collection[str]) -> str | None:
        offered.extend(tags)
        return "v1.1.0"

    refs = {"refs/tags/v1.0.0": "a" * 40, "refs/tags/v1.1.0": ID, "refs/heads/v9": "b" * 40}

    assert GitReference(semver="^1").find(refs, newest) == Found("refs/tags/v1.1.0", ID)
    assert sorted(offered) == ["v1.0.0", "v1.1.0"]


@pytest.mark.parametrize("case", MISSING)
def test_what_is_not_there_is_named(case: str) -> None:
    """A message says which branch or tag is missing."""
    reference, refs, words = MISSING[case]

    with pytest.raises(RefNotFound, match=words):
        reference.find(refs)


def test_tags_outside_a_range_are_counted() -> None:
    """So that one sees that there are tags."""
    with pytest.raises(RefNotFound, match=r"none of the 1 tags is a version in \^2"):
        GitReference(semver="^2").find({"refs/tags/v1": ID}, lambda _: None)


def test_two_references_are_one_too_many() -> None:
    """Which of them wins would have to be guessed."""
    with pytest.raises(InvalidReference, match="exclude each other"):
        GitReference(branch="main", tag="v1")


@pytest.mark.parametrize("name", NAMES)
def test_names_are_those_that_git_allows(name: str) -> None:
    """Nothing else reaches a command line."""
    assert is_ref_name(name) is NAMES[name]


@settings(max_examples=12, deadline=None)
@given(st.text(alphabet="ab/.@{~^:?*[\\-lock \x01", min_size=1, max_size=8))
def test_no_name_is_allowed_that_git_refuses(name: str) -> None:
    """Git itself is asked."""
    if is_ref_name(name):
        git = subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True, check=False)
        assert git.returncode == 0


@pytest.mark.parametrize(
    ("text", "is_one"),
    [(ID, True), ("a" * 64, True), ("a" * 41, False), ("A" * 40, False), (ID + "\n", False), ("", False)],
)
def test_object_ids_are_whole(text: str, is_one: bool) -> None:
    """Forty hexadecimal digits, or sixty-four."""
    assert is_object_id(text) is is_one

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.git.errors import GitError, InvalidReference, InvalidResponse, TooLarge
from slipway.git.refs import arguments_for, parse_refs

A, B, C = "a" * 40, "b" * 40, "c" * 40

ARGUMENTS = {
    "a branch": (["refs/heads/main"], ["--heads"], ["refs/heads/main"]),
    "an exact tag, which may be annotated": (
        ["refs/tags/v1"],
        ["--tags"],
        ["refs/tags/v1", "refs/tags/v1^{}"],
    ),
    "all tags": (["refs/tags/*"], ["--tags"], ["refs/tags/*"]),
    "a branch and all tags": (
        ["refs/tags/*", "refs/heads/main"],
        ["--heads", "--tags"],
        ["refs/tags/*", "refs/heads/main"],
    ),
    "the default branch, for which there is no option": (["HEAD"], [], ["HEAD"]),
    "a ref of another kind": (["refs/changes/1"], [], ["refs/changes/1"]),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_the_host_hears_as_little_as_git_lets_us_say(case: str) -> None:
    """Options narrow what is sent, patterns what is kept."""
    patterns, options, names = ARGUMENTS[case]

    assert arguments_for(patterns) == (options, names)


@pytest.mark.parametrize(
    "pattern", ["main", "--upload-pack=x", "refs/heads/a b", "refs/*/x", "", "refs/heads/[a]"]
)
def test_what_is_no_full_ref_name_is_refused(pattern: str) -> None:
    """Nothing that git would read as an option or as a pattern of its own."""
    with pytest.raises(InvalidReference, match="is no ref"):
        arguments_for([pattern])


def test_annotated_tags_stand_for_their_commits() -> None:
    """What is built is a commit, never a tag object."""
    output = f"{A}\trefs/tags/v1\n{B}\trefs/tags/v1^{{}}\n{C}\trefs/tags/v2\n".encode()

    assert parse_refs(output, ["refs/tags/*"], 10) == {"refs/tags/v1": B, "refs/tags/v2": C}


def test_refs_of_similar_names_are_left_out() -> None:
    """Git's patterns match the end of a name."""
    output = f"{A}\trefs/heads/main\n{B}\trefs/heads/x/refs/heads/main\n".encode()

    assert parse_refs(output, ["refs/heads/main"], 10) == {"refs/heads/main": A}


@pytest.mark.parametrize(
    "output",
    [
        f"{A}\trefs/heads/ma".encode(),
        f"{A[:39]}\trefs/heads/main\n".encode(),
        f"{A} refs/heads/main\n".encode(),
        f"{A}\t\n".encode(),
        b"\n",
    ],
)
def test_nothing_is_taken_from_a_list_that_is_not_whole(output: bytes) -> None:
    """One bad line spoils all: a missing tag could be the newest."""
    with pytest.raises(InvalidResponse):
        parse_refs(output, ["refs/heads/main"], 10)


def test_more_refs_than_the_limit_are_no_answer() -> None:
    """Cutting the list would choose from a part."""
    output = "".join(f"{A}\trefs/tags/v{number}\n" for number in range(11)).encode()

    with pytest.raises(TooLarge, match="more than 10 refs"):
        parse_refs(output, ["refs/tags/*"], 10)


@settings(max_examples=50)
@given(st.binary(max_size=120) | st.text(alphabet="a\t\n/refs^{}", max_size=120).map(str.encode))
def test_any_output_is_read_or_refused(output: bytes) -> None:
    """Whatever a host makes git print."""
    try:
        refs = parse_refs(output, ["refs/tags/*"], 10)
    except GitError:
        return

    assert all(ref.startswith("refs/tags/") for ref in refs)

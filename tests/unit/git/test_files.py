"""Paths and what git lists of them; tests/cluster/git reads files of real repositories."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.git.errors import FileMissing, InvalidPath, InvalidResponse, NotAFile
from slipway.git.files import (
    Entry,
    file_among,
    parse_entries,
    require_content,
    require_path,
    unexplained,
)

ID = "a" * 40
COMMIT = "3f9c1e2" + "0" * 33
DIRECTORY, FILE = Entry("040000", ID), Entry("100644", ID)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"

paths = st.lists(st.text("ab.-:*", min_size=1, max_size=4), min_size=1, max_size=4).map("/".join)
anything = st.text("ab.gitGIT/\\-:* \n\0\u00e9", max_size=12) | st.text(max_size=12)

ALLOWED = {
    "a file at the root": "Dockerfile",
    "a file in directories": "apps/api/Dockerfile",
    "a name that looks like an option": "--output=x",
    "a name that looks like magic of git's": ":(top,glob)**/x",
    "a name with wildcards": "apps/*/[x]?",
    "names that only begin with dots": ".github/..x/.gitignore",
    "letters of any script": "caf\u00e9 au lait",
    "a backslash, which git takes for a letter": "a\\b",
}

REFUSED = {
    "nothing": ("", "empty name"),
    "a path from the root of a machine": ("/etc/passwd", "without a slash"),
    "a step up": ("../x", ".. for one"),
    "a step up from within": ("apps/../../x", ".. for one"),
    "a step in place": ("./x", ". or .."),
    "an empty name": ("apps//x", "empty name"),
    "a directory by its slash": ("apps/", "empty name"),
    "git's own directory": (".git/config", "nothing under the name .git"),
    "git's own directory in capitals": ("apps/.GIT/hooks/x", "nothing under the name .git"),
    "a line break": ("a\nb", "printable"),
    "the end of a string in C": ("a\0b", "printable"),
    "a byte that is no text": ("a\udcffb", "printable"),
    "a novel": ("x" * 1025, "at most 1024"),
}

OTHERS = {
    "a directory": ("apps", {"apps": DIRECTORY}, "apps is a directory"),
    "a link": ("apps/x", {"apps": DIRECTORY, "apps/x": Entry("120000", ID)}, "apps/x is a symbolic link"),
    "a submodule": ("lib", {"lib": Entry("160000", ID)}, "lib is a submodule"),
    "behind a link": ("l/x", {"l": Entry("120000", ID)}, "l is a symbolic link, which is not followed"),
    "behind a submodule": ("a/s/x", {"a": DIRECTORY, "a/s": Entry("160000", ID)}, "a/s is a submodule"),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_a_path_may_have_any_name(case: str) -> None:
    """Git is told not to read anything into it."""
    assert require_path(ALLOWED[case]) == ALLOWED[case]


@pytest.mark.parametrize("case", REFUSED)
def test_a_path_stays_within_the_repository(case: str) -> None:
    """It says why not, and how a path is written."""
    path, words = REFUSED[case]

    with pytest.raises(InvalidPath, match=words) as caught:
        require_path(path)
    assert "apps/api/Dockerfile" in str(caught.value)


@given(anything)
def test_no_allowed_path_leads_out(path: str) -> None:
    """Whatever is in it, it has no step up, and no control character reaches a command line."""
    try:
        require_path(path)
    except InvalidPath:
        return

    assert not {"", ".", "..", ".git"} & set(path.lower().split("/"))
    assert path.isprintable()


@given(st.dictionaries(paths, st.sampled_from([DIRECTORY, FILE, Entry("120000", "b" * 64)]), max_size=5))
def test_what_git_lists_is_read_as_it_is(entries: dict[str, Entry]) -> None:
    """By path, of both lengths of object ids."""
    output = "".join(f"{entry.mode} blob {entry.id}\t{path}\0" for path, entry in entries.items())

    assert parse_entries(output.encode()) == entries


@pytest.mark.parametrize("output", [b"x\0", b"100644 blob\ta\0", b"100644 blob 1234\ta\0", b"a b c\t\0"])
def test_a_list_that_cannot_be_read_is_no_list(output: bytes) -> None:
    """Nothing is guessed from a part of it."""
    with pytest.raises(InvalidResponse, match="an entry of a tree"):
        parse_entries(output)


@pytest.mark.parametrize("mode", ["100644", "100755", "100664"])
def test_a_plain_file_is_found(mode: str) -> None:
    """Whether it may be run does not matter."""
    entries = {"apps": DIRECTORY, "apps/Dockerfile": Entry(mode, ID)}

    assert file_among(entries, "apps/Dockerfile", COMMIT) == Entry(mode, ID)


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_no_plain_file_is_said_to_be_none(case: str) -> None:
    """By what the path is instead, or what stands in its way."""
    path, entries, words = OTHERS[case]

    with pytest.raises(NotAFile, match=f"cannot be read from commit 3f9c1e2: {words}"):
        file_among(entries, path, COMMIT)


@pytest.mark.parametrize(
    "entries",
    [{}, {"apps": DIRECTORY}, {"apps": DIRECTORY, "apps/api": FILE}],
    ids=["none", "some", "a file"],
)
def test_a_file_that_is_not_there_is_missing(entries: dict[str, Entry]) -> None:
    """Also one beneath a file."""
    with pytest.raises(FileMissing, match=r"^apps/api/Dockerfile is not in commit 3f9c1e2$"):
        file_among(entries, "apps/api/Dockerfile", COMMIT)


def test_the_first_place_that_is_not_told_of_is_asked_for() -> None:
    """Git lists the directories that lead to a path, and ends where there is no directory."""
    assert unexplained({}, "a/b/c") == "a"
    assert unexplained({"a": DIRECTORY}, "a/b/c") == "a/b"
    assert unexplained({"a": DIRECTORY, "a/b": DIRECTORY, "a/b/c": FILE}, "a/b/c") is None


def test_a_pointer_of_git_lfs_is_no_content() -> None:
    """Of the old name of Git LFS too; a text that only speaks of it is one."""
    for pointer in (POINTER, POINTER.replace(b"git-lfs.github", b"hawser.github")):
        with pytest.raises(NotAFile, match="Git LFS keeps it; commit the file itself"):
            require_content(pointer, "Dockerfile", COMMIT)
    for content in (b"", b"FROM python\n# " + POINTER, POINTER + b"x" * 1024):
        assert require_content(content, "Dockerfile", COMMIT) == content

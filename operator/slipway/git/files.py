"""Which file a path means within a commit, by what git lists of it. Pure.

Only a plain file is read. A symbolic link would have to be followed within the tree of the commit, and may
lead out of it or in a circle; a submodule is another repository; of a file in Git LFS the commit has a
pointer alone. Each of them is refused by a sentence that says what the path is instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from slipway.git.errors import FileMissing, InvalidPath, InvalidResponse, NotAFile
from slipway.git.reference import is_object_id

__all__ = ["Entry", "file_among", "parse_entries", "require_content", "require_path", "unexplained"]

_LONGEST: Final = 1024
_FILES: Final = frozenset({"100644", "100755", "100664"})
"""Modes of plain files; git wrote the last one in its first months."""

_OTHERS: Final = {
    "040000": "a directory",
    "120000": "a symbolic link, which is not followed",
    "160000": "a submodule, which is another repository",
}
_POINTER: Final = (b"version https://git-lfs.github.com/spec/", b"version https://hawser.github.com/spec/")
_LONGEST_POINTER: Final = 1024
"""Bytes that a pointer may have (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a tree of git has under a name."""

    mode: str
    """Six octal digits, such as `100644`."""

    id: str
    """Object id of the content."""

    @property
    def is_directory(self) -> bool:
        """Whether there may be something beneath it."""
        return self.mode == "040000"


def require_path(path: str) -> str:
    """The path, when a file of a repository can have it: relative to the root, and in its shortest form.

    Raises:
        InvalidPath: when none can.
    """
    names = path.split("/")
    if len(path) > _LONGEST or not path.isprintable():
        problem = f"it has at most {_LONGEST} printable characters"
    elif path.startswith("/"):
        problem = "it begins at the root of the repository, without a slash"
    elif any(name in {"", ".", ".."} for name in names):
        problem = "it has an empty name, or . or .. for one"
    elif any(name.lower() == ".git" for name in names):
        problem = "git keeps nothing under the name .git"
    else:
        return path
    msg = f"{path[:128]!r} is no path of a file in a repository: {problem}; write it like apps/api/Dockerfile"
    raise InvalidPath(msg)


def parse_entries(output: bytes) -> dict[str, Entry]:
    """The entries that `git ls-tree -z` printed, by their paths.

    Raises:
        InvalidResponse: when it printed something else.
    """
    return dict(_entries(output))


def file_among(entries: Mapping[str, Entry], path: str, commit: str) -> Entry:
    """The plain file at a path.

    Args:
        entries: Those of the path, of what leads to it, and of what stands in its way.
        path: From the root of the repository.
        commit: For the message.

    Raises:
        FileMissing: when there is nothing.
        NotAFile: when there is something else, or when it stands in the way.
    """
    entry = entries.get(path)
    if entry is not None and entry.mode in _FILES:
        return entry
    for place in _places(path):
        found = entries.get(place)
        if found is not None and found.mode in _OTHERS and (place == path or not found.is_directory):
            msg = f"{path} cannot be read from commit {commit[:7]}: {place} is {_OTHERS[found.mode]}"
            raise NotAFile(msg)
    msg = f"{path} is not in commit {commit[:7]}"
    raise FileMissing(msg)


def unexplained(entries: Mapping[str, Entry], path: str) -> str | None:
    """The first place on the way to a path of which the entries do not tell; None when they tell of all."""
    return next((place for place in _places(path) if place not in entries), None)


def require_content(content: bytes, path: str, commit: str) -> bytes:
    """The content of a file, when it is no pointer to somewhere else.

    Raises:
        NotAFile: when Git LFS keeps the content.
    """
    if len(content) <= _LONGEST_POINTER and content.startswith(_POINTER):
        msg = f"{path} cannot be read from commit {commit[:7]}: Git LFS keeps it; commit the file itself"
        raise NotAFile(msg)
    return content


def _entries(output: bytes) -> Iterator[tuple[str, Entry]]:
    for line in filter(None, output.split(b"\0")):
        told, _, path = line.decode("utf-8", errors="replace").partition("\t")
        fields = told.split(" ")
        if len(fields) != 3 or not path or not is_object_id(fields[2]):
            msg = f"git printed {line[:80]!r} where an entry of a tree belongs"
            raise InvalidResponse(msg)
        yield path, Entry(fields[0], fields[2])


def _places(path: str) -> Iterator[str]:
    """The directories that lead to a path, outermost first, and the path itself."""
    names = path.split("/")
    return ("/".join(names[:count]) for count in range(1, len(names) + 1))

"""Reads files of one commit. As little is fetched as the host allows: the trees, then those files alone."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

from slipway.git.conversation import DEEPENED, Repository
from slipway.git.errors import GitError, InvalidResponse, TooLarge
from slipway.git.files import Entry, file_among, parse_entries, require_content, unexplained

__all__ = ["read_files"]

_Answer: TypeAlias = bytes | GitError


async def read_files(
    repository: Repository, commit: str, paths: Collection[str], ref: str, limit: int
) -> dict[str, _Answer]:
    """The content of files, each by its path, or why it cannot be read.

    That may be `FileMissing` (the commit has no such path), `NotAFile` (there is no plain file), or
    `TooLarge` (it has more bytes than may be read).

    Args:
        repository: An empty one.
        commit: Full object id.
        paths: Checked by `require_path`.
        ref: Where the commit was found, for hosts that give out nothing by its id.
        limit: Bytes that each file may have.

    Raises:
        CommitNotFound: when the commit is gone.
        TooLarge: when the host sends more than is taken.
        GitError: for whatever else goes wrong.
    """
    await _fetch(repository, (f"{commit}^{{commit}}",), commit, ref, "--filter=blob:none")
    found = {path: await _find_if_there(repository, commit, path) for path in paths}
    blobs = {path: blob for path, blob in found.items() if isinstance(blob, str)}
    repository = await _with_blobs(repository, set(blobs.values()), commit, ref)
    contents = {path: await _content(repository, blob, commit, path, limit) for path, blob in blobs.items()}
    failed = {path: error for path, error in found.items() if isinstance(error, GitError)}
    return {**contents, **failed}


async def _find_if_there(repository: Repository, commit: str, path: str) -> str | GitError:
    try:
        return await _find(repository, commit, path)
    except GitError as error:
        return error


async def _find(repository: Repository, commit: str, path: str) -> str:
    """The object id of the file at a path."""
    entries = await _list(repository, commit, path)
    beyond = unexplained(entries, path)
    if beyond is not None:
        # Git lists nothing of what lies behind a link or a submodule, not even these.
        entries |= await _list(repository, commit, beyond)
    return file_among(entries, path, commit).id


async def _list(repository: Repository, commit: str, path: str) -> dict[str, Entry]:
    output = await repository.read(
        "--literal-pathspecs", "ls-tree", "-t", "-z", "--full-tree", commit, "--", path
    )
    return parse_entries(output)


async def _with_blobs(repository: Repository, blobs: Collection[str], commit: str, ref: str) -> Repository:
    """A repository that has files.

    They are here already where the host does not filter. Where it filters but gives out nothing by its id,
    all files of the commit have to come, into another repository: git cannot be told to forget a filter.
    """
    missing = [blob for blob in sorted(blobs) if not await repository.has(blob)]
    if not missing or await repository.fetch("--depth=1", wanted=missing):
        return repository
    whole = await Repository.empty(repository.conversation, commit, "whole")
    await _fetch(whole, missing, commit, ref)
    return whole


async def _content(repository: Repository, blob: str, commit: str, path: str, limit: int) -> _Answer:
    try:
        size = await repository.size(blob)
        if size is None:
            msg = f"{repository.conversation.remote.url.shown}: the host did not send the file {path}"
            return InvalidResponse(msg)
        if size > limit:
            msg = f"{path} has {size} bytes in commit {commit[:7]}, more than the {limit} that are read"
            return TooLarge(msg)
        return require_content(await repository.read("cat-file", "blob", blob), path, commit)
    except GitError as error:
        return error


async def _fetch(
    repository: Repository, needed: Collection[str], commit: str, ref: str, *options: str
) -> None:
    """Fetch until objects are there: the commit by its id, else the ref, deeper where that has moved on."""
    for depth, wanted in ((1, commit), (1, ref), (DEEPENED, ref)):
        is_given = await repository.fetch(f"--depth={depth}", *options, wanted=(wanted,))
        if is_given and all([await repository.has(one) for one in needed]):
            return
    raise repository.lacks(commit)

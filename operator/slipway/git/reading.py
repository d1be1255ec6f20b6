"""Reads one file of one commit. As little is fetched as the host allows: the trees, then that file alone."""

from __future__ import annotations

from slipway.git.conversation import DEEPENED, Repository
from slipway.git.errors import InvalidResponse, TooLarge
from slipway.git.files import Entry, file_among, parse_entries, require_content, unexplained

__all__ = ["read_file"]


async def read_file(repository: Repository, commit: str, path: str, ref: str, limit: int) -> bytes:
    """The content of a file.

    Args:
        repository: An empty one.
        commit: Full object id.
        path: Checked by `require_path`.
        ref: Where the commit was found, for hosts that give out nothing by its id.
        limit: Bytes that the file may have.

    Raises:
        FileMissing: when the commit has no such path.
        NotAFile: when there is no plain file.
        TooLarge: when it has more bytes.
        CommitNotFound: when the commit is gone.
        GitError: for whatever else goes wrong.
    """
    await _fetch(repository, f"{commit}^{{commit}}", commit, ref, "--filter=blob:none")
    blob = await _find(repository, commit, path)
    repository = await _with_blob(repository, blob, commit, ref)
    size = await repository.size(blob)
    if size is None:
        msg = f"{repository.conversation.remote.url.shown}: the host did not send the file {path}"
        raise InvalidResponse(msg)
    if size > limit:
        msg = f"{path} has {size} bytes in commit {commit[:7]}, more than the {limit} that are read"
        raise TooLarge(msg)
    return require_content(await repository.read("cat-file", "blob", blob), path, commit)


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


async def _with_blob(repository: Repository, blob: str, commit: str, ref: str) -> Repository:
    """A repository that has a file.

    It is here already where the host does not filter. Where it filters but gives out nothing by its id, all
    files of the commit have to come, into another repository: git cannot be told to forget a filter.
    """
    if await repository.has(blob) or await repository.fetch("--depth=1", wanted=(blob,)):
        return repository
    whole = await Repository.empty(repository.conversation, commit, "whole")
    await _fetch(whole, blob, commit, ref)
    return whole


async def _fetch(repository: Repository, needed: str, commit: str, ref: str, *options: str) -> None:
    """Fetch until an object is there: the commit by its id, else the ref, deeper where that has moved on."""
    for depth, wanted in ((1, commit), (1, ref), (DEEPENED, ref)):
        is_given = await repository.fetch(f"--depth={depth}", *options, wanted=(wanted,))
        if is_given and await repository.has(needed):
            return
    raise repository.lacks(commit)

"""Reads git repositories of others by the git program: refs, single commits and files, and changed paths.

Nothing is ever checked out, and no hook, submodule, filter, helper or prompt is run. Every conversation has a
private home, a checked and pinned address, and caps on time, output and disk (`Limits`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from slipway.egress import EgressDenied, NameNotResolved
from slipway.egress.addresses import Resolver, checked_addresses, resolve_with_system
from slipway.git.batches import Batches, Place
from slipway.git.conversation import DEEPENED, Conversation, Remote, Repository
from slipway.git.errors import (
    CommitNotFound,
    CredentialInvalid,
    EgressRefused,
    InvalidReference,
    NotAGitRepository,
    Timeout,
    TooLarge,
    Unreachable,
)
from slipway.git.files import require_path
from slipway.git.home import private_home
from slipway.git.process import Caps
from slipway.git.programs import find_git, find_ssh
from slipway.git.reference import HEAD, is_object_id, is_ref_name
from slipway.git.refs import arguments_for, parse_refs
from slipway.git.results import COMMIT_FORMAT, Changes, CommitInfo, Unknown, parse_commit, parse_paths
from slipway.git.slots import Slots

__all__ = ["GitClient", "Limits", "Remote"]

_FILE: Final = 1 << 20
"""Bytes of a file, far above those that people write."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one conversation may take."""

    seconds: float = 60.0
    """From the first question for an address to the last answer; waiting for a slot does not count."""

    refs: int = 100_000
    output: int = 16 << 20
    """Bytes that a command may print."""

    disk: int = 128 << 20
    """Bytes that may be fetched. Trees alone come: those of a repository with 100,000 files are 10 MiB."""

    paths: int = 5_000
    """Changed paths, whose filter takes 30 ms of CPU; more are `Unknown`."""


class GitClient:
    """Reads repositories; one for a process, so that its slots count all programs there are.

    Args:
        limits: What one conversation may take.
        resolve: Asked for the addresses of hosts.
    """

    def __init__(self, limits: Limits | None = None, resolve: Resolver = resolve_with_system) -> None:
        self._limits = limits or Limits()
        self._resolve = resolve
        self._slots = Slots()
        self._git: tuple[str, str] | None = None
        self._batches = Batches(lambda place: self._repository(place.remote, place.commit))

    async def ls_remote(self, remote: Remote, patterns: Collection[str]) -> Mapping[str, str]:
        """Object ids by full ref name; for an annotated tag that of its commit. Empty when nothing matches.

        Args:
            remote: The repository.
            patterns: `HEAD`, full names such as `refs/heads/main`, or `refs/tags/*`.

        Raises:
            GitError: when the list could not be read to its end; never a part of it.
        """
        options, names = arguments_for(patterns)
        async with self._conversation(remote) as conversation:
            output = await conversation.ask("ls-remote", "--quiet", *options, "--", str(remote.url), *names)
            if not conversation.home.spoke_git:
                msg = (
                    f"{remote.url.shown}: something answers there, but not in git's smart protocol: check url"
                )
                raise NotAGitRepository(msg)
        return parse_refs(output, patterns, self._limits.refs)

    async def commit_info(self, remote: Remote, commit: str, ref: str = HEAD) -> CommitInfo:
        """Message, author and time of a commit. Fetches that commit object alone.

        Args:
            remote: The repository.
            commit: Full object id.
            ref: Where `ls_remote` found it, for hosts that give out no commit by its id.

        Raises:
            CommitNotFound: when it is gone.
            GitError: for whatever else goes wrong.
        """
        _require(commit, ref=ref)
        async with self._repository(remote, commit) as repository:
            if not await repository.fetch("--depth=1", "--filter=tree:0", wanted=(commit,)):
                await repository.fetch("--depth=1", "--filter=tree:0", wanted=(ref,))
                await repository.require(commit)
            output = await repository.read("log", "-1", "--no-mailmap", f"--format={COMMIT_FORMAT}", commit)
        return parse_commit(output)

    async def read_file(
        self, remote: Remote, commit: str, path: str, ref: str = HEAD, limit: int = _FILE
    ) -> bytes:
        """The content of one file of a commit. Fetches its trees, then that file alone.

        Files of one commit that are asked for at the same time are fetched together.

        Links are not followed: what is read lies at that very path of that very commit.

        Args:
            remote: The repository.
            commit: Full object id.
            path: From the root of the repository, such as `apps/api/Dockerfile`.
            ref: Where `ls_remote` found the commit, for hosts that give out nothing by its id.
            limit: Bytes that the file may have.

        Raises:
            InvalidPath: when no file of a repository can have this path.
            FileMissing: when the commit has nothing there.
            NotAFile: when there is a directory, link or submodule, or a pointer of Git LFS.
            TooLarge: when the file has more bytes, or the host sends more than is taken.
            CommitNotFound: when the commit is gone.
            GitError: for whatever else goes wrong.
        """
        _require(commit, ref=ref)
        require_path(path)
        return await self._batches.read(Place(remote, commit, ref, limit), path)

    async def changed_paths(self, remote: Remote, old: str, new: str, ref: str = HEAD) -> Changes:
        """Which paths differ between two commits, whatever lies between them. Fetches their trees alone.

        `Unknown` when that cannot be told: the old commit is gone after a force-push, or so much changed, or
        the host sends so much, that it is over a limit.

        Args:
            remote: The repository.
            old: Full object id of the commit that was acted on.
            new: Full object id of the commit that `ls_remote` found.
            ref: Where it found it, for hosts that give out no commit by its id.

        Raises:
            GitError: when the host could not be asked.
        """
        _require(old, new, ref=ref)
        if old == new:
            return frozenset()
        try:
            paths = parse_paths(await self._differences(remote, old, new, ref))
        except CommitNotFound:
            return Unknown(
                f"the commit {old[:12]} cannot be fetched any more, most likely after a force-push"
            )
        except TooLarge as error:
            return Unknown(str(error))
        if len(paths) > self._limits.paths:
            return Unknown(f"more than {self._limits.paths} paths changed")
        return paths

    async def _differences(self, remote: Remote, old: str, new: str, ref: str) -> bytes:
        async with self._repository(remote, new) as repository:
            if not await repository.fetch("--depth=1", "--filter=blob:none", wanted=(old, new)):
                await repository.fetch(f"--depth={DEEPENED}", "--filter=blob:none", wanted=(ref,))
                await repository.require(old, new)
            return await repository.read("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new)

    @contextlib.asynccontextmanager
    async def _repository(self, remote: Remote, like: str) -> AsyncIterator[Repository]:
        """An empty bare repository, for object ids like this one, that can fetch from the remote."""
        async with self._conversation(remote) as conversation:
            yield await Repository.empty(conversation, like)

    @contextlib.asynccontextmanager
    async def _conversation(self, remote: Remote) -> AsyncIterator[Conversation]:
        url = remote.url
        refusal = remote.policy.refusal_of_url(url.scheme, url.host, url.port)
        if refusal is not None:
            raise EgressRefused(refusal)
        if url.scheme == "ssh" and not remote.credential.identity:
            msg = f"{url.shown}: ssh needs a Secret with identity and known_hosts: set secretRef"
            raise CredentialInvalid(msg)
        async with self._slots.slot(url.place):
            caps = self._caps()
            program, agent = await self._programs(caps)
            ssh = find_ssh() if url.scheme == "ssh" else None
            addresses = await self._addresses(remote, caps)
            with private_home(url, remote.credential, addresses, agent=agent, ssh=ssh) as home:
                yield Conversation(remote, home, program, caps)

    def _caps(self) -> Caps:
        deadline = asyncio.get_running_loop().time() + self._limits.seconds
        return Caps(deadline, self._limits.output, self._limits.disk)

    async def _programs(self, caps: Caps) -> tuple[str, str]:
        if self._git is None:
            self._git = await find_git(caps)
        return self._git

    async def _addresses(self, remote: Remote, caps: Caps) -> list[str]:
        host, port = remote.url.host, remote.url.port
        try:
            async with asyncio.timeout_at(caps.deadline):
                return await checked_addresses(remote.policy, self._resolve, host, port)
        except EgressDenied as error:
            raise EgressRefused(str(error)) from error
        except NameNotResolved as error:
            raise Unreachable(str(error)) from error
        except TimeoutError as error:
            msg = f"the name {host} could not be resolved in time"
            raise Timeout(msg) from error


def _require(*commits: str, ref: str) -> None:
    for commit in commits:
        if not is_object_id(commit):
            msg = f"{commit[:80]!r} is no full object id"
            raise InvalidReference(msg)
    if ref != HEAD and not is_ref_name(ref):
        msg = f"{ref[:80]!r} is no ref"
        raise InvalidReference(msg)

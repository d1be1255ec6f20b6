"""Git commands about one remote, and the bare repository that lives as long as they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from slipway.egress import LIBRARY_POLICY, EgressPolicy
from slipway.git.complaints import asks_for_tip, error_of
from slipway.git.credentials import ANONYMOUS, GitCredential
from slipway.git.errors import CommitNotFound
from slipway.git.home import Home
from slipway.git.process import Caps, Finished, run
from slipway.git.url import GitUrl

__all__ = ["DEEPENED", "Conversation", "Remote", "Repository"]

DEEPENED: Final = 64
"""Commits fetched of a branch to find an old one, where the host gives out no commit by its id."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository, who we are to its host, and whether that host may be called."""

    url: GitUrl
    credential: GitCredential = ANONYMOUS
    policy: EgressPolicy = LIBRARY_POLICY


@dataclass(frozen=True, slots=True)
class Conversation:
    """Git commands about one remote, in one home, within one set of caps."""

    remote: Remote
    home: Home
    program: str
    caps: Caps

    async def ask(self, *arguments: str) -> bytes:
        """What a command printed that may talk to the remote."""
        return self._printed(await self.run(arguments, self.home.environment))

    async def read(self, *arguments: str) -> bytes:
        """What a command printed that talks to nobody."""
        return self._printed(await self.run(arguments, self.home.offline))

    async def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Finished:
        """The end of a command, good or bad."""
        return await run((self.program, *arguments), environment, self.home.directory, self.caps)

    def check(self, finished: Finished) -> None:
        """Raise what a command complained of, if it failed."""
        if finished.status != 0:
            complaint = finished.complaint.replace(f"{self.home.directory}/", "")
            raise error_of(complaint, self.remote.url, self.remote.credential)

    def _printed(self, finished: Finished) -> bytes:
        self.check(finished)
        return finished.output


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository that lives for one conversation."""

    conversation: Conversation
    place: Path

    @classmethod
    async def empty(cls, conversation: Conversation, like: str, name: str = "repository") -> Self:
        """A new one.

        Args:
            conversation: What it lives for.
            like: An object id: both sides must number objects in the same way, by SHA-1 or SHA-256.
            name: No other of the conversation has it.
        """
        place = conversation.home.directory / name
        object_format = "sha1" if len(like) == 40 else "sha256"
        options = ("--quiet", "--bare", "--template=", f"--object-format={object_format}")
        await conversation.read("init", *options, str(place))
        return cls(conversation, place)

    async def fetch(self, *options: str, wanted: Sequence[str]) -> bool:
        """Fetch refs or commits; False when the host gives out no commit by its id."""
        url = str(self.conversation.remote.url)
        command = (f"--git-dir={self.place}", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head")
        finished = await self.conversation.run(
            (*command, *options, "--", url, *wanted), self.conversation.home.environment
        )
        if finished.status != 0 and asks_for_tip(finished.complaint):
            return False
        self.conversation.check(finished)
        return True

    async def require(self, *commits: str) -> None:
        """Make sure that commits are there.

        Raises:
            CommitNotFound: when one is not.
        """
        for commit in commits:
            if not await self.has(f"{commit}^{{commit}}"):
                raise self.lacks(commit)

    async def has(self, thing: str) -> bool:
        """Whether an object is there."""
        return (await self._look_up("-e", thing)).status == 0

    async def size(self, identifier: str) -> int | None:
        """Bytes of an object; None when it is not there."""
        finished = await self._look_up("-s", identifier)
        return int(finished.output) if finished.status == 0 else None

    def lacks(self, commit: str) -> CommitNotFound:
        """The error that says that a commit is not there."""
        where = self.conversation.remote.url.shown
        return CommitNotFound(f"{where}: the commit {commit[:12]} is not on the branch any more")

    async def read(self, *arguments: str) -> bytes:
        """What a command printed that reads the repository and talks to nobody."""
        return await self.conversation.read(f"--git-dir={self.place}", *arguments)

    async def _look_up(self, *arguments: str) -> Finished:
        command = (f"--git-dir={self.place}", "cat-file", *arguments)
        return await self.conversation.run(command, self.conversation.home.offline)

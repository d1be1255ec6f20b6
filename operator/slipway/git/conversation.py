"""Git commands about one remote, and the bare repository that lives as long as they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from slipway.egress import LIBRARY_POLICY, EgressPolicy
from slipway.git.complaints import asks_for_tip, error_of
from slipway.git.credentials import ANONYMOUS, GitCredential
from slipway.git.errors import CommitNotFound
from slipway.git.home import Home
from slipway.git.process import Caps, Finished, run
from slipway.git.url import GitUrl

__all__ = ["Conversation", "Remote", "Repository"]


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
    async def empty(cls, conversation: Conversation, object_format: str) -> Self:
        """A new one; both sides must number objects in the same way, `sha1` or `sha256`."""
        place = conversation.home.directory / "repository"
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
            arguments = (f"--git-dir={self.place}", "cat-file", "-e", f"{commit}^{{commit}}")
            finished = await self.conversation.run(arguments, self.conversation.home.offline)
            if finished.status != 0:
                where = self.conversation.remote.url.shown
                msg = f"{where}: the commit {commit[:12]} is not on the branch any more"
                raise CommitNotFound(msg)

    async def read(self, *arguments: str) -> bytes:
        """What a command printed that reads the repository and talks to nobody."""
        return await self.conversation.read(f"--git-dir={self.place}", *arguments)

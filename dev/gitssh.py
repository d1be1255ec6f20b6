"""A git server over ssh on loopback: asyncssh for the protocol, git's own `upload-pack` behind it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
import tempfile
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol, Self

import asyncssh
from typing_extensions import override

from dev import ports
from dev.gitrepository import GitRepository
from dev.gitserver import upload_pack_settings

__all__ = ["GitSshServer"]

_COMMAND = re.compile(r"git-upload-pack '(?P<path>[^']+)'")


class GitSshServer:
    """Serves bare repositories to user `git` with one key, in a thread of this process.

    Use it as a context manager. `identity` is the private key that is let in, `known_hosts` the line that
    `ssh-keyscan` would print, `commands` what clients asked to be run.
    """

    def __init__(self) -> None:
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._user_key = asyncssh.generate_private_key("ssh-ed25519")
        self._directory = tempfile.TemporaryDirectory(prefix="slipway-gitssh-")
        self._reservation = ports.reserve(1)
        self.port = self._reservation.ports[0]
        self.url = f"ssh://git@127.0.0.1:{self.port}"
        self.identity = self._user_key.export_private_key()
        self.known_hosts = self.host_line("127.0.0.1")
        self.commands: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._listening: Future[None] = Future()
        self._thread = threading.Thread(target=self._serve, name="git-ssh", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.result(timeout=15)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self.close()

    def close(self) -> None:
        """Give back the port and remove the repositories of a server that does not run."""
        self._loop.close()
        self._reservation.release()
        self._directory.cleanup()

    def host_line(self, host: str) -> bytes:
        """The line of `known_hosts` with this server's key, for any name it is known under."""
        return f"[{host}]:{self.port} ".encode() + self._host_key.export_public_key()

    def repository(self, name: str) -> GitRepository:
        """A new repository, at `url/NAME`."""
        return GitRepository(self.repositories / name)

    @property
    def repositories(self) -> Path:
        """Where the repositories lie."""
        return Path(self._directory.name)

    def admits(self, user: str, key: asyncssh.SSHKey) -> bool:
        """Whether a user with this key is let in."""
        return user == "git" and key.public_data == self._user_key.public_data

    async def run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        """Answer one command as a git host does: `git-upload-pack`, and nothing else."""
        self.commands.append(process.command or "")
        wanted = _COMMAND.fullmatch(process.command or "")
        path = self.repositories / (wanted["path"].lstrip("/") if wanted else "none")
        if not path.is_dir():
            process.stderr.write(b"ERROR: Repository not found.\n")
            process.exit(1)
            return
        served = await asyncio.create_subprocess_exec(
            *shlex.split("git upload-pack --strict"),
            str(path),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**upload_pack_settings(filters=True, by_id=True), **_protocol(process)},
        )
        assert served.stdin is not None
        assert served.stdout is not None
        assert served.stderr is not None
        questions = asyncio.create_task(_pump(process.stdin, served.stdin, last=True))
        await asyncio.gather(
            _pump(served.stdout, process.stdout), _pump(served.stderr, process.stderr), served.wait()
        )
        questions.cancel()
        process.exit(served.returncode or 0)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())

    async def _listen(self) -> None:
        self._ended = asyncio.Event()
        acceptor = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_factory=lambda: _Door(self),
            server_host_keys=[self._host_key],
            process_factory=self.run,
            encoding=None,
        )
        self._listening.set_result(None)
        async with acceptor:
            await self._ended.wait()


class _Door(asyncssh.SSHServer):
    def __init__(self, server: GitSshServer) -> None:
        self._server = server

    @override
    def begin_auth(self, username: str) -> bool:
        return True

    @override
    def public_key_auth_supported(self) -> bool:
        return True

    @override
    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return self._server.admits(username, key)


async def _pump(source: _Source, target: _Target, *, last: bool = False) -> None:
    """Copy until the source ends, and the end too if it is the last that the target gets."""
    with contextlib.suppress(OSError, asyncssh.Error):
        while piece := await source.read(65536):
            target.write(piece)
            await target.drain()
        if last:
            target.write_eof()


class _Source(Protocol):
    async def read(self, n: int, /) -> bytes: ...


class _Target(Protocol):
    def write(self, data: bytes, /) -> None: ...
    async def drain(self) -> None: ...
    def write_eof(self) -> None: ...


def _protocol(process: asyncssh.SSHServerProcess[bytes]) -> dict[str, str]:
    asked = process.env.get("GIT_PROTOCOL")
    return {"GIT_PROTOCOL": asked} if asked else {}

"""Runs a program with a cap on its time, its output and the files it writes.

The program gets a process group and a session of its own: it has no terminal to ask at, and whatever it
started ends with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from slipway.git.errors import Timeout, TooLarge

__all__ = ["Caps", "Finished", "run", "size_of"]

_KEPT_COMPLAINT: Final = 16 * 1024
"""Bytes kept of the end of standard error."""

_LOOK_EVERY: Final = 0.1
"""Seconds between two looks at the directory: at 1 Gbit/s, 12 MiB come in between."""

_LAST_BREATH: Final = 5.0
"""Seconds that a killed group gets to close its pipes."""


@dataclass(frozen=True, slots=True)
class Caps:
    """What a program may use."""

    deadline: float
    """In seconds of the event loop's clock."""

    output: int
    """Bytes of standard output."""

    disk: int
    """Bytes in the directory it runs in, with everything beneath."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended. It ended by itself, and all its output is there."""

    status: int
    output: bytes = field(repr=False)
    complaint: str
    """The end of standard error."""


async def run(argv: Sequence[str], environment: Mapping[str, str], directory: Path, caps: Caps) -> Finished:
    """Run a program to its end; when it is cancelled or over a cap, the whole group is killed before.

    Args:
        argv: The program's absolute path, then its arguments. No shell reads them.
        environment: All of it: nothing comes from ours.
        directory: Where it runs.
        caps: What it may use.

    Raises:
        Timeout: when the deadline passed.
        TooLarge: when it wrote more than it may.
    """
    child = await _started(argv, environment, directory)
    watch = asyncio.create_task(child.watch(directory, caps.disk))
    try:
        async with asyncio.timeout_at(caps.deadline):
            output, complaint = await asyncio.gather(child.output(caps.output), child.complaint())
            status = await child.status()
    except TimeoutError as error:
        msg = "the git host gave no whole answer in time; it is asked again"
        raise Timeout(msg) from error
    finally:
        watch.cancel()
        await child.end()
    child.look(directory, caps.disk)  # what came between the last look and the end
    if child.excess is not None:
        raise TooLarge(child.excess)
    return Finished(status, output, complaint.decode(errors="replace"))


async def _started(argv: Sequence[str], environment: Mapping[str, str], directory: Path) -> _Child:
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=directory,
            env=environment,
            start_new_session=True,
        )
    )
    try:
        return _Child(await asyncio.shield(starting))
    except asyncio.CancelledError:
        # asyncio would lose the pipes of a start that is broken off; it takes milliseconds more.
        await _Child(await starting).end()
        raise


class _Child:
    """A running program and what became too much of it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        self._stdout, self._stderr = process.stdout, process.stderr
        self.excess: str | None = None

    async def output(self, limit: int) -> bytes:
        """Standard output up to its end, which comes soon after the limit: then the group is killed."""
        kept = bytearray()
        while piece := await self._stdout.read(65536):
            kept += piece
            if len(kept) > limit:
                kept.clear()
                self._kill(f"the git host answered with more than {limit >> 10} KiB")
        return bytes(kept)

    async def complaint(self) -> bytes:
        """The end of standard error."""
        kept = bytearray()
        while piece := await self._stderr.read(4096):
            kept += piece
            del kept[:-_KEPT_COMPLAINT]
        return bytes(kept)

    async def status(self) -> int:
        """How the program ended."""
        return await self._process.wait()

    async def watch(self, directory: Path, limit: int) -> None:
        """Kill the group as soon as the directory holds more than it may."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            self.look(directory, limit)

    def look(self, directory: Path, limit: int) -> None:
        """Kill the group if the directory holds more than it may."""
        if size_of(directory) > limit:
            self._kill(f"the git host sent more than {limit >> 20} MiB")

    async def end(self) -> None:
        """Make sure that nothing of the group is left, and that its pipes are closed."""
        if self._has_ended:
            return
        self._signal()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_BREATH):
                await asyncio.gather(_drain(self._stdout), _drain(self._stderr), self._process.wait())

    def _kill(self, excess: str) -> None:
        self.excess = self.excess or excess
        self._signal()

    @property
    def _has_ended(self) -> bool:
        return self._process.returncode is not None and self._stdout.at_eof() and self._stderr.at_eof()

    def _signal(self) -> None:
        # While a pipe is open or the leader is not reaped, the group has members: its number is still ours.
        if self._has_ended:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass


def size_of(directory: Path) -> int:
    """Bytes on disk of everything beneath a directory; what vanishes meanwhile does not count."""
    total = 0
    with contextlib.suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    total += size_of(Path(entry.path))
                else:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total

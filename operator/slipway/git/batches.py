"""Files of one commit, asked for by many at about the same time: read in one conversation.

A push to a repository with the sources of a hundred images has a hundred Dockerfiles read. Whoever asks while
the conversation has not begun, since all slots are taken or git is only being started, is served by it too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from slipway.git.conversation import Remote, Repository
from slipway.git.errors import GitError, TooLarge
from slipway.git.reading import read_files

__all__ = ["Batches", "Place"]

_MOST: Final = 64
"""Files of one conversation, whose caps hold for all of them together."""


class Place(NamedTuple):
    """Where files are read."""

    remote: Remote
    commit: str
    ref: str
    """Where the commit was found, for hosts that give out nothing by its id."""
    limit: int
    """Bytes that a file may have."""


_Found: TypeAlias = Mapping[str, bytes | GitError]


@dataclass(slots=True)
class _Batch:
    """What is read together."""

    answers: dict[str, asyncio.Future[bytes]] = field(default_factory=dict)
    """By path."""
    waiting: int = 0
    """How many wait for one of them."""
    task: asyncio.Task[None] | None = None
    """Reads them."""


class Batches:
    """Reads files; one for a process.

    Args:
        begin: begins a conversation, with an empty repository, as soon as there is a slot for it.
    """

    def __init__(self, begin: Callable[[Place], AbstractAsyncContextManager[Repository]]) -> None:
        self._begin = begin
        self._open: dict[Place, _Batch] = {}

    async def read(self, place: Place, path: str) -> bytes:
        """The content of a file; what is wrong with another file of its batch is not its concern.

        Raises:
            GitError: what `read_files` tells of it, or what ended the conversation.
        """
        batch = self._batch(place)
        answer = batch.answers.setdefault(path, asyncio.get_running_loop().create_future())
        batch.waiting += 1
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            if batch.waiting == 1 and batch.task is not None:
                # Whoever comes now begins anew, and is not given up with it.
                self._close(place, batch)
                batch.task.cancel()
            raise
        finally:
            batch.waiting -= 1

    def _batch(self, place: Place) -> _Batch:
        """The one that has not begun yet, and has room."""
        batch = self._open.get(place)
        if batch is None or len(batch.answers) >= _MOST:
            batch = self._open[place] = _Batch()
            batch.task = asyncio.create_task(self._run(place, batch), name="git files")
        return batch

    async def _run(self, place: Place, batch: _Batch) -> None:
        try:
            async for found in self._found(place, batch):
                _tell(batch, found)
        except Exception as error:  # noqa: BLE001 - whoever asked has to hear of it
            _tell(batch, dict.fromkeys(batch.answers, error))
        finally:
            self._close(place, batch)
            for answer in batch.answers.values():
                answer.cancel()

    async def _found(self, place: Place, batch: _Batch) -> AsyncIterator[_Found]:
        """All files at once; one by one where they are too much together, for one of them may be it alone."""
        try:
            yield await self._together(place, batch)
        except TooLarge:
            if len(batch.answers) == 1:
                raise
            for path in batch.answers:
                yield await self._alone(place, path)

    async def _together(self, place: Place, batch: _Batch) -> _Found:
        async with self._begin(place) as repository:
            self._close(place, batch)
            return await read_files(repository, place.commit, tuple(batch.answers), place.ref, place.limit)

    async def _alone(self, place: Place, path: str) -> _Found:
        try:
            async with self._begin(place) as repository:
                return await read_files(repository, place.commit, (path,), place.ref, place.limit)
        except GitError as error:
            return {path: error}

    def _close(self, place: Place, batch: _Batch) -> None:
        if self._open.get(place) is batch:
            del self._open[place]


def _tell(batch: _Batch, found: Mapping[str, bytes | Exception]) -> None:
    for path, content in found.items():
        answer = batch.answers[path]
        if answer.done():
            continue
        if isinstance(content, Exception):
            answer.set_exception(content.with_traceback(None))
            answer.exception()  # whoever asked may have been cancelled
        else:
            answer.set_result(content)

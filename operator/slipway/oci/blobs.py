"""Blobs: read and verified, streamed and resumed, mounted, uploaded (distribution-spec, Pull and Push)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Final
from urllib.parse import urlencode

from slipway.egress import EndpointClass, InvalidUrl, Response
from slipway.http import StreamedResponse, join_url, origin_of
from slipway.oci.answers import Subject
from slipway.oci.auth import repository_scope
from slipway.oci.digest import Verifier, require_digest
from slipway.oci.errors import InvalidResponse, RegistryError, RegistryFailing, RegistryUnreachable
from slipway.oci.session import Ask, RegistrySession

__all__ = ["Blobs"]

_SLOWEST: Final = 128 * 1024  # bytes per second below which a transfer counts as stuck
_LARGEST: Final = 1 << 40  # bytes; where nobody said how large a blob is
_RESUMPTIONS: Final = 3
_ANY: Final = {"Accept": "*/*"}
_TURNS: Final = 10  # of the event loop, until a task that was cancelled has ended


class Blobs:
    """The blobs of one registry."""

    def __init__(self, session: RegistrySession, timeout: float) -> None:
        self._session = session
        self._timeout = timeout

    async def exists(self, repository: str, digest: str) -> bool:
        """Whether the repository has the blob."""
        response = await self._session.send(self._ask("HEAD", repository, digest))
        if response.status == 404:
            return False
        if response.status != 200:
            raise self._session.refusal(response, Subject.BLOB, f"{repository}@{digest}")
        return True

    async def size(self, repository: str, digest: str) -> int | None:
        """How many bytes the blob has; None where nobody says."""
        response = await self._session.send(self._ask("HEAD", repository, digest))
        is_foreign = origin_of(response.url) != self._session.origin
        if response.status in {405, 501} or (is_foreign and response.status in {400, 403}):
            return None  # a registry without HEAD, or storage whose address was signed for GET alone
        if response.status != 200:
            raise self._session.refusal(response, Subject.BLOB, f"{repository}@{digest}")
        length = response.headers.get("content-length") or ""
        is_whole = response.headers.get("content-encoding") in {None, "identity"}
        return int(length) if is_whole and length.isdecimal() and len(length) <= 18 else None

    async def read(self, repository: str, digest: str, max_bytes: int) -> bytes:
        """A small blob, verified."""
        verifier = Verifier(digest)
        response = await self._session.send(self._ask("GET", repository, digest, max_bytes=max_bytes))
        if response.status != 200:
            raise self._session.refusal(response, Subject.BLOB, f"{repository}@{digest}")
        verifier.update(response.body)
        verifier.finish()
        return response.body

    async def stream(self, repository: str, digest: str, size: int | None) -> AsyncGenerator[bytes]:
        """A blob in pieces; taken up again where a connection broke."""
        verifier = Verifier(digest, size)
        for remaining in range(_RESUMPTIONS, -1, -1):
            before = verifier.seen
            try:
                async with contextlib.aclosing(self._pieces(repository, digest, size, before)) as pieces:
                    async for piece in pieces:
                        verifier.update(piece)
                        yield piece
                break
            except RegistryUnreachable:
                if not remaining or verifier.seen == before:
                    raise
        verifier.finish()

    async def mount(self, repository: str, digest: str, from_repository: str) -> bool:
        """Has the registry take the blob over from another repository."""
        query = urlencode({"mount": require_digest(digest), "from": from_repository})
        scopes = (repository_scope(repository, push=True), repository_scope(from_repository))
        ask = Ask("POST", f"{_uploads(repository)}?{query}", scopes, endpoint=EndpointClass.BLOBS)
        response = await self._session.send(ask)
        if response.status == 202:  # it opened an upload instead
            await self._abandon(repository, response)
        elif response.status != 201 and response.status not in {400, 404, 405}:
            raise self._session.refusal(response, Subject.UPLOAD, repository)
        return response.status == 201

    async def upload(
        self, repository: str, digest: str, size: int, source: bytes | AsyncIterable[bytes]
    ) -> None:
        """Stores a blob: a POST that opens the upload, a PUT that brings all of it."""
        verifier = Verifier(digest, size)
        try:
            if isinstance(source, bytes):
                verifier.update(source)
                verifier.finish()
            await self._upload(repository, digest, size, source, verifier)
        finally:
            if isinstance(source, AsyncGenerator):
                await _close(source)  # gives back the connection of a download that nobody will finish

    async def _upload(
        self,
        repository: str,
        digest: str,
        size: int,
        source: bytes | AsyncIterable[bytes],
        verifier: Verifier,
    ) -> None:
        scopes = (repository_scope(repository, push=True),)
        opened = await self._session.send(
            Ask("POST", _uploads(repository), scopes, endpoint=EndpointClass.BLOBS)
        )
        if opened.status != 202:
            raise self._session.refusal(opened, Subject.UPLOAD, repository)
        location = self._location(opened)
        ask = Ask(
            "PUT",
            f"{location}{'&' if '?' in location else '?'}{urlencode({'digest': digest})}",
            scopes,
            headers={"Content-Type": "application/octet-stream", "Content-Length": str(size)},
            content=source if isinstance(source, bytes) else _verified(source, verifier),
            timeout=self._patience(size),
            endpoint=EndpointClass.BLOBS,
        )
        try:
            stored = await self._session.send(ask)
            if stored.status not in {200, 201, 204}:
                raise self._session.refusal(stored, Subject.UPLOAD, repository)
        except RegistryError:
            await self._abandon(repository, opened)
            raise

    async def _abandon(self, repository: str, opened: Response) -> None:
        """Closes an upload that is not finished. Registries remove those that stay open after days anyway."""
        with contextlib.suppress(RegistryError):
            scopes = (repository_scope(repository, push=True),)
            location = self._location(opened)
            await self._session.send(
                Ask("DELETE", location, scopes, timeout=5.0, endpoint=EndpointClass.BLOBS)
            )

    def _location(self, response: Response) -> str:
        """Where an upload goes on.

        Raises:
            InvalidResponse: when the registry does not say, or leads from https to http.
        """
        location = response.headers.get("location")
        origin = self._session.origin
        try:
            target = join_url(response.url, location or "")
        except InvalidUrl as error:
            msg = f"{origin} does not say where the upload goes on"
            raise InvalidResponse(msg) from error
        if location is None or (origin.scheme == "https" and origin_of(target).scheme != "https"):
            msg = (
                f"{origin} directs the upload to {origin_of(target)}, without TLS: if a proxy stands before"
                " the registry, have it send X-Forwarded-Proto"
            )
            raise InvalidResponse(msg)
        return target

    async def _pieces(
        self, repository: str, digest: str, size: int | None, start: int
    ) -> AsyncGenerator[bytes]:
        headers = {**_ANY, "Range": f"bytes={start}-"} if start else _ANY
        ask = Ask(
            "GET",
            f"v2/{repository}/blobs/{digest}",
            (repository_scope(repository),),
            headers=headers,
            timeout=self._patience(size),
            endpoint=EndpointClass.BLOBS,
        )
        async with self._session.stream(ask) as answer:
            skip = await self._skip(answer, repository, digest, start)
            async for piece in answer.chunks():
                if len(piece) > skip:
                    yield piece[skip:]
                skip = max(0, skip - len(piece))

    async def _skip(self, answer: StreamedResponse, repository: str, digest: str, start: int) -> int:
        """How many of the bytes that now come are known already: a server may ignore a Range."""
        if answer.status == 200:
            return start
        if (
            answer.status == 206
            and start
            and (answer.headers.get("content-range") or "").startswith(f"bytes {start}-")
        ):
            return 0
        if answer.status in {206, 416}:
            msg = f"{self._session.origin} does not resume the blob {digest} where it broke off"
            raise RegistryFailing(msg)
        body = await answer.read(64 * 1024, truncate=True)
        response = Response(answer.status, answer.headers, body, answer.url)
        raise self._session.refusal(response, Subject.BLOB, f"{repository}@{digest}")

    def _ask(self, method: str, repository: str, digest: str, max_bytes: int = 64 * 1024) -> Ask:
        url = f"v2/{repository}/blobs/{require_digest(digest)}"
        return Ask(
            method,
            url,
            (repository_scope(repository),),
            headers=_ANY,
            max_bytes=max_bytes,
            endpoint=EndpointClass.BLOBS,
        )

    def _patience(self, size: int | None) -> float:
        """Seconds for a transfer: more for more bytes."""
        return self._timeout + (_LARGEST if size is None else size) / _SLOWEST


async def _close(source: AsyncGenerator[bytes]) -> None:
    """Closes it, once the task of aiohttp that read it, and was cancelled just now, has let go of it."""
    for _ in range(_TURNS):
        with contextlib.suppress(RuntimeError):  # it is being read
            await source.aclose()
            return
        await asyncio.sleep(0)
    await source.aclose()


async def _verified(source: AsyncIterable[bytes], verifier: Verifier) -> AsyncGenerator[bytes]:
    """The same pieces, the last one only once all are right: the registry never gets a wrong body whole."""
    held = b""
    async for piece in source:
        verifier.update(piece)
        if held:
            yield held
        held = piece
    verifier.finish()
    yield held


def _uploads(repository: str) -> str:
    return f"v2/{repository}/blobs/uploads/"

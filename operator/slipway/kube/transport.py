"""Requests to the API server on one aiohttp session: JSON in and out, errors translated, safe repeats."""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from slipway.engine.fence import Fence
from slipway.kube.connection import Connection
from slipway.kube.errors import KubeError, Unauthorized, Unreachable, translate
from slipway.kube.retry import delay_before_repeat

__all__ = ["Transport"]

_JSON = "application/json"
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Transport:
    """Sends one request at a time for each caller; many callers share its connections."""

    __slots__ = ("_connection", "_fence", "_random", "_session", "_timeout")

    def __init__(self, connection: Connection, *, timeout: float = 30.0, fence: Fence | None = None) -> None:
        """Send through this connection; an attempt that takes longer than `timeout` seconds has failed.

        A fence is asked before each attempt of everything but a GET, and may shorten its time.
        """
        self._connection = connection
        self._session = connection.session()
        self._timeout = timeout
        self._fence = fence
        self._random = random.Random()  # noqa: S311  # spreads repeats, guards no secret

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | Sequence[Any] | None = None,
        media_type: str = _JSON,
        accept: str = _JSON,
    ) -> dict[str, Any]:
        """The JSON object that the API server answers with.

        Everything but a POST is repeated after connection errors and 5xx: applies and deletions carry
        preconditions, so that a second arrival does no harm. A POST only when it cannot have arrived.

        Args:
            method: GET, POST, PATCH or DELETE.
            path: from the root of the API server, quoted.
            query: parameters, unquoted.
            body: sent as JSON.
            media_type: what the body means: for a PATCH, which sort of patch it is.
            accept: media type of the answer.

        Raises:
            KubeError: one of `slipway.kube.errors`, when the last attempt failed.
            LeaseLost: when the fence did not let an attempt pass; those before it may have arrived.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        url = URL(self._connection.server + target, encoded=True)
        content = _encode(body).encode() if body is not None else None
        headers = {"Accept": accept, "Content-Type": media_type} if content else {"Accept": accept}
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._authorized(method, url, content, headers)
            except KubeError as error:
                await self._wait_or_raise(error, method, attempt)

    async def stream(
        self, path: str, *, query: Mapping[str, str], seconds: float | None
    ) -> AsyncGenerator[bytes, None]:
        """The body of an answer as it comes, of a GET that is sent once.

        Args:
            path: from the root of the API server, quoted.
            query: parameters, unquoted.
            seconds: how long the whole of it may take; None for as long as the API server sends.

        Raises:
            KubeError: one of `slipway.kube.errors`, also in the middle of the body.
        """
        url = URL(f"{self._connection.server}{path}?{urlencode(query)}", encoded=True)
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=self._timeout)
        for is_last in (False, True):
            identity = await self._connection.headers()
            try:
                async with aclosing(self._pieces(url, identity, timeout)) as pieces:
                    async for piece in pieces:
                        yield piece
            except Unauthorized:
                # It comes before the first piece.
                if is_last:
                    raise
                await self._connection.reload(refused=identity)
            else:
                return

    async def _pieces(
        self, url: URL, headers: Mapping[str, str], timeout: aiohttp.ClientTimeout
    ) -> AsyncGenerator[bytes, None]:
        try:
            async with self._session.get(
                url,
                headers={"Accept": "*/*", **headers},
                timeout=timeout,
                ssl=self._connection.tls or True,
                allow_redirects=False,
            ) as response:
                if not 200 <= response.status < 300:
                    raise translate(response.status, await response.read(), response.headers)
                async for piece in response.content.iter_any():
                    yield piece
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    async def _wait_or_raise(self, error: KubeError, method: str, attempt: int) -> None:
        sent = not isinstance(error.__cause__, aiohttp.ClientConnectorError)
        delay = delay_before_repeat(
            error, attempt, repeatable=method != "POST", sent=sent, chance=self._random.random()
        )
        if delay is None:
            raise error
        await asyncio.sleep(delay)

    async def _authorized(
        self, method: str, url: URL, content: bytes | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        identity = await self._connection.headers()
        try:
            return await self._send(method, url, content, {**headers, **identity})
        except Unauthorized:
            await self._connection.reload(refused=identity)
            return await self._send(method, url, content, {**headers, **await self._connection.headers()})

    async def _send(
        self, method: str, url: URL, content: bytes | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        timeout = self._time_for(method)
        try:
            async with self._session.request(
                method,
                url,
                data=content,
                headers=headers,
                # Above 5 s aiohttp would round the end up to a whole second; a fence counts in fractions.
                timeout=aiohttp.ClientTimeout(total=timeout, ceil_threshold=math.inf),
                ssl=self._connection.tls or True,
                allow_redirects=False,
            ) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error
        if not 200 <= response.status < 300:
            raise translate(response.status, answer, response.headers)
        return _object(answer)

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(f"The API server at {self._connection.server} gave no answer: {_cause(error)}")

    def _time_for(self, method: str) -> float:
        """Seconds that an attempt has which begins now."""
        if self._fence is None or method == "GET":
            return self._timeout
        timeout = min(self._timeout, self._fence.longest_effect)
        self._fence.ensure(timeout)
        return timeout


def _cause(error: Exception) -> str:
    """In words for a person: aiohttp's name the object of its TLS settings."""
    system = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(system, OSError) and not isinstance(system, ssl.SSLError) and system.errno:
        return os.strerror(system.errno) if system.errno > 0 else str(system.strerror or system)
    return str(system) or type(system).__name__


def _object(answer: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(answer)
    except ValueError as error:
        msg = "The API server's answer is no JSON: something else listens at its address"
        raise Unreachable(msg) from error
    if not isinstance(value, dict):
        msg = "The API server's answer is no JSON object: something else listens at its address"
        raise Unreachable(msg)
    return value

"""Requests to one registry: authorised, repeated where that is safe, with every error translated."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import random
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, ParamSpec, TypeVar

from slipway.clock import Clock, SystemClock
from slipway.egress import ConnectionBroken, HttpError, InvalidCertificate, InvalidUrl, Origin, Response
from slipway.http import HttpClient, StreamedResponse, join_url, origin_of
from slipway.oci.answers import Asker, Subject, from_http, refusal, retry_after
from slipway.oci.auth import TokenAnswer, TokenRequest
from slipway.oci.challenge import AuthChallenge, MalformedChallenge, choose_challenge, parse_challenges
from slipway.oci.credentials import ANONYMOUS, Credential, CredentialKind
from slipway.oci.errors import InvalidReference, InvalidResponse, RegistryError
from slipway.oci.reference import DOCKER_HUB_HOST, DOCKER_HUB_NAMES
from slipway.oci.tokens import Authorizer

__all__ = ["Ask", "RegistrySession", "off_loop", "registry_base"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_TRANSIENT: Final = frozenset({408, 429, 499, 500, 502, 503, 504, 522})
_PAUSES: Final = (0.2, 0.8)  # seconds before the second and the third attempt, on average
_LONGEST_PAUSE: Final = 3.0  # a registry that asks for more gets the error passed on, for others are waiting
_LARGE_DOCUMENT: Final = 256 * 1024  # bytes of JSON that take about a millisecond to read
_TOKEN_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; `url` may be relative to the registry."""

    method: str
    url: str
    scopes: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | AsyncIterable[bytes] = field(default=b"", repr=False)
    max_bytes: int = 8 * 1024 * 1024
    timeout: float | None = None


class RegistrySession:
    """The conversation with one registry, with one credential.

    Args:
        url: See `registry_base`.
        http: Closed with the session.
        credential: Sent to the registry's own origin and to its token server, nowhere else.
        clock: Measures the life of tokens.

    Raises:
        InvalidReference: when the URL is none.
    """

    def __init__(
        self, url: str, http: HttpClient, credential: Credential = ANONYMOUS, clock: Clock | None = None
    ) -> None:
        self.base = registry_base(url)
        self.origin: Origin = origin_of(self.base)
        self._http = http
        self._credential = credential
        self._clock = clock or SystemClock()
        self.authorizer = Authorizer(self.origin, f"{self.base}/v2/", credential, self._carry, self._clock)
        self.in_flight = 0
        self.last_used = self._clock.monotonic()

    @property
    def asker(self) -> Asker:
        """Who asks, for the words of errors."""
        return Asker(
            registry=self.origin,
            anonymous=self._credential.kind is CredentialKind.ANONYMOUS,
            username=self._credential.username,
            secrets=self.authorizer.secrets,
        )

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._http.aclose()

    def refusal(self, response: Response, subject: Subject, name: str) -> RegistryError:
        """The error that an unexpected response stands for."""
        return refusal(response, subject, name, self.asker)

    async def send(self, ask: Ask) -> Response:
        """The response, whatever its status.

        Reads are repeated twice after a passing failure. A 401 is answered once.

        Raises:
            RegistryError: when there is no response.
        """
        with self._used(), self._translated():
            for pause in (*_PAUSES, None) if ask.method in {"GET", "HEAD"} else (None,):
                response = await self._attempt(ask, last=pause is None)
                wait = None if response is None else _wait(response, pause)
                if response is not None and wait is None:
                    return response
                await asyncio.sleep(wait or _jittered(pause or 0.0))
        msg = f"{self.origin} gave no answer"  # pragma: no cover - the last attempt returns or raises
        raise InvalidResponse(msg)

    @contextlib.asynccontextmanager
    async def stream(self, ask: Ask) -> AsyncIterator[StreamedResponse]:
        """The response with its body still to come, whatever its status. A 401 is answered once.

        Raises:
            RegistryError: when there is no response, or its body ends early.
        """
        with self._used(), self._translated():
            header = await self._header(ask)
            async with self._open(ask, header) as first:
                challenge = self._challenge(first)
                if challenge is None:
                    yield first
                    return
            renewed = await self.authorizer.answer(challenge, ask.scopes, header)
            async with self._open(ask, renewed) as second:
                yield second

    async def _attempt(self, ask: Ask, *, last: bool) -> Response | None:
        """None when the connection broke and there may be another attempt."""
        try:
            return await self._authorised(ask)
        except ConnectionBroken:
            if last:
                raise
            return None

    async def _authorised(self, ask: Ask) -> Response:
        header = await self._header(ask)
        response = await self._request(ask, header)
        challenge = self._challenge(response)
        if challenge is None or not isinstance(ask.content, bytes):
            return response
        renewed = await self.authorizer.answer(challenge, ask.scopes, header)
        return response if renewed is None else await self._request(ask, renewed)

    async def _header(self, ask: Ask) -> str | None:
        """Nothing for a foreign origin, to which an upload may have been directed."""
        if origin_of(join_url(f"{self.base}/", ask.url)) != self.origin:
            return None
        return await self.authorizer.header(ask.scopes)

    async def _request(self, ask: Ask, header: str | None) -> Response:
        return await self._http.request(
            ask.method,
            join_url(f"{self.base}/", ask.url),
            headers=_with(ask.headers, header),
            content=ask.content,
            max_bytes=ask.max_bytes,
            timeout=ask.timeout,
        )

    def _open(self, ask: Ask, header: str | None) -> contextlib.AbstractAsyncContextManager[StreamedResponse]:
        url = join_url(f"{self.base}/", ask.url)
        return self._http.stream(ask.method, url, headers=_with(ask.headers, header), timeout=ask.timeout)

    def _challenge(self, response: Response | StreamedResponse) -> AuthChallenge | None:
        """What a 401 of the registry itself asks for; one of where it redirected to is not answered."""
        if response.status != 401 or origin_of(response.url) != self.origin:
            return None
        try:
            return choose_challenge(parse_challenges(response.headers.all("www-authenticate")))
        except MalformedChallenge as error:
            msg = f"{self.origin} asks for authentication in a way that cannot be read: {error}"
            raise InvalidResponse(msg) from error

    async def _carry(self, request: TokenRequest) -> TokenAnswer:
        """Takes a request to the token server and brings its answer."""
        with self._translated():
            response = await self._http.request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.body,
                max_bytes=_TOKEN_BYTES,
            )
        if response.status == 429 or response.status >= 500:
            server = replace(self.asker, registry=origin_of(response.url))
            raise refusal(response, Subject.REGISTRY, "", server)
        return TokenAnswer(response.status, response.body, datetime.now(UTC))

    @contextlib.contextmanager
    def _used(self) -> Iterator[None]:
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
            self.last_used = self._clock.monotonic()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (HttpError, InvalidCertificate) as error:
            raise from_http(error, self.origin) from error


def registry_base(url: str) -> str:
    """The address below which a registry's API is: without trailing slash and `/v2`, Docker Hub under its API
    host.

    A URL without a scheme means https, or http when the host is loopback, as Docker and containerd have it.

    Raises:
        InvalidReference: when it is no http or https URL, or has user info, a query or a fragment.
    """
    text = url.strip()
    if "://" not in text:
        text = f"{'http' if _is_loopback(text) else 'https'}://{text}"
    try:
        origin = origin_of(text)
    except InvalidUrl as error:
        raise InvalidReference(str(error)) from error
    if "?" in text or "#" in text:
        msg = f"the registry URL {origin} must have no query and no fragment"
        raise InvalidReference(msg)
    path = text.partition("://")[2].partition("/")[2].strip("/")
    if origin.host in DOCKER_HUB_NAMES:
        return f"https://{DOCKER_HUB_HOST}"
    for version in ("v2", "v1"):
        path = (
            path.removesuffix(version).rstrip("/")
            if path == version or path.endswith(f"/{version}")
            else path
        )
    return f"{origin}/{path}" if path else str(origin)


def _is_loopback(text: str) -> bool:
    host = text.partition("/")[0]
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _with(headers: Mapping[str, str], authorization: str | None) -> dict[str, str]:
    return {**headers, "Authorization": authorization} if authorization else dict(headers)


def _wait(response: Response, pause: float | None) -> float | None:
    """Seconds before the next attempt; None when this answer is the one to give."""
    if response.status not in _TRANSIENT or pause is None:
        return None
    stated = retry_after(response.headers, datetime.now(UTC))
    if response.status == 429 and stated is None:
        return None
    if stated is not None:
        return stated if stated <= _LONGEST_PAUSE else None
    return _jittered(pause)


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards no secret


async def off_loop(size: int, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Calls it; in a thread when there are so many bytes to read that other objects would have to wait."""
    if size < _LARGE_DOCUMENT:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)

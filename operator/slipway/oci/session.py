"""Requests to one registry: authorised, repeated where that is safe, with every error translated."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, ParamSpec, TypeVar

from slipway.clock import Clock, SystemClock
from slipway.egress import EndpointClass, HttpError, InvalidCertificate, InvalidUrl, Limits, Origin, Response
from slipway.http import Deadline, HttpClient, StreamedResponse, join_url, origin_of
from slipway.oci.answers import Asker, Subject, from_http, refusal
from slipway.oci.auth import TokenAnswer, TokenRequest
from slipway.oci.challenge import AuthChallenge, MalformedChallenge, choose_challenge, parse_challenges
from slipway.oci.credentials import CredentialKind
from slipway.oci.errors import InvalidReference, InvalidResponse, RateLimited, RegistryError
from slipway.oci.introduction import Introduction
from slipway.oci.pauses import Pauses
from slipway.oci.quota import Quotas
from slipway.oci.reference import DOCKER_HUB_HOST, DOCKER_HUB_NAMES
from slipway.oci.retries import NO_RETRIES, Retries
from slipway.oci.sources import CredentialSource, StaticCredential
from slipway.oci.tokens import Authorizer

__all__ = ["Ask", "RegistrySession", "off_loop", "registry_base"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_LARGE_DOCUMENT: Final = 256 * 1024  # bytes of JSON that take about a millisecond to read
_TOKEN_BYTES: Final = 1024 * 1024
_SCHEME: Final = re.compile(r"[^/\[:]*:(?![0-9])")  # what stands before a port is no scheme
_REPEATED: Final = frozenset({"GET", "HEAD"})


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
    """Seconds; those of the session by default."""

    endpoint: EndpointClass = EndpointClass.OTHER
    """What part of the registry it goes to: they fail, and are counted, apart from each other."""

    within: Deadline | None = None
    """That of the whole listing that it is a part of: what does not count here does not count there."""


class RegistrySession:
    """The conversation with one registry, with the credential of one source.

    Time: the time-out of a request bounds all of it, with its redirects, its repeats and the pauses between
    them. Not counted is how long it waits for its turn at the host (see `slipway.egress.limits`), and what it
    takes to fetch a token, which others wait for, too: once before, if there is none, and once more when the
    registry refuses it. Each request to a token server has the time-out of the session. So whatever hosts do,
    `send` takes at most three times the time-out; five times with an identity token, for which a token server
    may have to be asked in two ways. Only those that come while the very first one is under way wait for its
    answer before.

    Args:
        url: See `registry_base`.
        http: Closed with the session.
        source: Gives the credential; sent to the registry's own origin and to its token server, nowhere else.
            Without one the registry is asked as anybody may.
        clock: Measures the life of tokens.
        retries: How often reads are repeated.
        limits: Whose share of the pulls may be used.

    Raises:
        InvalidReference: when the URL is none.
    """

    def __init__(
        self,
        url: str,
        http: HttpClient,
        source: CredentialSource | None = None,
        clock: Clock | None = None,
        *,
        retries: Retries | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.base = registry_base(url)
        self.origin: Origin = origin_of(self.base)
        self._http = http
        self._clock = clock or SystemClock()
        self._retries = retries or Retries()
        self.quotas = Quotas(limits)
        self._pauses = Pauses(self._clock)
        self.authorizer = Authorizer(
            self.origin, f"{self.base}/v2/", source or StaticCredential(), self._carry, self._clock
        )
        self._introduction = Introduction()
        self.in_flight = 0
        self.last_used = self._clock.monotonic()

    @property
    def asker(self) -> Asker:
        """Who asks, for the words of errors."""
        credential = self.authorizer.credential
        return Asker(
            registry=self.origin,
            anonymous=credential.kind is CredentialKind.ANONYMOUS,
            username=credential.username,
            secrets=self.authorizer.secrets,
        )

    def now(self) -> datetime:
        """The wall clock of the session."""
        return self._clock.now()

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._http.aclose()

    def refusal(self, response: Response, subject: Subject, name: str) -> RegistryError:
        """The error that an unexpected response stands for."""
        return refusal(response, subject, name, self.asker)

    async def send(self, ask: Ask) -> Response:
        """The response, whatever its status.

        Reads are repeated after a passing failure. A 401 is answered once.

        Raises:
            RegistryError: when there is no response.
        """
        with self._used(), self._translated():
            url = self._url(ask)
            deadline = Deadline(self._http.timeout if ask.timeout is None else ask.timeout, ask.within)
            retries = self._retries if ask.method in _REPEATED else NO_RETRIES
            self._respect_pause(ask.endpoint)
            response = await retries.send(lambda: self._authorised(ask, url, deadline), deadline)
            if origin_of(response.url) == self.origin:
                self._pauses.note(ask.endpoint, response)
            return response

    def _respect_pause(self, part: Hashable, server: Origin | None = None) -> None:
        """Tells what the registry, or another server, told when it was asked last, while that holds.

        Raises:
            RateLimited: without asking.
        """
        pause = self._pauses.at(part)
        if pause is not None:
            asker = self.asker if server is None else replace(self.asker, registry=server)
            raise RateLimited(str(refusal(pause.refusal, Subject.REGISTRY, "", asker)), pause.left)

    @contextlib.asynccontextmanager
    async def stream(self, ask: Ask) -> AsyncIterator[StreamedResponse]:
        """The response with its body still to come, whatever its status. A 401 is answered once.

        Raises:
            RegistryError: when there is no response, or its body ends early.
        """
        with self._used(), self._translated():
            url = self._url(ask)
            header = await self._header(ask, url)
            async with self._open(ask, url, header) as first:
                challenge = self._challenge(first)
                if challenge is None:
                    yield first
                    return
            renewed = await self.authorizer.answer(challenge, ask.scopes, header)
            async with self._open(ask, url, renewed) as second:
                yield second

    async def _authorised(self, ask: Ask, url: str, deadline: Deadline) -> Response:
        with contextlib.ExitStack() as stack:
            with _not_counted(deadline):
                stack.enter_context(await self._introduction.turn())
                header = await self._header(ask, url)
            response = await self._request(ask, url, header, deadline)
            challenge = self._challenge(response)
            if challenge is None or not isinstance(ask.content, bytes):
                return response
            with _not_counted(deadline):
                renewed = await self.authorizer.answer(challenge, ask.scopes, header)
        return response if renewed is None else await self._request(ask, url, renewed, deadline)

    def _url(self, ask: Ask) -> str:
        # Joining URLs is a fifth of a request's cost.
        if ask.url.startswith("v2/"):
            return f"{self.base}/{ask.url}"
        if ask.url.startswith(f"{self.base}/v2/"):
            return ask.url
        return join_url(f"{self.base}/", ask.url)

    async def _header(self, ask: Ask, url: str) -> str | None:
        """Nothing for a foreign origin, to which an upload may have been directed."""
        is_own = url.startswith(f"{self.base}/") or origin_of(url) == self.origin
        return await self.authorizer.header(ask.scopes) if is_own else None

    async def _request(self, ask: Ask, url: str, header: str | None, deadline: Deadline) -> Response:
        response = await self._http.request(
            ask.method,
            url,
            headers=_with(ask.headers, header),
            content=ask.content,
            max_bytes=ask.max_bytes,
            timeout=deadline,
            endpoint=ask.endpoint,
        )
        if origin_of(response.url) == self.origin:
            self.quotas.note(ask.endpoint, response, self._clock.now())
        return response

    def _open(
        self, ask: Ask, url: str, header: str | None
    ) -> contextlib.AbstractAsyncContextManager[StreamedResponse]:
        return self._http.stream(
            ask.method, url, headers=_with(ask.headers, header), timeout=ask.timeout, endpoint=ask.endpoint
        )

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
        server = origin_of(request.url)
        self._respect_pause(server, server)
        deadline = Deadline(self._http.timeout)
        retries = self._retries if request.method in _REPEATED else NO_RETRIES
        with self._translated():
            response = await retries.send(lambda: self._fetch(request, deadline), deadline)
        self._pauses.note(server, response)
        if response.status == 429 or response.status >= 500:
            raise refusal(response, Subject.REGISTRY, "", replace(self.asker, registry=server))
        return TokenAnswer(response.status, response.body, datetime.now(UTC))

    async def _fetch(self, request: TokenRequest, deadline: Deadline) -> Response:
        return await self._http.request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.body,
            max_bytes=_TOKEN_BYTES,
            timeout=deadline,
            endpoint=EndpointClass.TOKEN,
        )

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
    if "://" not in text and _SCHEME.match(text):
        msg = f"{url[:100]!r} is no registry: write its host, or a URL with http:// or https://"
        raise InvalidReference(msg)
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


@contextlib.contextmanager
def _not_counted(deadline: Deadline) -> Iterator[None]:
    """Moves a deadline by what the block takes."""
    left = deadline.left
    try:
        yield
    finally:
        deadline.extend(left - deadline.left)


async def off_loop(size: int, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Calls it; in a thread when there are so many bytes to read that other objects would have to wait."""
    if size < _LARGE_DOCUMENT:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)

"""The one way out: every request to a host that a user named goes through here.

Each hop is checked against the egress policy, its name resolved once, the addresses checked, and the
connection made to exactly those addresses, while SNI and Host keep the name. Bytes, time and redirects are
bounded, and so is how often a host is asked; one that fails again and again is left alone for a while. Built
on aiohttp's connections, which take a third of the CPU that httpx's take. The errors are drawn in
`slipway.egress.errors`.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import math
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Hashable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

import aiohttp
import yarl

from slipway.egress import (
    LIBRARY_POLICY,
    ClientCertificate,
    ClientClosed,
    EgressDenied,
    EgressPolicy,
    EndpointClass,
    HttpError,
    InvalidUrl,
    Limits,
    Origin,
    RedirectRefused,
    Response,
    Verify,
)
from slipway.egress.circuit import Circuits
from slipway.egress.connections import Resolver, open_session, resolve_with_system
from slipway.egress.deadline import Deadline, now
from slipway.egress.limits import HostLimits, Lane
from slipway.egress.passage import Passage
from slipway.egress.receiving import StreamedResponse, Translated
from slipway.egress.sending import Body, Sending, SourceFailed
from slipway.egress.tls import tls_context
from slipway.egress.urls import Address, join, parse
from slipway.engine.fence import Fence

__all__ = [
    "LIBRARY_POLICY",
    "Circuits",
    "Deadline",
    "EgressDenied",
    "EgressPolicy",
    "HostLimits",
    "HttpClient",
    "HttpError",
    "StreamedResponse",
    "join_url",
    "origin_of",
]

MAX_BODY: Final = 8 * 1024 * 1024
MAX_ERROR_BODY: Final = 64 * 1024
MAX_REDIRECTS: Final = 5
_LARGE_BODY: Final = 256 * 1024  # bytes
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Every other header may hold a secret and stays with the origin it was written for.
_HEADERS_FOR_STRANGERS: Final = frozenset({"accept", "accept-encoding", "range", "user-agent"})


class HttpClient:
    """Connections to a few hosts under one egress policy and one TLS set-up.

    Args:
        policy: What may be called.
        timeout: Seconds for one whole exchange, redirects and body included, unless a call says otherwise.
            They begin when it is its turn; until then it waits at most five minutes.
        verify: See `slipway.egress.tls.Verify`.
        ca: PEM certificates trusted beside the system's.
        client_cert: Shown only to `home`, for it says who we are.
        home: The origin that the client certificate belongs to.
        limits: Shared by the clients of one process, so that a host sees one limit.
        own_limits: What this client asks of its hosts at most, if that differs from everybody's.
        circuits: Shared likewise, so that a host that takes no connection is left alone by all of them.
        fence: Asked before every request that may change something; by default nobody is. What it asks for
            makes requests raise `LeaseLost`, and caps the time of such a request.
        resolve: Name resolution; the system's by default.
    """

    def __init__(
        self,
        policy: EgressPolicy = LIBRARY_POLICY,
        *,
        timeout: float = 30.0,
        verify: Verify = True,
        ca: bytes | None = None,
        client_cert: ClientCertificate | None = None,
        home: Origin | None = None,
        limits: HostLimits | None = None,
        own_limits: Limits | None = None,
        circuits: Circuits | None = None,
        fence: Fence | None = None,
        resolve: Resolver = resolve_with_system,
    ) -> None:
        self._policy = policy
        self.timeout = timeout
        """Seconds for an exchange that is granted no other time."""

        self._verify = verify
        self._ca = ca
        self._client_cert = client_cert
        self._home = home
        self._limits = limits or HostLimits()
        self._own_limits = own_limits
        self._turns = HostLimits(own_limits) if own_limits is not None else None
        self._circuits = circuits or Circuits()
        self._own_circuits = Circuits()
        self._fence = fence
        self._resolve = resolve
        self._session: aiohttp.ClientSession | None = None
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._opening = asyncio.Lock()
        self._is_closed = False

    async def aclose(self) -> None:
        """Closes every connection; nothing is sent any longer."""
        self._is_closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | AsyncIterable[bytes] = b"",
        max_bytes: int = MAX_BODY,
        timeout: float | Deadline | None = None,
        endpoint: EndpointClass = EndpointClass.OTHER,
        party: Hashable = None,
    ) -> Response:
        """One exchange with a bounded body. Bodies of error responses are cut at 64 KiB.

        Args:
            method: The HTTP method.
            url: The whole address.
            headers: Added to Host, User-Agent and Accept-Encoding.
            content: The body; an iterator is sent in chunks.
            max_bytes: The cap of the body, decoded.
            timeout: Seconds, or the deadline that an exchange shares with those before it.
            endpoint: What part of the host it goes to.
            party: For whom, where one client serves several: what the host does wrong to one of them is no
                reason to keep the others from it.

        Raises:
            HttpError: every way in which there is no response.
            LeaseLost: when the fence does not let it pass.
        """
        lane: Lane = "short" if isinstance(content, bytes) else "upload"
        sending = Sending.of(
            method,
            headers,
            content,
            timeout=self._granted(timeout),
            lane=lane,
            endpoint=endpoint,
            fence=self._fence,
            party=party,
        )
        with contextlib.ExitStack() as visit:
            answer = await self._exchange(url, sending, visit)
            failed = answer.status >= 400
            body = await answer.read(MAX_ERROR_BODY if failed else max_bytes, truncate=failed)
            return Response(answer.status, answer.headers, body, answer.url)

    @contextlib.asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | Deadline | None = None,
        endpoint: EndpointClass = EndpointClass.OTHER,
    ) -> AsyncIterator[StreamedResponse]:
        """One exchange whose body is taken in pieces; the connection is given back at the end of the block.

        Raises:
            HttpError: every way in which there is no response.
            LeaseLost: when the fence does not let it pass.
        """
        sending = Sending.of(
            method,
            headers,
            b"",
            timeout=self._granted(timeout),
            lane="download",
            endpoint=endpoint,
            fence=self._fence,
        )
        with contextlib.ExitStack() as visit:
            yield await self._exchange(url, sending, visit)

    def _granted(self, timeout: float | Deadline | None) -> float | Deadline:
        return self.timeout if timeout is None else timeout

    async def _exchange(self, url: str, sending: Sending, visit: contextlib.ExitStack) -> StreamedResponse:
        """Follows redirects until there is an answer that is none."""
        target = parse(url)
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._hop(target, sending, visit)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None or sending.method not in {"GET", "HEAD"}:
                return answer
            visit.close()
            following = _redirected(target, location)
            if following.origin != target.origin:
                sending = replace(sending, headers=_for_strangers(sending.headers))
            target = following
        msg = f"{url} redirects more than {MAX_REDIRECTS} times"
        raise RedirectRefused(msg)

    async def _hop(self, target: Address, sending: Sending, visit: contextlib.ExitStack) -> StreamedResponse:
        """One request to one host, in a place at that host, which is held until the visit ends."""
        origin = target.origin
        refusal = _refusal(self._policy, origin)
        if refusal is not None:
            raise EgressDenied(refusal)
        part = (origin, sending.endpoint, sending.party)
        passage = Passage(self._circuits, self._own_circuits, part, target.path)
        visit.enter_context(passage)
        await self._wait_for_turn(origin.host, sending, visit)
        passage.go()
        try:
            with Translated(target.text, passage.failed):
                async with asyncio.timeout_at(self._end_of_wait(sending)):
                    response = await self._send(target, sending)
        except SourceFailed as wrapped:
            raise wrapped.why from None
        visit.callback(response.close)
        passage.answered(response.status)
        return StreamedResponse(
            response, target.text, sending, passage.failed, self._longest_silence(sending)
        )

    def _longest_silence(self, sending: Sending) -> float:
        """Seconds without a byte: a long transfer is granted for what it transfers."""
        return self.timeout if sending.lane == "download" else math.inf

    def _end_of_wait(self, sending: Sending) -> float:
        """When an answer has to have begun."""
        return min(sending.deadline.at, now() + self._longest_silence(sending))

    async def _wait_for_turn(self, host: str, sending: Sending, visit: contextlib.ExitStack) -> None:
        """Takes a place at the host; the deadline waits along."""
        began = now()
        if self._turns is not None:
            visit.enter_context(await self._turns.turn(host, sending.lane))
        visit.enter_context(await self._limits.turn(host, sending.lane, self._own_limits))
        sending.deadline.extend(now() - began)

    async def _send(self, target: Address, sending: Sending) -> aiohttp.ClientResponse:
        """Sends it. What only reads aiohttp sends once more when the server ends the connection unasked."""
        context = await self._context(target.origin)
        if sending.method not in _REPEATABLE:
            await _notice_closed_connections()
        if self._is_closed:
            msg = f"{target.origin} is not asked: the client was closed"
            raise ClientClosed(msg)
        if self._session is None:
            self._session = open_session(self._policy, self._resolve)
        body = _body(sending.content)
        try:
            return await self._session.request(
                sending.method,
                yarl.URL(target.text, encoded=True),
                headers=_fields(target, sending),
                data=body or None,
                ssl=context,
                allow_redirects=False,
                middlewares=() if sending.method in _REPEATABLE else (_once(sending),),
            )
        except aiohttp.ClientError:
            if isinstance(body, Body) and body.failure is not None:
                raise SourceFailed(body.failure) from body.failure
            raise
        except ValueError as error:
            msg = f"a header field for {target.text} holds a line break, such as one at the end of a token"
            raise InvalidUrl(msg) from error

    async def _context(self, origin: Origin) -> ssl.SSLContext | bool:
        """Whom to trust, and what to show, at this origin."""
        if origin.scheme == "http":
            return True
        at_home = self._client_cert is not None and origin == self._home
        async with self._opening:
            if at_home not in self._contexts:
                shown = self._client_cert if at_home else None
                self._contexts[at_home] = await asyncio.to_thread(tls_context, self._verify, self._ca, shown)
            return self._contexts[at_home]


async def _notice_closed_connections() -> None:
    """Lets the loop see what servers have ended: what must not be sent twice would be lost there."""
    for _ in range(2):  # one turn to find what can be read, one to read it
        await asyncio.sleep(0)


def _once(sending: Sending) -> aiohttp.ClientMiddlewareType:
    """Asks the fence, and lets nothing go out a second time: aiohttp repeats PUT and DELETE by itself."""
    was_sent = False

    async def ensure(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        nonlocal was_sent
        if was_sent:
            raise aiohttp.ServerDisconnectedError
        sending.ensure()
        was_sent = True
        return await handler(request)

    return ensure


def _fields(target: Address, sending: Sending) -> dict[str, str]:
    fields = {
        "Host": target.authority,
        "User-Agent": "slipway",
        "Accept-Encoding": "identity",
        **sending.headers,
    }
    if isinstance(sending.content, bytes) and (sending.content or sending.method in {"POST", "PUT", "PATCH"}):
        fields["Content-Length"] = str(len(sending.content))
    return fields


def _body(content: bytes | AsyncIterable[bytes]) -> bytes | io.BytesIO | Body:
    if not isinstance(content, bytes):
        return Body(content)
    # All of a large one at once would keep the event loop.
    return content if len(content) <= _LARGE_BODY else io.BytesIO(content)


def _for_strangers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() in _HEADERS_FOR_STRANGERS}


@lru_cache(maxsize=512)  # all requests to a host ask the same
def _refusal(policy: EgressPolicy, origin: Origin) -> str | None:
    return policy.refusal_of_url(*origin)


def _redirected(source: Address, location: str) -> Address:
    try:
        target = join(source, location)
    except InvalidUrl as error:
        msg = f"{source.text} redirects to something that is no URL"
        raise RedirectRefused(msg) from error
    if source.origin.scheme == "https" and target.origin.scheme == "http":
        msg = f"{source.text} redirects from https to plain http ({target.origin.host})"
        raise RedirectRefused(msg)
    return target


def origin_of(url: str) -> Origin:
    """Scheme, host and port of a URL, in lower case, international names in their ASCII form.

    Raises:
        InvalidUrl: when it is no http or https URL, or holds user info.
    """
    return parse(url).origin


def join_url(base: str, reference: str) -> str:
    """The absolute URL that a relative (or absolute) one means when it is read at `base`.

    Raises:
        InvalidUrl: when the result is no http or https URL.
    """
    return join(parse(base), reference).text

"""The one way out: every request to a host that a user named goes through here.

Each hop is checked against the egress policy, its name resolved once, the addresses checked, and the
connection made to exactly those addresses, while SNI and Host keep the name. Bytes, time and redirects are
bounded, and so is how often a host is asked; one that fails again and again is left alone for a while. Built
on httpx's URLs and its connection pool (httpcore) rather than on its client, which would add cookies, proxies
from the environment and default headers of its own. The errors are drawn in `slipway.egress.errors`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

import httpcore

from slipway.egress import (
    LIBRARY_POLICY,
    ClientCertificate,
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
from slipway.egress.connections import CheckedBackend, Resolver, resolve_with_system
from slipway.egress.deadline import Deadline, now
from slipway.egress.limits import HostLimits, Lane
from slipway.egress.passage import Passage
from slipway.egress.receiving import StreamedResponse, translated
from slipway.egress.sending import Sending
from slipway.egress.tls import tls_context
from slipway.egress.urls import URL, InvalidURL
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
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
# Every other header may hold a secret and stays with the origin it was written for.
_HEADERS_FOR_STRANGERS: Final = frozenset({"accept", "accept-encoding", "range", "user-agent"})
_HOST: Final = re.compile(rb"[a-z0-9._-]+|[0-9a-f:.]+")


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
        self._pools: dict[bool, httpcore.AsyncConnectionPool] = {}
        self._opening = asyncio.Lock()

    async def aclose(self) -> None:
        """Closes every connection; a later request would open new ones."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()

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
        )
        async with self._exchange(url, sending) as answer:
            failed = answer.status >= 400
            body = await answer.read(MAX_ERROR_BODY if failed else max_bytes, truncate=failed)
            return Response(answer.status, answer.headers, body, answer.url)

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | Deadline | None = None,
        endpoint: EndpointClass = EndpointClass.OTHER,
    ) -> contextlib.AbstractAsyncContextManager[StreamedResponse]:
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
        return self._exchange(url, sending)

    def _granted(self, timeout: float | Deadline | None) -> float | Deadline:
        return self.timeout if timeout is None else timeout

    @contextlib.asynccontextmanager
    async def _exchange(self, url: str, sending: Sending) -> AsyncIterator[StreamedResponse]:
        """Follows redirects until there is an answer that is none."""
        target = _parse(url)
        for _ in range(MAX_REDIRECTS + 1):
            async with self._hop(target, sending) as answer:
                location = answer.headers.get("location")
                if (
                    answer.status not in _REDIRECTS
                    or location is None
                    or sending.method not in {"GET", "HEAD"}
                ):
                    yield answer
                    return
            following = _redirected(target, location)
            if _origin(following) != _origin(target):
                sending = replace(sending, headers=_for_strangers(sending.headers))
            target = following
        msg = f"{url} redirects more than {MAX_REDIRECTS} times"
        raise RedirectRefused(msg)

    @contextlib.asynccontextmanager
    async def _hop(self, url: URL, sending: Sending) -> AsyncIterator[StreamedResponse]:
        """One request to one host, in a slot of that host."""
        origin = _origin(url)
        refusal = self._policy.refusal_of_url(*origin)
        if refusal is not None:
            raise EgressDenied(refusal)
        async with contextlib.AsyncExitStack() as stack:
            passage = stack.enter_context(
                Passage(self._circuits, self._own_circuits, origin, sending.endpoint, url.path)
            )
            await self._wait_for_turn(stack, origin.host, sending)
            passage.go()
            with translated(str(url), passage.failed):
                async with asyncio.timeout_at(sending.deadline.at):
                    response = await _send(await self._pool(origin), url, sending)
            stack.push_async_callback(response.aclose)
            passage.answered(response.status)
            yield StreamedResponse(response, str(url), sending, passage.failed)

    async def _wait_for_turn(self, stack: contextlib.AsyncExitStack, host: str, sending: Sending) -> None:
        """Takes a place at the host until the stack is left; the deadline waits along."""
        began = now()
        if self._turns is not None:
            await stack.enter_async_context(self._turns.slot(host, sending.lane))
        await stack.enter_async_context(self._limits.slot(host, sending.lane, self._own_limits))
        sending.deadline.extend(now() - began)

    async def _pool(self, origin: Origin) -> httpcore.AsyncConnectionPool:
        at_home = self._client_cert is not None and origin == self._home
        async with self._opening:
            if at_home not in self._pools:
                shown = self._client_cert if at_home else None
                context = await asyncio.to_thread(tls_context, self._verify, self._ca, shown)
                self._pools[at_home] = httpcore.AsyncConnectionPool(
                    ssl_context=context,
                    max_connections=None,  # HostLimits counts; a second limit below it could deadlock with it
                    max_keepalive_connections=self._most_connections,
                    keepalive_expiry=15.0,
                    network_backend=CheckedBackend(self._policy, self._resolve),
                )
            return self._pools[at_home]

    @property
    def _most_connections(self) -> int:
        """As many as are open when a registry and what it leads to, such as its token server, are both busy.

        httpcore counts those in use with the idle ones: with a smaller number a busy client keeps none.
        """
        limits = self._own_limits or Limits()
        return 2 * (limits.width("short") + limits.width("download") + limits.width("upload"))


async def _send(pool: httpcore.AsyncConnectionPool, url: URL, sending: Sending) -> httpcore.Response:
    """Sends it; once more when a kept connection turned out to be closed and repeating does no harm."""
    try:
        return await pool.handle_async_request(_wire_request(url, sending))
    except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError):
        if sending.method not in _REPEATABLE or not isinstance(sending.content, bytes):
            raise
        return await pool.handle_async_request(_wire_request(url, sending))


def _wire_request(url: URL, sending: Sending) -> httpcore.Request:
    sending.ensure()
    host = url.netloc.decode("ascii")
    fields = {"Host": host, "User-Agent": "slipway", "Accept-Encoding": "identity", **sending.headers}
    if isinstance(sending.content, bytes):
        if sending.content or sending.method in {"POST", "PUT", "PATCH"}:
            fields["Content-Length"] = str(len(sending.content))
    elif "content-length" not in {name.lower() for name in fields}:
        fields["Transfer-Encoding"] = "chunked"
    return httpcore.Request(
        sending.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=[(k.encode("ascii"), v.encode("latin-1")) for k, v in fields.items()],
        content=sending.content,
    )


def _for_strangers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() in _HEADERS_FOR_STRANGERS}


@lru_cache(maxsize=512)  # one request reads its URL several times, at 40 µs each
def _parse(url: str) -> URL:
    try:
        parsed = URL(url)
    except (InvalidURL, UnicodeError, ValueError) as error:
        msg = f"{url!r} is not a URL"
        raise InvalidUrl(msg) from error
    is_port = parsed.port is None or 0 < parsed.port < 65536
    if parsed.scheme not in {"http", "https"} or not _HOST.fullmatch(parsed.raw_host) or not is_port:
        msg = f"{url!r} is not an http or https URL"
        raise InvalidUrl(msg)
    if parsed.userinfo:
        msg = f"{url} has a user name or password in it; put them into the Secret that secretRef names"
        raise InvalidUrl(msg)
    return parsed


def _redirected(source: URL, location: str) -> URL:
    try:
        target = _parse(str(source.join(location)))
    except (InvalidURL, UnicodeError, ValueError, InvalidUrl) as error:
        msg = f"{source} redirects to something that is no URL"
        raise RedirectRefused(msg) from error
    if source.scheme == "https" and target.scheme == "http":
        msg = f"{source} redirects from https to plain http ({target.host})"
        raise RedirectRefused(msg)
    return target


def _origin(url: URL) -> Origin:
    return Origin(
        url.scheme, url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)
    )


def origin_of(url: str) -> Origin:
    """Scheme, host and port of a URL, in lower case, international names in their ASCII form.

    Raises:
        InvalidUrl: when it is no http or https URL, or holds user info.
    """
    return _origin(_parse(url))


def join_url(base: str, reference: str) -> str:
    """The absolute URL that a relative (or absolute) one means when it is read at `base`.

    Raises:
        InvalidUrl: when the result is no http or https URL.
    """
    try:
        return str(_parse(str(_parse(base).join(reference))))
    except (InvalidURL, UnicodeError, ValueError) as error:
        msg = f"{reference!r} is not a URL"
        raise InvalidUrl(msg) from error

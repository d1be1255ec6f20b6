"""JSON over HTTP at one origin: how a product's own API is asked.

The secret goes to that origin and to no other: neither a Link nor a redirect takes it elsewhere. An API that
does not answer us is no error, for the plain protocol may; everything else is an error of `oci.errors`.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from pydantic_core import from_json

from slipway.egress import EndpointClass, Headers, HttpError, InvalidCertificate, Origin, Response
from slipway.http import Deadline, HttpClient, join_url, origin_of
from slipway.oci.answers import Asker, Subject, from_http, is_html, refusal
from slipway.oci.errors import (
    AuthenticationFailed,
    ContentTooLarge,
    EgressRefused,
    InvalidResponse,
    ListingIncomplete,
    RateLimited,
)
from slipway.oci.quota import Quotas
from slipway.oci.retries import NO_RETRIES, Retries
from slipway.oci.session import Ask, off_loop
from slipway.oci.waits import retry_after

__all__ = [
    "Answer",
    "Authorization",
    "Call",
    "Flow",
    "NotOffered",
    "Send",
    "VendorApi",
    "direct",
    "first_offered",
    "to_nobody",
]

Item = TypeVar("Item")
Result = TypeVar("Result")

Send = Callable[[Ask], Awaitable[Response]]
"""Carries a request: `RegistrySession.send` with the registry's own tokens, or `direct` with none."""

Authorization = Callable[[str | None], Awaitable[str | None]]
"""Gives the Authorization header for one origin; it gets the header that was refused, to find another."""

_FAILED: Final = frozenset({408, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses of an API that is there but not well: it is asked again, instead of being passed over."""

_PATIENCE: Final = 10  # times the time-out of one request
_MAX_BYTES: Final = 8 * 1024 * 1024


class NotOffered(Exception):  # noqa: N818 - no error: the plain protocol is asked instead
    """The API does not answer this to us, or not with what its vendor documents."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the API."""

    url: str
    """Absolute; `VendorApi.url` makes one."""

    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)
    scopes: tuple[str, ...] = ()
    """What a token of the registry has to allow; of no meaning to an API with an authorization of its own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back with status 200."""

    url: str
    """What was asked for."""

    body: Any
    """The JSON, as it came: nothing in it may be relied on."""

    headers: Headers = field(default_factory=Headers)
    size: int = 0
    """Bytes: of many, the reading would keep others waiting."""


Flow = Generator[Call, Answer, list[Item]]
"""A listing under way: yields what to ask next, returns all items. `paging.py` has them."""


async def to_nobody(_: str | None) -> str | None:
    """The authorization of an API that is asked without one, or where the session shows its own."""
    return None


async def first_offered(*attempts: Callable[[], Awaitable[Result]]) -> Result:
    """The result of the first attempt that the API does not turn away.

    Raises:
        NotOffered: when it turns all of them away.
    """
    turned_away = NotOffered("nothing to ask")
    for attempt in attempts:
        try:
            return await attempt()
        except NotOffered as error:
            turned_away = error
    raise turned_away


def direct(http: HttpClient, retries: Retries = NO_RETRIES, quotas: Quotas | None = None) -> Send:
    """Requests without the registry's own tokens, so that they can carry another authorization.

    Args:
        http: Carries them.
        retries: How often reads are repeated.
        quotas: Told what the answers say about how much may still be asked.
    """

    async def once(ask: Ask, deadline: Deadline) -> Response:
        response = await http.request(
            ask.method,
            ask.url,
            headers=ask.headers,
            content=ask.content,
            max_bytes=ask.max_bytes,
            timeout=deadline,
            endpoint=ask.endpoint,
        )
        if quotas is not None:
            quotas.note(ask.endpoint, response, datetime.now(UTC))
        return response

    async def send(ask: Ask) -> Response:
        deadline = Deadline(http.timeout if ask.timeout is None else ask.timeout, ask.within)
        try:
            if ask.method != "GET":
                return await once(ask, deadline)
            return await retries.send(lambda: once(ask, deadline), deadline)
        except (HttpError, InvalidCertificate) as error:
            raise from_http(error, origin_of(ask.url)) from error

    return send


class VendorApi:
    """One product's API.

    Args:
        base: Its address; a path may follow the host.
        send: Carries the requests.
        authorization: Asked before each request, and once more when its header was refused.
        secrets: What must not come back in the words of an error, beside what was shown.
        timeout: Seconds for one request; a whole listing may take ten times as long.
    """

    def __init__(
        self,
        base: str,
        send: Send,
        authorization: Authorization = to_nobody,
        secrets: Callable[[], tuple[str, ...]] = tuple,
        timeout: float = 30.0,
    ) -> None:
        self.base = base.rstrip("/")
        self.origin: Origin = origin_of(base)
        self._send = send
        self._authorization = authorization
        self._secrets = secrets
        self._timeout = timeout

    def url(self, path: str) -> str:
        """The address of something below the base; `path` is encoded already."""
        return join_url(f"{self.base}/", path)

    async def collect(self, flow: Flow[Item], about: str) -> list[Item]:
        """Everything that a listing finds, to its end.

        Args:
            flow: What to ask for.
            about: What is listed, for the words of an error.

        Raises:
            NotOffered: when the first page is not given.
            ListingIncomplete: when a later one is not, or the end was not reached in time.
            RegistryError: whatever else is in the way.
        """
        step: Call | list[Item] = next(flow)
        is_first = True
        patience = self._timeout * _PATIENCE
        whole = Deadline(patience)
        while isinstance(step, Call):
            if whole.left <= 0:
                msg = f"{about} could not be listed to the end at {self.origin} in {patience:g} s"
                raise ListingIncomplete(msg)
            try:
                answer = await self.ask(step, about, whole)
                step = await off_loop(answer.size, _advance, flow, answer)
            except NotOffered as error:
                if is_first:
                    raise
                msg = f"{about} could not be listed to the end: a page of {self.origin} failed ({error})"
                raise ListingIncomplete(msg) from error
            is_first = False
        return step

    async def ask(self, call: Call, about: str, within: Deadline | None = None) -> Answer:
        """One answer.

        Args:
            call: What to ask.
            about: What for, in the words of an error.
            within: The deadline of the listing that it is a part of.

        Raises:
            NotOffered: when the API does not answer this to us, or with no JSON.
            RateLimited: when it wants fewer requests.
            RegistryError: whatever else is in the way.
        """
        if origin_of(call.url) != self.origin:
            msg = f"{origin_of(call.url)} is not {self.origin}, and was not asked about {about}"
            raise InvalidResponse(msg)
        shown = await self._authorization(None)
        response = await self._carry(call, shown, within)
        if response.status == 401 and shown is not None:
            renewed = await self._authorization(shown)
            if renewed not in {None, shown}:
                response, shown = await self._carry(call, renewed, within), renewed
        return await self._read(call, response, shown, about)

    async def _carry(self, call: Call, shown: str | None, within: Deadline | None) -> Response:
        headers = {"Accept": "application/json", **call.headers}
        if shown is not None:
            headers["Authorization"] = shown
        ask = Ask(
            call.method,
            call.url,
            call.scopes,
            headers,
            call.content,
            _MAX_BYTES,
            self._timeout,
            EndpointClass.API,
            within,
        )
        try:
            return await self._send(ask)
        except (AuthenticationFailed, ContentTooLarge, EgressRefused) as error:
            # Where it is the credential or the policy for the registry itself, the plain protocol says so.
            raise NotOffered(str(error)) from error

    async def _read(self, call: Call, response: Response, shown: str | None, about: str) -> Answer:
        limited = _limited(response, self.origin)
        if limited is not None:
            raise limited
        if response.status in _FAILED:
            token = (shown or "").partition(" ")[2]
            secrets = (*self._secrets(), token)
            asker = Asker(self.origin, anonymous=shown is None, username="", secrets=secrets)
            raise refusal(response, Subject.TAGS, about, asker)
        if response.status != 200:
            msg = f"status {response.status}"
            raise NotOffered(msg)
        if is_html(response) or origin_of(response.url) != self.origin:
            msg = "a page of a web site instead of an answer"
            raise NotOffered(msg)
        try:
            body = await off_loop(len(response.body), functools.partial(from_json, response.body))
        except ValueError as error:
            msg = "an answer that is not JSON"
            raise NotOffered(msg) from error
        return Answer(call.url, body, response.headers, len(response.body))


def _advance(flow: Flow[Item], answer: Answer) -> Call | list[Item]:
    try:
        return flow.send(answer)
    except StopIteration as done:
        items: list[Item] = done.value
        return items


def _limited(response: Response, origin: Origin) -> RateLimited | None:
    """The error of an answer that asks for fewer requests: 429, or GitHub's 403 with nothing remaining."""
    headers = response.headers
    is_spent = headers.get("x-ratelimit-remaining") == "0" or headers.get("retry-after") is not None
    if response.status != 429 and not (response.status == 403 and is_spent):
        return None
    now = datetime.now(UTC)
    wait = retry_after(headers, now)
    if wait is None:
        wait = retry_after(Headers([("x-retry-after", headers.get("x-ratelimit-reset") or "")]), now)
    return RateLimited(f"{origin} wants fewer requests", wait)

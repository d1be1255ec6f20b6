"""JSON over HTTP at one CI server: how every builder asks.

The token goes to the server's own origin and to no other, and what another host says is not believed. What
changes something is sent once: neither `HttpClient` nor this repeats it.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from pydantic_core import from_json, to_json

from slipway.build.builders.errors import AnswerInvalid, AnswerTooLarge, TargetMissing
from slipway.build.builders.fields import number_in
from slipway.build.builders.refusals import Subject, from_http, refusal
from slipway.clock import Clock, SystemClock
from slipway.egress import EndpointClass, Headers, HttpError, Response
from slipway.http import HttpClient, origin_of
from slipway.oci.session import off_loop

__all__ = ["CLOCK_SKEW", "PAGE_SIZE", "Answer", "CiApi", "path_of"]

PAGE_SIZE: Final = 50
"""Entries of a page: GitHub's have up to 20 KiB, and Gitea gives no more than 50."""

CLOCK_SKEW: Final = timedelta(minutes=15)
"""How far a server's clock may be behind ours for its runs to be found."""

_MAX_BYTES: Final = 8 * 1024 * 1024
_MAX_PAGES: Final = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back with a status of 2xx."""

    body: Any
    """The JSON, as it came: nothing in it may be relied on. None when there is no body."""

    headers: Headers = field(default_factory=Headers)


def path_of(*segments: str) -> str:
    """A path of these segments; none of them can lead elsewhere.

    Raises:
        TargetMissing: for a segment that no server has.
    """
    for segment in segments:
        if segment in {"", ".", ".."}:
            msg = f"{segment!r} is no name of an owner, a repository, a project or a workflow"
            raise TargetMissing(msg)
    return "/".join(quote(segment, safe="") for segment in segments)


class CiApi:
    """The API of one server. Paths are below its address; a whole address has to be of the same origin.

    Args:
        http: Carries the requests.
        base: The address of the API; a path may follow the host.
        token: Sent as a bearer token; None for requests without one.
        headers: Sent with each request.
        clock: Against which rate limits are told.
    """

    def __init__(
        self,
        http: HttpClient,
        base: str,
        token: str | None,
        headers: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._http = http
        self._base = f"{base.rstrip('/')}/"
        self._token = token.strip() if token is not None else None
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._clock = clock or SystemClock()

    async def get(
        self,
        path: str,
        subject: Subject,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """What the server has at a path; redirects are followed as long as they stay with it.

        Raises:
            BuilderError: whatever else comes back than JSON.
        """
        suffix = f"?{urlencode(query)}" if query else ""
        shown = {**self._shown(), **(headers or {})}
        response = await self._carry("GET", f"{path}{suffix}", shown, b"", changes=False)
        return await self._read(self._accepted(response, subject, (), changes=False), changes=False)

    async def pages(self, path: str, subject: Subject, query: Mapping[str, str]) -> AsyncIterator[Answer]:
        """The pages of a list, the first one first, to the end.

        GitHub and Gitea say in `total_count` how many entries there are, GitLab in X-Next-Page whether there
        is another page; where nobody says, an empty page is the end. Neither a number of entries nor a Link
        is relied on: Gitea gives fewer than it was asked for, and writes its own idea of its address.

        Raises:
            AnswerTooLarge: when the end is too far off to be read.
            BuilderError: whatever else is in the way.
        """
        seen = 0
        for number in range(1, _MAX_PAGES + 1):
            answer = await self.get(path, subject, {**query, "page": str(number)})
            yield answer
            length = _length(answer.body)
            seen += length
            if length == 0 or _is_last(answer, seen):
                return
        msg = (
            f"{self._base}{path} lists more runs than are ever read ({seen}): the run of this order is not "
            "among the newest"
        )
        raise AnswerTooLarge(msg)

    async def post(self, path: str, subject: Subject, payload: Any = None) -> Answer:
        """Sends JSON with the token, once.

        Raises:
            BuilderError: whatever else comes back than 2xx; see `may_have_arrived`.
        """
        headers = self._shown() | ({} if payload is None else {"Content-Type": "application/json"})
        content = b"" if payload is None else to_json(payload)
        return await self._read(await self.send(path, subject, headers, content), changes=True)

    async def post_form(self, path: str, subject: Subject, fields: Mapping[str, str], secret: str) -> Answer:
        """Sends a form that holds a secret of its own in place of the token, once.

        Raises:
            BuilderError: whatever else comes back than 2xx; see `may_have_arrived`.
        """
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        content = urlencode(fields).encode()
        return await self._read(await self.send(path, subject, headers, content, (secret,)), changes=True)

    async def send(
        self,
        path: str,
        subject: Subject,
        headers: Mapping[str, str],
        content: bytes,
        secrets: tuple[str, ...] = (),
    ) -> Response:
        """Sends a POST without the token, once, to who may answer with anything.

        Raises:
            BuilderError: whatever else comes back than 2xx; see `may_have_arrived`.
        """
        response = await self._carry("POST", path, headers, content, changes=True)
        return self._accepted(response, subject, secrets, changes=True)

    def _shown(self) -> dict[str, str]:
        return {} if self._token is None else {"Authorization": f"Bearer {self._token}"}

    async def _carry(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes, *, changes: bool
    ) -> Response:
        try:
            return await self._http.request(
                method,
                path if "://" in path else f"{self._base}{path}",
                headers={**self._headers, **headers},
                content=content,
                max_bytes=_MAX_BYTES,
                endpoint=EndpointClass.API,
                party=(self._base, hash(self._token)),
            )
        except HttpError as error:
            raise from_http(error, changes=changes) from error

    def _accepted(
        self, response: Response, subject: Subject, secrets: tuple[str, ...], *, changes: bool
    ) -> Response:
        """The answer, if it is one of this server that does what it was asked."""
        if origin_of(response.url) != origin_of(self._base):
            msg = f"{self._base} redirects to another host, which is not believed: write its address instead"
            raise AnswerInvalid(msg)
        if 200 <= response.status < 300:
            return response
        known = (*secrets, self._token or "")
        raise refusal(response, subject, self._clock.now(), known, changes=changes)

    async def _read(self, response: Response, *, changes: bool) -> Answer:
        if not response.body.strip():
            return Answer(None, response.headers)
        try:
            body = await off_loop(len(response.body), functools.partial(from_json, response.body))
        except ValueError as error:
            where = response.url.partition("?")[0]
            msg = f"{where} answered with something else than JSON: check that the address is that of the API"
            raise AnswerInvalid(msg, may_have_arrived=changes) from error
        return Answer(body, response.headers)


def _length(body: Any) -> int:
    """Entries of a page: of the list that it is, or of the longest one that it has."""
    if isinstance(body, dict):
        return max((len(value) for value in body.values() if isinstance(value, list)), default=0)
    return len(body) if isinstance(body, list) else 0


def _is_last(answer: Answer, seen: int) -> bool:
    total = number_in(answer.body, "total_count") if isinstance(answer.body, dict) else None
    return answer.headers.get("x-next-page") == "" or (total is not None and seen >= total)

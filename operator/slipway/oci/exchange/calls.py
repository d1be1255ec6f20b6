"""One bounded call to an API of a cloud. Whatever keeps it from being answered is an error of registries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode

from pydantic_core import from_json

from slipway.clock import Clock
from slipway.egress import Headers, HttpError, InvalidCertificate, Response
from slipway.http import HttpClient, origin_of
from slipway.oci.answers import Asker, Subject, from_http, refusal
from slipway.oci.errors import InvalidResponse
from slipway.redact import redact

__all__ = ["Call", "VendorClock", "carry", "form_call", "is_secret_text", "json_object", "send", "words"]

_MOST_BYTES: Final = 1024 * 1024
_SKEW: Final = timedelta(minutes=1)
_LONGEST_WORDS: Final = 300


@dataclass(frozen=True, slots=True)
class Call:
    """A request to a fixed host of a cloud; what it carries is secret."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    max_bytes: int = _MOST_BYTES
    timeout: float | None = None


def form_call(url: str, fields: Mapping[str, str], accept: str = "application/json") -> Call:
    """A POST of a form, as OAuth has it."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": accept}
    return Call("POST", url, headers, urlencode(fields).encode())


async def send(http: HttpClient, call: Call, secrets: tuple[str, ...]) -> Response:
    """The answer, whatever its status below 500.

    Args:
        http: Applies the egress policy.
        call: What to ask.
        secrets: Values that must not come back in a message.

    Raises:
        RateLimited: when the vendor wants fewer requests (429).
        RegistryFailing: when it fails (5xx).
        RegistryError: when there is no answer.
    """
    response = await carry(http, call)
    if response.status == 429 or response.status >= 500:
        asker = Asker(registry=origin_of(call.url), anonymous=False, username="", secrets=secrets)
        raise refusal(response, Subject.REGISTRY, "", asker)
    return response


async def carry(http: HttpClient, call: Call) -> Response:
    """The answer, whatever its status.

    Raises:
        RegistryError: when there is no answer.
    """
    try:
        return await http.request(
            call.method,
            call.url,
            headers=call.headers,
            content=call.body,
            max_bytes=call.max_bytes,
            timeout=call.timeout,
        )
    except (HttpError, InvalidCertificate) as error:
        raise from_http(error, origin_of(call.url)) from error


def json_object(response: Response) -> dict[str, Any]:
    """The object in the body; an empty one where an error has something else for people to read.

    Raises:
        InvalidResponse: when a success is no JSON object.
    """
    try:
        body = from_json(response.body, allow_inf_nan=False)
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    if response.status >= 300:
        return {}
    msg = f"{origin_of(response.url)} answered with something else than a JSON object"
    raise InvalidResponse(msg)


def words(text: object, secrets: tuple[str, ...]) -> str:
    """What a vendor said, in one short line without secrets, in brackets; empty when it said nothing."""
    if not isinstance(text, str):
        return ""
    line = " ".join("".join(c if c.isprintable() else " " for c in redact(text[:4096], secrets)).split())
    return f" ({line[:_LONGEST_WORDS]})" if line else ""


def is_secret_text(value: object) -> bool:
    """Whether it can stand in a header: a token that came from outside must not smuggle in another line."""
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable()


class VendorClock:
    """The wall clock as the vendor sees it, for what is signed with the time.

    Our own counts until an answer says that it is wrong.
    """

    __slots__ = ("_clock", "_offset")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """The time."""
        return self._clock.now() + self._offset

    def corrected_by(self, headers: Headers) -> bool:
        """Takes over the time of an answer when it is more than a minute away; whether it did."""
        stated = _date(headers)
        if stated is None or abs(stated - self.now()) <= _SKEW:
            return False
        self._offset = stated - self._clock.now()
        return True

    def seconds_until(self, end: datetime, headers: Headers) -> float:
        """Seconds from the answer to a moment that it names, by the clock of whoever answered."""
        return (end - (_date(headers) or self.now())).total_seconds()


def _date(headers: Headers) -> datetime | None:
    try:
        moment = parsedate_to_datetime(headers.get("date") or "")
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo is not None else None

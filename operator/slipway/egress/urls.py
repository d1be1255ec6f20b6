"""Addresses that requests go to, read with the URLs of httpx, which leave a signed path as it is.

Most of what is asked differs in path and query alone, and needs no change in them: of those only scheme and
authority are read by httpx, once for each host, which takes a tenth of the time. One request reads its
address at several places, which share it.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Final, cast

from slipway.egress.errors import InvalidUrl
from slipway.egress.messages import Origin

# Where click and rich are installed, httpx brings a command line of its own along: 4 MB in each process.
sys.modules.setdefault("httpx._main", cast("ModuleType", None))

from httpx import URL, InvalidURL  # noqa: E402 - after the line above, or it is no use

__all__ = ["Address", "join", "parse"]

_STANDARD_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(rb"[a-z0-9._-]+|[0-9a-f:.]+")
_AS_IT_IS: Final = r"(?:[A-Za-z0-9._~!$&()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"  # what RFC 3986 lets stand unquoted
_PLAIN: Final = re.compile(rf"([a-z]+://[A-Za-z0-9.:-]+)(/{_AS_IT_IS})(\?(?:{_AS_IT_IS}|/|\?)*)?")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes."""

    origin: Origin
    authority: str
    """Host and, where it is not the standard one, port; what the Host header says."""

    path: str
    """As it is sent, quoted, without the query."""

    text: str
    """All of it, as it is sent."""


@lru_cache(maxsize=64)
def parse(url: str) -> Address:
    """The address that a text means: international names in their ASCII form, no `..` in the path.

    Raises:
        InvalidUrl: when it is no http or https URL, or holds user info.
    """
    plain = _PLAIN.fullmatch(url)
    if plain is None or "/." in plain[2]:
        return _read(url)
    place = _read(plain[1])
    return Address(place.origin, place.authority, plain[2], f"{place.text}{plain[2]}{plain[3] or ''}")


def join(base: Address, reference: str) -> Address:
    """The address that a relative (or absolute) reference means when it is read at `base`.

    Raises:
        InvalidUrl: when the result is no http or https URL.
    """
    if _PLAIN.fullmatch(reference):
        return parse(reference)
    try:
        joined = str(URL(base.text).join(reference))
    except (InvalidURL, UnicodeError, ValueError) as error:
        msg = f"{_shown(reference)!r} is not a URL"
        raise InvalidUrl(msg) from error
    return parse(joined)


@lru_cache(maxsize=512)
def _read(url: str) -> Address:
    try:
        parsed = URL(url)
    except (InvalidURL, UnicodeError, ValueError) as error:
        msg = f"{_shown(url)!r} is not a URL"
        raise InvalidUrl(msg) from error
    is_port = parsed.port is None or 0 < parsed.port < 65536
    if parsed.scheme not in _STANDARD_PORTS or not _HOST.fullmatch(parsed.raw_host) or not is_port:
        msg = f"{_shown(url)!r} is not an http or https URL"
        raise InvalidUrl(msg)
    if parsed.userinfo:
        msg = f"{_shown(url)} has a user name or password before it; put them into a Secret (secretRef)"
        raise InvalidUrl(msg)
    port = parsed.port or _STANDARD_PORTS[parsed.scheme]
    return Address(
        origin=Origin(parsed.scheme, parsed.raw_host.decode("ascii"), port),
        authority=parsed.netloc.decode("ascii"),
        path=parsed.raw_path.decode("ascii").partition("?")[0],
        text=str(parsed),
    )


def _shown(url: str) -> str:
    """What stands behind user name and password, which may hold any character where it is no URL."""
    return url.rpartition("@")[2]

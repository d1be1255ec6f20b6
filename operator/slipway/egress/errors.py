# ruff: noqa: N818 - the names say what happened; a suffix would say only that something did
"""What can go wrong between us and a foreign host.

::

    HttpError
    ├── InvalidUrl              not a URL that is called
    ├── EgressDenied            the egress policy refuses the host or its address
    ├── RedirectRefused         too many, from https to http, or to nowhere
    ├── CircuitOpen             the host failed so often that it is not asked for a while
    ├── QueuedTooLong           too many of our own requests to the host came first
    ├── ClientClosed            the client that should ask was closed
    ├── ConnectFailed           no connection
    │   ├── NameNotResolved     DNS knows no such host
    │   └── TlsFailed           the handshake failed
    │       ├── CertificateRejected   the server's certificate is not trusted
    │       └── NotTls          the server speaks something else, most likely plain http
    ├── TimedOut                the time for the whole exchange is over
    │   └── ConnectTimedOut     the host did not take the connection in time
    ├── ConnectionBroken        the connection ended early, or what came over it is not HTTP
    └── ResponseTooLarge        more bytes than the caller takes
"""

from __future__ import annotations

import os
import ssl
import zlib
from collections.abc import Iterator
from typing import Final

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from slipway.redact import redact

__all__ = [
    "CertificateRejected",
    "CircuitOpen",
    "ClientClosed",
    "ConnectFailed",
    "ConnectTimedOut",
    "ConnectionBroken",
    "EgressDenied",
    "HttpError",
    "InvalidUrl",
    "NameNotResolved",
    "NotTls",
    "QueuedTooLong",
    "RedirectRefused",
    "ResponseTooLarge",
    "TimedOut",
    "TlsFailed",
    "translate",
]


class HttpError(Exception):
    """A request that brought no usable response. The message holds no secret."""

    def __init__(self, message: str) -> None:
        super().__init__(redact(message))


class InvalidUrl(HttpError):
    """Not a URL that is called: another scheme, user info in it, or no host."""


class EgressDenied(HttpError):
    """The egress policy refuses the host, or an address it resolves to."""


class RedirectRefused(HttpError):
    """A redirect that is not followed."""


class CircuitOpen(HttpError):
    """The host failed so often that it is not asked for a while; nothing was sent."""

    def __init__(self, message: str, retry_after: float = 1.0, last: type[HttpError] | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds until it is asked again."""

        self.last = last
        """What it failed with last; None when it answered with a server error."""


class QueuedTooLong(HttpError):
    """Too many of our own requests to the host came first; nothing was sent."""


class ClientClosed(HttpError):
    """The client that should ask was closed; nothing was sent."""


class ConnectFailed(HttpError):
    """No connection could be made."""


class NameNotResolved(ConnectFailed):
    """DNS knows no address of the host."""


class TlsFailed(ConnectFailed):
    """The TLS handshake failed."""


class CertificateRejected(TlsFailed):
    """The server's certificate is not trusted, expired, or made for another name."""


class NotTls(TlsFailed):
    """The server speaks something else than TLS, most likely plain http."""


class TimedOut(HttpError):
    """The time for the whole exchange is over."""


class ConnectTimedOut(TimedOut):
    """The host did not take the connection in time."""


class ConnectionBroken(HttpError):
    """The connection ended early, or what came over it is not HTTP."""


class ResponseTooLarge(HttpError):
    """The response has more bytes than the caller takes."""


_OF_A_CONNECTION: Final = (aiohttp.ClientError, HttpProcessingError, ConnectionError, EOFError, zlib.error)

# What OpenSSL says when the other side answers a handshake with text.
_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "PACKET_LENGTH_TOO_LONG",
)


_SAID_BY_GO: Final = "Client sent an HTTP request to an HTTPS server"
"""The body of the answer, which aiohttp shows where it stumbles over one to a HEAD."""


def translate(error: Exception, url: str) -> HttpError:
    """Our error for one of aiohttp, ssl, zlib or the operating system, naming the URL it happened at."""
    if isinstance(error, HttpError):
        return error
    # Before TLS: a handshake that was waited for too long has an SSLWantReadError behind it.
    if _is_connect_time_out(error) or isinstance(error, TimeoutError):
        return _translate_time_out(error, url)
    tls = _tls_failure(error)
    if tls is not None:
        return _translate_tls(tls, url)
    if isinstance(error, (aiohttp.InvalidURL, UnicodeError)):
        return InvalidUrl(f"{url} is not an http or https URL")
    if isinstance(error, aiohttp.ClientConnectorError) or not isinstance(error, _OF_A_CONNECTION):
        return ConnectFailed(f"no connection to {url}: {_reason(error)}")
    return ConnectionBroken(f"the connection to {url} broke: {_reason(error)}")


def _translate_time_out(error: Exception, url: str) -> TimedOut:
    if _is_connect_time_out(error):
        return ConnectTimedOut(f"{url} did not take the connection in time")
    return TimedOut(f"{url} did not answer in time")


def _is_connect_time_out(error: Exception) -> bool:
    """Ours ran out, or the operating system's."""
    is_system = isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, TimeoutError)
    return is_system or isinstance(error, aiohttp.ConnectionTimeoutError)


def _tls_failure(error: Exception) -> ssl.SSLError | None:
    """What OpenSSL said, rather than what aiohttp made of it."""
    found = [cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)]
    original = [cause for cause in found if not isinstance(cause, aiohttp.ClientError)]
    return next(iter(original or found), None)


def _translate_tls(error: ssl.SSLError, url: str) -> TlsFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        problem = getattr(error, "verify_message", "") or _reason(error)
        return CertificateRejected(f"the certificate of {url} is not trusted: {problem.rstrip('.')}")
    # OpenSSL fills these in; an error that was made elsewhere has none.
    if getattr(error, "reason", None) in _NOT_TLS:
        return NotTls(f"{url} does not speak TLS")
    return TlsFailed(f"no TLS connection to {url}: {_reason(error)}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, each once."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _reason(error: Exception) -> str:
    """The innermost words about it: aiohttp wraps what the operating system said."""
    words = [text for cause in _causes(error) if (text := _words(cause))]
    return words[-1] if words else type(error).__name__


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError):
        return str(error)  # its number is OpenSSL's
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)  # asyncio puts a Python tuple into strerror
    if isinstance(error, OSError) and str(error).startswith("Multiple exceptions"):
        return "none of its addresses takes one"  # their order, and with it those words, would change
    if _SAID_BY_GO in str(error):
        return "it speaks TLS: write https:// in the URL"
    if isinstance(error, HttpProcessingError):
        return "what came over it is not HTTP"  # the words of the parser are a drawing of several lines
    return str(error)

from __future__ import annotations

import inspect
import re
import socket
import ssl
import zlib

import aiohttp
import httpx
import pytest
import stamina
import tenacity
import yarl
from aiohttp import http_exceptions
from multidict import CIMultiDict, CIMultiDictProxy

from slipway import http
from slipway.egress import errors, receiving, urls
from slipway.egress.errors import (
    ConnectFailed,
    ConnectionBroken,
    ConnectTimedOut,
    HttpError,
    TimedOut,
    translate,
)
from slipway.egress.receiving import FOREIGN_ERRORS, Translated
from tests.support.drawings import children_of, drawn_tree

URL = "https://h.io/x?secret=1"

_KEY = aiohttp.client_reqrep.ConnectionKey("h.io", 443, True, True, None, None, None)
_OF_NO_REQUEST = {"EofStream", "WSMessageTypeError", "WebSocketError"}  # of inner loops and WebSockets


def _made(kind: type[Exception]) -> Exception:
    """One of this kind, whatever it wants to know."""
    if issubclass(kind, aiohttp.ClientConnectorCertificateError):
        return kind(_KEY, ssl.SSLCertVerificationError("words"))
    if issubclass(kind, aiohttp.ClientConnectorError):
        return kind(_KEY, OSError(111, "words"))
    if issubclass(kind, aiohttp.ClientResponseError):
        info = aiohttp.RequestInfo(yarl.URL(URL), "GET", CIMultiDictProxy(CIMultiDict()), yarl.URL(URL))
        return kind(info, (), status=400, message="words")
    if issubclass(kind, aiohttp.ServerFingerprintMismatch):
        return kind(b"a", b"b", "h.io", 443)
    if kind is http_exceptions.HttpProcessingError:
        return kind(message="words")
    return kind("words")


def _raised_by(module: object) -> list[type[Exception]]:
    """Every exception class that a module offers."""
    kinds = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, Exception)]
    return sorted(set(kinds), key=lambda kind: kind.__name__)


def _of_aiohttp() -> list[type[Exception]]:
    kinds = [*_raised_by(aiohttp), *_raised_by(http_exceptions)]
    return [kind for kind in kinds if not issubclass(kind, Warning) and kind.__name__ not in _OF_NO_REQUEST]


@pytest.mark.parametrize(
    "kind",
    [
        *_of_aiohttp(),
        *_raised_by(ssl),
        *(kind for kind in _raised_by(socket) if issubclass(kind, OSError)),
        TimeoutError,
        ConnectionResetError,
        EOFError,
        UnicodeError,
        zlib.error,
    ],
)
def test_no_foreign_error_gets_out(kind: type[Exception]) -> None:
    """Everything that the libraries below raise is caught, and becomes one of our errors."""
    assert issubclass(kind, FOREIGN_ERRORS)
    error = _made(kind)
    assert type(translate(error, URL)) is not HttpError
    assert "secret" not in str(translate(error, URL))
    with pytest.raises(HttpError) as caught, Translated(URL):
        raise error
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (aiohttp.ConnectionTimeoutError("x"), ConnectTimedOut, "did not take the connection in time"),
        (aiohttp.ClientConnectorError(_KEY, TimeoutError(110, "x")), ConnectTimedOut, "did not take"),
        (aiohttp.SocketTimeoutError("x"), TimedOut, "did not answer in time"),
        (aiohttp.ClientConnectorError(_KEY, OSError(111, "x")), ConnectFailed, "Connection refused"),
        (
            aiohttp.ClientConnectorError(_KEY, OSError("Multiple exceptions: [Errno 111] 10.0.0.7, …")),
            ConnectFailed,
            "none of its addresses takes one",
        ),
        (aiohttp.ClientOSError(104, "x"), ConnectionBroken, "Connection reset by peer"),
        (aiohttp.ServerDisconnectedError(), ConnectionBroken, "Server disconnected"),
        (aiohttp.ClientPayloadError("ended early"), ConnectionBroken, "ended early"),
    ],
)
def test_words_and_kinds_say_what_happened(error: Exception, kind: type[HttpError], words: str) -> None:
    """The operating system's words where it has some, and none that change with each attempt."""
    if isinstance(error, aiohttp.ClientConnectorError):
        error.__cause__ = error.os_error

    translated_error = translate(error, URL)

    assert type(translated_error) is kind
    assert words in str(translated_error)


def test_the_libraries_that_repeat_have_no_errors_of_their_own_to_show() -> None:
    """What is raised in the end is the last failure itself; that is tested in `oci/test_retries.py`."""
    assert _raised_by(stamina) == []
    assert {kind.__name__ for kind in _raised_by(tenacity)} == {"RetryError", "TryAgain"}


def test_of_httpx_only_urls_are_used() -> None:
    """Its client, and with it its exceptions but one, cannot get in unnoticed."""
    names = {name for name, one in vars(urls).items() if getattr(one, "__module__", "").startswith("httpx")}
    assert names == {"URL", "InvalidURL"}
    assert httpx.InvalidURL in _raised_by(httpx)
    for module in (http, receiving):
        assert not re.search(r"\b(import httpx|from httpx|httpx\.)", inspect.getsource(module))


def test_the_drawing_is_the_tree() -> None:
    """Every class stands in the docstring below the one that it is a kind of, and none stands there else."""
    assert drawn_tree(errors.__doc__ or "") == children_of(HttpError)
    assert {name for name, _ in children_of(HttpError)} | {"translate"} == set(errors.__all__)

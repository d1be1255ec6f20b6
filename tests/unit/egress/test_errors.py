from __future__ import annotations

import inspect
import re
import socket
import ssl
import zlib

import anyio
import h11
import httpcore
import httpx
import pytest
import stamina
import tenacity

from slipway import http
from slipway.egress import errors, receiving, urls
from slipway.egress.errors import HttpError, translate
from slipway.egress.receiving import FOREIGN_ERRORS, translated
from tests.support.drawings import children_of, drawn_tree

URL = "https://h.io/x?secret=1"

# What these libraries have for things that we do not use.
_OF_NO_CONNECTION = {
    *("BrokenWorkerInterpreter", "BrokenWorkerProcess", "NoEventLoopError", "RunFinishedError"),
    *("FutureAlreadyFinished", "FutureCancelled", "FutureFailed", "FutureNotFinished"),
    *("TaskCancelled", "TaskFailed", "TaskNotFinished"),
    *("DelimiterNotFound", "IncompleteRead", "WouldBlock", "TypedAttributeLookupError"),
}


def _raised_by(module: object) -> list[type[Exception]]:
    """Every exception class that a module offers."""
    kinds = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, Exception)]
    return sorted(set(kinds), key=lambda kind: kind.__name__)


def _of_connections() -> list[type[Exception]]:
    return [kind for kind in _raised_by(anyio) if kind.__name__ not in _OF_NO_CONNECTION]


@pytest.mark.parametrize(
    "kind",
    [
        *_raised_by(httpcore),
        *_raised_by(ssl),
        *(kind for kind in _raised_by(h11) if kind is not h11.ProtocolError),  # an abstract one
        *_of_connections(),
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
    assert type(translate(kind("words"), URL)) is not HttpError
    assert "secret" not in str(translate(kind("words"), URL))
    error = kind("words")
    with pytest.raises(HttpError) as caught, translated(URL):
        raise error
    assert caught.value.__cause__ is error


def test_the_libraries_that_repeat_have_no_errors_of_their_own_to_show() -> None:
    """What is raised in the end is the last failure itself; that is tested in `oci/test_retries.py`."""
    assert _raised_by(stamina) == []
    assert {kind.__name__ for kind in _raised_by(tenacity)} == {"RetryError", "TryAgain"}


def test_of_httpx_only_urls_are_used() -> None:
    """Its client, and with it its exceptions but one, cannot get in unnoticed."""
    assert set(urls.__all__) == {"URL", "InvalidURL"}
    assert httpx.InvalidURL in _raised_by(httpx)
    for module in (http, receiving):
        assert not re.search(r"\b(import httpx|from httpx|httpx\.)", inspect.getsource(module))


def test_the_drawing_is_the_tree() -> None:
    """Every class stands in the docstring below the one that it is a kind of, and none stands there else."""
    assert drawn_tree(errors.__doc__ or "") == children_of(HttpError)
    assert {name for name, _ in children_of(HttpError)} | {"translate"} == set(errors.__all__)

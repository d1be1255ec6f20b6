from __future__ import annotations

import pytest

from slipway import egress
from slipway.build.builders.errors import (
    AnswerInvalid,
    AnswerTooLarge,
    BuilderError,
    BuilderFailing,
    BuilderForbidden,
    BuilderTimeout,
    BuilderUnreachable,
    BuilderUntrusted,
)
from slipway.build.builders.refusals import Subject, from_http, refusal
from slipway.egress import CircuitOpen, Headers, HttpError, Response, TimedOut
from tests.support.ci.fake import NOW

SUBJECT = Subject("project shop/api", "the scope api")

# Every error of `egress`: what it becomes, and whether a request that it ended may have been carried out.
ERRORS: dict[str, tuple[type[BuilderError], bool]] = {
    "CertificateRejected": (BuilderUntrusted, False),
    "CircuitOpen": (BuilderFailing, False),
    "ClientClosed": (BuilderUnreachable, False),
    "ConnectFailed": (BuilderUnreachable, False),
    "ConnectTimedOut": (BuilderTimeout, False),
    "ConnectionBroken": (BuilderUnreachable, True),
    "EgressDenied": (BuilderForbidden, False),
    "HttpError": (BuilderUnreachable, True),
    "InvalidUrl": (BuilderUnreachable, False),
    "NameNotResolved": (BuilderUnreachable, False),
    "NotTls": (BuilderUnreachable, False),
    "QueuedTooLong": (BuilderTimeout, False),
    "RedirectRefused": (AnswerInvalid, True),
    "ResponseTooLarge": (AnswerTooLarge, True),
    "TimedOut": (BuilderTimeout, True),
    "TlsFailed": (BuilderUnreachable, True),
}


def test_every_error_of_egress_is_in_the_table() -> None:
    """A new one is thought about before it is taken for something that may have arrived."""
    exported = (getattr(egress, name) for name in egress.__all__)
    kinds = {kind.__name__ for kind in exported if isinstance(kind, type) and issubclass(kind, HttpError)}

    assert kinds == ERRORS.keys()


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_of_egress_tells_whether_the_request_may_have_arrived(name: str) -> None:
    """And a question never changes anything."""
    kind, may_have_arrived = ERRORS[name]
    foreign = getattr(egress, name)("https://ci.example.com/?token=secret had trouble")

    sent = from_http(foreign, changes=True)
    assert type(sent) is kind
    assert sent.may_have_arrived is may_have_arrived
    assert "secret" not in str(sent)
    assert not from_http(foreign, changes=False).may_have_arrived


def test_a_host_that_is_left_alone_has_the_reason_of_its_last_failure() -> None:
    """So a status does not change to and fro; and it says when the host is asked again."""
    alone = from_http(CircuitOpen("left alone", 30.0, TimedOut), changes=True)

    assert isinstance(alone, BuilderTimeout)
    assert alone.retry_after == 30.0


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "Secret"), (403, "the scope api"), (404, "project shop/api"), (301, "new name")],
)
def test_messages_say_what_to_do(status: int, words: str) -> None:
    """In words of what was asked for."""
    response = Response(status, Headers(), b"", "https://ci.example.com/api/v4/projects/1?token=x")
    error = refusal(response, SUBJECT, NOW, (), changes=True)

    assert words in str(error)
    assert "?" not in str(error)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b"\xff\xfe", b'{"message": ' + b"[" * 500])
def test_words_in_no_known_form_are_left_out(body: bytes) -> None:
    """What is wrong is known by the status."""
    response = Response(500, Headers([("Retry-After", "9")]), body, "https://ci.example.com/x")
    error = refusal(response, SUBJECT, NOW, (), changes=True)

    assert isinstance(error, BuilderFailing)
    assert str(error) == "https://ci.example.com/x failed with status 500"
    assert error.retry_after == 9.0

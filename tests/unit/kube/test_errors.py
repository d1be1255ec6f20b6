from __future__ import annotations

import inspect
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.reconcile import StaleWrite
from slipway.kube import errors
from slipway.kube.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    KubeError,
    NamespaceTerminating,
    NotFound,
    ServerError,
    TooManyRequests,
    Unauthorized,
    Unexpected,
    translate,
)


@pytest.mark.parametrize(
    ("status", "reason", "want"),
    [
        (400, "BadRequest", Invalid),
        (401, "Unauthorized", Unauthorized),
        (403, "Forbidden", Forbidden),
        (404, "NotFound", NotFound),
        (409, "Conflict", Conflict),
        (409, "AlreadyExists", AlreadyExists),
        (410, "Expired", Gone),
        (410, "Gone", Gone),
        (415, "UnsupportedMediaType", Invalid),
        (422, "Invalid", Invalid),
        (429, "TooManyRequests", TooManyRequests),
        (500, "InternalError", ServerError),
        (504, "Timeout", ServerError),
        (418, "", Unexpected),
    ],
)
def test_each_answer_has_its_error(status: int, reason: str, want: type[KubeError]) -> None:
    """The status and the API server's own reason choose the class, and its sentence is kept."""
    body = json.dumps({"kind": "Status", "reason": reason, "message": "it says why"}).encode()

    error = translate(status, body, {})

    assert type(error) is want
    assert (str(error), error.status) == ("it says why", status)


@pytest.mark.parametrize(
    ("details", "want"),
    [
        (
            {"causes": [{"reason": "NamespaceTerminating", "field": "metadata.namespace"}]},
            NamespaceTerminating,
        ),
        ({"causes": [{"reason": "Other"}, "odd"]}, Forbidden),
        ({"causes": None}, Forbidden),
        ("odd", Forbidden),
        (None, Forbidden),
    ],
)
def test_a_namespace_that_is_being_deleted_is_told_apart(details: object, want: type[KubeError]) -> None:
    """Nothing can be made there any more, whoever asks; an odd answer is just a refusal."""
    body = json.dumps({"reason": "Forbidden", "message": "no", "details": details}).encode()

    assert type(translate(403, body, {})) is want


def test_a_conflict_is_a_stale_write_and_an_existing_object_is_none() -> None:
    """The engine gathers again at once after the first, and must not spin on the second."""
    assert issubclass(Conflict, StaleWrite)
    assert not issubclass(AlreadyExists, StaleWrite)


def test_the_seconds_to_wait_are_read_from_header_and_body() -> None:
    """Both forms in which the API server asks for peace count; the header first."""
    body = json.dumps({"details": {"retryAfterSeconds": 3}}).encode()

    assert translate(429, b"", {"Retry-After": "7"}).retry_after == 7
    assert translate(429, body, {}).retry_after == 3
    assert translate(429, body, {"Retry-After": "2"}).retry_after == 2
    assert translate(429, b"", {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}).retry_after is None


@given(st.integers(400, 599), st.binary(max_size=3000), st.dictionaries(st.text(), st.text(), max_size=3))
def test_any_answer_is_translated(status: int, body: bytes, headers: dict[str, str]) -> None:
    """Whatever a proxy in between sends, the result is an error with a sentence of bounded length."""
    error = translate(status, body, headers)

    assert isinstance(error, KubeError)
    assert 0 < len(str(error)) <= 1024


def test_each_error_gives_a_condition_its_reason() -> None:
    """Every class in the tree has a documented reason in CamelCase."""
    tree = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, KubeError)]

    assert len(tree) == 15
    assert {kind.reason for kind in tree} == {"KubernetesRefused", "KubernetesUnavailable", "NameConflict"}
    assert set(errors.__all__) - {"translate"} == {kind.__name__ for kind in tree}

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.egress import Headers, Response
from slipway.oci.errors import (
    ContentTooLarge,
    InvalidResponse,
    RateLimited,
    RegistryError,
    RegistryFailing,
    RegistryTimeout,
    RegistryUnreachable,
)
from slipway.oci.exchange.calls import Call, VendorClock, form_call, is_secret_text, json_object, send, words
from tests.support.clouds import NOON, Clouds, MovedClock, answer, form_of
from tests.support.raw_server import Hanging, Reply

URL = "https://vendor.example/token"


def _response(body: bytes, status: int = 200) -> Response:
    return Response(status, Headers(), body, URL)


async def test_a_form_arrives_as_a_form(clouds: Clouds) -> None:
    """With everything in it encoded."""
    clouds.hosts["vendor.example"] = lambda _: answer({"ok": True})
    response = await send(clouds.http, form_call(URL, {"a": "1 & 2", "b": "ü"}), ())

    assert json_object(response) == {"ok": True}
    assert form_of(clouds.seen[0]) == {"a": "1 & 2", "b": "ü"}


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        (answer({"message": "slow"}, 429, (("Retry-After", "7"),)), RateLimited, "fewer requests"),
        (answer({}, 500), RegistryFailing, "status 500"),
        (answer("<html>", 503), RegistryFailing, "status 503"),
        (Reply(200, b"x" * 40), ContentTooLarge, "more than"),
        (Hanging(), RegistryTimeout, "in time"),
    ],
    ids=["429", "500", "503", "too large", "no answer"],
)
async def test_what_is_no_answer_is_an_error_of_registries(
    clouds: Clouds, reply: Reply | Hanging, error: type[RegistryError], said: str
) -> None:
    """So that it has a reason, and a pause, like those of a registry."""
    clouds.hosts["vendor.example"] = lambda _: reply
    with pytest.raises(error, match=said) as caught:
        await send(clouds.http, Call("POST", URL, max_bytes=32, timeout=0.1), ())

    assert isinstance(caught.value, RateLimited) is (error is RateLimited)
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == 7


async def test_a_host_that_is_not_there_is_unreachable(clouds: Clouds) -> None:
    """And what was to be sent is not in the words."""
    await clouds.server.__aexit__()
    with pytest.raises(RegistryUnreachable) as caught:
        await send(clouds.http, form_call(URL, {"client_secret": "hunter2hunter2"}), ())

    assert "hunter2" not in str(caught.value)


async def test_an_error_that_says_a_secret_back_is_redacted(clouds: Clouds) -> None:
    """Also when it is of no form that anybody knows."""
    clouds.hosts["vendor.example"] = lambda _: answer({"message": "wrong: s3cr3t-value"}, 500)
    with pytest.raises(RegistryFailing) as caught:
        await send(clouds.http, Call("GET", URL), ("s3cr3t-value",))

    assert "s3cr3t-value" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"a": NaN}', b"<html>"])
def test_a_success_must_be_an_object(body: bytes) -> None:
    """An error may be anything, for it is only words."""
    with pytest.raises(InvalidResponse, match=r"vendor\.example"):
        json_object(_response(body))
    assert json_object(_response(body, 400)) == {}


def test_a_clock_that_is_wrong_is_corrected_by_the_vendors() -> None:
    """Only when it is more than a minute away, and only by an answer that says the time."""
    clock = VendorClock(MovedClock())

    assert not clock.corrected_by(Headers())
    assert not clock.corrected_by(Headers([("Date", "yesterday")]))
    assert not clock.corrected_by(Headers([("Date", "Sat, 21 Nov 2026 12:00:59 GMT")]))
    assert clock.now() == NOON
    assert clock.corrected_by(Headers([("Date", "Sat, 21 Nov 2026 14:00:00 GMT")]))
    assert clock.now() == NOON + timedelta(hours=2)
    assert not clock.corrected_by(Headers([("Date", "Sat, 21 Nov 2026 14:00:30 GMT")]))


def test_the_time_left_is_counted_by_the_clock_of_who_names_the_end() -> None:
    """Ours may be hours away."""
    clock = VendorClock(MovedClock())
    end = NOON + timedelta(hours=3)

    assert clock.seconds_until(end, Headers()) == 3 * 3600
    assert clock.seconds_until(end, Headers([("Date", "Sat, 21 Nov 2026 14:00:00 GMT")])) == 3600


@settings(max_examples=25, deadline=None)
@given(st.one_of(st.none(), st.integers(), st.text(max_size=600), st.binary()))
def test_words_are_one_short_line(said: object) -> None:
    """Whatever a vendor says; nothing when it says nothing."""
    line = words(said, ())

    assert line.isprintable()
    assert len(line) <= 303
    assert line == "" or (line.startswith(" (") and line.endswith(")"))


@pytest.mark.parametrize(
    ("value", "fits"),
    [("eyJ.a.b", True), ("", False), (None, False), (3, False), ("a\r\nX: y", False), ("tökén", False)],
    ids=repr,
)
def test_a_token_must_fit_into_a_header(value: object, fits: bool) -> None:
    """One that brings its own lines would bring its own headers."""
    assert is_secret_text(value) is fits


def test_a_call_does_not_show_what_it_carries() -> None:
    """Neither header nor body."""
    shown = repr(Call("POST", URL, {"Authorization": "Bearer hunter2"}, b"hunter2"))

    assert "hunter2" not in shown

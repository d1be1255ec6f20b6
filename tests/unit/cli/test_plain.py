from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.cli.plain import one_line, printable


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_nothing_is_left_that_a_terminal_would_obey(text: str) -> None:
    assert all(character.isprintable() for character in printable(text))
    assert len(printable(text)) == len(text)


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_a_message_is_one_line(text: str) -> None:
    assert one_line(text).isprintable()


def test_a_message_has_no_secrets() -> None:
    assert one_line("GET\nhttps://me:hunter2@r.example.com failed") == "GET https://***@r.example.com failed"

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.graph.drawing.visible import visible
from tests.support.hostile_drawings import hostile_texts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("shop/api:1.4.0", "shop/api:1.4.0"),
        ("Grüße 日本 😀", "Grüße 日本 😀"),
        ("a\x1b[31mb\n", r"a\x1b[31mb\x0a"),
        ("\u202eevil\u200b\u2028", r"\u202eevil\u200b\u2028"),
        ("\ud800\U000e0001", r"\ud800\U000e0001"),
        ("a\\x1b", r"a\\x1b"),
    ],
)
def test_what_is_not_printed_is_shown_escaped(text: str, shown: str) -> None:
    """All else stays as it is."""
    assert visible(text) == shown


def test_reserved_signs_are_escaped_too() -> None:
    """Where a sign belongs to the drawing, no name has it."""
    assert visible("↑ a", reserved="↑") == r"\u2191 a"


@given(hostile_texts | st.text())
def test_the_text_can_be_read_back(text: str) -> None:
    """So two names never look the same."""
    shown = visible(text)
    assert shown.isprintable()
    assert _read_back(shown) == text


def _read_back(shown: str) -> str:
    text, rest = "", shown
    digits = {"x": 2, "u": 4, "U": 8}
    while rest:
        if rest.startswith("\\\\"):
            text, rest = text + "\\", rest[2:]
        elif rest.startswith("\\"):
            end = 2 + digits[rest[1]]
            text, rest = text + chr(int(rest[2:end], 16)), rest[end:]
        else:
            text, rest = text + rest[0], rest[1:]
    return text

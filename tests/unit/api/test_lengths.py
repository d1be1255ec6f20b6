from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.lengths import BYTES_PER_CHARACTER, shortened, stored_size

texts = st.text(st.sampled_from('ab<>&é"\\\n\x01\u2028\N{ROCKET}'), max_size=60)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("plain", '"plain"'),
        ("<a> & b", r'"\u003ca\u003e \u0026 b"'),
        ('say "x"\n', r'"say \"x\"\n"'),
        ("\u2028\x01", r'"\u2028\u0001"'),
        ("é\N{ROCKET}", '"é\N{ROCKET}"'),
        ({"a": [1, True, None]}, '{"a":[1,true,null]}'),
    ],
)
def test_size_is_that_of_the_json_that_go_writes(value: Any, stored: str) -> None:
    """Its escapes of HTML and of line separators count."""
    assert json.loads(stored) == value
    assert stored_size(value) == len(stored.encode())


@given(texts, st.integers(2, 40))
def test_what_is_cut_is_within_both_limits(text: str, limit: int) -> None:
    """Characters and bytes; what fits is left alone, and a cut is marked and never made twice."""
    cut = shortened(text, limit)

    assert len(cut) <= limit
    assert stored_size(cut) - 2 <= BYTES_PER_CHARACTER * limit
    fits = len(text) <= limit and stored_size(text) - 2 <= BYTES_PER_CHARACTER * limit
    assert (cut == text) if fits else (cut.endswith("…") and text.startswith(cut[:-1]))
    assert shortened(cut, limit) == cut


@given(st.text("abc", min_size=11, max_size=60))
def test_plain_texts_are_cut_by_their_characters(text: str) -> None:
    """As many as the limit allows, the mark among them."""
    assert shortened(text, 10) == text[:9] + "…"


def test_as_much_as_possible_is_kept() -> None:
    """One character more would be too many bytes."""
    assert shortened("<" * 100, 20) == "<" * 6 + "…"


def test_half_a_character_is_no_reason_to_fail() -> None:
    """JSON of others may hold a lone surrogate."""
    assert shortened("\ud800" * 50, 10).endswith("…")

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.key import BuildInputs, build_key

INPUTS = BuildInputs(
    "registry.test/shop/api", {"base:1": "sha256:a", "tools:1": "sha256:b"}, "c0ffee", {"type": "None"}
)


@given(st.dictionaries(st.text(), st.text(), min_size=2))
def test_the_order_of_what_was_collected_does_not_matter(bases: dict[str, str]) -> None:
    """The same bases in another order give the same key."""
    backwards = dict(reversed(bases.items()))
    assert build_key(replace(INPUTS, bases=bases)) == build_key(replace(INPUTS, bases=backwards))


@pytest.mark.parametrize(
    "other",
    [
        replace(INPUTS, image="registry.test/shop/web"),
        replace(INPUTS, bases={"base:1": "sha256:a", "tools:1": "sha256:c"}),
        replace(INPUTS, source="decaf"),
        replace(INPUTS, configuration={"type": "None", "allowRun": True}),
        replace(INPUTS, request="2026-11-21T09:00:00Z"),
    ],
)
def test_every_input_counts(other: BuildInputs) -> None:
    """A change of any one input is another build."""
    assert build_key(other) != build_key(INPUTS)


def test_a_key_fits_a_label_value_and_stays_the_same_for_good() -> None:
    """Keys are stored: a new release of the operator must not start builds by spelling them otherwise."""
    assert build_key(INPUTS) == "95da7a0771b8ddd0184bfcea456f47d6"


def test_a_value_does_not_pass_for_its_neighbour() -> None:
    """Two inputs with the same texts in different places are different builds."""
    one = BuildInputs("a", {}, "b", {})
    assert build_key(one) != build_key(BuildInputs("b", {}, "a", {}))

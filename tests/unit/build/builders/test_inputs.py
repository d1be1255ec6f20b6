from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from slipway.build.builders import inputs
from slipway.build.builders.inputs import KEY, PREFIX, correlation_of, inputs_of, split_reference
from tests.support.ci.fake import order_of

OURS = inputs_of(order_of(), {})


def test_every_input_stands_in_the_table() -> None:
    """Whoever writes a pipeline reads the docstring."""
    assert all(f"`{name}`" in (inputs.__doc__ or "") for name in OURS)
    assert all(name.startswith(PREFIX) for name in OURS)


@given(
    st.dictionaries(
        st.text(max_size=8) | st.sampled_from(list(OURS)).map(str.upper) | st.sampled_from(list(OURS)),
        st.text(),
    )
)
def test_inputs_of_the_user_never_override_ours(own: dict[str, str]) -> None:
    """In no case of letters, for some servers do not tell them apart."""
    merged = inputs_of(order_of(), own)

    assert merged.items() >= OURS.items()
    others = merged.keys() - OURS.keys()
    assert not any(name.lower().startswith(PREFIX) for name in others)
    assert others == {name for name in own if not name.casefold().startswith(PREFIX)}


def test_an_order_without_a_source_has_no_commit() -> None:
    """Then the pipeline decides."""
    assert inputs_of(replace(order_of(), source=None), {})["slipway_commit"] == ""


def test_bases_are_written_alike_in_whatever_order_they_came() -> None:
    """The same order leads to the same inputs."""
    order = order_of()
    turned = replace(order, bases=dict(reversed(list(order.bases.items()))))

    assert inputs_of(turned, {}) == inputs_of(order, {})
    assert json.loads(OURS["slipway_bases"]) == order.bases


def test_the_same_order_is_the_same_run_and_another_attempt_is_not() -> None:
    """Parts of a second do not survive the status, so they do not count."""
    order = order_of()
    read_again = replace(order, requested_at=order.requested_at + timedelta(microseconds=999_999))
    tried_again = replace(order, requested_at=order.requested_at + timedelta(seconds=1))

    assert correlation_of(order) == correlation_of(read_again) == OURS[KEY]
    assert correlation_of(tried_again) != correlation_of(order)
    assert correlation_of(replace(order, key="b" * 32)) != correlation_of(order)


@given(
    st.from_regex(r"[a-z]{1,8}(:[0-9]{2,5})?(/[a-z]{1,8}){0,3}", fullmatch=True).filter(
        lambda text: ":" not in text or "/" in text
    ),
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,9}", fullmatch=True),
)
def test_a_reference_is_split_at_its_tag(repository: str, tag: str) -> None:
    """Whether or not the registry has a port."""
    assert split_reference(f"{repository}:{tag}") == (repository, tag)


def test_what_has_no_tag_is_a_repository() -> None:
    """The colon of a port begins no tag."""
    for repository in ("api", "shop/api", "localhost:5000/shop/api"):
        assert split_reference(repository) == (repository, "")

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.builders.contract import Run
from slipway.build.builders.errors import AnswerInvalid
from slipway.build.builders.fields import id_in, link_in, objects_in, sentence_in, started_run

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_words_of_a_server_are_one_short_line(value: object) -> None:
    """Whatever they are, they are read without an error."""
    words = sentence_in({"message": value}, "message")

    assert len(words) <= 300
    assert words.isprintable()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "Not\n  Found"}, "Not Found"),
        ({"message": {"base": ["Reference not found", "No jobs"]}}, "Reference not found; No jobs"),
        ({"error_description": "", "message": "second"}, "second"),
        ({"message": "token=abcdef"}, "token=***"),
        ({"message": 3}, ""),
        ({}, ""),
    ],
)
def test_words_are_found_where_vendors_put_them(body: dict[str, object], words: str) -> None:
    """In a text, in lists by field, in the first field that says something; and without secrets."""
    assert sentence_in(body, "error_description", "message") == words


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://ci.example.com/runs/1", True),
        ("http://ci.example.com", True),
        ("javascript:alert(1)", False),
        ("https://user:pass@ci.example.com/", False),
        ("/runs/1", False),
        (f"https://ci.example.com/{'x' * 2048}", False),
        (3, False),
    ],
)
def test_people_are_sent_to_web_pages_alone(link: object, *, kept: bool) -> None:
    """A link goes into the status, and from there into browsers."""
    assert link_in({"html_url": link}, "html_url") == (link if kept else None)


@pytest.mark.parametrize("number", [0, -1, "7", True, None, 1.5])
def test_what_is_no_number_is_no_run(number: object) -> None:
    """The ids of all vendors are numbers from 1."""
    with pytest.raises(AnswerInvalid, match="no id"):
        id_in({"id": number})


@given(json_values)
def test_what_was_taken_is_taken_whatever_the_answer_says(body: object) -> None:
    """An answer without an id tells no run, and is no error."""
    run = started_run(body, "web_url")

    assert run is None or isinstance(run, Run)


def test_a_list_has_nothing_but_objects() -> None:
    """By itself or under a name."""
    assert objects_in([{"a": 1}]) == objects_in({"runs": [{"a": 1}]}, "runs") == [{"a": 1}]
    for body, name in (({}, "runs"), ([3], None), ({"runs": [None]}, "runs"), ("x", None), (None, "runs")):
        with pytest.raises(AnswerInvalid):
            objects_in(body, name)

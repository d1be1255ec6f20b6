from __future__ import annotations

import re

import pytest

from slipway.build.builders import errors
from slipway.build.builders.errors import BuilderError
from tests.support.drawings import children_of, drawn_tree


def _kinds(root: type[BuilderError] = BuilderError) -> list[type[BuilderError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in _kinds(child))]


@pytest.mark.parametrize("kind", _kinds())
def test_every_error_has_a_reason_and_says_what_it_is(kind: type[BuilderError]) -> None:
    """Reasons are CamelCase, and every class is exported."""
    assert re.fullmatch(r"[A-Z][A-Za-z]+", kind.reason)
    assert kind.__name__ in errors.__all__
    assert kind.__doc__


def test_the_drawing_is_the_tree() -> None:
    """Every class stands in the docstring below the one that it is a kind of, and none stands there else."""
    assert drawn_tree(errors.__doc__ or "") == children_of(BuilderError)


def test_what_asks_for_different_help_has_a_reason_of_its_own() -> None:
    """Nobody has to read a message to know whether to wait, to change a token, or to correct a name."""
    reasons = [kind.reason for kind in _kinds()]
    assert len(set(reasons)) == len(reasons)


def test_messages_are_clean_and_bounded() -> None:
    """No secret and no novel gets into a condition."""
    error = BuilderError("https://user:pass@ci.io said " + "x" * 5000)

    assert "pass" not in str(error)
    assert len(str(error)) == 1024

from __future__ import annotations

import re

import pytest

from slipway.api.conditions import Reason
from slipway.git import errors
from slipway.git.errors import GitError


def _kinds(root: type[GitError] = GitError) -> list[type[GitError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in _kinds(child))]


@pytest.mark.parametrize("kind", _kinds())
def test_every_error_has_a_reason_and_a_place_in_the_drawing(kind: type[GitError]) -> None:
    """Reasons come from one list, every class is exported, and the tree in the docstring names it."""
    assert kind.reason in vars(Reason).values()
    assert kind.__name__ in errors.__all__
    assert re.search(rf"\b{kind.__name__}\b", errors.__doc__ or "")
    assert kind.__doc__


def test_messages_are_clean_and_bounded() -> None:
    """No secret and no novel gets into a condition."""
    error = GitError("https://user:hunter2@h said " + "x" * 5000)

    assert "hunter2" not in str(error)
    assert len(str(error)) == 1024

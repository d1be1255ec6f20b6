from __future__ import annotations

import re

import pytest

from slipway.oci import errors
from slipway.oci.errors import RegistryError
from tests.support.drawings import children_of, drawn_tree


def _kinds(root: type[RegistryError] = RegistryError) -> list[type[RegistryError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in _kinds(child))]


@pytest.mark.parametrize("kind", _kinds())
def test_every_error_has_a_reason_and_a_place_in_the_drawing(kind: type[RegistryError]) -> None:
    """Reasons are CamelCase, every class is exported, and the tree in the docstring names it."""
    assert re.fullmatch(r"[A-Z][A-Za-z]+", kind.reason)
    assert kind.__name__ in errors.__all__
    assert kind.__name__ in (errors.__doc__ or "")
    assert kind.__doc__


def test_the_drawing_is_the_tree() -> None:
    """Every class stands in the docstring below the one that it is a kind of, and none stands there else."""
    assert drawn_tree(errors.__doc__ or "") == children_of(RegistryError)


def test_messages_are_clean_and_bounded() -> None:
    """No secret and no novel gets into a condition."""
    error = RegistryError("https://user:pass@r.io said " + "x" * 5000)

    assert "pass" not in str(error)
    assert len(str(error)) == 1024

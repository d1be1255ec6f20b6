from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any

import pytest

from slipway.kinds.managedimage import facts as module
from slipway.kinds.managedimage.facts import PromoteAction, RebaseAction
from tests.unit.kinds.managedimage.world import BASE, NEW, OLD, SOURCE

VALUES = [
    value for value in vars(module).values() if is_dataclass(value) and value.__module__ == module.__name__
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: str(value.__name__))
def test_facts_and_results_are_values(value: Any) -> None:
    """What a decision rests on cannot change under it, nor carry what nobody declared."""
    assert value.__dataclass_params__.frozen
    assert "__slots__" in vars(value)


def test_the_same_effect_is_the_same_value() -> None:
    """Effects are told apart by digests and tags, so that a repeated one is seen to be the same."""

    def rebase(digest: str) -> RebaseAction:
        return RebaseAction("1.4.0-1", ("latest",), SOURCE, OLD, BASE, None, digest, allow_run=False)

    assert {rebase(NEW), rebase(NEW), PromoteAction(NEW, 1, ())} == {PromoteAction(NEW, 1, ()), rebase(NEW)}
    assert rebase(NEW) != rebase(OLD)

"""The reasons in the code of the operator: each comes from `Reason`, and none of those is idle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.api import conditions
from slipway.api.conditions import Reason
from slipway.build.rebase.refusal import RefusalReason
from slipway.oci.errors import RegistryError
from tests.support.modules import syntax_tree

PACKAGE = Path(conditions.__file__).parents[1]
REASONS = {name: value for name, value in vars(Reason).items() if name.isupper()}
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != Path(conditions.__file__)]

GIVERS = {"Settled": 0, "Waiting": 0, "Stalled": 0, "Failed": 0, "EventNote": 0, "Refused": 0, "Condition": 2}
"""What carries a reason, and at which place."""


def named(tree: ast.Module) -> Iterator[str]:
    """The constants of `Reason` that a module names."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="Reason"), attr=name):
                yield name
            case _:
                pass


def given_as(tree: ast.AST) -> Iterator[ast.expr]:
    """Whatever a module gives as a reason: to an outcome, a note or a condition, or as a class's `reason`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in GIVERS:
                yield from args[GIVERS[name] : GIVERS[name] + 1]
                yield from (keyword.value for keyword in keywords if keyword.arg == "reason")
            case ast.Assign(targets=[ast.Name(id="reason")], value=value):
                yield value
            case ast.AnnAssign(target=ast.Name(id="reason"), value=ast.expr() as value):
                yield value
            case _:
                pass


def literals(expression: ast.expr) -> Iterator[str]:
    """The bare words that an expression can come to."""
    match expression:
        case ast.Constant(value=str() as word) if re.fullmatch(r"[A-Z][A-Za-z]+", word):
            yield word
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*literals(body), *literals(orelse))
        case ast.BoolOp(values=values):
            for value in values:
                yield from literals(value)
        case _:
            pass


def reasons_of(error: type[RegistryError]) -> set[str]:
    """The reasons of an error and of all that derive from it."""
    return {error.reason}.union(*map(reasons_of, error.__subclasses__()))


def test_every_reason_is_given_somewhere() -> None:
    """A reason that nobody gives would promise what does not happen."""
    used = {name for module in MODULES for name in named(syntax_tree(module))}

    assert sorted(REASONS.keys() - used) == []
    assert sorted(used - REASONS.keys()) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_reason_is_a_bare_word(module: Path) -> None:
    """Whoever reads a reason finds in one file when it occurs."""
    assert [word for expression in given_as(syntax_tree(module)) for word in literals(expression)] == []


def test_a_bare_word_would_be_found() -> None:
    """The test above sees calls, keywords, choices and classes."""
    source = """
class Lost(Exception):
    reason = "One"
    reason: str = "Two"
Waiting("Three", "message")
EventNote(message="x", reason="Four" if late else Reason.PAUSED)
Condition("Ready", "True", "Five", "message", 1, now)
Stalled(Reason.PAUSED, "message")
"""
    found = [word for expression in given_as(ast.parse(source)) for word in literals(expression)]

    assert sorted(found) == ["Five", "Four", "One", "Three", "Two"]


def test_errors_and_refusals_take_their_words_from_it() -> None:
    """What a registry or a rebase comes to reads like everything else."""
    words = set(REASONS.values())

    assert reasons_of(RegistryError) <= words
    assert {str(reason) for reason in RefusalReason} <= words
    assert all(REASONS[reason.name] == reason for reason in RefusalReason)

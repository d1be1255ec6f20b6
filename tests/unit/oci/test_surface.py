"""What `slipway.oci` gives to those who use it as a library, and the page that tells of it."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

import slipway.oci
from slipway.oci import (
    RegistryClient,
    auth,
    challenge,
    client,
    errors,
    manifest,
    platform,
    pool,
    quota,
    reference,
    results,
)

PAGE = Path(__file__).parents[3] / "docs" / "registry-client.md"
METHODS = [name for name in vars(RegistryClient) if not name.startswith("_")]
WHOLE = (client, errors, pool, results)
"""Modules whose every public name is for the users of the library."""


def test_the_package_exports_exactly_what_is_public() -> None:
    """Everything that it imports to give it on, sorted, and nothing else."""
    given = {
        name
        for name, value in vars(slipway.oci).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "annotations"
    }

    assert sorted(slipway.oci.__all__) == slipway.oci.__all__
    assert set(slipway.oci.__all__) == given


@pytest.mark.parametrize("module", WHOLE, ids=lambda module: module.__name__)
def test_what_the_client_takes_gives_and_raises_is_exported(module: ModuleType) -> None:
    """Nobody has to know in which file a result or an error is."""
    assert set(module.__all__) <= set(slipway.oci.__all__)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (auth, {"BearerToken"}),
        (challenge, {"AuthChallenge"}),
        (manifest, {name for name in manifest.__all__ if not name.isupper()}),
        (platform, {"Platform", "select_platform"}),
        (quota, {"Quota", "QuotaKind", "QuotaState"}),
        (reference, {"ImageReference"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_models_of_the_protocol_are_exported(module: ModuleType, names: set[str]) -> None:
    """The same objects, not copies."""
    assert names <= set(slipway.oci.__all__)
    assert all(getattr(slipway.oci, name) is getattr(module, name) for name in names)


@pytest.mark.parametrize("name", slipway.oci.__all__)
def test_everything_exported_says_what_it_is(name: str) -> None:
    """In a docstring of its own."""
    assert vars(slipway.oci)[name].__doc__


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_on_the_page_and_says_what_it_does(name: str) -> None:
    """A method that nobody can find is none."""
    assert re.search(rf"`{name}[(`]", PAGE.read_text(encoding="utf-8"))
    assert getattr(RegistryClient, name).__doc__


def test_the_page_draws_the_errors_as_they_are() -> None:
    """The same tree as in the docstring of the module, each below the same parent."""

    def tree(text: str) -> list[tuple[int, str]]:
        lines = re.findall(
            r"^((?:[│ ]   )*(?:[├└]── )?)([A-Z]\w+)", text[text.index("RegistryError\n") :], re.MULTILINE
        )
        return [(len(indent), name) for indent, name in lines if name in errors.__all__]

    drawn = tree((errors.__doc__ or "").replace("\n    ", "\n"))
    section = PAGE.read_text(encoding="utf-8").partition("```\nRegistryError\n")[2].partition("```")[0]

    assert len(drawn) == len(errors.__all__)
    assert tree("RegistryError\n" + section) == drawn

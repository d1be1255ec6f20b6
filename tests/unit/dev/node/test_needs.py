from __future__ import annotations

import os

import pytest

from dev.needs import MissingNeeds
from dev.node import needs
from dev.node.needs import PACKAGES, check, missing_packages


def test_nothing_is_missing_where_all_is_there() -> None:
    assert missing_packages(lambda _: True) == []


@pytest.mark.parametrize(("proof", "package"), PACKAGES.items())
def test_each_package_is_missed_by_its_name(proof: str, package: str) -> None:
    assert missing_packages(lambda asked: asked != proof) == [package]


def test_what_is_missing_is_said_with_the_command_that_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not root reads both at once."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(needs, "missing_packages", lambda _: ["buildah", "runc"])

    with pytest.raises(MissingNeeds) as error:
        check()

    assert "a real node needs root" in str(error.value)
    assert "apt-get install --no-install-recommends buildah runc" in str(error.value)

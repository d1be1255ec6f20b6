"""Finding a Go tool chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev.golang import MINIMUM, find_go, go_environment, installed_version


def _fake_go(directory: Path, answer: str) -> Path:
    go = directory / "go"
    go.write_text(f"#!/bin/sh\necho '{answer}'\n")
    go.chmod(0o755)
    return go


@pytest.mark.parametrize(
    ("answer", "version"),
    [("go1.26.8", (1, 26, 8)), ("go1.27", (1, 27, 0)), ("go1.27rc1", (1, 27, 0)), ("devel", ()), ("", ())],
)
def test_a_tool_chain_tells_its_version(tmp_path: Path, answer: str, version: tuple[int, ...]) -> None:
    """Release candidates and releases without a patch number too; nonsense is no version."""
    assert installed_version(_fake_go(tmp_path, answer)) == version


def test_a_new_enough_go_on_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is downloaded then."""
    go = _fake_go(tmp_path, "go" + ".".join(str(part) for part in MINIMUM))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert find_go(lambda _: pytest.fail("nothing to report")) == go


def test_an_old_go_on_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private tool chain in the cache is taken instead, and that is told."""
    path = tmp_path / "path"
    path.mkdir()
    _fake_go(path, "go1.22.1")
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    monkeypatch.setattr("dev.golang._private_go", lambda: Path("/private/go"))
    told: list[str] = []

    assert find_go(told.append) == Path("/private/go")
    assert "no Go 1.26.3 or newer on PATH" in told[0]


def test_builds_are_static_and_stay_with_go_sum() -> None:
    """No other tool chain and no other module version can slip in."""
    environment = go_environment()

    assert environment["CGO_ENABLED"] == "0"
    assert environment["GOTOOLCHAIN"] == "local"
    assert environment["GOFLAGS"] == "-mod=readonly"

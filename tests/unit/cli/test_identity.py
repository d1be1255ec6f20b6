from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.cli.identity import identity_key
from slipway.oci.credentials import ANONYMOUS, Credential, credential_id

FILE = "identity.key"


def test_the_key_stays_the_same(tmp_path: Path) -> None:
    """So that one command finds what another one learned."""
    directory = tmp_path / "cache" / "slipway"

    key = identity_key(directory)

    assert key is not None
    assert identity_key(directory) == key
    assert [path.name for path in directory.iterdir()] == [FILE]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    identity_key(tmp_path)

    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        pytest.param(b"x" * 32, 0o644, id="others could have read it"),
        pytest.param(b"x" * 31, 0o600, id="it was written in part"),
        pytest.param(b"", 0o600, id="it is empty"),
    ],
)
def test_a_key_that_is_none_is_replaced(tmp_path: Path, content: bytes, mode: int) -> None:
    file = tmp_path / FILE
    file.write_bytes(content)
    file.chmod(mode)

    key = identity_key(tmp_path)

    assert key == file.read_bytes() != content
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_key_of_somebody_else_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever put it there knows it."""
    before = identity_key(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)

    assert identity_key(tmp_path) != before


def test_without_a_place_there_is_none(tmp_path: Path) -> None:
    """Nor is one without a cache."""
    (tmp_path / "file").write_text("in the way")

    assert identity_key(None) is None
    assert identity_key(tmp_path / "file") is None


def test_ids_depend_on_the_key_and_on_the_credential() -> None:
    """Two keys tell nobody that it is the same password."""
    robot = Credential.basic("robot", "correct horse")
    first, second = b"1" * 32, b"2" * 32

    assert credential_id(robot, None, None, True, first) == credential_id(robot, None, None, True, first)
    ids = {
        credential_id(who, None, None, True, key)
        for who in (robot, ANONYMOUS)
        for key in (first, second, None)
    }
    assert len(ids) == 6

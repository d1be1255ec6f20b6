from __future__ import annotations

from pathlib import Path

import pytest

from slipway.api.__main__ import main
from slipway.api.crd import crd_files
from slipway.api.policies.shipped import policy_files


def test_crds_are_written_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes one file per kind and says which."""
    assert main(["crds", str(tmp_path)]) == 0
    names = list(crd_files())
    assert capsys.readouterr().out.split() == [str(tmp_path / name) for name in names]
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_policies_are_written_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for the admission policies."""
    assert main(["policies", str(tmp_path)]) == 0
    names = list(policy_files())
    assert capsys.readouterr().out.split() == [str(tmp_path / name) for name in names]
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """It exits with 2 and shows what there is."""
    with pytest.raises(SystemExit, match="2"):
        main(["charts"])
    assert "crds" in capsys.readouterr().err

"""Kubeconfig files, ours and those of others."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dev.certificates import Authority
from dev.kubeconfig import Kubeconfig, UnusableKubeconfig


def _ours(directory: Path) -> Kubeconfig:
    authority = Authority(directory)
    client = authority.client("admin", user="admin")
    return Kubeconfig.of("https://127.0.0.1:20001", authority.files.certificate, client)


def _written(path: Path, user: dict[str, str], current: str = "here") -> Path:
    document = {
        "current-context": current,
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://cluster.example.com"}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def test_what_is_written_reads_the_same(tmp_path: Path) -> None:
    """Everything lies in the file itself, which others cannot read."""
    kubeconfig = _ours(tmp_path)
    path = tmp_path / "kubeconfig"

    kubeconfig.write(path)

    assert Kubeconfig.read(path) == kubeconfig
    assert path.stat().st_mode & 0o077 == 0
    assert kubeconfig.ssl_context().cert_store_stats()["x509_ca"] == 1


def test_the_same_user_can_go_through_another_address(tmp_path: Path) -> None:
    """As through a relay."""
    kubeconfig = _ours(tmp_path)

    relayed = kubeconfig.through("https://127.0.0.1:20009")

    assert relayed.server == "https://127.0.0.1:20009"
    assert relayed.certificate == kubeconfig.certificate


def test_files_are_found_beside_the_kubeconfig(tmp_path: Path) -> None:
    """Relative paths count from the folder of the file, as for kubectl."""
    (tmp_path / "token.txt").write_text("secret\n")

    kubeconfig = Kubeconfig.read(_written(tmp_path / "config", {"tokenFile": "token.txt"}))

    assert kubeconfig.token == "secret"
    assert kubeconfig.server == "https://cluster.example.com"


def test_a_login_by_plugin_is_refused_with_the_reason(tmp_path: Path) -> None:
    """The message says what would work."""
    path = _written(tmp_path / "config", {"exec": "aws"})

    with pytest.raises(UnusableKubeconfig, match="only client certificates and bearer tokens"):
        Kubeconfig.read(path)


def test_a_missing_context_is_named(tmp_path: Path) -> None:
    """A kubeconfig without a current context is a common slip."""
    path = _written(tmp_path / "config", {"token": "t"}, current="elsewhere")

    with pytest.raises(UnusableKubeconfig, match="no entry named 'elsewhere' in contexts"):
        Kubeconfig.read(path)

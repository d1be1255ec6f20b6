"""Registries that a node that runs already shall pull from."""

from __future__ import annotations

from pathlib import Path

from dev.node.configuration import plain_registry

__all__ = ["make_known"]


def make_known(node: Path, host: str) -> None:
    """Tell the node, by its directory, of a registry without TLS; containerd reads this at each pull."""
    known = node / "certs.d" / host / "hosts.toml"
    known.parent.mkdir(parents=True, exist_ok=True)
    known.write_text(plain_registry(host))

"""What a real node needs from the machine: root and Debian packages; as a script it gets what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.needs import MissingNeeds

__all__ = ["PACKAGES", "check", "missing_packages", "provide"]

PACKAGES = {
    "buildah": "buildah",
    "conntrack": "conntrack",
    "containerd": "containerd",
    "ip": "iproute2",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}
"""Debian packages by a command of theirs, or a file where it is none on PATH."""

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_POLICY = Path("/usr/sbin/policy-rc.d")


def missing_packages(has: Callable[[str], object]) -> list[str]:
    """The packages whose command or file is not there, in the order of the alphabet."""
    return sorted(package for proof, package in PACKAGES.items() if not has(proof))


def check() -> None:
    """Look at this machine.

    Raises:
        MissingNeeds: this process is not root, or packages are missing; the message names each.
    """
    lacking = missing_packages(_is_there)
    sentences = []
    if os.geteuid() != 0:
        sentences.append("a real node needs root: it makes network namespaces, mounts and cgroups")
    if lacking:
        command = f"apt-get install --no-install-recommends {' '.join(lacking)}"
        sentences.append(f"Debian packages are missing: {', '.join(lacking)}\n  {command}")
    if sentences:
        raise MissingNeeds("\n".join(sentences))


def provide() -> None:
    """Install the packages that are missing, where that is possible; `check` says what then still lacks.

    Raises:
        MissingNeeds: as `check`.
    """
    lacking = missing_packages(_is_there)
    if lacking and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing {', '.join(lacking)}", file=sys.stderr)
        with _no_services():
            _apt("update")
            _apt("install", "--yes", "--no-install-recommends", *lacking)
    check()


def _is_there(proof: str) -> bool:
    return shutil.which(proof, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}") is not None


def _apt(*arguments: str) -> None:
    # A failure shows in what is still missing.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "--quiet", "--quiet", *arguments], env=environment, check=False)


@contextmanager
def _no_services() -> Iterator[None]:
    """The packages' own services stay down: we start containerd ourselves, with a state of its own."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


if __name__ == "__main__":
    try:
        provide()
    except MissingNeeds as error:
        sys.exit(str(error))

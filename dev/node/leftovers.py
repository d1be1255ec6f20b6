"""What a node leaves on the machine when it does not end in order: found without records, and removed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from dev.needs import MissingNeeds
from dev.node import network

__all__ = ["remove_leftovers"]

_CGROUPS = Path("/sys/fs/cgroup")
_OURS = ("kubepods", "buildkit")
_PATIENCE = 10.0


def remove_leftovers() -> None:
    """Kill what runs in the namespace or in the cgroups of pods, and remove both, and CNI's traces.

    Raises:
        MissingNeeds: pods run here that no node of the test bed started; nothing was touched.
    """
    if not network.NETNS.exists():
        if any(_processes()):
            msg = (
                "pods run on this machine already, below /sys/fs/cgroup: they are not the test bed's, whose"
                " node needs the same cgroups; use a machine without a kubelet"
            )
            raise MissingNeeds(msg)
        return
    _kill_all()
    network.remove()
    for bound in Path("/run/netns").glob("cni-*"):
        subprocess.run(["umount", str(bound)], check=False, stderr=subprocess.DEVNULL)
        bound.unlink(missing_ok=True)
    for group in _groups():
        _remove_group(group)
    for directory in ("/var/log/containers", "/var/lib/cni"):
        shutil.rmtree(directory, ignore_errors=True)


def _kill_all() -> None:
    deadline = time.monotonic() + _PATIENCE
    while running := set(_processes()) | _in_namespace():
        for pid in running - {os.getpid()}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)


def _in_namespace() -> set[int]:
    listed = subprocess.run(
        ["ip", "netns", "pids", network.NAMESPACE], capture_output=True, text=True, check=False
    )
    # This process is no leftover, wherever it is.
    return {int(pid) for pid in listed.stdout.split()} - {os.getpid()}


def _groups() -> Iterator[Path]:
    """Below each controller of cgroup v1, or at the root of v2."""
    for name in _OURS:
        yield from (path for path in (_CGROUPS / name, *_CGROUPS.glob(f"*/{name}")) if path.is_dir())


def _processes() -> Iterator[int]:
    for group in _groups():
        for listing in group.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                yield from map(int, listing.read_text().split())


def _remove_group(group: Path) -> None:
    for directory in sorted(group.rglob("*/"), key=lambda path: len(path.parts), reverse=True):
        with contextlib.suppress(OSError):
            directory.rmdir()
    with contextlib.suppress(OSError):
        group.rmdir()

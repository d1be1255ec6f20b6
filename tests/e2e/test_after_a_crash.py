"""Runs before the other files, whose cluster lives until the end: there is one real node per machine."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from dev.api import resource_path
from dev.cluster import Cluster
from dev.needs import MissingNeeds
from dev.node.images import BUSYBOX
from dev.node.needs import check
from dev.state import ClusterOptions

NODE = ClusterOptions(real_node=True, nodes=0)


def test_a_node_removes_what_a_killed_one_left_behind() -> None:
    """Its pods run on without anybody who looks after them."""
    try:
        check()
    except MissingNeeds as error:
        pytest.skip(str(error))
    with Cluster.start(NODE) as killed:
        image = f"{killed.registry_host}/{BUSYBOX}"
        killed.kubectl("run", "sleeper", f"--image={image}", "--", "sleep", "86399")
        pod = resource_path("v1", "pods", "default", "sleeper")
        killed.api.wait_for(pod, lambda found: found is not None and found["status"]["phase"] == "Running")
        supervisor = os.pidfd_open(killed.record.supervisor)
        signal.pidfd_send_signal(supervisor, signal.SIGKILL)
        os.close(supervisor)
        assert sleepers()

    with Cluster.start(NODE):
        assert not sleepers()


def sleepers() -> list[int]:
    """The processes of that pod."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        # One that ends in this moment is none.
        with suppress(OSError):
            if path.read_bytes().endswith(b"sleep\x0086399\0"):
                found.append(int(path.parent.name))
    return found

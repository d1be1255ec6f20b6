"""Starting and ending the supervisor of a cluster, as its owner or as a passer-by."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from dev import registry
from dev.binaries import binaries
from dev.cache import PROJECT
from dev.components import COMPONENTS
from dev.node import needs as node_needs
from dev.node.components import NODE_COMPONENTS
from dev.node.images import provide_images
from dev.processes import log_tail
from dev.state import ClusterOptions, StateDirectory

__all__ = ["ClusterFailed", "components_of", "down", "start_detached", "start_owned", "stop_owned"]

_STOP_TIMEOUT = 20.0


class ClusterFailed(RuntimeError):  # noqa: N818 - the name is the sentence
    """The cluster did not come up; the message has the end of the log that tells why."""


def down(state: StateDirectory) -> bool:
    """End the cluster in this state directory and remove everything of it; False when there was nothing."""
    pid = state.supervisor()
    if pid is not None:
        _end_process(pid, state)
    if not state.root.exists():
        return pid is not None
    shutil.rmtree(state.root, ignore_errors=True)
    return True


def _end_process(pid: int, state: StateDirectory) -> None:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        # Asked again now that the handle is open: the number cannot have gone to another process since.
        if state.supervisor() != pid:
            return
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        if not select.select([handle], [], [], _STOP_TIMEOUT)[0]:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], _STOP_TIMEOUT)
    finally:
        os.close(handle)


def components_of(options: ClusterOptions) -> tuple[str, ...]:
    """The binaries that a cluster with these options needs."""
    return (*COMPONENTS, *NODE_COMPONENTS) if options.real_node else COMPONENTS


def _prepare(state: StateDirectory, options: ClusterOptions) -> None:
    # Here and not in the supervisor: a build shows its progress on this process's terminal.
    binaries(components_of(options))
    if options.real_node:
        node_needs.check()
        provide_images(registry.storage(state.registry))
    options.write(state.options)


def start_owned(
    state: StateDirectory, options: ClusterOptions, report: Callable[[str], None]
) -> subprocess.Popen[str]:
    """Bring up a cluster that ends when this process closes the supervisor's standard input, or dies.

    Raises:
        ClusterFailed: it did not come up; its state is removed.
    """
    _prepare(state, options)
    supervisor = _supervisor(state, owned=True)
    try:
        _await_ready(supervisor, state, report)
    except BaseException:
        stop_owned(supervisor, state)
        raise
    return supervisor


def start_detached(state: StateDirectory, options: ClusterOptions, report: Callable[[str], None]) -> None:
    """Bring up a cluster that lives until `down`.

    Raises:
        ClusterFailed: it did not come up; its logs are kept.
    """
    _prepare(state, options)
    with _supervisor(state, owned=False) as supervisor:
        try:
            _await_ready(supervisor, state, report)
        except ClusterFailed:
            # It has ended by itself; its logs are kept for a look.
            raise
        except BaseException:
            down(state)
            raise


def _supervisor(state: StateDirectory, *, owned: bool) -> subprocess.Popen[str]:
    log = state.log("supervisor")
    log.parent.mkdir()
    with log.open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "dev.supervisor", str(state.root)],
            # The kernel closes an owner's end of this pipe when the owner is gone.
            stdin=subprocess.PIPE if owned else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            # Away from the terminal: Ctrl-C is for the owner, who then ends the supervisor.
            start_new_session=True,
            text=True,
        )


def _await_ready(
    supervisor: subprocess.Popen[str], state: StateDirectory, report: Callable[[str], None]
) -> None:
    for message in _messages(supervisor):
        if "ready" in message:
            return
        if "failed" in message:
            raise ClusterFailed(message["failed"])
        report(message["step"])
    supervisor.wait()
    msg = f"the supervisor ended:\n{log_tail(state.log('supervisor'))}"
    raise ClusterFailed(msg)


def _messages(supervisor: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    for line in supervisor.stdout or ():
        yield json.loads(line)


def stop_owned(supervisor: subprocess.Popen[str], state: StateDirectory) -> None:
    """End what `start_owned` started, and remove its state."""
    _close_pipes(supervisor)
    shutil.rmtree(state.root, ignore_errors=True)


def _close_pipes(supervisor: subprocess.Popen[str]) -> None:
    for pipe in (supervisor.stdin, supervisor.stdout):
        if pipe is not None:
            pipe.close()
    try:
        supervisor.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()

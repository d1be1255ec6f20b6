"""The child processes of a supervisor, and everything it must react to while they run."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NoReturn, Self

from dev import processes
from dev.processes import Program
from dev.state import StateDirectory

__all__ = ["Children", "ComponentEnded", "TimeToGo"]

_POLL = 0.02


class TimeToGo(Exception):  # noqa: N818 - not an error: the owner has gone or somebody asked for the end
    """The supervisor has to end now."""


class ComponentEnded(RuntimeError):  # noqa: N818 - the name is the sentence
    """A component ended by itself or never got ready; the message has the end of its log."""


class Children:
    """Starts components from the main thread and notices at once when one, or the owner, is gone."""

    def __init__(self, state: StateDirectory, *, owned: bool) -> None:
        self._state = state
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._selector = selectors.DefaultSelector()
        self._watch_signals()
        if owned:
            # Nobody ever writes there: it gets readable when the owner's end of the pipe is closed.
            self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ, _go)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        processes.kill_all(self._running.values())
        self._selector.close()

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by component name."""
        return {name: process.pid for name, process in self._running.items()}

    def start(self, program: Program) -> None:
        """Start a component; its output goes to its log in the state directory."""
        process = processes.start(program, self._state.log(program.name))
        self._running[program.name] = process
        self._selector.register(
            os.pidfd_open(process.pid), selectors.EVENT_READ, lambda: self._ended(program.name)
        )

    def end(self, name: str, grace: float) -> None:
        """End a component: SIGTERM, then SIGKILL after `grace` seconds; one that never started is ended."""
        process = self._running.get(name)
        if process is not None:
            processes.stop(process, grace)

    def until(self, what: str, ready: Callable[[], bool], timeout: float = 30.0) -> None:
        """Poll `ready` until it is true, attentive to everything else.

        Raises:
            ComponentEnded: a component ended meanwhile, or the time is over.
            TimeToGo: somebody wants the end.
        """
        deadline = time.monotonic() + timeout
        while not ready():
            if time.monotonic() > deadline:
                msg = f"{what} was not ready after {timeout:g} s; see {self._state.root / 'logs'}"
                raise ComponentEnded(msg)
            self._attend(_POLL)

    def forever(self) -> NoReturn:
        """Sleep until something happens; never returns.

        Raises:
            ComponentEnded: a component ended by itself.
            TimeToGo: somebody wants the end.
        """
        while True:
            self._attend(None)

    def _attend(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            key.data()

    def _ended(self, name: str) -> None:
        code = self._running[name].wait()
        tail = processes.log_tail(self._state.log(name))
        msg = f"{name} ended with exit code {code}; the end of its log:\n{tail}"
        raise ComponentEnded(msg)

    def _watch_signals(self) -> None:
        receiving, sending = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(sending)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        self._selector.register(receiving, selectors.EVENT_READ, _go)


def _go() -> None:
    raise TimeToGo

"""Child processes that never outlive the process that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO

__all__ = ["Program", "kill_all", "log_tail", "start", "stop"]

_LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True, slots=True)
class Program:
    """A command line with the name it has in logs and messages."""

    name: str
    argv: tuple[str, ...]
    """The absolute path of the executable, then its arguments."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What is added to the environment of this process."""
    directory: Path | None = None
    """Where it runs; None is where this process runs."""


def start(program: Program, log: Path) -> subprocess.Popen[bytes]:
    """Start a program in its own process group; it gets SIGKILL when this process ends, however it ends.

    Its output is appended to `log`.

    Raises:
        OSError: the log cannot be opened or no process can be made.
    """
    if threading.current_thread() is threading.main_thread():
        return _start(program, log)
    # The parent-death signal is sent when the starting thread ends, so a thread must do it that stays.
    return _lasting_thread().submit(_start, program, log).result()


@cache
def _lasting_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="starts-processes")


def _start(program: Program, log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return _popen(program, output)


def _popen(program: Program, output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *program.argv],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, **program.environment},
        cwd=program.directory,
        process_group=0,
    )


def stop(process: subprocess.Popen[bytes], grace: float) -> int:
    """End a process and its group: SIGTERM, then SIGKILL after `grace` seconds. Its exit code."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while process.poll() is None and time.monotonic() < deadline:
            _wait(process, deadline - time.monotonic())
    kill_all([process])
    return process.wait()


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(max(seconds, 0))
    except subprocess.TimeoutExpired:
        return


def kill_all(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """SIGKILL to all these and their groups at once; returns when all have ended."""
    known = list(processes)
    for process in known:
        _signal_group(process, signal.SIGKILL)
    for process in known:
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # Popen.poll must not have reaped it: the group's number could belong to a stranger by then.
    if process.returncode is not None:
        return
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def log_tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for a message that says why a program ended; empty when there is none."""
    try:
        text = log.read_text(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])

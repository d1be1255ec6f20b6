"""Child processes that die with whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from dev.cache import PROJECT
from dev.processes import Program, kill_all, log_tail, start, stop

_SLEEP = Program("sleep", ("/bin/sleep", "600"))


def _shell(script: str) -> Program:
    return Program("shell", ("/bin/sh", "-c", script))


def _wait_for_text(log: Path, text: str) -> None:
    deadline = time.monotonic() + 10
    while text not in log_tail(log):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_program_runs_in_its_own_group_with_its_environment_and_log(tmp_path: Path) -> None:
    """Output of both kinds is appended to the log."""
    log = tmp_path / "logs" / "shell.log"
    program = Program(
        "shell", ("/bin/sh", "-c", "echo $WORD; pwd >&2"), {"WORD": "hello"}, directory=tmp_path
    )

    process = start(program, log)

    assert process.wait(10) == 0
    assert log.read_text().split() == ["hello", str(tmp_path)]


def test_a_program_leads_its_own_process_group(tmp_path: Path) -> None:
    """Ctrl-C in the terminal does not reach it."""
    process = start(_SLEEP, tmp_path / "log")

    assert os.getpgid(process.pid) == process.pid
    kill_all([process])
    assert process.returncode == -signal.SIGKILL


def test_a_polite_program_ends_at_sigterm_and_a_stubborn_one_at_sigkill(tmp_path: Path) -> None:
    """`stop` gives some time and then no more."""
    polite = start(_SLEEP, tmp_path / "polite")
    assert stop(polite, grace=10) in {-signal.SIGTERM, -signal.SIGKILL}

    stubborn = start(_shell("trap '' TERM; echo deaf; while :; do sleep 0.05; done"), tmp_path / "stubborn")
    _wait_for_text(tmp_path / "stubborn", "deaf")
    assert stop(stubborn, grace=0.2) == -signal.SIGKILL


def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    """SIGKILL leaves the parent no chance to do anything; the kernel does it."""
    script = (
        "import sys; from pathlib import Path; from dev.processes import Program, start; "
        "child = start(Program('sleep', ('/bin/sleep', '600')), Path(sys.argv[1])); "
        "print(child.pid, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "log")],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()

    _wait_until_gone(child)


def test_children_outlive_the_thread_that_asked_for_them(tmp_path: Path) -> None:
    """The parent-death signal comes at the end of a thread, so a lasting one starts the process."""
    started: list[subprocess.Popen[bytes]] = []
    thread = threading.Thread(
        target=lambda: started.append(start(_shell("echo up; sleep 600"), tmp_path / "log"))
    )
    thread.start()
    thread.join(10)
    (process,) = started

    _wait_for_text(tmp_path / "log", "up")

    assert process.poll() is None
    kill_all([process])


def test_the_end_of_a_log_is_cut_to_its_last_lines(tmp_path: Path) -> None:
    """For messages; a log that does not exist is empty."""
    log = tmp_path / "log"
    log.write_text("\n".join(str(number) for number in range(100)))

    assert log_tail(log, 2) == "98\n99"
    assert not log_tail(tmp_path / "none")

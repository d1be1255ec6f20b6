from __future__ import annotations

import asyncio
import gc
import os
import select
import shutil
from pathlib import Path

import pytest

from slipway.git.errors import Timeout, TooLarge
from slipway.git.process import Caps, Finished, run, size_of

ENVIRONMENT = {"PATH": os.environ["PATH"]}
SHELL = str(shutil.which("sh"))


async def _run(
    script: str, directory: Path, *, seconds: float = 20, output: int = 1000, disk: int = 1 << 20
) -> Finished:
    caps = Caps(asyncio.get_running_loop().time() + seconds, output, disk)
    return await run((SHELL, "-c", script), ENVIRONMENT, directory, caps)


def _has_ended(process: int) -> bool:
    """Whether a process ends within seconds, reaped by somebody or not."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


async def test_a_program_says_how_it_ended(tmp_path: Path) -> None:
    """With its status, all its output, and its complaint."""
    finished = await _run("printf done; printf hm >&2; exit 3", tmp_path)

    assert (finished.status, finished.output, finished.complaint) == (3, b"done", "hm")


async def test_a_program_sees_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is what it was given, its directory likewise, and there is nothing to read or ask."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")

    finished = await _run("env; pwd; cat; tty || true; exec 9</dev/tty || echo no terminal", tmp_path)

    assert "hunter2" not in finished.output.decode()
    assert str(tmp_path) in finished.output.decode()
    assert "no terminal" in finished.output.decode() or "cannot open /dev/tty" in finished.complaint


async def test_a_long_complaint_keeps_its_end(tmp_path: Path) -> None:
    """Where programs say why they stop."""
    finished = await _run("yes x | head -c 100000 >&2; printf 'the end' >&2", tmp_path)

    assert len(finished.complaint) <= 16 * 1024
    assert finished.complaint.endswith("the end")


async def test_too_much_output_is_no_output(tmp_path: Path) -> None:
    """An endless one ends, and none of it is used."""
    with pytest.raises(TooLarge, match="more than 0 KiB"):
        await _run("yes", tmp_path)


async def test_a_directory_that_grows_too_large_ends_the_program(tmp_path: Path) -> None:
    """While it is still writing."""
    with pytest.raises(TooLarge, match="more than 1 MiB"):
        await _run("yes | head -c 2000000 > big; sleep 60", tmp_path)


async def test_whatever_a_program_started_ends_when_it_is_cancelled(tmp_path: Path) -> None:
    """No fetch goes on behind our back, not even one whose parent has gone before."""
    started = tmp_path / "started"
    os.mkfifo(started)
    script = "(sleep 60 & echo $! > orphan); sleep 60 & echo $(cat orphan) $! $$ > started; wait"
    task = asyncio.create_task(_run(script, tmp_path, seconds=60))
    processes = [int(word) for word in (await asyncio.to_thread(started.read_text)).split()]

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert len(processes) == 3
    assert all(map(_has_ended, processes))


@pytest.mark.parametrize("steps", range(8))
async def test_a_program_may_be_cancelled_at_any_step_of_its_start(steps: int, tmp_path: Path) -> None:
    """No pipe is lost, which would be told as a warning, and so as an error."""
    task = asyncio.create_task(_run("sleep 60", tmp_path))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    gc.collect()


async def test_a_child_that_outlives_its_parent_is_not_waited_for_beyond_the_deadline(tmp_path: Path) -> None:
    """It holds the pipes open; the deadline ends it too."""
    with pytest.raises(Timeout):
        await _run("sleep 60 & echo $! > orphan", tmp_path, seconds=0.15)

    assert _has_ended(int((tmp_path / "orphan").read_text()))


def test_the_size_of_a_directory_is_that_of_its_files(tmp_path: Path) -> None:
    """Links lead nowhere, and what is not there has none."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"x" * 100_000)
    (tmp_path / "away").symlink_to("/usr")

    assert 100_000 <= size_of(tmp_path) < 120_000
    assert size_of(tmp_path / "nothing") == 0

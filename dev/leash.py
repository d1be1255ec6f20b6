"""Run a program that dies with the process that started it: `leash.py PARENT PROGRAM [ARGUMENT...]`.

A script of its own instead of a `preexec_fn`: code between fork and exec is unsafe as soon as the parent has
threads. The signal comes when the *thread* that started this process ends; see `dev.processes`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for SIGKILL at the parent's death, then become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        sys.exit("the parent died before the leash was on")
    # Python ignores SIGPIPE and an ignored signal stays ignored over exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execv(program[0], program)


if __name__ == "__main__":
    main()

"""How much memory something needed at its highest, while it ran in this process."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path
from typing import Self

__all__ = ["PeakMemory"]

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # proc_pid_clear_refs(5)


class PeakMemory:
    """Measures over a with block; `grown` is then the highest resident size above the first, in bytes.

    Where the kernel does not let a process reset its peak, growth above the highest size of its whole life is
    measured, which is less or equal.
    """

    grown = 0

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            _CLEAR.write_text(_RESET_PEAK)
        self._before = _peak()
        return self

    def __exit__(self, *_: object) -> None:
        self.grown = _peak() - self._before


def _peak() -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

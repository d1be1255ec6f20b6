"""How a container of a build Job ended, read from its exit code (`images/common/outcome.sh`). Pure."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """What `clone` and `build` end with; the digest, or the reason, is in the termination message."""

    DONE = 0
    FAILED = 1
    """What was asked for cannot be done: asking again would not help."""
    PASSING = 75
    """A host failed or cannot be reached, or there is no space left: the same order may succeed later."""
    REFUSED = 77
    """A host refuses the credential, or wants one."""

"""How a command ends when it cannot tell what it was asked for."""

from __future__ import annotations

__all__ = ["Refused"]


class Refused(Exception):  # noqa: N818 - it is an answer to a person, not a failure of ours
    """The message is one sentence without a secret, and says what to do."""

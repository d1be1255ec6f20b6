"""go-containerregistry's registry on loopback, which does what distribution does not."""

from __future__ import annotations

from typing_extensions import override

from dev.binaries import binary
from dev.processes import Program
from dev.registry_process import RegistryProcess

__all__ = ["ReferrersRegistry"]


class ReferrersRegistry(RegistryProcess):
    """A registry that keeps everything in memory, so that `stop` empties it.

    Args:
        referrers: answer what refers to a digest, as OCI 1.1 has it.
        truncate: give at most this many tags at a time, without a Link to the others; 0 gives as many as are
            asked for, without a Link as well.
    """

    def __init__(self, *, referrers: bool = True, truncate: int = 0) -> None:
        super().__init__()
        self._referrers = referrers
        self._truncate = truncate

    @override
    def program(self) -> Program:
        return Program(
            "referrers",
            (
                str(binary("referrers")),
                f"-address={self.host}",
                f"-referrers={str(self._referrers).lower()}",
                f"-truncate={self._truncate}",
            ),
        )

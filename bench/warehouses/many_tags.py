"""A registry with one repository of very many tags, which real ones take seconds per page to list."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from typing_extensions import override

from dev.cache import PROJECT
from dev.processes import Program
from dev.registry_process import RegistryProcess

__all__ = ["REPOSITORY", "ManyTags", "names"]

REPOSITORY: Final = "bench/large"


def names(count: int) -> Sequence[str]:
    """The tags in the order of letters, as registries give them: nine versions for each build of a branch."""
    return sorted(
        f"build-{number}" if number % 10 == 9 else f"v{number // 1000}.{number % 1000}.0"
        for number in range(count)
    )


class ManyTags(RegistryProcess):
    """The registry as a process of its own, so that its work is never counted as that of what is measured.

    Args:
        count: of tags.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    @override
    def program(self) -> Program:
        argv = (sys.executable, "-m", "bench.warehouses.many_tags_process", str(self.port), str(self._count))
        return Program("many-tags", argv, {"PYTHONPATH": str(PROJECT)})

"""`python -m dev.node`: get ready on this machine what a real node needs, so that it starts in seconds."""

from __future__ import annotations

import subprocess
import sys

from dev.binaries import BinariesMissing, binaries
from dev.launch import components_of
from dev.needs import MissingNeeds
from dev.node.images import image_store
from dev.node.needs import provide
from dev.state import ClusterOptions

__all__ = ["main"]


def main() -> None:
    """Install packages, build binaries and images, each only where it is missing."""
    try:
        provide()
        binaries(components_of(ClusterOptions(real_node=True)))
        image_store()
    except (MissingNeeds, BinariesMissing, subprocess.CalledProcessError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

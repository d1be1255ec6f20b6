"""`python -m slipway.api crds [FOLDER]` writes the CRDs that follow from the models."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from slipway.api.crd import write_crds

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Write the CRDs and name the files. Returns the exit code."""
    parser = argparse.ArgumentParser("python -m slipway.api", description="What follows from the models.")
    commands = parser.add_subparsers(required=True)
    crds = commands.add_parser("crds", help="write the CustomResourceDefinitions of all kinds")
    crds.add_argument("folder", nargs="?", type=Path, default=Path("crds"), help="default: crds")
    chosen = parser.parse_args(arguments)
    for path in write_crds(chosen.folder):
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

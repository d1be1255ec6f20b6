"""`python -m slipway.api crds|policies [FOLDER]` writes the manifests that a cluster needs of Slipway."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from slipway.api.crd import write_crds
from slipway.api.policies.shipped import write_policies

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Write the manifests and name the files. Returns the exit code."""
    parser = argparse.ArgumentParser("python -m slipway.api", description="What a cluster needs of Slipway.")
    commands = parser.add_subparsers(required=True)
    crds = commands.add_parser("crds", help="write the CustomResourceDefinitions of all kinds")
    crds.add_argument("folder", nargs="?", type=Path, default=Path("crds"), help="default: crds")
    crds.set_defaults(write=write_crds)
    policies = commands.add_parser("policies", help="write the admission policies")
    policies.add_argument("folder", nargs="?", type=Path, default=Path("policies"), help="default: policies")
    policies.set_defaults(write=write_policies)
    chosen = parser.parse_args(arguments)
    for path in chosen.write(chosen.folder):
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The options that commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from slipway.cli.forms import Format

__all__ = [
    "Context",
    "Kubeconfig",
    "Limit",
    "Namespace",
    "OutputAs",
    "PageNumber",
    "Sort",
    "SortBy",
]


class Sort(StrEnum):
    """By what rows are sorted."""

    NAME = "name"
    NEWEST = "newest"


Kubeconfig: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--kubeconfig", help="The kubeconfig file. Default: what KUBECONFIG names, else ~/.kube/config."
    ),
]
Context: TypeAlias = Annotated[
    str | None, typer.Option("--context", help="The context of the kubeconfig. Default: the current one.")
]
Namespace: TypeAlias = Annotated[
    str | None, typer.Option("--namespace", "-n", help="The namespace. Default: that of the context.")
]
Limit: TypeAlias = Annotated[int, typer.Option("--limit", min=1, help="Rows on a page.")]
PageNumber: TypeAlias = Annotated[int, typer.Option("--page", min=1, help="The page, from 1.")]
SortBy: TypeAlias = Annotated[
    Sort, typer.Option("--sort", help="By name, or the newest first; what has no known time comes last.")
]
OutputAs: TypeAlias = Annotated[Format, typer.Option("--output", "-o", help="How rows are printed.")]

"""The modules of the operator as syntax trees, for tests of what is written in them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

__all__ = ["syntax_tree"]


@cache
def syntax_tree(module: Path) -> ast.Module:
    """What a module consists of; read once by all tests of a process, so nobody may change it."""
    return ast.parse(module.read_text(encoding="utf-8"))

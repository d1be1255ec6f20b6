from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.modules import syntax_tree

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "operator" / "slipway"

INDEX_HOSTS = ("pypi" + ".org", "python" + "hosted.org", "proxy.golang" + ".org", "sum.golang" + ".org")
"""Put together here, so that this file does not hold what it forbids."""


def has_code(module: Path) -> bool:
    """Whether there is more in a module than the docstring that introduces a package."""
    return len(syntax_tree(module).body) > 1


modules = pytest.mark.parametrize(
    "module",
    sorted(filter(has_code, PACKAGE.rglob("*.py"))),
    ids=lambda path: str(path.relative_to(PACKAGE)),
)


def texts() -> Iterator[tuple[Path, str]]:
    """The files of the project that are text: those under version control, and those about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = ROOT / name
        try:
            yield path, path.read_text(encoding="utf-8")
        except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError):
            continue


def test_the_folder_operator_is_no_package() -> None:
    """With an `__init__.py` it would shadow the module `operator` of the standard library."""
    assert not (ROOT / "operator" / "__init__.py").exists()


def test_no_module_is_named_operator() -> None:
    """From inside the package it would shadow the standard library too."""
    assert not [path for path in PACKAGE.rglob("operator*") if path.stem == "operator"]


@modules
def test_every_module_says_what_it_offers(module: Path) -> None:
    """`__all__` lists the public names, in every module, and each of them exists."""
    tree = syntax_tree(module)
    (offered,) = (names for names in map(_names_in_all, tree.body) if names is not None)
    assert set(offered) <= set(_defined(tree)), module


@modules
def test_every_module_begins_with_its_purpose(module: Path) -> None:
    """A docstring stands on top, and annotations are never evaluated by surprise."""
    tree = syntax_tree(module)
    assert ast.get_docstring(tree)
    annotates = any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.AnnAssign) for node in ast.walk(tree)
    )
    evaluates = "annotations" not in {alias.name for node in _future_imports(tree) for alias in node.names}
    assert not (annotates and evaluates)


def test_no_file_names_the_host_of_a_package_index() -> None:
    """Whoever installs decides where packages come from."""
    guilty = [path for path, text in texts() for host in INDEX_HOSTS if host in text]
    assert guilty == []


def _future_imports(tree: ast.Module) -> Iterator[ast.ImportFrom]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            yield node


def _names_in_all(statement: ast.stmt) -> list[str] | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
            return [str(name) for name in ast.literal_eval(value)]
        case ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.expr() as value):
            return [str(name) for name in ast.literal_eval(value)]
        case _:
            return None


def _defined(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        match statement:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (alias.asname or alias.name for alias in names)
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case _:
                pass

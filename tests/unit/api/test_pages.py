"""The page of each kind in `docs/` against the models: nothing is left out and nothing is made up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from slipway.api.conditions import Reason
from slipway.api.crd import KINDS, crd
from slipway.api.registry import Registry
from slipway.api.schema import Schema
from slipway.api.warehouse import Warehouse
from slipway.charts.errors import ChartError
from slipway.git.errors import GitError
from slipway.kinds import registry, warehouse
from slipway.kube.errors import KubeError
from slipway.oci.errors import RegistryError
from tests.support.modules import syntax_tree
from tests.support.pages import DOCS, page_path

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


ANY_OBJECT: Final = {Reason.RECONCILE_FAILED, Reason.KUBERNETES_REFUSED, Reason.KUBERNETES_UNAVAILABLE}
"""What the engine says of an object of any kind."""

_REGISTRY_ROOM: Final = Path(registry.__file__).parent
_WAREHOUSE_ROOM: Final = Path(warehouse.__file__).parent

ROOMS: Final[dict[Any, tuple[Path, ...]]] = {
    Registry: tuple(_REGISTRY_ROOM.glob("*.py")),
    Warehouse: (
        *_WAREHOUSE_ROOM.rglob("*.py"),
        _REGISTRY_ROOM / "access.py",
        _REGISTRY_ROOM / "credentials.py",
    ),
}
"""The modules that say what a kind comes to; both use those beside the rooms, too."""

ERRORS: Final[dict[Any, tuple[type[Exception], ...]]] = {
    Registry: (RegistryError, KubeError),
    Warehouse: (RegistryError, GitError, ChartError, KubeError),
}
"""What is raised on the way."""

NEVER: Final[dict[Any, set[str]]] = {
    Registry: {
        # of an image or repository: a test of the connection passes over those that it cannot read
        Reason.BLOB_NOT_FOUND,
        Reason.CATALOG_UNAVAILABLE,
        Reason.DIGEST_MISMATCH,
        Reason.LISTING_INCOMPLETE,
        Reason.MANIFEST_NOT_FOUND,
        Reason.PLATFORM_NOT_FOUND,
        Reason.REPOSITORY_NOT_FOUND,
        Reason.UNSUPPORTED_MANIFEST,
        Reason.UPLOAD_REJECTED,
        # of whoever looks for the Registry of an image
        Reason.AMBIGUOUS_REGISTRY,
        Reason.INVALID_SPEC,
        Reason.REGISTRY_NOT_FOUND,
    },
    Warehouse: {
        # counted among the rejected tags, as `Broken` and `PlatformMissing`
        Reason.BLOB_NOT_FOUND,
        Reason.PLATFORM_NOT_FOUND,
        # of whoever reads a file of a commit
        Reason.FILE_MISSING,
        Reason.INVALID_PATH,
        Reason.NOT_A_FILE,
        # no Warehouse lists repositories, pushes, or has children
        Reason.CATALOG_UNAVAILABLE,
        Reason.UPLOAD_REJECTED,
        Reason.NAME_CONFLICT,
    },
}
"""What may be raised or said in these rooms, but not of an object of the kind."""


def page_of(kind: Any) -> str:
    """The page of a kind."""
    return page_path(kind).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next one of its level."""
    return re.split(r"^## ", page.partition(f"\n## {heading}\n")[2], flags=re.MULTILINE)[0]


def table_of(text: str) -> list[str]:
    """What stands in the first column of the tables of a text, when it is code."""
    return re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)


def paths_of(schema: Schema, path: str = "") -> Iterator[str]:
    """The fields below a schema as the page writes them; conditions and requests are the same everywhere."""
    for name, member in schema.get("properties", {}).items():
        item = member.get("items", {})
        here = f"{path}{name}" + ("[]" if "properties" in item else "")
        yield here
        if name not in {"conditions", "handledRequests"}:
            yield from paths_of(item if "properties" in item else member, f"{here}.")


def named_in(modules: Iterable[Path]) -> set[str]:
    """The reasons that modules name."""
    names = {
        node.attr
        for module in modules
        for node in ast.walk(syntax_tree(module))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason"
    }
    return {getattr(Reason, name) for name in names}


def reasons_of(error: Any) -> set[str]:
    """The reasons of an error and of all that derive from it."""
    return {error.reason}.union(*map(reasons_of, error.__subclasses__()))


def told_on(kind: Any) -> set[str]:
    """The reasons that the page of a kind explains, or the page that it sends its reader to."""
    told = section(page_of(kind), "Reasons")
    for other in re.findall(r"\]\((\w+\.md)#reasons\)", told):
        told += section((DOCS / other).read_text(encoding="utf-8"), "Reasons")
    return set(re.findall(r"`([A-Za-z]+)`", told))


def is_part_of(part: Any, whole: Any) -> bool:
    """Whether everything that the part says is in the whole."""
    if isinstance(part, dict):
        return all(name in whole and is_part_of(value, whole[name]) for name, value in part.items())
    if isinstance(part, list):
        return len(part) == len(whole) and all(map(is_part_of, part, whole))
    return bool(part == whole)


@each_kind
@pytest.mark.parametrize("part", ["spec", "status"])
def test_every_field_has_its_row(kind: Any, part: str) -> None:
    """The tables list the fields of the CRD: all of them, and no others."""
    schema = crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][part]
    listed = table_of(section(page_of(kind), part.capitalize()).partition("\n### ")[0])
    assert sorted(listed) == sorted(paths_of(schema))


@each_kind
def test_every_reason_exists(kind: Any) -> None:
    """A reason in a table is one that an object can have."""
    known = {value for name, value in vars(Reason).items() if name.isupper()}
    listed = table_of(section(page_of(kind), "Reasons"))
    assert listed
    assert set(listed) <= known


@pytest.mark.parametrize("kind", ROOMS, ids=lambda kind: kind.__name__)
def test_every_reason_that_the_kind_gives_is_told(kind: Any) -> None:
    """Whoever meets one finds what to do."""
    beside = _REGISTRY_ROOM.parent.glob("*.py")
    given = named_in(beside) | named_in(ROOMS[kind]) | ANY_OBJECT
    given = given.union(*map(reasons_of, ERRORS[kind]))

    assert sorted(given - NEVER[kind] - told_on(kind)) == []
    assert given >= NEVER[kind]
    assert not NEVER[kind] & set(table_of(section(page_of(kind), "Reasons")))


@each_kind
def test_what_any_object_may_come_to_is_told(kind: Any) -> None:
    """By name, however the page puts it."""
    assert set(re.findall(r"`([A-Za-z]+)`", section(page_of(kind), "Reasons"))) >= ANY_OBJECT


@each_kind
def test_the_examples_are_objects_of_the_kind_or_of_those_that_it_needs(kind: Any) -> None:
    """What stands on the page can be copied: no field of it is misspelt or passed over."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", page_of(kind), flags=re.MULTILINE | re.DOTALL)
    bodies = [body for block in blocks for body in yaml.safe_load_all(block)]
    assert kind.__name__ in {body["kind"] for body in bodies}
    for body in bodies:
        model = next(one for one in KINDS if one.__name__ == body["kind"])
        read = model.model_validate(body).model_dump(mode="json", by_alias=True, exclude_none=True)
        assert is_part_of(body["spec"], read["spec"])


@each_kind
def test_commands_use_the_short_name(kind: Any) -> None:
    """With `deployment` alone, kubectl would mean that of apps/v1."""
    commands = re.findall(r"^kubectl (.*)$", page_of(kind), flags=re.MULTILINE)
    others = {"secret", "cm", "namespace", "config", "events", "apply"}
    names = others | {one.declaration.short_name for one in KINDS}
    words = [set(re.split(r"[ ,/]", command)) for command in commands]
    assert any(kind.declaration.short_name in named for named in words)
    assert all(named & names for named in words)

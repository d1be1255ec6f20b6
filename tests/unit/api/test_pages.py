"""The page of each kind in `docs/` against the models: nothing is left out and nothing is made up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.api.conditions import Reason
from slipway.api.crd import KINDS, crd
from slipway.api.schema import Schema

DOCS = Path(__file__).parents[3] / "docs"

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def page_of(kind: Any) -> str:
    """The page of a kind."""
    return (DOCS / f"{kind.__name__.lower()}.md").read_text(encoding="utf-8")


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


@each_kind
def test_the_examples_are_objects_of_the_kind(kind: Any) -> None:
    """What stands on the page can be copied: no field of it is misspelt or passed over."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", page_of(kind), flags=re.MULTILINE | re.DOTALL)
    bodies = [body for block in blocks for body in yaml.safe_load_all(block)]
    assert bodies
    for body in bodies:
        assert body["kind"] == kind.__name__
        read = kind.model_validate(body).model_dump(mode="json", by_alias=True, exclude_none=True)
        assert is_part_of(body["spec"], read["spec"])


@each_kind
def test_commands_use_the_short_name(kind: Any) -> None:
    """With `deployment` alone, kubectl would mean that of apps/v1."""
    commands = re.findall(r"^kubectl (.*)$", page_of(kind), flags=re.MULTILINE)
    assert commands
    assert all(
        f" {kind.declaration.short_name} " in f" {command} " or " secret " in command for command in commands
    )

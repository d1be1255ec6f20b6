from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field

from slipway.api.base import ApiModel
from slipway.api.markers import RULES, Rule
from slipway.api.schema import Schema, structural_schema


class Inner(ApiModel):
    """What is inside.

    It has a second
    paragraph.
    """

    rules: ClassVar[tuple[Rule, ...]] = (Rule("self.size != 3", "three is not allowed"),)

    size: int = 1
    """How big."""

    note: str | None = None
    """What to say."""


class Outer(ApiModel):
    """What is outside."""

    mode: Literal["Only"]
    """The mode."""

    inner_part: Annotated[Inner, Rule("self.size != 4", "neither is four")] = Inner()
    """The inner part."""

    maybe: Inner | None = None
    """Perhaps another."""

    many: tuple[Inner, ...] = ()
    """More of them."""

    numbers: dict[str, int] = Field(default_factory=dict)
    """By name."""


@pytest.fixture
def properties() -> dict[str, Schema]:
    """The members of `Outer` as the API server sees them."""
    found: dict[str, Schema] = structural_schema(Outer)["properties"]
    return found


def test_names_are_camel_case(properties: dict[str, Schema]) -> None:
    """Python names become the names of manifests."""
    assert list(properties) == ["mode", "innerPart", "maybe", "many", "numbers"]


def test_only_what_has_no_default_is_required() -> None:
    """A field with a default, `None` included, may be left out."""
    assert structural_schema(Outer)["required"] == ["mode"]


def test_docstrings_become_descriptions(properties: dict[str, Schema]) -> None:
    """The docstring of the field wins over that of its class, and breaks of source lines are gone."""
    assert properties["innerPart"]["description"] == "The inner part."
    assert properties["many"]["items"]["description"] == "What is inside.\n\nIt has a second paragraph."


def test_a_single_literal_is_an_enumeration(properties: dict[str, Schema]) -> None:
    """`const` is not structural; an enumeration of one says the same."""
    assert properties["mode"] == {"description": "The mode.", "type": "string", "enum": ["Only"]}


def test_optional_parts_are_not_nullable(properties: dict[str, Schema]) -> None:
    """`X | None` is X that may be missing, with the rules of X."""
    assert properties["maybe"]["type"] == "object"
    assert not {"nullable", "anyOf", "default"} & properties["maybe"].keys()
    assert properties["maybe"][RULES] == [{"rule": "self.size != 3", "message": "three is not allowed"}]


def test_rules_of_field_and_class_both_hold(properties: dict[str, Schema]) -> None:
    """A rule beside a field does not replace the rules of its class."""
    messages = [rule["message"] for rule in properties["innerPart"][RULES]]
    assert messages == ["three is not allowed", "neither is four"]


def test_an_object_defaults_to_the_defaults_of_its_members(properties: dict[str, Schema]) -> None:
    """Left out or empty, an object is the same; nulls and empty lists write themselves nowhere."""
    assert properties["innerPart"]["default"] == {"size": 1}
    assert "default" not in properties["many"]
    assert "default" not in properties["numbers"]


def test_maps_say_what_they_hold(properties: dict[str, Schema]) -> None:
    """A mapping is an object with typed values."""
    assert properties["numbers"]["additionalProperties"] == {"type": "integer"}


def test_what_a_structural_schema_cannot_say_is_refused() -> None:
    """A field that would get lost on the way to the CRD is a mistake that shows at once."""

    class Strange(ApiModel):
        """A model with a number below which nothing is allowed, itself included."""

        ratio: Annotated[float, Field(gt=0)]
        """A ratio."""

    with pytest.raises(ValueError, match="exclusiveMinimum"):
        structural_schema(Strange)

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from slipway.api.markers import RULES, Advice, ListMap, ListSet, Rule, Union


def test_rules_are_added_behind_each_other() -> None:
    """Two rules on one field are both in its schema, in the order in which they stand."""
    text = Annotated[str, Rule("self != ''", "write something"), Rule("self != 'x'", "write something else")]
    assert TypeAdapter(text).json_schema()[RULES] == [
        {"rule": "self != ''", "message": "write something"},
        {"rule": "self != 'x'", "message": "write something else"},
    ]


def test_advice_puts_words_to_the_pattern() -> None:
    """The pattern stays for tools, and the same pattern is a rule with a message for people."""
    schema = TypeAdapter(
        Annotated[str, Field(pattern="^[a-z]+$"), Advice("write small letters")]
    ).json_schema()
    assert schema["pattern"] == "^[a-z]+$"
    assert schema[RULES] == [{"rule": "self.matches(r'^[a-z]+$')", "message": "write small letters"}]


def test_lists_say_how_they_merge() -> None:
    """A list-map names its key, a set says that it is one."""
    assert TypeAdapter(Annotated[tuple[int, ...], ListSet()]).json_schema()["x-kubernetes-list-type"] == "set"
    schema = TypeAdapter(Annotated[tuple[int, ...], ListMap("name")]).json_schema()
    assert schema["x-kubernetes-list-type"] == "map"
    assert schema["x-kubernetes-list-map-keys"] == ["name"]


def test_a_union_ties_each_member_to_its_type() -> None:
    """Each member is there when its type is, and only then."""
    rules = Union({"Git": "git", "Chart": "chart"}).rules()
    assert [rule.expression for rule in rules] == [
        "(self.type == 'Git') == has(self.git)",
        "(self.type == 'Chart') == has(self.chart)",
    ]
    assert "set git when type is Git, and remove it otherwise" in rules[0].message


def test_an_optional_member_may_be_left_out() -> None:
    """Where the member has defaults of its own, it is only refused with another type."""
    (rule,) = Union({"Rolling": "rolling"}, required=False).rules()
    assert rule.expression == "self.type == 'Rolling' || !has(self.rolling)"
    assert "remove rolling or change type" in rule.message

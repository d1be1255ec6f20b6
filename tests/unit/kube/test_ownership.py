from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slipway.kube.ownership import take_over_created_fields

Tree = dict[str, Any]

trees: st.SearchStrategy[Tree] = st.recursive(
    st.just({}), lambda inner: st.dictionaries(st.sampled_from(["f:a", "f:b", "f:c"]), inner, max_size=3)
)


def entry(manager: str, operation: str, fields: Tree, subresource: str = "") -> dict[str, Any]:
    """One line of `metadata.managedFields`."""
    line = {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1"}
    return {**line, **({"subresource": subresource} if subresource else {}), "fieldsV1": fields}


def metadata(*entries: dict[str, Any]) -> dict[str, Any]:
    """Metadata of a live object."""
    return {"resourceVersion": "7", "managedFields": list(entries)}


def paths(tree: Tree, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All paths of a set of fields."""
    for name, inner in tree.items():
        yield (*prefix, name)
        yield from paths(inner, (*prefix, name))


@given(trees, trees)
def test_what_was_created_belongs_to_later_applies(created: Tree, applied: Tree) -> None:
    """One entry of an apply takes the place of both, and has every field of both and no other."""
    patch = take_over_created_fields(
        metadata(entry("slipway", "Update", created), entry("slipway", "Apply", applied)), "slipway"
    )

    assert patch is not None
    version, fields = patch
    assert version["value"] == "7"
    (line,) = fields["value"]
    assert (line["manager"], line["operation"]) == ("slipway", "Apply")
    assert set(paths(line["fieldsV1"])) == {*paths(created), *paths(applied)}


def test_entries_of_others_and_of_the_status_stay() -> None:
    """Only our own create is taken over."""
    others = (
        entry("kubectl", "Update", {"f:a": {}}),
        entry("slipway", "Update", {"f:status": {}}, subresource="status"),
    )

    patch = take_over_created_fields(metadata(*others, entry("slipway", "Update", {"f:b": {}})), "slipway")

    assert patch is not None
    assert patch[1]["value"][:2] == list(others)


def test_nothing_is_written_where_nothing_is_to_be_taken_over() -> None:
    """After the first apply, and on objects of others, there is nothing to do."""
    assert take_over_created_fields(metadata(entry("slipway", "Apply", {"f:a": {}})), "slipway") is None
    assert take_over_created_fields(metadata(entry("kubectl", "Update", {"f:a": {}})), "slipway") is None
    assert take_over_created_fields({"resourceVersion": "1"}, "slipway") is None

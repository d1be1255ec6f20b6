from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.key import Key
from slipway.kube.children import LONGEST_NAME, child_name, is_child_of, is_left_over
from slipway.kube.owners import owner_reference

names = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?", fullmatch=True)
suffixes = st.from_regex(r"[a-z0-9]{1,10}", fullmatch=True)


@dataclass(frozen=True, slots=True)
class Owner:
    """What children ask of an owner."""

    key: Key
    uid: str


OWNER = Owner(Key("deployments.slipway.dev", "shop", "api"), "uid-1")


def body(*references: dict[str, Any]) -> dict[str, Any]:
    """An object with these owner references."""
    return {"metadata": {"name": "api", "ownerReferences": list(references)}}


@given(names, suffixes)
def test_the_name_of_a_child_is_legal_and_always_the_same(parent: str, suffix: str) -> None:
    """At most 63 characters, and an operator that was killed finds its child under the same name."""
    name = child_name(parent, suffix)

    assert name == child_name(parent, suffix)
    assert len(name) <= LONGEST_NAME
    assert name[0].isalnum()
    assert name[-1].isalnum()


@given(names, names, suffixes)
def test_different_parents_have_different_children(first: str, second: str, suffix: str) -> None:
    """Names that agree in what is kept of them differ in the hash."""
    assert (child_name(first, suffix) == child_name(second, suffix)) == (first == second)


def test_a_short_name_is_plain_to_read() -> None:
    """Nothing is added where nothing is needed."""
    assert child_name("api", "7") == "api-7"
    assert child_name("api") == "api"


def test_the_owner_is_named_with_its_group() -> None:
    """`Deployment` alone would be Kubernetes' own kind."""
    assert owner_reference(OWNER) == {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "Deployment",
        "name": "api",
        "uid": "uid-1",
        "controller": True,
        "blockOwnerDeletion": True,
    }


def test_only_the_controller_by_uid_owns_a_child() -> None:
    """An owner of the same name that was made anew, and one that does not control, are strangers."""
    reference = owner_reference(OWNER)

    assert is_child_of(OWNER, body(reference))
    assert not is_child_of(OWNER, body({**reference, "uid": "uid-2"}))
    assert not is_child_of(OWNER, body({**reference, "controller": False}))
    assert not is_child_of(OWNER, body())
    assert not is_child_of(OWNER, {"metadata": {}})


def test_a_child_of_a_deleted_namesake_is_left_over() -> None:
    """Same kind and name with another UID; Kubernetes' own Deployment and other names are strangers."""
    earlier = {**owner_reference(OWNER), "uid": "uid-0"}

    assert is_left_over(OWNER, body(earlier))
    assert not is_left_over(OWNER, body(owner_reference(OWNER)))
    assert not is_left_over(OWNER, body({**earlier, "controller": False}))
    assert not is_left_over(OWNER, body({**earlier, "apiVersion": "apps/v1"}))
    assert not is_left_over(OWNER, body({**earlier, "name": "web"}))
    assert not is_left_over(OWNER, {"metadata": {}})

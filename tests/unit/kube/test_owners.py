from __future__ import annotations

from dataclasses import dataclass

from slipway.engine.key import Key
from slipway.kube.owners import owner_reference, plain_reference


@dataclass(frozen=True)
class Somebody:
    key: Key
    uid: str


API = Somebody(Key("managedimages.slipway.dev", "shop", "api"), "u1")


PLAIN = {"apiVersion": "slipway.dev/v1alpha1", "kind": "ManagedImage", "name": "api", "uid": "u1"}


def test_one_of_several_owners_controls_nothing() -> None:
    """The object goes with the last of them, and holds none of them up."""
    assert plain_reference(API) == PLAIN


def test_the_one_owner_controls_its_child() -> None:
    """Kubernetes lets an object have one controller."""
    assert owner_reference(API) == {**PLAIN, "controller": True, "blockOwnerDeletion": True}

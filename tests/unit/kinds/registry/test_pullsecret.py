from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.key import Key
from slipway.engine.reconcile import Observed
from slipway.kinds.registry.pullsecret import (
    DeletePullSecret,
    PullFacts,
    PullSecretTaken,
    WritePullSecret,
    docker_config,
    plan_pull_secret,
    pull_secret_name,
)
from slipway.kube.owners import owner_reference
from slipway.oci.credentials import ANONYMOUS, Credential, Secret, credential_for
from tests.unit.engine.support import START

OWNER = Observed(Key("registries.slipway.dev", "shop", "acme"), "u1", "7", 3, None, b"", {}, START)
HOST = "registry.example.com"


def live(content: bytes, *, ours: bool = True) -> dict[str, Any]:
    """A Secret of the name as the API server gives it."""
    references = [owner_reference(OWNER)] if ours else []
    return {
        "metadata": {"name": "acme-pull", "uid": "s1", "resourceVersion": "9", "ownerReferences": references},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(content).decode()},
    }


def test_one_that_is_right_is_left_alone() -> None:
    assert plan_pull_secret(OWNER, PullFacts("acme-pull", b"{}", live(b"{}"))) is None
    assert plan_pull_secret(OWNER, PullFacts("acme-pull", None, None)) is None


def test_one_that_is_missing_or_holds_something_else_is_written() -> None:
    for now in (None, live(b"old")):
        action = plan_pull_secret(OWNER, PullFacts("acme-pull", b"new", now))
        assert isinstance(action, WritePullSecret)
        assert action.name == "acme-pull"
        assert action.body["data"] == live(b"new")["data"]


def test_one_that_nobody_wants_is_removed_only_if_it_is_ours() -> None:
    assert isinstance(plan_pull_secret(OWNER, PullFacts("acme-pull", None, live(b"{}"))), DeletePullSecret)
    assert plan_pull_secret(OWNER, PullFacts("acme-pull", None, live(b"{}", ours=False))) is None


def test_that_of_a_stranger_is_never_touched_and_the_message_says_what_to_do() -> None:
    with pytest.raises(PullSecretTaken, match=r"Secret acme-pull exists .* delete or rename it"):
        plan_pull_secret(OWNER, PullFacts("acme-pull", b"{}", live(b"{}", ours=False)))


def test_no_content_shows_in_a_repr() -> None:
    facts = PullFacts("acme-pull", b"hunter2", live(b"hunter2"))
    assert "hunter2" not in repr(facts)
    assert "aHVudGVy" not in repr(facts) + repr(
        plan_pull_secret(OWNER, PullFacts("acme-pull", b"hunter2", None))
    )


def test_nobody_needs_a_secret_to_pull_anonymously() -> None:
    assert docker_config(HOST, "", ANONYMOUS) is None


@pytest.mark.parametrize(
    ("host", "project", "key"),
    [
        (HOST, "", HOST),
        (f"{HOST}:5000", "", f"{HOST}:5000"),
        (HOST, "shop/web", f"{HOST}/shop/web"),
        ("docker.io", "", "https://index.docker.io/v1/"),
        ("docker.io", "acme", "docker.io/acme"),
    ],
)
def test_the_configuration_names_the_place_as_the_kubelet_looks_for_it(
    host: str, project: str, key: str
) -> None:
    config = docker_config(host, project, Credential.basic("robot", "hunter2"))
    assert config is not None
    assert list(json.loads(config)["auths"]) == [key]


@given(
    username=st.text(
        st.characters(codec="ascii", exclude_characters=":\0", categories=("L", "N", "P")), min_size=1
    ),
    password=st.text(
        st.characters(codec="utf-8", exclude_characters="\0", categories=("L", "N", "P", "S")), min_size=1
    ),
    project=st.sampled_from(["", "shop", "shop/web"]),
)
def test_what_is_written_is_read_back_as_the_same_credential(
    username: str, password: str, project: str
) -> None:
    config = docker_config(HOST, project, Credential.basic(username, password))
    assert config is not None
    secret = Secret("acme-pull", "kubernetes.io/dockerconfigjson", {".dockerconfigjson": config})
    read = credential_for(secret, HOST, f"{project}/api" if project else "api")
    assert (read.username, read.password) == (username, password)


def test_the_name_fits_however_long_that_of_the_registry_is() -> None:
    assert pull_secret_name("acme") == "acme-pull"
    assert len(pull_secret_name("a" * 253)) <= 63

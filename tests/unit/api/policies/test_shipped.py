from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.api.policies import shipped
from slipway.api.policies.shipped import (
    EMERGENCY_REBUILD,
    JOB_BUILD,
    REQUESTED_BY,
    Manifest,
    manifests,
    policy_files,
    write_policies,
)
from slipway.engine import requests
from slipway.engine.view import REQUEST_PREFIX
from slipway.kinds.managedimage.words import REBUILD

FOLDER = Path(__file__).parents[4] / "policies"
NAMES = (REQUESTED_BY, EMERGENCY_REBUILD, JOB_BUILD)
ALL = [manifest for name in NAMES for manifest in manifests(name)]

Change = Callable[[dict[str, Any]], object]


def stored(manifest: Manifest) -> dict[str, Any]:
    """The object as a 1.36 API server shows it: with its defaults."""
    spec: dict[str, Any] = deepcopy(dict(manifest.spec))
    if constraints := spec.get("matchConstraints"):
        spec["failurePolicy"] = "Fail"
        constraints.update(matchPolicy="Equivalent", namespaceSelector={}, objectSelector={})
        for rule in constraints["resourceRules"]:
            rule["scope"] = "*"
    return {
        "metadata": {"name": manifest.name, "generation": 1},
        "spec": spec,
        "status": {"typeChecking": {}},
    }


def expressions(value: Any) -> Iterator[str]:
    """Every text in a spec."""
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from expressions(item)
        case list():
            for item in value:
                yield from expressions(item)
        case _:
            pass


def verbs_stamped() -> list[str]:
    """The verbs of the policy; its conditions know no variables, so they stand there twice."""
    texts = expressions(dict(manifests(REQUESTED_BY)[0].spec))
    first, second = (found for text in texts for found in re.findall(r"\['[a-z', -]+, '[a-z-]+'\]", text))
    assert first == second
    return re.findall(r"[a-z-]+", first)


def test_the_files_are_what_is_shipped() -> None:
    """`make policies` was run after the last change, and nothing else lies beside its files."""
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert kept == policy_files(), "run: make policies"


def test_writing_makes_the_folder(tmp_path: Path) -> None:
    """The files land where they were asked for."""
    written = write_policies(tmp_path / "new")
    assert {path.name: path.read_text(encoding="utf-8") for path in written} == policy_files()


def test_every_manifest_is_a_policy_or_its_binding() -> None:
    """A policy without its binding does nothing, and a binding to another one is none."""
    bodies = [body for text in policy_files().values() for body in yaml.safe_load_all(text)]
    assert {(body["kind"], body["metadata"]["name"]) for body in bodies} == {
        (manifest.kind, manifest.name) for manifest in ALL
    }
    for name in NAMES:
        policy, binding = manifests(name)
        assert binding.kind == f"{policy.kind}Binding"
        assert binding.spec["policyName"] == name


def test_a_name_that_is_not_shipped_is_a_mistake_of_the_caller() -> None:
    """It must not count as installed, nor as missing."""
    with pytest.raises(KeyError):
        manifests("slipway.dev")


@pytest.mark.parametrize("manifest", ALL, ids=lambda manifest: f"{manifest.kind} {manifest.name}")
def test_what_the_api_server_adds_makes_no_difference(manifest: Manifest) -> None:
    """It shows its defaults for what the manifest leaves out."""
    assert manifest.is_that_of(stored(manifest))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda spec: spec.update(failurePolicy="Ignore"), id="it lets pass what it cannot judge"
        ),
        pytest.param(
            lambda spec: spec["matchConstraints"].update(objectSelector={"matchLabels": {"a": "b"}}),
            id="it is for some objects only",
        ),
        pytest.param(
            lambda spec: spec["matchConstraints"].update(excludeResourceRules=[{"resources": ["*"]}]),
            id="some requests are excluded",
        ),
        pytest.param(
            lambda spec: spec["matchConstraints"]["resourceRules"][0]["operations"].remove("UPDATE"),
            id="changes are not looked at",
        ),
        pytest.param(
            lambda spec: spec["matchConditions"].append({"name": "not", "expression": "false"}),
            id="it has one more condition",
        ),
        pytest.param(lambda spec: spec.pop("matchConditions"), id="it has a condition less"),
        pytest.param(lambda spec: spec.update(paramKind={"kind": "ConfigMap"}), id="it has a parameter"),
        pytest.param(lambda spec: spec.update(unheardOf=True), id="it has a field of a later Kubernetes"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_any_other_form_of_a_policy_is_not_ours(name: str, change: Change) -> None:
    """People would rely on it."""
    manifest = manifests(name)[0]
    body = stored(manifest)
    change(body["spec"])
    assert not manifest.is_that_of(body)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda spec: spec.update(validationActions=["Warn"]), id="it only warns"),
        pytest.param(
            lambda spec: spec.update(matchResources={"namespaceSelector": {"matchLabels": {"a": "b"}}}),
            id="it is for some namespaces only",
        ),
        pytest.param(lambda spec: spec.update(policyName="other"), id="it binds another policy"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_any_other_form_of_a_binding_is_not_ours(name: str, change: Change) -> None:
    """A policy that is bound to less does less."""
    manifest = manifests(name)[1]
    body = stored(manifest)
    change(body["spec"])
    assert not manifest.is_that_of(body)


def test_an_object_without_a_spec_is_not_ours() -> None:
    """Whatever it is."""
    assert not ALL[0].is_that_of({"metadata": {"name": REQUESTED_BY}})


def test_every_verb_of_a_managed_image_is_stamped() -> None:
    """A verb that is not listed would have nobody who asked."""
    assert set(verbs_stamped()) >= {requests.RECONCILE, requests.EMERGENCY_REBUILD, REBUILD}


def test_operator_and_policies_speak_of_the_same_annotations() -> None:
    """The operator reads what the policy writes."""
    texts = " ".join(expressions(dict(manifests(REQUESTED_BY)[0].spec)))
    prefixes = set(re.findall(r"[\"']([^\"']*slipway\.dev/)[\"'] \+ verb", texts))
    assert prefixes == {REQUEST_PREFIX, requests.STAMP_PREFIX}
    assert f"'slipway.dev/{requests.EMERGENCY_REBUILD}'" in " ".join(
        expressions(dict(manifests(EMERGENCY_REBUILD)[0].spec))
    )


def test_the_example_in_the_refusal_is_taken() -> None:
    """By the operator, which reads it once more."""
    texts = list(expressions(dict(manifests(EMERGENCY_REBUILD)[0].spec)))
    (example,) = (text.partition("such as ")[2] for text in texts if "such as " in text)
    requests.check_reason(requests.parse_request(requests.EMERGENCY_REBUILD, example))


def test_the_page_tells_of_every_policy_and_verb() -> None:
    """Whoever installs them reads there what they do."""
    page = (FOLDER.parent / "docs" / "requests.md").read_text(encoding="utf-8")
    verbs = re.findall(r"^\| `slipway\.dev/([a-z-]+)`", page, flags=re.MULTILINE)
    assert set(re.findall(r"^\| `([a-z.-]+\.managedimages\.slipway\.dev)`", page, re.MULTILINE)) == set(NAMES)
    assert verbs == verbs_stamped()


def test_the_package_holds_only_what_is_shipped() -> None:
    """A file that is not listed would be in the wheel, and in nobody's cluster."""
    room = Path(shipped.__file__).parent
    assert {path.name for path in room.glob("*.yaml")} == set(policy_files())

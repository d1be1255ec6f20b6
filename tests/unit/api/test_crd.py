from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.api.crd import KINDS, crd, crd_files, write_crds
from slipway.api.schema import Schema

CRDS = Path(__file__).parents[3] / "crds"

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


files = cache(crd_files)


@cache
def version_of(kind: Any) -> dict[str, Any]:
    """The only version of the kind's CRD."""
    (version,) = crd(kind)["spec"]["versions"]
    assert isinstance(version, dict)
    return version


def root_of(kind: Any) -> Schema:
    """The schema of the whole object."""
    schema: Schema = version_of(kind)["schema"]["openAPIV3Schema"]
    return schema


def nodes_of(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Every schema below spec or status, with the path of its field."""
    yield path, schema
    for name, member in schema.get("properties", {}).items():
        yield from nodes_of(f"{path}.{name}", member)
    for key, suffix in (("items", "[]"), ("additionalProperties", ".*")):
        if key in schema:
            yield from nodes_of(path + suffix, schema[key])


def fields_of(kind: Any, *parts: str) -> list[tuple[str, Schema]]:
    """Every schema below the named parts of the object."""
    properties = root_of(kind)["properties"]
    return [node for part in parts or ("spec", "status") for node in nodes_of(part, properties[part])]


def test_the_files_are_what_the_models_say() -> None:
    """`make crds` was run after the last change of a model, and nothing else lies beside its files."""
    kept = {path.name: path.read_text(encoding="utf-8") for path in CRDS.iterdir()}
    assert kept == files(), "run: make crds"


def test_writing_makes_the_folder(tmp_path: Path) -> None:
    """The files land where they were asked for, and are the same however often they are written."""
    folder = tmp_path / "new"
    first = {path.name: path.read_text(encoding="utf-8") for path in write_crds(folder)}
    assert {path.name: path.read_text(encoding="utf-8") for path in write_crds(folder)} == first == files()


@each_kind
def test_the_yaml_says_what_the_crd_says(kind: Any) -> None:
    """Nothing is lost in folding and quoting."""
    name = f"slipway.dev_{kind.declaration.plural}.yaml"
    assert yaml.safe_load(files()[name]) == crd(kind)


def test_the_yaml_has_no_anchors_and_no_long_lines_of_prose() -> None:
    """People read these files: aliases would send them searching."""
    for text in files().values():
        assert not re.search(r"^\s*[\w-]+: [&*]id\d+", text, re.MULTILINE)
        prose = [line for line in text.splitlines() if "description:" in line]
        assert max(map(len, prose)) < 140


@each_kind
def test_nothing_unknown_is_kept(kind: Any) -> None:
    """Every field is typed: a typing error in a manifest is refused and never silently stored."""
    for path, schema in fields_of(kind):
        assert "x-kubernetes-preserve-unknown-fields" not in schema, path
        assert "type" in schema or schema.get("x-kubernetes-int-or-string"), path
        if schema.get("type") == "object":
            assert "properties" in schema or "additionalProperties" in schema, path


@each_kind
def test_everything_is_bounded(kind: Any) -> None:
    """Each string, list and map has a limit, so that CEL can be priced and statuses stay small."""
    for path, schema in fields_of(kind):
        if schema.get("type") == "string" and "enum" not in schema:
            assert schema.get("maxLength"), path
        if schema.get("type") == "array":
            assert schema.get("maxItems"), path
        if "additionalProperties" in schema:
            assert schema.get("maxProperties"), path
        if schema.get("type") == "integer":
            assert "minimum" in schema, path


@each_kind
def test_every_field_is_described(kind: Any) -> None:
    """`kubectl explain` has a sentence for each field of spec and status."""
    assert root_of(kind)["description"].endswith(".")
    for path, schema in fields_of(kind):
        if not path.endswith(("[]", ".*")):
            assert schema.get("description", "").endswith("."), path


@each_kind
def test_enumerations_are_camel_case_words(kind: Any) -> None:
    """No numbers, no booleans in disguise, no lower case."""
    for path, schema in fields_of(kind):
        for value in schema.get("enum", []):
            assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", value), path


@each_kind
def test_references_stay_in_the_namespace(kind: Any) -> None:
    """Abuse 24: no field can name another namespace, so no object can reach into one."""
    names = {path.rpartition(".")[2] for path, _ in fields_of(kind)}
    assert not names & {"namespace", "namespaces"}


@each_kind
def test_no_field_of_a_spec_is_made_for_a_secret(kind: Any) -> None:
    """Credentials live in Secrets; a spec only names them."""
    secret = re.compile(r"password|passwd|token|credential|privateKey|apiKey", re.IGNORECASE)
    assert not [path for path, _ in fields_of(kind, "spec") if secret.search(path)]


@each_kind
def test_conditions_are_a_list_map_by_type(kind: Any) -> None:
    """Server-side apply merges conditions by type, as those of Kubernetes' own kinds."""
    conditions = root_of(kind)["properties"]["status"]["properties"]["conditions"]
    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]
    assert set(conditions["items"]["required"]) == {
        "type",
        "status",
        "reason",
        "message",
        "lastTransitionTime",
    }
    assert "observedGeneration" in conditions["items"]["properties"]


@each_kind
def test_list_maps_name_a_required_scalar(kind: Any) -> None:
    """The API server refuses anything else when the CRD is applied; this says so earlier."""
    for path, schema in fields_of(kind):
        for key in schema.get("x-kubernetes-list-map-keys", []):
            assert key in schema["items"]["required"], path
            assert schema["items"]["properties"][key]["type"] == "string", path


@each_kind
def test_a_fresh_object_is_not_current(kind: Any) -> None:
    """Tools that follow kstatus compare observedGeneration with generation: -1 is never equal."""
    status = root_of(kind)["properties"]["status"]
    assert status["default"] == {"observedGeneration": -1}
    assert "status" in version_of(kind)["subresources"]


@each_kind
def test_defaults_satisfy_their_own_schema(kind: Any) -> None:
    """A default that the schema refuses would refuse every object that leaves the field out."""
    for path, schema in fields_of(kind, "spec"):
        default = schema.get("default")
        if isinstance(default, str) and "pattern" in schema:
            assert re.fullmatch(schema["pattern"], default), path
        if isinstance(default, int) and not isinstance(default, bool):
            assert schema["minimum"] <= default <= schema.get("maximum", default), path
        if "enum" in schema and default is not None:
            assert default in schema["enum"], path


@each_kind
def test_every_rule_has_a_message(kind: Any) -> None:
    """A person learns from the refusal what to write; without a message there would be CEL."""
    for path, schema in [("", root_of(kind)), *fields_of(kind)]:
        for rule in schema.get("x-kubernetes-validations", []):
            assert len(rule["message"]) > 20, path
            assert "\n" not in rule["message"], path


@each_kind
def test_statuses_have_no_rules(kind: Any) -> None:
    """The operator writes statuses; a rule there could only stop it from telling what is wrong."""
    for path, schema in fields_of(kind, "status"):
        assert "x-kubernetes-validations" not in schema, path
        assert "enum" not in schema, path


@each_kind
def test_kubectl_get_tells_the_story(kind: Any) -> None:
    """Ready, its reason and the age stand in every table, and the message where it is wide."""
    columns = {column["name"]: column for column in version_of(kind)["additionalPrinterColumns"]}
    assert {"Ready", "Reason", "Age", "Message"} <= columns.keys()
    assert columns["Message"]["priority"] == 1
    assert len([column for column in columns.values() if "priority" not in column]) <= 8


@each_kind
def test_names_are_short(kind: Any) -> None:
    """Each kind has its short name and belongs to the category."""
    names = crd(kind)["spec"]["names"]
    assert names["categories"] == ["slipway"]
    assert names["shortNames"] == [
        {"Registry": "reg", "Warehouse": "wh", "ManagedImage": "mimg"}.get(kind.__name__, "sdep")
    ]


def test_only_the_deployment_scales() -> None:
    """The scale subresource points at fields that exist."""
    scaling = {kind.__name__: version_of(kind)["subresources"].get("scale") for kind in KINDS}
    assert scaling.pop("Deployment") == {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    assert set(scaling.values()) == {None}


@each_kind
def test_paths_of_columns_and_selectors_exist(kind: Any) -> None:
    """A renamed field leaves no empty column behind."""
    paths = {f".{path}" for path, _ in fields_of(kind)} | {".metadata.creationTimestamp"}
    version = version_of(kind)
    used = [*version["additionalPrinterColumns"], *version.get("selectableFields", [])]
    for entry in used:
        plain = re.sub(r"\[[^\]]*\]", "[]", entry["jsonPath"])
        assert plain in paths, entry

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from slipway.api.base import ApiModel, ConditionModel, LocalReference, ObjectMeta, Status
from slipway.api.conditions import READY, Condition
from slipway.api.crd import KINDS, crd
from slipway.clock import parse_time
from tests.support.schemas import values_of


def schema_of(kind: Any) -> dict[str, Any]:
    """The schema of the kind's spec and status."""
    schema = crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return {**schema, "properties": {part: schema["properties"][part] for part in ("spec", "status")}}


def dumped(model: ApiModel) -> dict[str, Any]:
    """The model as it is written to the API server."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def missing_from(given_: Any, written: Any) -> list[Any]:
    """What was in the first value and is not in the second one."""
    if isinstance(given_, dict):
        return [hit for name, value in given_.items() for hit in missing_from(value, written.get(name))]
    if isinstance(given_, list):
        pairs = zip(given_, written, strict=True)
        return [hit for value, other in pairs for hit in missing_from(value, other)]
    return [] if given_ == written else [given_]


DOCUMENTS = st.one_of([st.tuples(st.just(kind), values_of(schema_of(kind))) for kind in KINDS])


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], max_examples=20)
@given(DOCUMENTS)
def test_whatever_the_api_server_stores_is_read_and_written_back(
    document: tuple[Any, dict[str, Any]],
) -> None:
    """Model and schema allow the same objects, and nothing is lost or changed on the way through a model."""
    kind, body = document
    model = kind.model_validate({"metadata": {"name": "x"}, **body})
    written = dumped(model)
    assert missing_from(body, written) == []
    assert kind.model_validate(written) == model


def test_models_take_both_spellings_and_cannot_be_changed() -> None:
    """Code uses snake_case, manifests camelCase; what was read stays as it was read."""
    meta = ObjectMeta(name="x", resource_version="7")
    assert meta == ObjectMeta.model_validate({"name": "x", "resourceVersion": "7"})
    with pytest.raises(ValidationError, match="frozen"):
        meta.name = "y"  # type: ignore[misc]


def test_fields_of_a_newer_version_are_passed_over() -> None:
    """An older operator reads what a newer one has stored."""
    assert LocalReference.model_validate({"name": "x", "newer": 1}) == LocalReference(name="x")


def test_object_metadata_is_read_from_a_live_object() -> None:
    """Fields that the operator does not need are left where they are."""
    meta = ObjectMeta.model_validate(
        {
            "name": "api",
            "namespace": "shop",
            "uid": "u",
            "generation": 3,
            "creationTimestamp": "2026-11-21T09:00:00Z",
            "annotations": {"slipway.dev/reconcile": "2026-11-21T09:00:00Z"},
            "managedFields": [{"manager": "kubectl"}],
        }
    )
    assert meta.creation_timestamp == parse_time("2026-11-21T09:00:00Z")
    assert (meta.generation, meta.deletion_timestamp, meta.labels) == (3, None, {})


def test_a_status_leaves_conditions_to_the_engine() -> None:
    """A kind writes its own part: conditions and observedGeneration are absent until they are set."""
    assert dumped(Status()) == {"handledRequests": []}


def test_conditions_of_the_engine_fit_the_schema() -> None:
    """What the engine writes is what the model of the CRD reads."""
    condition = Condition(READY, "True", "Connected", "It works", 3, parse_time("2026-11-21T09:00:00Z"))
    assert dumped(ConditionModel.model_validate(condition.to_json())) == condition.to_json()

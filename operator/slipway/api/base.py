"""What the models of all kinds share: the base class, references, object metadata, the common status."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import override

from slipway.api.declaration import GROUP, VERSION, Declaration
from slipway.api.durations import parse_duration
from slipway.api.markers import ListMap, Rule, Union
from slipway.api.strings import Duration, Message, Name, ShortName, ShortText, StatusText, Time, Word

__all__ = [
    "GROUP",
    "VERSION",
    "ApiModel",
    "ConditionModel",
    "Duration",
    "HandledRequest",
    "LocalReference",
    "ObjectMeta",
    "Resource",
    "Status",
    "WarehouseReference",
    "parse_duration",
]


class ApiModel(BaseModel):
    """A part of an object as the Kubernetes API holds it: camelCase outside, snake_case inside, frozen."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    union: ClassVar[Union | None] = None
    """Set where a field `type` says which one of the others is there."""

    rules: ClassVar[tuple[Rule, ...]] = ()
    """What the API server demands of the fields together."""

    @classmethod
    @override
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the class with the rules of the class in it."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        for rule in (*(cls.union.rules() if cls.union else ()), *cls.rules):
            schema.update(rule.added_to(schema))
        return reference


class LocalReference(ApiModel):
    """An object in the same namespace."""

    name: Name
    """Name of the object."""


class WarehouseReference(ApiModel):
    """One subscription of a Warehouse in the same namespace."""

    name: Name
    """Name of the Warehouse."""

    subscription: ShortName
    """Name of its subscription."""


class ObjectMeta(ApiModel):
    """The part of `metadata` that the operator reads."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    annotations: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)


class ConditionModel(ApiModel):
    """One aspect of the state of the object, as in `metav1.Condition`."""

    type: Annotated[str, Field(min_length=1, max_length=63)]
    """Ready, or Reconciling, Stalled, Held, Throttled or BasesDisputed, which are there only while True."""

    status: Annotated[str, Field(max_length=7, pattern="^(True|False|Unknown)$")]
    """True, False or Unknown."""

    reason: Word
    """CamelCase word for programs."""

    message: Message
    """What happened and what to do about it, for people."""

    observed_generation: Annotated[int, Field(ge=-1)] | None = None
    """The metadata.generation that this condition speaks of."""

    last_transition_time: Time
    """When the status of this condition last changed."""


class HandledRequest(ApiModel):
    """The latest request of one verb that was acted on."""

    verb: ShortText
    """What was asked for: the part of the annotation behind slipway.dev/."""

    at: Time
    """The time in the annotation: a request is new only when it is later than this."""

    result: Word
    """What became of it."""

    by: StatusText | None = None
    """Who asked; empty where no admission policy vouches for it."""


class Status(ApiModel):
    """What the statuses of all kinds begin with."""

    observed_generation: Annotated[int, Field(ge=-1)] | None = None
    """The metadata.generation that this status speaks of; -1 until the operator has seen the object."""

    conditions: Annotated[tuple[ConditionModel, ...], Field(max_length=8), ListMap("type")] | None = None
    """Ready says whether the object is as its spec wants it; see `kubectl wait --for=condition=Ready`."""

    handled_requests: Annotated[tuple[HandledRequest, ...], Field(max_length=8), ListMap("verb")] = ()
    """The latest request of each verb (annotation slipway.dev/VERB) that was acted on."""


class Resource(ApiModel):
    """A whole object of one of the kinds."""

    declaration: ClassVar[Declaration]
    """How the kind appears to kubectl."""

    metadata: ObjectMeta
    """Standard object metadata."""

"""Builds by whoever takes a signed POST: one's own service, or a CI system without a builder here.

The message is signed as Standard Webhooks have it (`standard_webhook.py`). Its `webhook-id` is the same
however often it is sent, so receivers must take a second one with the same id for the first: that is what
makes it safe to send it again after a lost answer. Its body::

    {
        "type": "slipway.build.requested",
        "timestamp": "2026-11-21T09:00:00Z",
        "data": {
            "image": {"name": "api", "namespace": "shop", "uid": "…"},
            "build": {"key": "…", "number": 7, "timeoutSeconds": 1800},
            "reference": "registry.example.com/shop/api:1.4.0-7",
            "repository": "registry.example.com/shop/api",
            "tag": "1.4.0-7",
            "bases": [{"reference": "python:3.12-slim", "digest": "sha256:…"}],
            "source": {
                "url": "https://git.example.com/shop/api.git",
                "commit": "…",
                "path": "",
                "dockerfile": "Dockerfile",
                "target": "runtime",
                "buildArgs": [{"name": "A", "value": "b"}],
                "platforms": ["linux/amd64"],
            },
            "inputs": {"the user's own": "…"},
        },
    }

`source` and its `target` may be null. Any status of 2xx takes the order. The answer may hold
`{"id": "…", "url": "…", "statusUrl": "…"}`, each of them optional: `url` is shown to people, and `statusUrl`,
on the same origin, is asked how it goes (signed likewise, with an empty body)::

    {"status": "running", "digest": "sha256:…", "message": "…"}

with a status of `running`, `succeeded`, `failed` or `cancelled`. Without a `statusUrl` the build is over when
its tag is in the registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from pydantic_core import from_json, to_json
from typing_extensions import override

from slipway.api.conditions import Reason
from slipway.build.builders.api import CiApi
from slipway.build.builders.contract import (
    Builder,
    Cancelled,
    Failed,
    Progress,
    Run,
    Running,
    Succeeded,
    Unknown,
)
from slipway.build.builders.errors import AnswerInvalid, NotOffered
from slipway.build.builders.fields import digest_in, link_in, object_in, sentence_in, text_in
from slipway.build.builders.inputs import correlation_of, split_reference
from slipway.build.builders.order import BuildOrder, GitSource
from slipway.build.builders.refusals import Subject
from slipway.build.builders.standard_webhook import WebhookSigner
from slipway.clock import Clock, SystemClock, format_time
from slipway.egress import InvalidUrl
from slipway.http import HttpClient, join_url, origin_of

__all__ = ["WebhookBuilder", "message_of"]

_SUBJECT: Final = Subject("receiver of the webhook", "to be accepted: check that both sides have one secret")
_LONGEST_ID: Final = 512
"""The status of an image keeps no longer ones."""


class WebhookBuilder(Builder):
    """Sends orders to one address.

    Args:
        http: Carries the requests.
        url: Where the orders go.
        secret: What both sides share: `whsec_` and base64, or any text of at least 16 bytes.
        inputs: The user's own, passed on as they are.
        clock: When the message is sent.

    Raises:
        SecretUnusable: when there is nothing to sign with.
    """

    starts_once: ClassVar[bool] = True

    def __init__(
        self,
        http: HttpClient,
        url: str,
        secret: str,
        inputs: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._signer = WebhookSigner.of(secret)
        self._url = url
        self._api = CiApi(http, url, token=None, clock=self._clock)
        self._inputs = dict(inputs or {})

    @override
    async def find(self, order: BuildOrder) -> Run | None:
        """Always None: nobody can be asked, and to send it again is safe."""
        return None

    @override
    async def start(self, order: BuildOrder) -> Run | None:
        """Delivers the order."""
        content = to_json(message_of(order, self._inputs))
        headers = self._headers(order, content) | {"Content-Type": "application/json"}
        response = await self._api.send(self._url, _SUBJECT, headers, content)
        body = _told(response.body)
        return Run(self._id_of(body) or correlation_of(order), link_in(body, "url"))

    @override
    async def look(self, order: BuildOrder, run: Run) -> Progress:
        """Asks the status URL, where there is one."""
        if not self._is_ours(run.id):
            return Unknown(run.url)
        answer = await self._api.get(run.id, _SUBJECT, headers=self._headers(order, b""))
        return _progress_of(object_in(answer.body), run.url)

    @override
    async def cancel(self, order: BuildOrder, run: Run) -> None:
        """There is no message for it."""
        msg = "a webhook cannot cancel a build: end it where it runs, or let its result be passed over"
        raise NotOffered(msg)

    def _headers(self, order: BuildOrder, content: bytes) -> dict[str, str]:
        return self._signer.headers(correlation_of(order), self._clock.now(), content)

    def _id_of(self, body: dict[str, Any]) -> str | None:
        """What the run is known by: its status URL, for this is all that can be asked."""
        status_url = text_in(body, "statusUrl")
        if status_url is not None:
            try:
                address = join_url(self._url, status_url)
            except InvalidUrl:
                address = ""
            if self._is_ours(address) and len(address) <= _LONGEST_ID:
                return address
        return (text_in(body, "id") or "")[:_LONGEST_ID] or None

    def _is_ours(self, address: str) -> bool:
        """Whether it is of the receiver's own origin: signatures go nowhere else."""
        try:
            return origin_of(address) == origin_of(self._url)
        except InvalidUrl:
            return False


def message_of(order: BuildOrder, inputs: Mapping[str, str]) -> dict[str, Any]:
    """The body of the message: the same for the same order."""
    repository, tag = split_reference(order.reference)
    return {
        "type": "slipway.build.requested",
        "timestamp": format_time(order.requested_at),
        "data": {
            "image": {"name": order.image_name, "namespace": order.namespace, "uid": order.uid},
            "build": {
                "key": order.key,
                "number": order.number,
                "timeoutSeconds": int(order.timeout.total_seconds()),
            },
            "reference": order.reference,
            "repository": repository,
            "tag": tag,
            "bases": [
                {"reference": reference, "digest": digest}
                for reference, digest in sorted(order.bases.items())
            ],
            "source": _source_of(order.source) if order.source is not None else None,
            "inputs": dict(sorted(inputs.items())),
        },
    }


def _source_of(source: GitSource) -> dict[str, Any]:
    """Without the names of Secrets, which are of no use elsewhere."""
    return {
        "url": source.url,
        "commit": source.commit,
        "path": source.path,
        "dockerfile": source.dockerfile,
        "target": source.target,
        "buildArgs": [{"name": name, "value": value} for name, value in source.build_args],
        "platforms": list(source.platforms),
    }


def _told(content: bytes) -> dict[str, Any]:
    """What the answer to an order tells: it may be anything, such as `ok`."""
    try:
        body = from_json(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _progress_of(body: dict[str, Any], url: str | None) -> Progress:
    match text_in(body, "status"):
        case "running":
            return Running(url)
        case "succeeded":
            return Succeeded(digest_in(body, "digest"), url)
        case "cancelled":
            return Cancelled(url)
        case "failed":
            message = sentence_in(body, "message") or "the build failed: its log says why"
            return Failed(Reason.BUILD_FAILED, message, is_infrastructure=False, url=url)
        case _:
            msg = (
                "the status URL answered without a status that is known: it must be running, succeeded, "
                "failed or cancelled"
            )
            raise AnswerInvalid(msg)

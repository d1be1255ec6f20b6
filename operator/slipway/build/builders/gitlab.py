"""Builds in GitLab pipelines, by a trigger token or by a token of the API.

Documented at https://docs.gitlab.com/api/pipelines/, https://docs.gitlab.com/api/pipeline_triggers/ and
https://docs.gitlab.com/ci/triggers/. The inputs of `inputs.py` are pipeline variables. A trigger token starts
pipelines and can do nothing else; to find, follow and cancel them takes a token of the API. A pipeline is
found by its name, which costs nothing, where `.gitlab-ci.yml` has::

    workflow:
      name: image $slipway_key

and else by the variables of each pipeline that may be meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any, ClassVar, Final

from typing_extensions import override

from slipway.build.builders.api import CLOCK_SKEW, PAGE_SIZE, Answer, CiApi, path_of
from slipway.build.builders.contract import Builder, Progress, Run, Unknown
from slipway.build.builders.errors import (
    NotOffered,
    OrderRefused,
    RunUnidentified,
    SecretUnusable,
    TokenDenied,
)
from slipway.build.builders.fields import id_in, object_in, objects_in, run_in, started_run, text_in
from slipway.build.builders.gitlab_status import is_over, progress_of
from slipway.build.builders.inputs import KEY, correlation_of, inputs_of
from slipway.build.builders.order import BuildOrder
from slipway.build.builders.refusals import Subject
from slipway.clock import Clock
from slipway.http import HttpClient

__all__ = ["GITLAB", "GitLabBuilder", "Pipeline"]

GITLAB: Final = "https://gitlab.com"
_MOST_CANDIDATES: Final = 100
"""Pipelines whose variables are read at most."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What runs when images are built."""

    project: str
    """Path of the project with its groups, `shop/api`, or its number."""

    ref: str
    """The branch or tag whose `.gitlab-ci.yml` runs."""

    inputs: Mapping[str, str] = field(default_factory=dict)
    """The user's own pipeline variables."""

    @property
    def subject(self) -> Subject:
        """In the words of errors."""
        return Subject(f"project {self.project}", "the scope api and the role Developer or Maintainer")

    def subject_of(self, run: Run) -> Subject:
        """One of its runs, in the words of errors."""
        return replace(self.subject, what=f"pipeline {run.id} of {self.subject.what}")


class GitLabBuilder(Builder):
    """Runs one pipeline.

    Args:
        http: Carries the requests.
        pipeline: What is run.
        token: A token of the API: of a person, a project or a group.
        trigger_token: Starts the pipeline in place of `token`; one of them must be there.
        base: The address of the server: `https://gitlab.example.com`.
        clock: Against which rate limits are told.

    Raises:
        SecretUnusable: without any token.
    """

    starts_once: ClassVar[bool] = False

    def __init__(
        self,
        http: HttpClient,
        pipeline: Pipeline,
        token: str | None,
        *,
        trigger_token: str | None = None,
        base: str = GITLAB,
        clock: Clock | None = None,
    ) -> None:
        if not token and not trigger_token:
            msg = "the Secret holds neither a token of the API nor a trigger token: put one of them into it"
            raise SecretUnusable(msg)
        self._api = CiApi(http, f"{base.rstrip('/')}/api/v4", token or None, clock=clock)
        self._may_ask = bool(token)
        self._trigger_token = (trigger_token or "").strip()
        self._pipeline = pipeline
        self._subject = pipeline.subject

    @override
    async def find(self, order: BuildOrder) -> Run | None:
        """The pipeline that carries the key of the order."""
        if not self._may_ask:
            msg = (
                f"a trigger token cannot tell which pipelines {self._pipeline.project} has, so none is "
                "started again: put a token of the API into the Secret, too"
            )
            raise RunUnidentified(msg)
        since = (order.requested_at - CLOCK_SKEW).astimezone(UTC)
        query = {
            "source": "trigger" if self._trigger_token else "api",
            "ref": self._pipeline.ref,
            "created_after": f"{since:%Y-%m-%dT%H:%M:%SZ}",
            "order_by": "id",
            "sort": "desc",
            "per_page": str(PAGE_SIZE),
        }
        unnamed: list[dict[str, Any]] = []
        async for answer in self._api.pages(self._path("pipelines"), self._subject, query):
            for entry in objects_in(answer.body):
                name = text_in(entry, "name") or ""
                if correlation_of(order) in name:
                    return run_in(entry, "web_url")
                unnamed.append(entry)
        return await self._find_by_variables(order, unnamed)

    @override
    async def start(self, order: BuildOrder) -> Run | None:
        """Starts one pipeline."""
        inputs = inputs_of(order, self._pipeline.inputs)
        try:
            answer = await (self._trigger(inputs) if self._trigger_token else self._create(inputs))
        except OrderRefused as error:
            msg = (
                f"{error}: {self._pipeline.ref} must be there, its .gitlab-ci.yml must make a pipeline, and "
                "the project must let this token merge or push there, where the branch is protected, and set "
                "pipeline variables (Settings > CI/CD > Variables)"
            )
            raise OrderRefused(msg, error.words, error.status) from error
        return started_run(answer.body, "web_url")

    @override
    async def look(self, order: BuildOrder, run: Run) -> Progress:
        """How the pipeline goes."""
        if not self._may_ask:
            return Unknown(run.url)
        path, subject = self._path("pipelines", run.id), self._pipeline.subject_of(run)
        entry = object_in((await self._api.get(path, subject)).body)
        if text_in(entry, "status") != "failed":
            return progress_of(entry)
        query = {"scope[]": "failed", "per_page": str(PAGE_SIZE)}
        jobs = await self._api.get(f"{path}/jobs", subject, query)
        return progress_of(entry, objects_in(jobs.body))

    @override
    async def cancel(self, order: BuildOrder, run: Run) -> None:
        """Asks the pipeline to end, which GitLab takes of one that is over, too."""
        if not self._may_ask:
            msg = "a trigger token cannot cancel a pipeline: put a token of the API into the Secret, too"
            raise NotOffered(msg)
        try:
            path = f"{self._path('pipelines', run.id)}/cancel"
            await self._api.post(path, self._pipeline.subject_of(run))
        except (OrderRefused, TokenDenied):
            if not is_over(await self.look(order, run)):
                raise

    async def _trigger(self, inputs: Mapping[str, str]) -> Answer:
        fields = {"token": self._trigger_token, "ref": self._pipeline.ref}
        fields |= {f"variables[{name}]": value for name, value in inputs.items()}
        path = f"{self._path('trigger')}/pipeline"
        return await self._api.post_form(path, self._subject, fields, self._trigger_token)

    async def _create(self, inputs: Mapping[str, str]) -> Answer:
        variables = [{"key": name, "value": value} for name, value in inputs.items()]
        payload = {"ref": self._pipeline.ref, "variables": variables}
        return await self._api.post(self._path("pipeline"), self._subject, payload)

    async def _find_by_variables(self, order: BuildOrder, candidates: list[dict[str, Any]]) -> Run | None:
        if len(candidates) > _MOST_CANDIDATES:
            msg = (
                f"{len(candidates)} pipelines of {self._pipeline.project} may be that of this order, so "
                f"it is not started again: write `workflow: {{name: image ${KEY}}}` into .gitlab-ci.yml"
            )
            raise RunUnidentified(msg)
        for entry in candidates:
            if await self._key_of(id_in(entry)) == correlation_of(order):
                return run_in(entry, "web_url")
        return None

    async def _key_of(self, pipeline: str) -> str | None:
        try:
            answer = await self._api.get(self._path("pipelines", pipeline, "variables"), self._subject)
        except TokenDenied as error:
            msg = (
                f"{error}; so it is not started again: give the token the role Maintainer, or write "
                f"`workflow: {{name: image ${KEY}}}` into .gitlab-ci.yml"
            )
            raise RunUnidentified(msg) from error
        values = {text_in(entry, "key"): text_in(entry, "value") for entry in objects_in(answer.body)}
        return values.get(KEY)

    def _path(self, *segments: str) -> str:
        return path_of("projects", self._pipeline.project, *segments)

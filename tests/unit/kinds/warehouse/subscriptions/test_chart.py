from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest

from slipway.api.conditions import Reason
from slipway.api.warehouse import Artifact, ArtifactChart, ChartSubscription, Warehouse
from slipway.binding import ALLOWED_HOSTS
from slipway.charts.address import HttpChart
from slipway.kinds.context import Context
from slipway.kinds.warehouse.findings import Finding, Found, Trouble
from slipway.kinds.warehouse.subscriptions.chart import ChartWatch
from slipway.kinds.warehouse.subscriptions.factory import watch_for
from slipway.kinds.warehouse.subscriptions.trouble import FORESEEN, trouble_of
from slipway.kinds.warehouse.subscriptions.watch import Moment
from slipway.kube.client import KubeClient
from slipway.oci.errors import CredentialNotBound
from tests.support.outside import without_cluster
from tests.support.scripted_registry import Answer, ScriptedRegistry, image, tags

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
PUBLISHED = "2026-11-20T09:00:00Z"
MISSING = Answer(404, {"Content-Type": "application/json"}, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')
Script = Callable[[str, str], Answer]


def index(*versions: str, deprecated: str = "") -> Script:
    """A chart repository with these versions of one chart, published yesterday."""
    lines = ["apiVersion: v1", "entries:", "  api:" if versions else "  api: []"]
    for version in versions:
        lines += [f"  - version: {version}", f"    digest: {_digest(version)}", f"    created: '{PUBLISHED}'"]
        lines += ["    appVersion: '7'", "    urls: [api.tgz]"]
        lines += ["    deprecated: true"] * (version == deprecated)
    return lambda _method, _path: Answer(200, {"Content-Type": "text/yaml"}, "\n".join(lines).encode())


def _digest(version: str) -> str:
    """Another one for each version; that of 1.0.0 is `DIGEST`."""
    return "a" * 64 if version == "1.0.0" else version.replace(".", "").zfill(64)


def registry(*versions: str, gone: str = "") -> Script:
    """A registry with these tags, of which one has lost its manifest."""

    def script(method: str, path: str) -> Answer:
        if "/tags/list" in path:
            return tags(*versions)
        return image(DIGEST) if method == "HEAD" and (not gone or gone not in path) else MISSING

    return script


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    """Anonymous access: there is no Registry, and so no Secret is read."""
    async with without_cluster() as made:
        yield made


async def look(
    context: Context,
    script: Script,
    *,
    chosen: str | None = None,
    digest: str = DIGEST,
    in_registry: bool = False,
    minimum_age: str = "0s",
    text: str = "*",
) -> tuple[Finding, list[str]]:
    """One look at the chart `api`, and what the server was asked."""
    with ScriptedRegistry(script) as server:
        url = f"oci://{server.host}/charts/api" if in_registry else f"{server.url}/stable"
        name = {} if in_registry else {"name": "api"}
        spec: dict[str, Any] = {"url": url, "range": text, **name}
        warehouse = Warehouse.model_validate(
            {
                "metadata": {"name": "api", "namespace": "shop"},
                "spec": {
                    "subscriptions": [{"name": "chart", "type": "Chart", "chart": spec}],
                    "minimumAge": minimum_age,
                },
            }
        )
        watch = watch_for(context, warehouse, warehouse.spec.subscriptions[0])
        before = None
        if chosen is not None:
            seen = NOW - timedelta(days=1)
            known = ArtifactChart(url=url, version=chosen, digest=digest, first_seen_at=seen, **name)
            before = Artifact(name="chart", chart=known)
        try:
            return await watch.look(Moment(NOW, datetime.now(UTC)), before), server.requests
        except FORESEEN as error:
            return trouble_of("chart", error), server.requests


def version(finding: Finding) -> str:
    """The version that was found."""
    assert isinstance(finding, Found), finding
    assert isinstance(finding.content, ArtifactChart)
    return finding.content.version


def reason(finding: Finding) -> str:
    """Why nothing new was found."""
    assert isinstance(finding, Trouble), finding
    return finding.outcome.reason


async def test_an_index_tells_all_there_is_to_tell(context: Context) -> None:
    """One request, whatever it has."""
    finding, asked = await look(context, index("1.0.0", "1.1.0", "2.0.0"), text="^1")

    assert isinstance(finding, Found)
    assert isinstance(finding.content, ArtifactChart)
    assert (finding.content.version, finding.content.digest) == ("1.1.0", f"sha256:{_digest('1.1.0')}")
    assert finding.content.app_version == "7"
    assert finding.content.created_at == NOW - timedelta(days=1)
    assert asked == ["GET /stable/index.yaml"]


async def test_a_registry_is_asked_for_its_tags_and_for_one_digest(context: Context) -> None:
    """No chart is downloaded."""
    finding, asked = await look(context, registry("1.0.0", "2.0.0_build.7"), in_registry=True)

    assert version(finding) == "2.0.0+build.7"
    assert [line.partition("?")[0] for line in asked] == [
        "GET /v2/charts/api/tags/list",
        "HEAD /v2/charts/api/manifests/2.0.0_build.7",
    ]


async def test_what_is_deprecated_is_not_chosen(context: Context) -> None:
    """And counted."""
    finding, _ = await look(context, index("1.0.0", "1.1.0", deprecated="1.1.0"))

    assert version(finding) == "1.0.0"
    assert isinstance(finding, Found)
    assert finding.choice is not None
    assert finding.choice.rejected == {"Deprecated": 1}


async def test_a_chosen_version_that_is_deprecated_stays(context: Context) -> None:
    """An older one is no better; the message does not say that it was deleted."""
    finding, _ = await look(context, index("1.0.0", "1.1.0", deprecated="1.1.0"), chosen="1.1.0")

    assert reason(finding) == Reason.TAG_DELETED
    assert isinstance(finding, Trouble)
    assert "marks 1.1.0 as deprecated, and nothing newer: it stays chosen" in finding.outcome.message


async def test_a_chart_that_is_deprecated_as_a_whole_is_told_as_such(context: Context) -> None:
    """It has versions, which is why nobody is told to publish the first one."""
    finding, _ = await look(context, index("1.0.0", deprecated="1.0.0"))

    assert reason(finding) == Reason.NO_TAG_MATCHES
    assert isinstance(finding, Trouble)
    assert "none of the 1 versions of" in finding.outcome.message
    assert "(1 Deprecated)" in finding.outcome.message


@pytest.mark.parametrize("in_registry", [False, True], ids=["an index", "a registry"])
@pytest.mark.parametrize(
    ("versions", "text", "expected"),
    [
        pytest.param(("1.0.0",), "*", Reason.TAG_DELETED, id="a version that was deleted is kept"),
        pytest.param(("1.0.0",), "^3", Reason.NO_TAG_MATCHES, id="a range that nothing is in"),
        pytest.param((), "*", Reason.NO_TAGS, id="nothing at all"),
        pytest.param(("1.0.0",), ">>1", Reason.INVALID_RANGE, id="no range"),
    ],
)
async def test_nothing_goes_back(
    context: Context, versions: tuple[str, ...], text: str, expected: str, *, in_registry: bool
) -> None:
    """The chosen one is 1.1.0+b, which is not there any more."""
    script = registry(*versions) if in_registry else index(*versions)

    finding, _ = await look(context, script, chosen="1.1.0+b", in_registry=in_registry, text=text)

    assert reason(finding) == expected
    assert isinstance(finding, Trouble)
    assert "_b" not in finding.outcome.message


@pytest.mark.parametrize("in_registry", [False, True], ids=["an index", "a registry"])
async def test_nothing_is_asked_with_a_range_that_cannot_be_read(
    context: Context, *, in_registry: bool
) -> None:
    """A person has to mend it, whatever is there."""
    script = registry("1.0.0") if in_registry else index("1.0.0")

    finding, asked = await look(context, script, in_registry=in_registry, text=">>1")

    assert reason(finding) == Reason.INVALID_RANGE
    assert asked == []


async def test_a_listed_version_without_manifest_is_no_reason_to_take_an_older_one(context: Context) -> None:
    """The registry lags behind its list."""
    script = registry("1.0.0", "1.1.0", gone="1.1.0")

    finding, _ = await look(context, script, chosen="1.0.0", in_registry=True)

    assert reason(finding) == Reason.MANIFEST_NOT_FOUND


async def test_a_new_version_waits_until_it_is_old_enough(context: Context) -> None:
    """By our own sight: what an index says of its time is its own word."""
    finding, _ = await look(context, index("1.0.0", "1.1.0"), chosen="1.0.0", minimum_age="1h")

    assert version(finding) == "1.0.0"
    assert isinstance(finding, Found)
    assert finding.ripening.next_at == NOW + timedelta(hours=1)
    assert finding.moved_to is None


@pytest.mark.parametrize("in_registry", [False, True], ids=["an index", "a registry"])
async def test_a_version_that_was_overwritten_is_told_though_it_is_too_young(
    context: Context, *, in_registry: bool
) -> None:
    """What was chosen stays."""
    before, now = "1.1.0", DIGEST if in_registry else f"sha256:{_digest('1.1.0')}"
    script = registry(before) if in_registry else index(before)

    finding, _ = await look(
        context, script, chosen=before, digest=OTHER, minimum_age="1h", in_registry=in_registry
    )

    assert isinstance(finding, Found)
    assert isinstance(finding.content, ArtifactChart)
    assert (finding.content.digest, finding.moved_to) == (OTHER, now)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(401), Reason.AUTHENTICATION_FAILED),
        (Answer(404), Reason.REPOSITORY_NOT_FOUND),
        (Answer(503), Reason.REGISTRY_FAILING),
        (Answer(200, {}, b"<html>"), Reason.INVALID_RESPONSE),
        (Answer(200, {}, b"apiVersion: v1\nentries: {web: []}"), Reason.CHART_NOT_FOUND),
    ],
)
async def test_whatever_is_in_the_way_is_trouble(context: Context, answer: Answer, expected: str) -> None:
    """Under the reason that other registries have for it."""
    finding, _ = await look(context, lambda _method, _path: answer, chosen="1.0.0")

    assert reason(finding) == expected


@pytest.mark.parametrize(
    ("url", "bound"),
    [
        ("https://charts.example.com/stable", "charts.example.com:443"),
        ("https://charts.example.com:443/stable", "charts.example.com"),
        ("https://charts.example.com/stable", "*.example.com:443"),
        ("https://charts.example.com", "other.example.com, charts.example.com"),
        ("http://charts.example.com", "charts.example.com:80"),
        ("https://charts.example.com:8443", "charts.example.com:8443"),
    ],
)
async def test_a_secret_is_sent_to_the_host_that_it_names(context: Context, url: str, bound: str) -> None:
    """With the port that the scheme implies, or without it."""
    assert await authorization(context, url, bound) == "Basic cm9ib3Q6Y29ycmVjdA=="


@pytest.mark.parametrize(
    ("url", "bound"),
    [
        ("https://charts.example.com", "charts.example.com:80"),
        ("http://charts.example.com", "charts.example.com:443"),
        ("https://charts.example.com:8443", "charts.example.com"),
        ("https://charts.example.com", "charts.example.com:8443"),
        ("https://charts.example.com", "example.com:443"),
        ("https://charts.example.com", ""),
    ],
)
async def test_a_secret_is_sent_nowhere_else(context: Context, url: str, bound: str) -> None:
    """The message names the host as it is usually written."""
    with pytest.raises(
        CredentialNotBound, match=re.escape(f"{ALLOWED_HOSTS}: {HttpChart(url, 'api').hosts[0]}")
    ):
        await authorization(context, url, bound)


async def authorization(context: Context, url: str, bound: str) -> str | None:
    """The header that a repository gets, with a Secret that is bound to these hosts."""
    secret = {
        "metadata": {"name": "robot", "annotations": {ALLOWED_HOSTS: bound}},
        "type": "kubernetes.io/basic-auth",
        "data": {"username": b64encode(b"robot").decode(), "password": b64encode(b"correct").decode()},
    }
    kube = cast("KubeClient", SimpleNamespace(get=AsyncMock(return_value=secret)))
    spec = ChartSubscription.model_validate({"url": url, "name": "api", "secretRef": {"name": "robot"}})
    watch = ChartWatch(replace(context, kube=kube), "shop", "chart", spec, timedelta(0))
    return await watch._authorization(HttpChart(url, "api"))


async def test_a_version_is_explained_as_it_was_asked_for(context: Context) -> None:
    """With its `+`, which no tag has."""
    with ScriptedRegistry(index("1.0.0", "1.1.0+7")) as server:
        chart = {"url": f"{server.url}/stable", "name": "api", "range": "*"}
        subscriptions = [{"name": "chart", "type": "Chart", "chart": chart}]
        warehouse = Warehouse.model_validate(
            {"metadata": {"name": "api", "namespace": "shop"}, "spec": {"subscriptions": subscriptions}}
        )
        watch = watch_for(context, warehouse, warehouse.spec.subscriptions[0])
        assert isinstance(watch, ChartWatch)
        told = await watch.explain("1.1.0+7", Moment(NOW, datetime.now(UTC)), None)

    assert (told.tag, told.verdict) == ("1.1.0+7", "Chosen")
    assert told.sentence.startswith("'1.1.0+7' is chosen: sha256:")

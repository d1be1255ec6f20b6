from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest

from slipway.api.registry import RegistryStatus
from slipway.kinds.registry.decide import Seen
from slipway.kinds.registry.features import look_at
from slipway.oci.errors import RateLimited, RegistryError, RegistryFailing
from slipway.oci.pool import ClientPool, Endpoint, PooledRegistry
from slipway.oci.providers.provider import Capability
from slipway.oci.sources import StaticCredential
from tests.support.outside import QUICK
from tests.support.providers.acr import FakeAcr
from tests.support.providers.artifactory import FakeArtifactory
from tests.support.providers.dockerhub import FakeDockerHub
from tests.support.providers.ecr import FakeEcr
from tests.support.providers.fake import FakeVendor, Running, json_reply, many
from tests.support.providers.gar import FakeGar
from tests.support.providers.ghcr import FakeGitHub
from tests.support.providers.gitea import FakeGitea
from tests.support.providers.gitlab import FakeGitLab
from tests.support.providers.harbor import FakeHarbor
from tests.support.providers.nexus import FakeNexus
from tests.support.providers.quay import FakeQuay
from tests.support.scripted_registry import Answer, ScriptedRegistry, image, tags

JSON = {"Content-Type": "application/json"}
DIGEST = "sha256:" + "a" * 64
Script = Callable[[str, str], Answer]


def registry(
    *repositories: str, empty: tuple[str, ...] = (), answers: Mapping[str, Answer] | None = None
) -> Script:
    """A registry with these repositories, one tag in each; `answers` by a word of the path come first."""

    def script(method: str, path: str) -> Answer:
        for word, answer in (answers or {}).items():
            if word in path:
                return answer
        if "_catalog" in path:
            names = ", ".join(f'"{name}"' for name in repositories)
            return Answer(200, JSON, f'{{"repositories": [{names}]}}'.encode())
        if "/tags/list" in path:
            return tags() if any(f"/{name}/" in path for name in empty) else tags("1.0.0")
        if "/manifests/" in path:
            return image(DIGEST) if method == "HEAD" else Answer(404)
        return Answer(200 if path == "/v2/" else 404, JSON, b"{}")

    return script


async def seen(
    script: Script, before: RegistryStatus | None = None, *, thorough: bool = True
) -> tuple[Seen, list[str]]:
    """What a registry showed, and what it was asked without queries."""
    pool = ClientPool(retries=QUICK)
    with ScriptedRegistry(script) as server:
        try:
            pooled = await pool.registry(Endpoint(url=server.url))
            found = await look_at(pooled, before or RegistryStatus(), thorough=thorough)
        finally:
            await pool.aclose()
        return found, [line.partition("?")[0] for line in server.requests]


async def test_what_it_lists_is_counted() -> None:
    """And asked about by its first repository."""
    found, asked = await seen(registry("shop/api", "shop/web"))

    assert found.repositories == 2
    assert Capability.CATALOG in found.capabilities
    assert asked[0] == "GET /v2/"
    assert not [line for line in asked if "shop/web" in line]


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_a_registry_that_lists_nothing_is_connected_all_the_same(status: int) -> None:
    """Many hide their catalogue from those who may read every image."""
    found, _ = await seen(registry("shop/api", answers={"_catalog": Answer(status)}))

    assert found == Seen()


async def test_a_catalogue_that_fails_once_takes_nothing_back() -> None:
    """The status would change at every hiccup; what a catalogue that fails for ever had is not made up."""
    before = RegistryStatus(capabilities=("Catalog", "Referrers"), repositories=7)
    script = registry("shop/api", answers={"_catalog": Answer(503)})

    found, _ = await seen(script, before, thorough=False)
    never, _ = await seen(script)

    assert found == Seen(capabilities=("Catalog", "Referrers"), repositories=7)
    assert never == Seen()


async def test_an_empty_repository_is_passed_by() -> None:
    """Nothing can be asked of it; the next one tells."""
    _, asked = await seen(registry("one", "two", empty=("one",)))

    assert "GET /v2/one/tags/list" in asked
    assert "HEAD /v2/two/manifests/1.0.0" in asked


async def test_only_a_few_repositories_are_tried() -> None:
    """A registry full of empty ones is no reason to ask a thousand times."""
    names = tuple(f"empty-{number}" for number in range(20))

    found, asked = await seen(registry(*names, empty=names))

    assert sum("tags/list" in line for line in asked) == 3
    assert found.repositories == 20


async def test_a_test_that_is_not_thorough_keeps_what_was_known_of_images() -> None:
    """What the registry lists is counted anew."""
    before = RegistryStatus(capabilities=("Catalog", "ProviderAPI", "Referrers"), repositories=7)

    found, asked = await seen(registry("shop/api"), before, thorough=False)

    assert found == Seen(capabilities=("Catalog", "Referrers"), repositories=1)
    assert set(asked) == {"GET /v2/", "GET /v2/_catalog"}


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        pytest.param({"_catalog": Answer(429)}, RateLimited, id="of the catalogue"),
        pytest.param({"tags": Answer(429)}, RateLimited, id="of a repository"),
        pytest.param({"v2": Answer(503)}, RegistryFailing, id="a registry that fails altogether"),
    ],
)
async def test_a_refusal_is_no_feature(answers: dict[str, Answer], error: type[RegistryError]) -> None:
    """Whoever is asked too much is left alone."""
    with pytest.raises(error):
        await seen(registry("shop/api", answers=answers))


async def test_the_state_of_the_quota_is_told() -> None:
    """As Docker Hub tells it, in the headers of an answer."""
    headers = {**image(DIGEST).headers, "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "5;w=21600"}
    script = registry("shop/api")

    def few_left(method: str, path: str) -> Answer:
        return Answer(200, headers) if method == "HEAD" else script(method, path)

    found, _ = await seen(few_left)

    assert found.rate_limit == "Low"


VENDORS: tuple[type[FakeVendor], ...] = (
    FakeAcr,
    FakeArtifactory,
    FakeDockerHub,
    FakeEcr,
    FakeGar,
    FakeGitHub,
    FakeGitLab,
    FakeGitea,
    FakeHarbor,
    FakeNexus,
    FakeQuay,
)

WITHOUT_CATALOGUE = (FakeDockerHub, FakeGitHub)
"""What lists repositories to nobody who names no project."""

each_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=lambda one: one.__name__.removeprefix("Fake"))


def connected(running: Running) -> PooledRegistry:
    """The registry of a vendor, whose images can be had by the plain protocol."""
    client: Any = SimpleNamespace(
        check=AsyncMock(),
        head_manifest=AsyncMock(return_value=SimpleNamespace(digest=DIGEST)),
        offers_referrers=AsyncMock(return_value=False),
        answers_conditionally=AsyncMock(return_value=False),
        quota_state=None,
    )
    return PooledRegistry(client, running.provider, StaticCredential(running.fake.credential), "robot", "any")


def remembered(found: Seen) -> RegistryStatus:
    """What the status tells at the next test."""
    return RegistryStatus(capabilities=found.capabilities, repositories=found.repositories)


@each_vendor
@pytest.mark.parametrize("project", ["shop", None], ids=["with a project", "without one"])
async def test_an_api_that_tells_tags_is_a_feature(vendor: type[FakeVendor], project: str | None) -> None:
    """Also where it lists no repositories; quick tests afterwards take nothing back and find no more."""
    fake = vendor({"shop/api": many(2)})
    async with fake.running(project=project, credential=fake.credential) as running:
        registry = connected(running)
        found = await look_at(registry, RegistryStatus(), thorough=True)
        if vendor in WITHOUT_CATALOGUE and project is None:
            assert Capability.PROVIDER_API not in found.capabilities
            await running.provider.list_tags("shop/api")
            found = await look_at(registry, remembered(found), thorough=False)
        again = await look_at(registry, remembered(found), thorough=False)

    assert Capability.PROVIDER_API in found.capabilities
    assert again == found


@each_vendor
async def test_an_api_that_refuses_us_is_no_feature(vendor: type[FakeVendor]) -> None:
    """The plain protocol lists the tags; once the API answers, a close look finds it."""
    fake = vendor({"shop/api": many(2)}, trouble=dict.fromkeys(range(1, 99), json_reply({}, 403)))
    async with fake.running(project="shop", credential=fake.credential) as running:
        registry = connected(running)
        refused = await look_at(registry, RegistryStatus(), thorough=True)
        fake.trouble = {}
        running.clock.seconds += 3601
        answered = await look_at(registry, remembered(refused), thorough=True)

    assert Capability.PROVIDER_API not in refused.capabilities
    assert Capability.PROVIDER_API in answered.capabilities


@each_vendor
async def test_an_api_that_answers_no_longer_is_told(vendor: type[FakeVendor]) -> None:
    """At the next close look, when the credential has lost a right."""
    fake = vendor({"shop/api": many(2)})
    async with fake.running(project="shop", credential=fake.credential) as running:
        registry = connected(running)
        found = await look_at(registry, RegistryStatus(), thorough=True)
        fake.trouble = dict.fromkeys(range(1, 99), json_reply({}, 403))
        lost = await look_at(registry, remembered(found), thorough=True)

    assert Capability.PROVIDER_API in found.capabilities
    assert Capability.PROVIDER_API not in lost.capabilities


async def test_what_a_new_connection_has_not_shown_yet_stays_as_it_was() -> None:
    """A quick test asks for no tags, and the connection may have been made anew."""
    fake = FakeGitea({"shop/api": many(2)})
    before = RegistryStatus(capabilities=("Catalog", "ProviderAPI"), repositories=1)
    async with fake.running() as running:
        found = await look_at(connected(running), before, thorough=False)

    assert found == Seen(capabilities=("Catalog", "ProviderAPI"), repositories=1)

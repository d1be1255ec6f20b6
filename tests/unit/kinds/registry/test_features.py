from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from slipway.api.registry import RegistryStatus
from slipway.kinds.registry.decide import Seen
from slipway.kinds.registry.features import look_at
from slipway.oci.errors import RateLimited, RegistryError, RegistryFailing
from slipway.oci.pool import ClientPool, Endpoint
from slipway.oci.providers.provider import Capability
from tests.support.outside import QUICK
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

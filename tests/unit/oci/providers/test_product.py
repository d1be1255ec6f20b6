from __future__ import annotations

import pytest

from slipway.http import HttpClient
from slipway.oci.errors import RegistryFailing
from slipway.oci.providers import product as module
from slipway.oci.providers.access import Access
from slipway.oci.providers.api import NotOffered, direct
from slipway.oci.providers.generic import Generic
from slipway.oci.providers.product import ProductProvider, below
from slipway.oci.results import RepositoryCatalog, RepositoryInfo, TagInfo
from slipway.oci.session import RegistrySession
from tests.support.providers.fake import FakeVendor, ManualClock, PlainRegistry, many


class Shy:
    """An API that answers when it is told to; `asked` has the questions so far."""

    name = "Shy"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers = False

    async def repositories(self) -> list[RepositoryInfo]:
        return [RepositoryInfo(name) for name in await self._ask("catalog")]

    async def tags(self, repository: str) -> list[TagInfo]:
        return [TagInfo(name) for name in await self._ask(repository)]

    async def _ask(self, question: str) -> list[str]:
        self.asked.append(question)
        if not self.answers:
            raise NotOffered(question)
        return ["shop/api", "Shop/API", "../x", "shop/api"] if question == "catalog" else ["a", "b", "a", "-"]


def _access(project: str | None = None) -> tuple[Access, ManualClock]:
    fake = FakeVendor({"shop/api": many(1), "shop/web": many(1), "shopping": many(1)})
    http, clock = HttpClient(), ManualClock()
    session = RegistrySession("https://registry.example.com", http)
    return Access(session, direct(http), PlainRegistry(fake), project=project, clock=clock), clock


async def test_silence_is_kept_for_each_question() -> None:
    """An API that hides one repository may tell of another; after an hour it is asked again."""
    shy = Shy()
    access, clock = _access()
    provider = ProductProvider(shy, access)
    assert provider.answers_by_api is None

    for _ in range(3):
        await provider.list_tags("shop/api")
        await provider.list_tags("shop/web")
        await provider.list_repositories()
    assert shy.asked == ["shop/api", "shop/web", "catalog"]
    assert provider.answers_by_api is False

    clock.seconds += 3601
    shy.answers = True
    assert (await provider.list_tags("shop/api")).names == ("a", "b")
    assert (await provider.list_repositories()).names == ("shop/api",)
    assert provider.answers_by_api


async def test_silence_is_not_prolonged_by_further_questions() -> None:
    """Whoever polls every few minutes gets to the API again, too."""
    shy = Shy()
    access, clock = _access()
    provider = ProductProvider(shy, access)

    for _ in range(5):
        await provider.list_tags("shop/api")
        clock.seconds += 1000

    assert shy.asked == ["shop/api", "shop/api"]


async def test_silence_does_not_begin_when_the_plain_protocol_fails() -> None:
    """An outage of the registry says nothing about its API."""
    shy = Shy()
    access, _ = _access()
    provider = ProductProvider(shy, access)

    async def fails(_: str) -> None:
        msg = "down"
        raise RegistryFailing(msg)

    access.plain.list_tags = fails  # type: ignore[assignment,method-assign]
    for _ in range(2):
        with pytest.raises(RegistryFailing):
            await provider.list_tags("shop/api")

    assert shy.asked == ["shop/api", "shop/api"]


async def test_an_api_that_was_asked_for_nothing_but_repositories_may_answer_yet() -> None:
    """Many products leave those to the catalogue; tags tell."""
    shy = Shy()
    access, _ = _access()
    provider = ProductProvider(shy, access)

    await provider.list_repositories()
    assert provider.answers_by_api is None

    shy.answers = True
    await provider.list_tags("shop/api")
    await provider.list_repositories()
    assert provider.answers_by_api is True


async def test_a_repository_that_an_api_hides_takes_nothing_back() -> None:
    """It tells of another one all the same: the status does not go to and fro."""
    shy = Shy()
    access, _ = _access()
    provider = ProductProvider(shy, access)
    shy.answers = True
    await provider.list_tags("shop/api")

    shy.answers = False
    await provider.list_tags("shop/web")

    assert provider.answers_by_api is True


async def test_an_api_that_refuses_what_it_told_has_to_show_all_anew() -> None:
    """Its token lost a right: what it told of others is no longer worth anything."""
    shy = Shy()
    access, _ = _access()
    provider = ProductProvider(shy, access)
    shy.answers = True
    await provider.list_tags("shop/api")
    await provider.list_tags("shop/web")

    shy.answers = False
    await provider.list_tags("shop/api")
    assert provider.answers_by_api is False

    shy.answers = True
    await provider.list_tags("shop/web")
    assert provider.answers_by_api is True


async def test_what_is_remembered_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many repositories a registry has."""
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 1)
    shy = Shy()
    access, _ = _access()
    provider = ProductProvider(shy, access)

    for name in ("shop/api", "shop/web", "shop/api", "shop/api"):
        await provider.list_tags(name)

    assert shy.asked == ["shop/api", "shop/web", "shop/api"]


async def test_the_plain_protocol_lists_below_the_project() -> None:
    """A neighbour whose name begins alike is not below it; a repository may be the project itself."""
    access, _ = _access("shop")
    provider = Generic(access)

    assert (await provider.list_repositories()).names == ("shop/api", "shop/web")
    assert (await provider.list_tags("shop/api")).names == ("v0",)
    catalog = RepositoryCatalog((RepositoryInfo("shop"), RepositoryInfo("shops")))
    assert below("shop", catalog).names == ("shop",)
    assert below(None, catalog) == catalog

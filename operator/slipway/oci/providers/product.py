"""A product's own listing, and the plain protocol where it gives no answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol, TypeVar

from slipway.clock import Clock
from slipway.oci.errors import AccessDenied
from slipway.oci.providers.access import Access
from slipway.oci.providers.api import NotOffered
from slipway.oci.reference import is_repository, is_tag, require_repository
from slipway.oci.results import RepositoryCatalog, RepositoryInfo, TagInfo, TagsList

__all__ = ["Product", "ProductProvider", "below"]

_SILENCE: Final = 3600.0  # seconds that an API which gave no answer is left alone
_MOST_REMEMBERED: Final = 10_000
_CATALOG: Final = ""  # the question for the repositories, among those for the tags of one

Result = TypeVar("Result")


class Product(Protocol):
    """One vendor's API. What its answers hold may still be anything: names are checked by who asks it."""

    @property
    def name(self) -> str:
        """The type of a Registry that stands for it."""

    async def repositories(self) -> Iterable[RepositoryInfo]:
        """All repositories, at least those below the project.

        Raises:
            NotOffered: when the API does not tell us.
            RegistryError: when it did not tell all.
        """

    async def tags(self, repository: str) -> Iterable[TagInfo]:
        """All tags of a repository.

        Raises:
            NotOffered: when the API does not tell us, or knows no such repository.
            RegistryError: when it did not tell all.
        """


class ProductProvider:
    """Lists by a product's own API, and by the plain protocol what that does not tell.

    After an answer that had to come from the plain protocol, the API is not asked that again for an hour.

    Args:
        product: The API.
        access: Has the plain protocol, the project and the clock.
    """

    def __init__(self, product: Product, access: Access) -> None:
        self.name = product.name
        self._product = product
        self._plain = access.plain
        self._project = access.project
        self._silence = _Silence(access.clock)
        self._answered: set[str] = set()
        self.answers_by_api: bool | None = None
        """Whether the product's own API answers us; see `Provider`."""

    async def list_repositories(self) -> RepositoryCatalog:
        """All repositories below the project; see `Provider`."""
        catalog = await self._ask(_CATALOG, self._own_repositories, self._plain.list_repositories)
        return below(self._project, catalog)

    async def list_tags(self, repository: str) -> TagsList:
        """All tags of a repository; see `Provider`."""
        require_repository(repository)

        async def own() -> TagsList:
            tags = await self._product.tags(repository)
            return TagsList.of(repository, (tag for tag in tags if is_tag(tag.name)))

        async def plain() -> TagsList:
            return await self._plain.list_tags(repository)

        return await self._ask(repository, own, plain)

    async def _own_repositories(self) -> RepositoryCatalog:
        found: dict[str, RepositoryInfo] = {}
        for repository in await self._product.repositories():
            if is_repository(repository.name):
                found.setdefault(repository.name, repository)
        return RepositoryCatalog(tuple(found.values()))

    async def _ask(
        self, question: str, own: Callable[[], Awaitable[Result]], plain: Callable[[], Awaitable[Result]]
    ) -> Result:
        if not self._silence.holds(question):
            try:
                result = await own()
            except NotOffered:
                pass
            except AccessDenied:
                self._note_refusal(question)
                raise
            else:
                self._note_answer(question)
                return result
        result = await plain()
        # Only now: a repository that nobody knows says nothing about the API.
        self._silence.begin(question)
        self._note_refusal(question)
        return result

    def _note_answer(self, question: str) -> None:
        if len(self._answered) < _MOST_REMEMBERED:
            self._answered.add(question)
        self.answers_by_api = True

    def _note_refusal(self, question: str) -> None:
        """An API that no longer tells what it told us has to show anew that it tells us anything."""
        if question in self._answered:
            self._answered.clear()
        # Many products leave the repositories to the catalogue: that says nothing of their tags.
        if self.answers_by_api or question != _CATALOG:
            self.answers_by_api = bool(self._answered)


class _Silence:
    """Questions that an API gave no answer to, and until when it is left alone with each."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}

    def holds(self, question: str) -> bool:
        return self._clock.monotonic() < self._ends.get(question, float("-inf"))

    def begin(self, question: str) -> None:
        """Lets it last from the first silence on, so that every hour one question passes."""
        if self.holds(question):
            return
        self._ends.pop(question, None)
        self._ends[question] = self._clock.monotonic() + _SILENCE
        while len(self._ends) > _MOST_REMEMBERED:
            del self._ends[next(iter(self._ends))]


def below(project: str | None, catalog: RepositoryCatalog) -> RepositoryCatalog:
    """The repositories whose path is the project, or begins with it."""
    if project is None:
        return catalog
    inside = (one for one in catalog if one.name == project or one.name.startswith(f"{project}/"))
    return RepositoryCatalog(tuple(inside))

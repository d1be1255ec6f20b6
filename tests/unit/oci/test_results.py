from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.oci.results import (
    Order,
    PaginationInfo,
    RepositoryCatalog,
    RepositoryInfo,
    TagInfo,
    TagsList,
    paginated,
)


def _day(number: int | None) -> datetime | None:
    return None if number is None else datetime(2026, 1, number, tzinfo=UTC)


def _tags(*tags: tuple[str, int | None]) -> TagsList:
    return TagsList.of("shop/api", (TagInfo(name, pushed_at=_day(day)) for name, day in tags))


def _catalog(*repositories: tuple[str, int | None]) -> RepositoryCatalog:
    return RepositoryCatalog(tuple(RepositoryInfo(name, updated_at=_day(day)) for name, day in repositories))


Make = Callable[..., TagsList | RepositoryCatalog]
LISTS: list[Make] = [_tags, _catalog]


@pytest.mark.parametrize("make", LISTS)
def test_a_list_is_counted_iterated_and_looked_into(make: Make) -> None:
    """By name, for that is what people have."""
    listed = make(("b", 1), ("a", None))

    assert len(listed) == 2
    assert [(entry.name, entry.newest) for entry in listed] == [("b", _day(1)), ("a", None)]
    assert listed.names == ("b", "a")
    assert "a" in listed
    assert "c" not in listed


@pytest.mark.parametrize("make", LISTS)
def test_a_search_finds_parts_of_names_whatever_their_case(make: Make) -> None:
    """In the order of the list, and with what is known of them."""
    listed = make(("v1-RC", 1), ("v1", 2), ("rc2", 3))

    assert listed.search("rC").names == ("v1-RC", "rc2")
    assert [entry.newest for entry in listed.search("rc")] == [_day(1), _day(3)]
    assert listed.search("").names == listed.names
    assert len(listed.search("x")) == 0


@pytest.mark.parametrize("make", LISTS)
def test_the_newest_come_first(make: Make) -> None:
    """What has no time comes last; what has the same, alphabetically."""
    listed = make(("b", None), ("d", 2), ("c", 2), ("a", None), ("e", 3))

    assert listed.sorted().names == ("a", "b", "c", "d", "e")
    assert listed.sorted(Order.NEWEST).names == ("e", "c", "d", "a", "b")


def test_a_tag_is_as_new_as_its_push() -> None:
    """A push tells more than the word of the image; where there was none known, that word counts."""
    assert TagInfo("a", pushed_at=_day(1), created_at=_day(2)).newest == _day(1)
    assert TagInfo("a", created_at=_day(2)).newest == _day(2)


def test_of_two_tags_of_one_name_the_first_counts() -> None:
    """Registries that page by position may list one twice."""
    assert _tags(("a", 1), ("b", 2), ("a", 3)).info("a").pushed_at == _day(1)


def test_a_tag_without_details_has_its_name() -> None:
    """The plain protocol tells no more."""
    listed = TagsList("shop/api", ("a",))

    assert tuple(listed) == (TagInfo("a"),)
    assert listed.sorted(Order.NEWEST).page(1).items == (TagInfo("a"),)


@pytest.mark.parametrize(
    ("total", "page", "want"),
    [
        pytest.param(0, 1, (1, False, False), id="an empty list has one empty page"),
        pytest.param(10, 1, (1, False, False), id="a full page is the only one"),
        pytest.param(11, 1, (2, True, False), id="one more needs another"),
        pytest.param(11, 2, (2, False, True), id="the last one"),
        pytest.param(11, 9, (2, False, True), id="behind the last one"),
    ],
)
def test_a_page_knows_where_it_is(total: int, page: int, want: tuple[int, bool, bool]) -> None:
    """How many there are, and whether one comes before or after it."""
    info = PaginationInfo(total, page, per_page=10)

    assert (info.pages, info.has_next, info.has_previous) == want


@pytest.mark.parametrize(("number", "per_page"), [(0, 10), (-1, 10), (1, 0), (1, -5)])
def test_pages_are_counted_from_one(number: int, per_page: int) -> None:
    """Anything else is a mistake of the caller."""
    with pytest.raises(ValueError, match="counted from 1"):
        paginated([1, 2], number, per_page)


ENTRIES = st.lists(st.tuples(st.text("abAB1", min_size=1, max_size=3), st.none() | st.integers(1, 28)))


@settings(max_examples=40)
@given(st.sampled_from(LISTS), ENTRIES, st.sampled_from(Order), st.integers(1, 7))
def test_pages_put_together_are_the_list(
    make: Make, entries: list[tuple[str, int | None]], order: Order, per_page: int
) -> None:
    """However it is sorted and cut: nothing is lost, doubled or moved."""
    listed = make(*entries)
    ordered = listed.sorted(order)
    pages = [
        ordered.page(number, per_page) for number in range(1, ordered.page(1, per_page).pagination.pages + 1)
    ]

    assert [entry for page in pages for entry in page.items] == list(ordered)
    assert sorted(ordered.names) == sorted(listed.names)
    assert [page.pagination.has_next for page in pages] == [True] * (len(pages) - 1) + [False]
    assert len(ordered.page(len(pages) + 1, per_page).items) == 0


@settings(max_examples=40)
@given(st.sampled_from(LISTS), ENTRIES, st.text("abAB1", max_size=2), st.sampled_from(Order))
def test_searching_and_sorting_can_change_places(
    make: Make, entries: list[tuple[str, int | None]], text: str, order: Order
) -> None:
    """One does not disturb the other, and what is found holds the text."""
    listed = make(*entries)
    found = listed.sorted(order).search(text)

    assert found.names == listed.search(text).sorted(order).names
    assert all(text.lower() in name.lower() for name in found.names)
    assert len(found) == sum(text.lower() in name.lower() for name in listed.names)

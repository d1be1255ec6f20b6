"""What can be wrong with a list of tags: functions of a request, to be used as the answer."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

from tests.support.faults.shelf import tag_page
from tests.support.raw_server import Hanging, Reply, Seen, Streaming

__all__ = ["another_host", "many_tags", "page_two", "same_page_for_ever", "two_pages_in_a_circle"]

Listing = Callable[[Seen], Reply | Streaming | Hanging]


def many_tags(count: int, page_size: int | None = None) -> Listing:
    """So many tags, `t000000` and up, with a Link from page to page; nothing is wrong but their number.

    Pages are as large as asked for, or as `page_size` says.
    """

    def answer(seen: Seen) -> Reply:
        query = _query(seen)
        size, first = page_size or int(query.get("n", "1000")), int(query.get("last", "t-1")[1:]) + 1
        names = [f"t{number:06}" for number in range(first, min(first + size, count))]
        more = first + size < count
        return _page(seen, names, {"n": size, "last": names[-1]} if more else None)

    return answer


def two_pages_in_a_circle(seen: Seen) -> Reply:
    """The second page names the first one as the next."""
    if _query(seen).get("last") == "b":
        return _page(seen, ["a", "b"], {"n": 2, "last": "d"})
    return _page(seen, ["c", "d"], {"n": 2, "last": "b"})


def same_page_for_ever(seen: Seen) -> Reply:
    """The same tags at every request, with a Link that was never there before."""
    number = int(_query(seen).get("page", "1"))
    return _page(seen, ["1.0", "1.1"], {"page": number + 1})


def another_host(url: str) -> Listing:
    """A first page whose Link leads to another registry."""
    return lambda seen: tag_page("any", ["1.0"], f"{url}{seen.path}?last=1.0")


def page_two(answer: Reply | Streaming | Hanging) -> Listing:
    """A first page as it should be, with the tag `1.0`, and this instead of the second."""
    return lambda seen: answer if "last" in _query(seen) else _page(seen, ["1.0"], {"n": 1, "last": "1.0"})


def _page(seen: Seen, names: list[str], following: dict[str, int | str] | None) -> Reply:
    link = f"{seen.path}?{urlencode(following)}" if following else None
    return tag_page("any", names, link)


def _query(seen: Seen) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(seen.target.partition("?")[2]).items()}

from __future__ import annotations

from datetime import UTC, datetime

from slipway.cli.forms import Format
from slipway.cli.paging import Paging
from slipway.cli.rows import ImageRow, Place, TagRow, as_json
from slipway.oci.results import Order, RepositoryInfo, TagInfo

PLACE = Place("r.example.com", "shop", "acme")
EARLY, LATE = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)


def test_a_row_names_what_can_be_pulled() -> None:
    """Host and path together, ready to be copied."""
    image = ImageRow.of(PLACE, RepositoryInfo("shop/api", tags=3, updated_at=LATE))
    tag = TagRow.of(PLACE, "shop/api", TagInfo("1.0.0", size=7))

    assert (image.repository, image.name) == ("r.example.com/shop/api",) * 2
    assert (tag.repository, tag.tag, tag.name) == (
        "r.example.com/shop/api",
        "1.0.0",
        "r.example.com/shop/api:1.0.0",
    )


def test_json_has_camel_case_and_only_what_is_known() -> None:
    """Null would say that there is none, and nobody knows that; false and nought are known."""
    row = TagRow.of(Place("r.example.com"), "shop/api", TagInfo("1.0.0", pushed_at=LATE, size=0))

    assert as_json(row) == {
        "repository": "r.example.com/shop/api",
        "tag": "1.0.0",
        "pushedAt": "2026-03-04T00:00:00Z",
        "size": 0,
        "immutable": False,
    }


def test_the_time_of_a_tag_is_that_of_its_push() -> None:
    """An old image may have been pushed today; where no push is known, the build has to do."""
    pushed = TagInfo("1", pushed_at=LATE, created_at=EARLY)
    built = TagInfo("2", created_at=EARLY)

    assert TagRow.of(PLACE, "a", pushed).newest == LATE
    assert TagRow.of(PLACE, "a", built).newest == EARLY
    assert TagRow.of(PLACE, "a", TagInfo("3")).newest is None


def test_a_page_is_cut_from_what_is_in_order() -> None:
    """And not put in order after it was cut."""
    rows = [TagRow.of(PLACE, "a", TagInfo(name)) for name in ("c", "a", "b")]

    def tags(page: int) -> list[str]:
        return [row.tag for row in Paging(Order.NAME, page, 2, Format.JSON).of(rows).items]

    assert (tags(1), tags(2), tags(3)) == (["a", "b"], ["c"], [])

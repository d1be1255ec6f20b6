from __future__ import annotations

from slipway.kinds.warehouse.policies.digest import DigestPolicy
from tests.unit.kinds.warehouse.policies.ranked import ranked


def test_it_names_the_tag_it_follows() -> None:
    """A followed tag needs no listing."""
    assert DigestPolicy("stable").follows == "stable"
    assert DigestPolicy("stable").wish == "named stable"


def test_it_accepts_its_tag_alone() -> None:
    """Other tags are counted, and a missing tag is no choice."""
    assert ranked(DigestPolicy("stable"), ["stable", "1.4.0"]).best == ("stable",)
    assert ranked(DigestPolicy("stable"), ["stable", "1.4.0"]).rejected == {"OtherTag": 1}
    assert ranked(DigestPolicy("stable"), ["1.4.0"]).best == ()

from __future__ import annotations

from slipway.kinds.warehouse.policies.digest import DigestPolicy


def test_it_names_the_tag_it_follows() -> None:
    """A followed tag needs no listing."""
    assert DigestPolicy("stable").follows == "stable"
    assert DigestPolicy("stable").wish == "named stable"


def test_it_accepts_its_tag_alone() -> None:
    """Other tags are counted, and a missing tag is no choice."""
    assert DigestPolicy("stable").rank(["stable", "1.4.0"]).best == ("stable",)
    assert DigestPolicy("stable").rank(["stable", "1.4.0"]).rejected == {"OtherTag": 1}
    assert DigestPolicy("stable").rank(["1.4.0"]).best == ()

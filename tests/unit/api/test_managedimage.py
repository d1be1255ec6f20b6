from __future__ import annotations

import pytest
from pydantic import ValidationError

from slipway.api.managedimage import ImageTarget, ManagedImage

BODY = {
    "metadata": {"name": "api"},
    "spec": {
        "image": {"repository": "registry.example.com/shop/api", "tag": "1.4.0-{build}"},
        "bases": [{"warehouse": {"name": "base", "subscription": "image"}}],
        "build": {"type": "None", "baseChange": "Rebase", "rebase": {"from": {"tag": "1.4.0"}}},
    },
}


def test_what_is_left_out_has_the_safe_default() -> None:
    """Rebuilt as soon as a base moves, RUN layers refused, ten and five builds kept."""
    spec = ManagedImage.model_validate(BODY).spec
    assert spec.build is not None
    assert spec.build.rebase is not None
    assert spec.build.rebase.from_ is not None
    assert (spec.role, spec.rebuild.policy, spec.suspend) == ("Managed", "Automatic", False)
    assert spec.build.rebase.from_.tag == "1.4.0"
    assert spec.build.rebase.allow_run is False
    assert (spec.build.history.succeeded, spec.build.history.failed) == (10, 5)


@pytest.mark.parametrize(
    "tag",
    [
        *("{build}", "1.4.0-{build}", "v{build}-slim", "_{build}", "a" * 110 + "{build}"),
        *("{version}-{date}-{commit}.{build}", "{build}{commit}", "v{version}{build}", "1.4.0"),
    ],
)
def test_a_template_has_a_place_for_the_number(tag: str) -> None:
    """Wherever it stands, and with room for 18 digits."""
    assert ImageTarget(repository="r.example.com/a", tag=tag).tag == tag


@pytest.mark.parametrize(
    "tag",
    [
        *("", "{build}{build}", "{number}", "-{build}", ".{build}", "{build}/x", "a" * 111 + "{build}"),
        *("{date}", "1.4.0-{version}", "-{date}{build}", "{build}{", "{Build}", "{{build}}"),
    ],
)
def test_what_makes_no_tag_is_refused(tag: str) -> None:
    """The number stands in it once, or the tag is a plain one that is only tracked."""
    with pytest.raises(ValidationError, match="tag"):
        ImageTarget(repository="r.example.com/a", tag=tag)

from __future__ import annotations

from datetime import timedelta
from typing import Any

from slipway.kinds.managedimage.conclude import conclude
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.facts import NumberTaken, Source
from slipway.kinds.managedimage.view import ManagedImageView
from tests.unit.kinds.managedimage import sources
from tests.unit.kinds.managedimage.sources import COMMIT, FAILED, began, failing
from tests.unit.kinds.managedimage.world import NEW, NOW, OLD, REPOSITORY, SOURCE, body, facts

TOMORROW = NOW + timedelta(days=1)
DATED: dict[str, Any] = {"image": {"repository": REPOSITORY, "tag": "{date}-{commit}-{build}"}}
VERSIONED: dict[str, Any] = {"image": {"repository": REPOSITORY, "tag": "{version}-{date}.{build}"}}


def reference(status: Any) -> str:
    """Where the newest build of a status goes."""
    return str(status["builds"][0]["reference"])


def test_a_build_is_named_by_its_day_and_commit() -> None:
    """The day is that on which it was begun, the commit that which is built."""
    status = began(sources.facts(**DATED), number=7)
    assert reference(status) == f"{REPOSITORY}:20261121-{COMMIT[:12]}-7"


def test_another_attempt_keeps_the_tag() -> None:
    """What an earlier attempt may have pushed is looked for under the tag that it had."""
    status = failing(began(sources.facts(**DATED), number=7), FAILED, **DATED)
    again = began(sources.facts(status, **DATED), TOMORROW, number=8)
    assert again["builds"][0]["attempts"] == 2
    assert again["builds"][0]["startedAt"] == "2026-11-22T09:00:00Z"
    assert reference(again) == reference(status)


def test_another_template_names_the_next_attempt() -> None:
    """The tag of an attempt is one of the present spec."""
    status = failing(began(sources.facts(), number=7))
    again = began(sources.facts(status, **DATED), TOMORROW, number=8)
    assert reference(again) == f"{REPOSITORY}:20261122-{COMMIT[:12]}-7"


def test_a_rebase_is_named_by_the_version_of_its_source_build() -> None:
    """That is the tag of the source build."""
    plan = decide(facts(base=NEW, source=Source(SOURCE, OLD, 7), **VERSIONED), NOW)
    assert reference(plan.status) == f"{REPOSITORY}:1.4.0-20261121.7"


def test_a_build_that_takes_another_number_keeps_its_day() -> None:
    """No clock is asked again, whenever that happens."""
    begun = decide(facts(base=NEW, source=Source(SOURCE, OLD, 7), **VERSIONED), NOW)
    under_way = facts(dict(begun.status), base=NEW, **VERSIONED)
    plan = conclude(under_way, decide(under_way, TOMORROW), NumberTaken(9), TOMORROW)
    assert reference(plan.status) == f"{REPOSITORY}:1.4.0-20261121.9"


def test_images_of_other_versions_are_no_rivals() -> None:
    """Whose template is the same but for the version pushes other tags."""

    def topics(version: str, template: str) -> Any:
        build = {"type": "None", "baseChange": "Rebase", "rebase": {"from": {"tag": version}}}
        image = {"repository": REPOSITORY, "tag": template}
        return ManagedImageView.from_body(body(image=image, build=build)).topics

    assert topics("1.4.0", "{version}-{build}") == topics("1.4.0", "1.4.0-{build}")
    assert topics("1.4.0", "{version}-{build}") != topics("1.5.0", "{version}-{build}")

"""Differences between what two tellings of the story leave behind."""

from __future__ import annotations

from dev.story.snapshot import Mask, Snapshot, differences

WANTED = Snapshot({"deployments/api": {"status": {"history": [{"revision": 1}]}}}, {"shop/api:1": "IMAGE-0"})


def test_equal_ends_do_not_differ() -> None:
    """The same objects and tags are no difference."""
    assert differences(WANTED, WANTED) == []


def test_missing_doubled_and_left_over_things_are_each_named() -> None:
    """A lost object, a doubled history entry, a tag too many and another digest each give a line."""
    doubled = {"deployments/api": {"status": {"history": [{"revision": 1}, {"revision": 1}]}}}
    assert len(differences(WANTED, Snapshot(doubled, WANTED.tags))) == 1
    assert differences(WANTED, Snapshot({}, WANTED.tags))[0].startswith("missing: deployments/api")
    more = {**WANTED.tags, "shop/api:2": "IMAGE-1"}
    assert differences(WANTED, Snapshot(WANTED.objects, more))[0].startswith("left over: tag shop/api:2")
    other = Snapshot(WANTED.objects, {"shop/api:1": "IMAGE-9"})
    assert "IMAGE-9" in differences(WANTED, other)[0]


def test_own_annotations_are_compared_and_others_are_not() -> None:
    """What Slipway notes on its children counts, with times, digests and revisions masked like others."""
    digest = "sha256:" + "0a" * 32
    mask = Mask({digest: "IMAGE-1"}, {"5f3c9a": "REVISION-2"})
    annotations = {
        "slipway.dev/change": f'{{"newImage": "h/api@{digest}", "startedAt": "2026-11-21T09:00:00Z"}}',
        "slipway.dev/ports": "api-5f3c9a",
        "deployment.kubernetes.io/revision": "3",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    }

    assert mask.value({"metadata": {"annotations": annotations, "uid": "1"}}) == {
        "metadata": {
            "annotations": {
                "slipway.dev/change": '{"newImage": "h/api@IMAGE-1", "startedAt": "TIME"}',
                "slipway.dev/ports": "api-REVISION-2",
            }
        }
    }

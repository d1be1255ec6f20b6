"""Whether a build from source is repeated, or its base exchanged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.api.managedimage import BaseUse, ManagedImage
from slipway.kinds.managedimage.facts import Commit, Facts, KnownBase
from slipway.kinds.managedimage.orders import configuration_of
from slipway.kinds.managedimage.situation import Situation
from slipway.kinds.managedimage.wanted import key_now, method_now
from tests.unit.kinds.managedimage.world import ASKED, BASE, NEW, NOW, OLD, REPOSITORY, SOURCE, body, facts

COMMIT, NEWER_COMMIT = "a" * 40, "b" * 40
TOOLS = "registry.example.com/base/tools:1"


def uses(*kinds: str) -> tuple[BaseUse, ...]:
    return tuple(BaseUse(stage=str(number), kind=kind) for number, kind in enumerate(kinds))


FINAL = KnownBase(BASE, NEW, "w", uses=uses("Final"))
OTHER = KnownBase(TOOLS, OLD, "w", uses=uses("Builder"))


def situation(
    change: str = "RebaseOrRebuild",
    *bases: KnownBase,
    commit: str = COMMIT,
    tried: tuple[str, ...] = (),
    source: dict[str, Any] | None = None,
    **more: Any,
) -> Situation:
    """An image of build 1, whose base has moved since."""
    bases = bases or (FINAL,)
    document = body(
        build={"type": "Job", "baseChange": change},
        bases=[],
        source={"git": {"url": "https://g.example.com/x"}},
    )
    configuration = configuration_of(ManagedImage.model_validate(document).spec)
    built = {"digest": SOURCE, "baseDigest": OLD, "builtCommit": COMMIT, "builtConfiguration": configuration}
    document["status"] |= {
        "image": {"reference": f"{REPOSITORY}:1.4.0-1", "digest": SOURCE, "build": 1},
        "source": built if source is None else source,
        "bases": [
            {
                "reference": base.reference,
                "builtDigest": OLD,
                "latestDigest": OLD,
                "uses": [use.model_dump() for use in base.uses],
            }
            for base in bases
        ],
        "rebuild": {"tried": list(tried)},
    }
    read: Facts = replace(
        facts(base=None, **more),
        image=ManagedImage.model_validate(document),
        bases=bases,
        commit=Commit(commit, "refs/heads/main"),
    )
    return Situation(read, NOW)


@pytest.mark.parametrize(
    ("sentence", "at", "method"),
    [
        ("only the base that it stands on moved", situation(), "Rebase"),
        ("builds are always repeated", situation("Rebuild"), "Build"),
        ("the commit moved too", situation(commit=NEWER_COMMIT), "Build"),
        ("somebody asked", situation(requests=(ASKED,)), "Build"),
        (
            "files are copied from it too",
            situation("Rebase", replace(FINAL, uses=uses("Final", "CopyFrom"))),
            "Build",
        ),
        (
            "another stage stands on it too",
            situation("Rebase", replace(FINAL, uses=uses("Builder", "Final"))),
            "Build",
        ),
        ("a builder stage moved too", situation("Rebase", FINAL, replace(OTHER, digest=NEW)), "Build"),
        ("a builder stage stayed where it was", situation("Rebase", FINAL, OTHER), "Rebase"),
        ("it stands on two bases", situation("Rebase", FINAL, replace(FINAL, reference=TOOLS)), "Build"),
        ("nobody knows the last build from source", situation("Rebase", source={}), "Build"),
    ],
)
def test_only_the_base_below_is_ever_exchanged(sentence: str, at: Situation, method: str) -> None:
    """All else needs the source."""
    assert method_now(at) == method, sentence


def test_what_was_refused_is_built_from_source_where_that_is_allowed() -> None:
    """With Rebase alone it is a matter for a person; the two have keys of their own."""
    key = key_now(situation())
    assert method_now(situation(tried=(key,))) == "Build"
    assert key_now(situation(tried=(key,))) != key
    only = situation("Rebase")
    assert method_now(situation("Rebase", tried=(key_now(only),))) == "Rebase"

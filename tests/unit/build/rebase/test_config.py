from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.image_composer import Settings, compose, copy
from slipway.build.rebase.config import latest_created, merge_settings, rebased_config
from slipway.build.rebase.refusal import RebaseRefusedError, RefusalReason
from tests.support.made_images import as_platform_image

WORDS = st.sampled_from(["a", "b", "c"])
COMMANDS = st.lists(WORDS, min_size=1, max_size=2)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "User": WORDS,
        "WorkingDir": WORDS,
        "StopSignal": WORDS,
        "Entrypoint": COMMANDS,
        "Cmd": COMMANDS,
        "Shell": COMMANDS,
        "Healthcheck": st.fixed_dictionaries({"Test": COMMANDS}),
        "Labels": st.dictionaries(WORDS, WORDS, min_size=1),
        "Volumes": st.dictionaries(WORDS, st.just({}), min_size=1),
        "ExposedPorts": st.dictionaries(WORDS, st.just({}), min_size=1),
        "Env": st.dictionaries(WORDS, WORDS, min_size=1).map(
            lambda env: [f"{k}={v}" for k, v in sorted(env.items())]
        ),
    },
)
WITHOUT_ENV = SETTINGS.map(
    lambda settings: {name: value for name, value in settings.items() if name != "Env"}
)
SINGLE = ("User", "WorkingDir", "StopSignal", "Shell", "Healthcheck")
NAMED = ("Labels", "Volumes", "ExposedPorts")


@given(SETTINGS, SETTINGS)
def test_on_the_same_base_the_image_keeps_all_its_settings(
    base: dict[str, Any], image: dict[str, Any]
) -> None:
    """Identity: a rebase onto the old base changes nothing."""
    merged = merge_settings(base, image, base)
    merged["Env"], wanted = sorted(merged.get("Env", [])), sorted(image.get("Env", []))
    assert merged == {**image, "Env": wanted}


@given(WITHOUT_ENV, WITHOUT_ENV, WITHOUT_ENV)
def test_every_setting_comes_from_where_it_was_changed(
    old: dict[str, Any], image: dict[str, Any], new: dict[str, Any]
) -> None:
    """The image's own changes always survive; the base's survive wherever the image changed nothing."""
    merged = merge_settings(old, image, new)
    for name in SINGLE:
        wanted = image if image.get(name) != old.get(name) else new
        assert merged.get(name) == wanted.get(name)
    for member in NAMED:
        before, own, after = old.get(member, {}), image.get(member, {}), new.get(member, {})
        for name in {*before, *own, *after}:
            wanted = own if own.get(name) != before.get(name) else after
            assert merged.get(member, {}).get(name) == wanted.get(name)


@pytest.mark.parametrize(
    ("old", "image", "new", "result"),
    [
        # neither touched: both follow the base
        (("e1", "c1"), ("e1", "c1"), ("e2", "c2"), ("e2", "c2")),
        ((None, "c1"), (None, "c1"), ("e2", None), ("e2", None)),
        # the image has a command of its own: under the entrypoint of the new base
        (("e1", "c1"), ("e1", "mine"), ("e2", "c2"), ("e2", "mine")),
        (("e1", None), ("e1", "mine"), ("e2", "c2"), ("e2", "mine")),
        # the image has an entrypoint of its own: the base's command is no business of it
        (("e1", "c1"), ("mine", None), ("e2", "c2"), ("mine", None)),
        ((None, "c1"), ("mine", None), (None, "c2"), ("mine", None)),
        ((None, "c1"), ("mine", "args"), ("e2", "c2"), ("mine", "args")),
        (("e1", "c1"), ("mine", "c1"), ("e2", "c2"), ("mine", "c1")),
        # an entrypoint with the same value, told by the command it dropped
        (("e1", "c1"), ("e1", None), ("e2", "c2"), ("e1", None)),
    ],
)
def test_entrypoint_and_command_belong_together(
    old: tuple[str | None, str | None],
    image: tuple[str | None, str | None],
    new: tuple[str | None, str | None],
    result: tuple[str | None, str | None],
) -> None:
    """An own ENTRYPOINT drops the CMD of the base, an own CMD follows its entrypoint: as in a Dockerfile."""

    def settings(pair: tuple[str | None, str | None]) -> dict[str, Any]:
        return {name: [value] for name, value in zip(("Entrypoint", "Cmd"), pair, strict=True) if value}

    assert merge_settings(settings(old), settings(image), settings(new)) == settings(result)


def test_triggers_of_the_image_stay_its_own() -> None:
    """ONBUILD is not inherited."""
    triggers = ["COPY . /app"]
    assert merge_settings({}, {"OnBuild": triggers}, {}) == {"OnBuild": triggers}
    assert merge_settings({"OnBuild": triggers}, {}, {"OnBuild": triggers}) == {}


def test_a_base_with_other_triggers_is_refused() -> None:
    """Only a build can run them."""
    with pytest.raises(RebaseRefusedError) as refused:
        merge_settings({}, {}, {"OnBuild": ["RUN make"]})
    assert refused.value.refusal.reason is RefusalReason.ON_BUILD_CHANGED


@pytest.mark.parametrize(
    ("image", "named"),
    [
        ({"Env": ["HOME=/opt/old", "PATH=/opt/old/bin"]}, "the variable PATH"),
        ({"Env": ["HOME=/opt/old"], "WorkingDir": "/opt/old/work"}, "the working directory"),
        ({"Env": ["HOME=/opt/old"], "User": "/opt/old"}, "the user"),
    ],
)
def test_a_setting_derived_from_a_changed_variable_is_refused(image: dict[str, Any], named: str) -> None:
    """Whatever value it got would be a guess; the message names the setting and the variable."""
    with pytest.raises(RebaseRefusedError) as refused:
        merge_settings({"Env": ["HOME=/opt/old"]}, image, {"Env": ["HOME=/opt/new"]})
    assert refused.value.refusal.reason is RefusalReason.DERIVED_FROM_BASE
    assert named in refused.value.refusal.message
    assert "variable HOME of the old base" in refused.value.refusal.message


def test_leftovers_of_the_classic_builder_go() -> None:
    """The container and the image of a build step are wrong after a rebase."""
    assert merge_settings(
        {}, {"Image": "sha256:1", "Hostname": "5f3c", "User": "app"}, {"Image": "sha256:2"}
    ) == {"User": "app"}


@pytest.mark.parametrize(
    ("times", "latest"),
    [
        (["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-10-01T00:00:00Z"], "2026-11-02T00:00:00Z"),
        (["2026-11-01T23:30:00-02:00", "2026-11-02T00:00:00Z"], "2026-11-01T23:30:00-02:00"),
        (["2026-11-01T00:00:00.123456789Z", "2026-11-01T00:00:00Z"], "2026-11-01T00:00:00.123456789Z"),
        (["0001-01-01T00:00:00Z", ""], "0001-01-01T00:00:00Z"),
        (["2026-11-01T00:00:00", "2026-10-01T00:00:00Z"], "2026-11-01T00:00:00"),
        (["yesterday", ""], ""),
        ([], ""),
    ],
)
def test_created_is_the_latest_of_the_inputs(times: list[str], latest: str) -> None:
    """Time zones and fractions count; what can't be read does not."""
    assert latest_created(times) == latest


def test_the_document_says_what_the_image_is_and_nothing_of_how_it_was_built() -> None:
    """Platform and author are the image's; build records of the source build are left out."""
    base = as_platform_image(compose(None, [copy({"/a": "1"})], platforms=["linux/arm/v6"]))
    image = as_platform_image(
        compose(compose(None, [copy({"/a": "1"})], platforms=["linux/arm/v6"]), [], Settings())
    )
    config = {**image.config, "author": "me", "moby.buildkit.buildinfo.v1": "e30=", "container": "5f3c"}
    object.__setattr__(image, "config", config)
    result = rebased_config(base, image, base, diff_ids=["sha256:1"], history=[], labels={"by": "us"})
    assert set(result) == {
        "architecture",
        "author",
        "config",
        "created",
        "history",
        "os",
        "rootfs",
        "variant",
    }
    assert result["variant"] == "v6"
    assert result["config"] == {"Labels": {"by": "us"}}
    assert result["rootfs"] == {"type": "layers", "diff_ids": ["sha256:1"]}

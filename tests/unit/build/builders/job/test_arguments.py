from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.builders.job.arguments import build_arguments
from slipway.build.builders.job.registries import JobRegistry
from slipway.build.builders.job.settings import JobSettings
from slipway.build.builders.order import GitSource
from tests.support.build_orders import ORDER, SETTINGS, SOURCE

DIGEST = "sha256:" + "a" * 64


def options(
    source: GitSource = SOURCE, settings: JobSettings = SETTINGS, **order: object
) -> set[tuple[str, str]]:
    arguments = build_arguments(replace(ORDER, **order), source, settings)  # type: ignore[arg-type]
    return set(zip(arguments[::2], arguments[1::2], strict=True))


@pytest.mark.parametrize(
    ("written", "pinned"),
    [
        pytest.param("python:3.12-slim", "docker.io/library/python", id="Docker Hub has a host of its own"),
        pytest.param("registry.test:5000/a/b:1", "registry.test:5000/a/b", id="a tag goes, a port stays"),
        pytest.param("ghcr.io/a/b", "ghcr.io/a/b", id="without a tag"),
    ],
)
def test_a_base_is_pinned_under_the_name_that_the_dockerfile_uses(written: str, pinned: str) -> None:
    assert ("--base", f"{written}={pinned}@{DIGEST}") in options(bases={written: DIGEST})


def test_a_base_that_the_dockerfile_pins_itself_is_left_alone() -> None:
    assert "--base" not in dict(options(bases={f"python@{DIGEST}": DIGEST}))


@pytest.mark.parametrize(
    ("source", "settings", "option"),
    [
        pytest.param(
            {}, {}, ("--context", "/workspace/source/apps/api"), id="the context below the checkout"
        ),
        pytest.param({"path": ""}, {}, ("--context", "/workspace/source"), id="the root as context"),
        pytest.param({"target": "run"}, {}, ("--target", "run"), id="a stage"),
        pytest.param(
            {"build_args": (("A", "b=c d"),)}, {}, ("--build-arg", "A=b=c d"), id="a build argument"
        ),
        pytest.param({"platforms": ("linux/arm64",)}, {}, ("--platform", "linux/arm64"), id="a platform"),
        pytest.param({"secrets": ("npm",)}, {}, ("--secrets", "/run/slipway/secrets"), id="Secrets for RUN"),
        pytest.param({}, {"cache": "r.test/c"}, ("--cache", "r.test/c"), id="a cache"),
        pytest.param(
            {},
            {"registries": (JobRegistry("r.test", secret="pull"),)},
            ("--auth", "/run/slipway/registries"),
            id="a credential",
        ),
        pytest.param(
            {},
            {"registries": (JobRegistry("r:1", insecure=True),)},
            ("--insecure", "r:1"),
            id="a registry without TLS",
        ),
    ],
)
def test_what_is_wished_for_is_said_and_otherwise_not(
    source: dict[str, object], settings: dict[str, object], option: tuple[str, str]
) -> None:
    asked = options(replace(SOURCE, **source), replace(SETTINGS, **settings))  # type: ignore[arg-type]

    assert option in asked
    if option[0] != "--context":
        assert option[0] not in dict(options())


def test_the_image_says_which_commit_and_which_build_it_is_of() -> None:
    assert ("--label", f"org.opencontainers.image.revision={SOURCE.commit}") in options()
    assert ("--annotation", f"slipway.dev/build-key={ORDER.key}") in options()


@given(st.dictionaries(st.sampled_from(["a:1", "b:2", "c:3", "d:4"]), st.just(DIGEST)))
def test_the_same_order_gives_the_same_arguments(bases: dict[str, str]) -> None:
    """A Job that is made again after a crash is the same Job."""
    backwards = dict(reversed(bases.items()))

    assert build_arguments(replace(ORDER, bases=bases), SOURCE, SETTINGS) == build_arguments(
        replace(ORDER, bases=backwards), SOURCE, SETTINGS
    )

"""The worked examples of `docs/managed-image.md`: the page has the files as they are, and they fit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from dev.cache import PROJECT
from slipway.api.managedimage import ManagedImage
from slipway.build.builders.inputs import KEY, PREFIX, inputs_of
from slipway.build.dockerfile import analyse, decode
from tests.support.build_orders import ORDER
from tests.support.pages import page_path

EXAMPLES: Final = PROJECT / "examples" / "managed-image"
FILES: Final = sorted(path for path in EXAMPLES.rglob("*") if path.is_file())
WORKFLOW: Final = EXAMPLES / "github" / "repository" / ".github" / "workflows" / "image.yml"
GITLAB_CI: Final = EXAMPLES / "gitlab" / "repository" / ".gitlab-ci.yml"

BASE: Final = f"sha256:{'a' * 64}"
PINNED: Final = f"registry.example.com/tools@{BASE}"
BASES: Final = {"python:3.12-slim": BASE, "registry.example.com/base/runtime:stable": BASE, PINNED: BASE}

each_example = pytest.mark.parametrize("example", ["rebase", "job", "github", "gitlab"])


def quotations() -> dict[str, str]:
    """What the page quotes, by the paths that stand above the blocks."""
    page = page_path(ManagedImage).read_text(encoding="utf-8")
    quoted = re.findall(
        r"^\[(examples/\S+)\]\(\.\./\1\)[^\n]*:\n\n```\w*\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL
    )
    assert len(quoted) == len(dict(quoted))
    return dict(quoted)


def manifests(example: str) -> dict[str, Any]:
    """The objects of an example by their kinds."""
    bodies = [yaml.safe_load(path.read_text("utf-8")) for path in (EXAMPLES / example).glob("*.yaml")]
    return {body["kind"]: body["spec"] | {"name": body["metadata"]["name"]} for body in bodies}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_the_page_quotes_each_file_word_for_word(path: Path) -> None:
    """What is tested is what is read; the line that separates joined files is left out."""
    written = path.read_text(encoding="utf-8").removeprefix("---\n")
    assert quotations().get(str(path.relative_to(PROJECT))) == written


def test_all_that_is_quoted_is_there() -> None:
    """A file that was renamed is not told of under its old name."""
    assert set(quotations()) == {str(path.relative_to(PROJECT)) for path in FILES}


@each_example
def test_the_objects_of_an_example_belong_together(example: str) -> None:
    """The Deployment follows the image, and the Registry serves its repository."""
    found = manifests(example)
    image, registry = found["ManagedImage"]["image"], found["Registry"]
    hosts = {"GHCR": "ghcr.io", "GitLab": "registry.gitlab.com"}
    host = hosts.get(registry["type"]) or registry["url"].removeprefix("https://")
    assert found["Deployment"]["image"]["managedImage"]["name"] == found["ManagedImage"]["name"]
    assert f"{image['repository']}/".startswith(f"{host}/{registry.get('project', '')}".rstrip("/") + "/")


@each_example
def test_joined_files_are_one_document_each(example: str) -> None:
    """`sed … *.yaml | kubectl apply -f -` reads all files of a folder as one stream."""
    paths = sorted((EXAMPLES / example).glob("*.yaml"))
    joined = "".join(path.read_text(encoding="utf-8") for path in paths)
    assert len(list(yaml.safe_load_all(joined))) == len(paths)


@each_example
def test_every_secret_that_an_example_needs_is_made_on_the_page(example: str) -> None:
    """By the name that its manifests say."""
    page = page_path(ManagedImage).read_text(encoding="utf-8")
    made = set(re.findall(r"^kubectl create secret \S+ (\S+)", page, flags=re.MULTILINE))
    needed = set(re.findall(r"'secretRef': \{'name': '([^']+)'\}", str(manifests(example))))
    assert needed
    assert needed <= made


def test_the_dockerfile_of_the_job_can_be_read() -> None:
    """It names one base, by which the image is rebuilt."""
    analysis = analyse(decode((EXAMPLES / "job" / "repository" / "Dockerfile").read_bytes()))
    assert [str(base.reference) for base in analysis.bases] == ["registry.example.com/base/runtime:stable"]


def test_the_workflow_declares_what_it_is_given() -> None:
    """GitHub refuses an input that a workflow does not declare; without the key its run is not found."""
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    spec = ManagedImage.model_validate(
        yaml.safe_load((EXAMPLES / "github" / "managedimage.yaml").read_text(encoding="utf-8"))
    ).spec
    assert spec.build is not None
    assert spec.build.github is not None
    declared = workflow[True]["workflow_dispatch"]["inputs"]  # YAML 1.1 takes `on` for a truth value
    assert set(declared) == set(inputs_of(ORDER, spec.build.github.inputs))
    assert f"inputs.{KEY} }}}}" in workflow["run-name"]
    assert spec.build.github.workflow == WORKFLOW.name


def test_the_pipeline_uses_only_what_it_is_given() -> None:
    """And has the key in its name, by which it is found."""
    text = GITLAB_CI.read_text(encoding="utf-8")
    used = set(re.findall(rf"\${{?({PREFIX}\w+)", text))
    assert used <= set(inputs_of(ORDER, {}))
    assert f"${KEY}" in yaml.safe_load(text)["workflow"]["name"]


def variables(of: Mapping[str, str], templates: Mapping[str, str]) -> dict[str, str]:
    """The environment of a step, with the inputs filled in."""
    filled = {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: of[found[1]], str(value))
        for name, value in templates.items()
    }
    return {name: value for name, value in filled.items() if "${{" not in value}


def calls(folder: Path, shell: str, script: str, environment: Mapping[str, str]) -> list[list[str]]:
    """How often docker is called by a script, and with which arguments."""
    log = folder / "calls"
    stand_in = folder / "docker"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\0" "$@" >> "$CALLS"; printf "\\n\\0" >> "$CALLS"\n')
    stand_in.chmod(0o755)
    for name in ("apk", "git"):
        (folder / name).symlink_to("/bin/true")
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [shell, "-e", "-c", script],
        env={"PATH": path, "CALLS": str(log), "RUNNER_TEMP": str(folder), **environment},
        cwd=folder,
        check=True,
    )
    return [call.strip("\0").split("\0") for call in log.read_text(encoding="utf-8").split("\n\0") if call]


EXPECTED: Final = ["buildx", "build", "--push", "--tag", ORDER.reference]
CONTEXTS: Final = {f"{name}=docker-image://{name}@{BASE}" for name in BASES if name != PINNED}


def assert_builds(made: list[list[str]]) -> None:
    """The last call builds and pushes, on the digests of all bases that the Dockerfile does not pin."""
    *logins, build = made
    assert [login[0] for login in logins] == ["login"]
    assert build[: len(EXPECTED)] == EXPECTED
    *options, context = build[len(EXPECTED) :]
    assert context == "."
    assert set(options[::2]) == {"--build-context"}
    assert set(options[1::2]) == CONTEXTS


needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="runners have jq, this machine has not")


def given() -> dict[str, str]:
    """What a run is told."""
    return inputs_of(replace(ORDER, bases=BASES), {})


@needs_jq
def test_the_workflow_builds_on_the_digests_that_it_is_told(tmp_path: Path) -> None:
    """As bash on a runner reads it."""
    (*_, step) = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["image"]["steps"]
    environment = variables(given(), step["env"]) | {"PASSWORD": "p", "GITHUB_ACTOR": "ann"}
    assert_builds(calls(tmp_path, "bash", step["run"], environment))


@needs_jq
def test_the_pipeline_builds_on_the_digests_that_it_is_told(tmp_path: Path) -> None:
    """As the shell of Alpine reads it; all lines of a job are one script."""
    script = "\n".join(yaml.safe_load(GITLAB_CI.read_text(encoding="utf-8"))["image"]["script"])
    environment = {"CI_REGISTRY": "r", "CI_REGISTRY_USER": "ann", "CI_REGISTRY_PASSWORD": "p", **given()}
    assert_builds(calls(tmp_path, "sh", script, environment))

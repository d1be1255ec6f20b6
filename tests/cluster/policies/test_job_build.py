"""Whoever writes a ManagedImage that builds by Jobs could make Jobs there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from dev.api import ApiError, resource_path
from dev.cluster import Cluster
from dev.install import install_crds
from tests.cluster.policies.conftest import Grant
from tests.cluster.policies.people import REASON, TIME, WAYS, Body, Person, asked, manifest

pytestmark = [pytest.mark.usefixtures("open_specs", "policies"), pytest.mark.test_bed]

JOBS = "jobs.batch"


@pytest.fixture(scope="module")
def open_specs(cluster: Cluster, crds: None) -> Iterator[None]:
    """A ManagedImage may have any spec meanwhile: these tests care for nothing else that a Job build says."""
    path = resource_path(
        "apiextensions.k8s.io/v1", "customresourcedefinitions", name="managedimages.slipway.dev"
    )
    body = cluster.api.get(path)
    schema = body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    body["spec"]["versions"][0].pop("selectableFields", None)
    cluster.api.replace(path, body)
    probe = {**manifest(), "spec": {"any": "thing"}}
    images = resource_path("slipway.dev/v1alpha1", "managedimages", "default")
    _wait_until(cluster, images, probe, taken=True)
    yield
    install_crds(cluster)
    _wait_until(cluster, images, probe, taken=False)


def _wait_until(cluster: Cluster, path: str, body: Body, *, taken: bool) -> None:
    deadline = time.monotonic() + 30
    while _is_taken(cluster, path, body) is not taken:
        assert time.monotonic() < deadline, "the API server does not follow the definition"
        time.sleep(0.02)


def _is_taken(cluster: Cluster, path: str, body: Body) -> bool:
    try:
        cluster.api.request("POST", path, body=body, query={"dryRun": "All"})
    except ApiError:
        return False
    return True


def built_by(kind: str, **spec: Any) -> Body:
    """A ManagedImage that is built so."""
    return {**manifest(), "spec": {"build": {"type": kind}, **spec}}


def message(person: Person) -> str:
    """What stands in every refusal."""
    return (
        "user dev may not write a ManagedImage with spec.build.type Job: this needs the verb create on "
        f"jobs.batch in namespace {person.namespace}"
    )


def test_without_the_right_to_make_jobs_nobody_has_them_made(dev: Person) -> None:
    """Neither with a new object nor with a changed one; the message names who, what and where."""
    with pytest.raises(ApiError, match=message(dev)) as caught:
        dev.api.create(dev.images, built_by("Job"))
    assert caught.value.status == 403

    dev.api.create(dev.images, built_by("None"))
    with pytest.raises(ApiError, match=message(dev)):
        dev.api.patch(dev.image, {"spec": {"build": {"type": "Job"}}})


@pytest.mark.parametrize("kind", ["None", "GitHub", "GitLab", "Gitea", "Webhook"])
def test_other_ways_to_build_need_no_such_right(kind: str, dev: Person) -> None:
    """Whoever writes them brings a credential along, or none is needed."""
    dev.api.create(dev.images, built_by(kind))
    dev.api.patch(dev.image, {"spec": {"suspend": True}})


def test_a_spec_that_does_not_say_how_is_no_job(dev: Person) -> None:
    """The policy must not break where a field is missing."""
    dev.api.create(dev.images, {**manifest(), "spec": {}})
    dev.api.patch(dev.image, {"spec": {"build": {}}})


def test_every_part_of_the_spec_goes_into_the_job(admin: Person, dev: Person) -> None:
    """Another repository in the spec of somebody else would be built with the rights of Slipway."""
    admin.api.create(admin.images, built_by("Job"))
    for change in ({"suspend": True}, {"source": {"git": {"url": "https://git.example.com/mine"}}}):
        with pytest.raises(ApiError, match=message(dev)):
            dev.api.patch(dev.image, {"spec": change})


def test_what_is_no_spec_stays_free(admin: Person, dev: Person) -> None:
    """A request, a label, a finalizer, an unchanged apply, the end of Jobs, the end of it all."""
    body = built_by("Job")
    admin.api.create(admin.images, body)
    assert dev.merge({asked(): TIME})[asked()] == TIME
    dev.api.patch(dev.image, {"metadata": {"labels": {"a": "b"}, "finalizers": ["example.com/mine"]}})
    dev.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(body))
    dev.api.patch(dev.image, {"metadata": {"finalizers": None}})
    dev.api.patch(dev.image, {"spec": {"build": {"type": "None"}}})
    dev.api.delete(dev.image)


def test_a_role_allows_it(dev: Person, grant: Grant) -> None:
    """The right that is asked for is that to make Jobs in this namespace."""
    grant(dev, JOBS, "create")
    dev.api.create(dev.images, built_by("Job"))
    dev.api.patch(dev.image, {"spec": {"suspend": True}})


def test_the_status_may_be_written_without_it(admin: Person, dev: Person, grant: Grant) -> None:
    """The operator writes nothing else."""
    admin.api.create(admin.images, built_by("Job"))
    grant(dev, "managedimages/status.slipway.dev", "patch")
    dev.api.patch(f"{dev.image}/status", {"status": {"phase": "Building"}})


def test_an_emergency_is_no_way_around(admin: Person, dev: Person) -> None:
    """Each of the policies speaks for itself."""
    admin.api.create(admin.images, built_by("Job"))
    with pytest.raises(ApiError, match="may not ask for an emergency rebuild"):
        WAYS["a merge patch"](dev, {asked("emergency-rebuild"): f"{TIME} reason={REASON}"})

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from slipway.build.builders.job.manifest import job_manifest
from slipway.build.builders.job.registries import JobRegistry
from slipway.build.builders.job.settings import JobSettings
from tests.support.build_orders import ORDER, SETTINGS, SOURCE

PRIVATE = (
    JobRegistry("bases.test", secret="bases-pull"),
    JobRegistry("r.test:5000", secret="shop-pull", certificates="authority"),
)
WITH_DAEMON = replace(SETTINGS, buildkit_address="tcp://buildkitd:1234")

both = pytest.mark.parametrize(
    "settings", [pytest.param(SETTINGS, id="buildah"), pytest.param(WITH_DAEMON, id="buildkit")]
)


def pod(settings: JobSettings = SETTINGS, **source: Any) -> dict[str, Any]:
    order = replace(ORDER, source=replace(SOURCE, **source))
    found: dict[str, Any] = job_manifest(order, settings)["spec"]["template"]["spec"]
    return found


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [*spec["initContainers"], *spec["containers"]]


def mounts(spec: dict[str, Any], container: str) -> dict[str, str]:
    (found,) = (one for one in containers(spec) if one["name"] == container)
    return {mount["name"]: mount["mountPath"] for mount in found["volumeMounts"]}


def projected(volume: dict[str, Any]) -> list[str]:
    return [source["secret"]["name"] for source in volume["projected"]["sources"]]


def test_a_build_runs_once_for_no_longer_than_it_may() -> None:
    """A second try is decided by who knows why the first one failed."""
    spec = job_manifest(ORDER, replace(SETTINGS, ttl=timedelta(minutes=10)))["spec"]

    assert spec["backoffLimit"] == 0
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["activeDeadlineSeconds"] == 1800
    assert spec["ttlSecondsAfterFinished"] == 600


@both
def test_a_build_gets_no_token_of_the_cluster(settings: JobSettings) -> None:
    assert pod(settings)["automountServiceAccountToken"] is False


@both
def test_nobody_is_privileged_and_nobody_gets_a_capability(settings: JobSettings) -> None:
    """What Pod Security `baseline` forbids."""
    spec = pod(settings)

    assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    for container in containers(spec):
        security = container["securityContext"]
        assert not security.get("privileged")
        assert "add" not in security.get("capabilities", {})
        assert security.get("seccompProfile", {}).get("type") != "Unconfined"


def test_with_a_daemon_all_is_restricted() -> None:
    """What Pod Security `restricted` demands of every container."""
    for container in containers(pod(WITH_DAEMON)):
        security = container["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] != 0
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}


def test_buildah_gets_no_seccomp_profile() -> None:
    """The usual one refuses `unshare`, which chroot isolation needs."""
    spec = pod()

    assert "seccompProfile" not in spec["securityContext"]
    assert "seccompProfile" not in spec["containers"][0]["securityContext"]


def test_the_daemon_is_named_to_its_client_alone() -> None:
    assert pod(WITH_DAEMON)["containers"][0]["env"] == [
        {"name": "BUILDKIT_HOST", "value": "tcp://buildkitd:1234"}
    ]
    assert pod()["containers"][0]["env"] == []


@both
def test_each_secret_is_seen_by_the_container_that_needs_it(settings: JobSettings) -> None:
    """A Dockerfile's RUN never sees what opens the repository."""
    spec = pod(replace(settings, registries=PRIVATE), secret="deploy-key", secrets=("npm", "pip"))

    assert mounts(spec, "clone")["git"] == "/run/slipway/git"
    assert "git" not in mounts(spec, "build")
    assert not mounts(spec, "clone").keys() & {"registries", "certificates-00", "secrets"}
    assert mounts(spec, "build")["registries"] == "/run/slipway/registries"
    assert mounts(spec, "build")["certificates-00"] == "/run/slipway/certificates/00"
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert volumes["git"]["secret"]["secretName"] == "deploy-key"
    assert volumes["certificates-00"]["secret"]["secretName"] == "authority"
    assert projected(volumes["registries"]) == ["bases-pull", "shop-pull"]
    assert projected(volumes["secrets"]) == ["npm", "pip"]


@both
def test_every_mount_has_its_volume_and_every_volume_a_mount(settings: JobSettings) -> None:
    for changes in ({}, {"secret": "deploy-key", "secrets": ("npm",)}):
        spec = pod(replace(settings, registries=PRIVATE if changes else ()), **changes)
        mounted = {name for container in containers(spec) for name in mounts(spec, container["name"])}
        assert mounted == {volume["name"] for volume in spec["volumes"]}


def test_limits_hold_for_both_containers() -> None:
    limits = {"limits": {"memory": "2Gi"}}

    assert [one["resources"] for one in containers(pod(replace(SETTINGS, resources=limits)))] == [
        limits,
        limits,
    ]


def test_an_order_without_a_source_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"build 7 of api names no source: a Job needs source\.git"):
        job_manifest(replace(ORDER, source=None), SETTINGS)

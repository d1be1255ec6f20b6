"""What a build Job gets of the registries that it pulls from and pushes to."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slipway.build.builders.job.registries import (
    JobRegistry,
    registry_mounts,
    registry_options,
    registry_volumes,
)

SECRETS = st.none() | st.sampled_from(["a", "b"])
REGISTRIES = st.lists(
    st.builds(
        JobRegistry,
        st.sampled_from(["r.test", "r.test:5000", "other.test"]),
        st.booleans(),
        secret=SECRETS,
        certificates=SECRETS,
    ),
    max_size=5,
)


def secrets_of(registries: list[JobRegistry]) -> list[tuple[str, str]]:
    """The credentials, each with its file."""
    found = []
    for volume in registry_volumes(registries):
        for source in volume.get("projected", {}).get("sources", ()):
            (item,) = source["secret"]["items"]
            assert item["key"] == ".dockerconfigjson"
            found.append((source["secret"]["name"], item["path"]))
    return found


def test_registry_that_anybody_may_read_over_tls_needs_nothing() -> None:
    """As Docker Hub with public images."""
    registries = [JobRegistry("docker.io")]

    assert not list(registry_options(registries))
    assert not list(registry_volumes(registries))
    assert not list(registry_mounts(registries))


def test_credentials_of_all_registries_are_files_of_one_directory() -> None:
    """In the order of the registries, so that the last may win where two are for one host."""
    registries = [JobRegistry("a.test", secret="z-pull"), JobRegistry("b.test", secret="a-pull")]

    assert secrets_of(registries) == [("z-pull", "00.json"), ("a-pull", "01.json")]
    assert list(registry_options(registries)) == [("--auth", "/run/slipway/registries")]
    (mount,) = registry_mounts(registries)
    assert mount == {"name": "registries", "mountPath": "/run/slipway/registries", "readOnly": True}


def test_credential_of_several_registries_is_mounted_once() -> None:
    """Kubernetes refuses two files of one name."""
    assert secrets_of([JobRegistry("a.test", secret="one"), JobRegistry("b.test", secret="one")]) == [
        ("one", "00.json")
    ]


def test_certificates_have_a_directory_per_secret_which_all_its_hosts_name() -> None:
    """Their Secret may hold what each key is for; no path has the colon of a port."""
    registries = [
        JobRegistry("a.test:5000", certificates="ca"),
        JobRegistry("b.test", certificates="mutual"),
        JobRegistry("c.test", certificates="ca"),
    ]

    assert list(registry_options(registries)) == [
        ("--certificates", "a.test:5000=/run/slipway/certificates/00"),
        ("--certificates", "c.test=/run/slipway/certificates/00"),
        ("--certificates", "b.test=/run/slipway/certificates/01"),
    ]
    assert [volume["secret"]["secretName"] for volume in registry_volumes(registries)] == ["ca", "mutual"]


@given(REGISTRIES)
def test_every_path_of_an_option_is_mounted_from_a_volume(registries: list[JobRegistry]) -> None:
    """And nothing is mounted that no option names; names and paths are those that Kubernetes takes."""
    values = [value.rpartition("=")[2] for _, value in registry_options(registries)]
    named = {value for value in values if value.startswith("/")}
    mounts: dict[str, Any] = {mount["name"]: mount["mountPath"] for mount in registry_mounts(registries)}

    assert set(mounts.values()) == named
    assert [volume["name"] for volume in registry_volumes(registries)] == list(mounts)
    assert all(":" not in path for path in mounts.values())


@given(REGISTRIES)
def test_no_option_holds_more_than_hosts_and_paths(registries: list[JobRegistry]) -> None:
    """The names of Secrets are none of the container's business, let alone their content."""
    hosts = {one.host for one in registries}
    for option, value in registry_options(registries):
        host, _, _ = value.partition("=")
        assert option in {"--insecure", "--certificates", "--auth"}
        assert host in hosts or value == "/run/slipway/registries"

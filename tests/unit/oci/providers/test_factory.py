from __future__ import annotations

import pytest

from slipway.http import HttpClient, origin_of
from slipway.oci.credentials import Credential
from slipway.oci.providers.access import Access, may_see
from slipway.oci.providers.api import direct
from slipway.oci.providers.artifactory import Artifactory
from slipway.oci.providers.dockerhub import DockerHub
from slipway.oci.providers.factory import make_provider
from slipway.oci.providers.ghcr import GHCR
from slipway.oci.providers.gitea import Gitea
from slipway.oci.providers.gitlab import GitLab
from slipway.oci.providers.harbor import Harbor
from slipway.oci.providers.nexus import Nexus
from slipway.oci.providers.quay import Quay
from slipway.oci.session import RegistrySession, registry_base
from tests.support.providers.fake import FakeVendor, PlainRegistry

ROBOT = Credential.basic("robot", "word")


@pytest.mark.parametrize(
    "product",
    ["DockerHub", "GHCR", "GitLab", "Gitea", "Harbor", "Quay", "Nexus", "Artifactory", "Generic"],
)
def test_every_type_has_its_provider(product: str) -> None:
    """It bears the name of the type."""
    assert make_provider(product, _access()).name == product


def test_a_product_without_an_api_of_its_own_is_generic() -> None:
    """The plain protocol lists what it has."""
    assert make_provider("Olareg", _access()).name == "Generic"


def test_the_apis_beside_a_registry_are_the_vendors_own() -> None:
    """By default; and only these see the credential of the registry without being named."""
    hub, github = DockerHub(_access())._api.origin, GHCR(_access())._api.origin

    assert (str(hub), str(github)) == ("https://hub.docker.com", "https://api.github.com")
    assert may_see(ROBOT, hub, origin_of(registry_base("docker.io")))
    assert may_see(ROBOT, github, origin_of(registry_base("ghcr.io")))


@pytest.mark.parametrize("product", [Artifactory, Gitea, GitLab, Harbor, Nexus, Quay])
def test_the_other_apis_are_on_the_host_of_the_registry(
    product: type[Artifactory | Gitea | GitLab | Harbor | Nexus | Quay],
) -> None:
    """They see the credential because they are the registry."""
    access = _access()
    made = product(access)
    api = made._registry if isinstance(made, GitLab) else made._api

    assert api.origin == access.session.origin


def _access() -> Access:
    http = HttpClient()
    session = RegistrySession("https://registry.example.com", http)
    return Access(session, direct(http), PlainRegistry(FakeVendor()))

"""The Registry kind against real registries: who gets in, who does not, and what is said about it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from dev.registry import Registry
from dev.tokens import TokenServer
from tests.support.objects import Body, Objects, condition
from tests.support.scripted_registry import ScriptedRegistry, html

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")

USERS = {"robot": "correct horse"}
BASIC = {"username": "robot", "password": "correct horse"}
BASIC_AUTH = "kubernetes.io/basic-auth"


@pytest.fixture(scope="module")
def open_registry() -> Iterator[Registry]:
    """A registry that everybody may read."""
    with Registry() as running:
        yield running


@pytest.fixture(scope="module")
def closed_registry() -> Iterator[Registry]:
    """A registry that demands a password."""
    with Registry(users=USERS) as running:
        yield running


@pytest.fixture(scope="module")
def token_registry() -> Iterator[Registry]:
    """A registry that demands bearer tokens, which its token server gives for a password."""
    with TokenServer(users=USERS) as tokens, Registry(token=tokens.authentication) as running:
        yield running


@pytest.fixture(scope="module")
def tls_registry() -> Iterator[Registry]:
    """A registry whose certificate nobody trusts by default, and that wants to see one."""
    with Registry(tls=True, client_certificates=True) as running:
        yield running


def docker_config(host: str, username: str, password: str) -> dict[str, str]:
    """The data of a Secret of type kubernetes.io/dockerconfigjson."""
    return {".dockerconfigjson": json.dumps({"auths": {host: {"username": username, "password": password}}})}


def connected(objects: Objects, name: str) -> Body:
    """Wait until a Registry is Connected."""
    found = objects.wait_ready("registries", name, "Connected")
    assert found["status"]["phase"] == "Connected"
    assert "lastSyncTime" in found["status"]
    return found


def failed(objects: Objects, name: str, reason: str) -> str:
    """Wait until a Registry is in Error, waiting for its next test; returns the sentence."""
    found = objects.wait_not_ready("registries", name, reason)
    assert found["status"]["phase"] == "Error"
    assert condition(found, "Reconciling")["status"] == "True"
    assert condition(found, "Stalled") == {}
    message: str = condition(found, "Ready")["message"]
    return message


# --- who gets in


def test_an_open_registry_is_connected(objects: Objects, open_registry: Registry) -> None:
    """Without a Secret we come as anybody."""
    objects.registry("open", open_registry.url)

    found = connected(objects, "open")

    assert condition(found, "Ready")["message"] == f"Connected to {open_registry.url}"
    assert found["status"]["capabilities"] == ["Catalog"]
    assert found["status"]["repositories"] == 0


def test_a_password_opens_a_closed_registry(objects: Objects, closed_registry: Registry) -> None:
    """HTTP Basic authentication, from a Secret that names the host in an annotation."""
    objects.secret("robot", BASIC, kind=BASIC_AUTH, hosts=closed_registry.host)
    objects.registry("closed", closed_registry.url, secretRef={"name": "robot"})

    connected(objects, "closed")


def test_a_docker_configuration_names_its_hosts_itself(objects: Objects, closed_registry: Registry) -> None:
    """Its keys are hosts, so it needs no annotation."""
    data = docker_config(closed_registry.host, "robot", USERS["robot"])
    objects.secret("docker", data, kind="kubernetes.io/dockerconfigjson")
    objects.registry("closed", closed_registry.url, secretRef={"name": "docker"})

    connected(objects, "closed")


def test_a_password_is_exchanged_for_bearer_tokens(objects: Objects, token_registry: Registry) -> None:
    """The registry says where its token server is."""
    objects.secret("robot", BASIC, kind=BASIC_AUTH, hosts=token_registry.host)
    objects.registry("tokens", token_registry.url, secretRef={"name": "robot"})

    connected(objects, "tokens")


def test_an_access_token_stands_for_a_password(objects: Objects, token_registry: Registry) -> None:
    """An Opaque Secret with `token` and the user name that the registry wants with it."""
    objects.secret("token", {"username": "robot", "token": USERS["robot"]}, hosts=token_registry.host)
    objects.registry("tokens", token_registry.url, secretRef={"name": "token"})

    connected(objects, "tokens")


def test_certificates_open_a_tls_registry(objects: Objects, tls_registry: Registry) -> None:
    """The authority to trust and the certificate to show come from the Secret of certSecretRef."""
    assert tls_registry.authority is not None
    client = tls_registry.authority.client("slipway", user="slipway")
    data = {
        "ca.crt": tls_registry.authority.files.certificate.read_bytes(),
        "tls.crt": client.certificate.read_bytes(),
        "tls.key": client.key.read_bytes(),
    }
    objects.secret("certificates", data)
    objects.registry("tls", tls_registry.url, certSecretRef={"name": "certificates"})

    connected(objects, "tls")


def test_verification_can_be_given_up(objects: Objects) -> None:
    """`tls.verify: None` takes any certificate; the default takes none that nobody vouches for."""
    with Registry(tls=True) as registry:
        objects.registry("careless", registry.url, tls={"verify": "None"})
        objects.registry("careful", registry.url)

        connected(objects, "careless")
        assert "certSecretRef" in failed(objects, "careful", "CertificateInvalid")


# --- who does not, and comes back by itself


def test_a_wrong_password_is_said_and_a_right_one_is_noticed(
    objects: Objects, closed_registry: Registry
) -> None:
    """The Secret is read at each test."""
    objects.secret("robot", {**BASIC, "password": "battery"}, kind=BASIC_AUTH, hosts=closed_registry.host)
    objects.registry("closed", closed_registry.url, secretRef={"name": "robot"})

    message = failed(objects, "closed", "AuthenticationFailed")
    assert "check user name and password" in message
    assert "battery" not in message

    objects.secret("robot", BASIC, kind=BASIC_AUTH, hosts=closed_registry.host)
    connected(objects, "closed")


def test_a_missing_credential_is_said(objects: Objects, closed_registry: Registry) -> None:
    """The registry wants one and there is none."""
    objects.registry("closed", closed_registry.url)

    assert "secretRef" in failed(objects, "closed", "AuthenticationFailed")


def test_a_missing_secret_is_waited_for(objects: Objects, closed_registry: Registry) -> None:
    """Manifests are applied in any order."""
    objects.registry("closed", closed_registry.url, secretRef={"name": "robot"})

    assert "Secret robot does not exist" in failed(objects, "closed", "SecretNotFound")

    objects.secret("robot", BASIC, kind=BASIC_AUTH, hosts=closed_registry.host)
    connected(objects, "closed")


def test_a_credential_goes_only_to_hosts_that_its_secret_names(
    objects: Objects, closed_registry: Registry
) -> None:
    """Whoever may edit a Registry cannot have a Secret sent to a host of their own."""
    objects.secret("robot", BASIC, kind=BASIC_AUTH)
    objects.registry("closed", closed_registry.url, secretRef={"name": "robot"})

    found = objects.wait_not_ready("registries", "closed", "CredentialNotBound")
    assert condition(found, "Stalled")["status"] == "True"
    assert f"slipway.dev/allowed-hosts: {closed_registry.host}" in condition(found, "Ready")["message"]

    objects.secret("robot", BASIC, kind=BASIC_AUTH, hosts=closed_registry.host)
    found = connected(objects, "closed")
    assert condition(found, "Stalled") == {}


def test_a_docker_configuration_for_another_host_is_not_bound(
    objects: Objects, closed_registry: Registry
) -> None:
    """Its keys are all it may be sent to."""
    data = docker_config("registry.example.com", "robot", USERS["robot"])
    objects.secret("docker", data, kind="kubernetes.io/dockerconfigjson")
    objects.registry("closed", closed_registry.url, secretRef={"name": "docker"})

    objects.wait_not_ready("registries", "closed", "CredentialNotBound")


def test_a_secret_that_is_no_registry_credential_is_refused_by_its_type(
    objects: Objects, closed_registry: Registry
) -> None:
    """What Helm keeps in Secrets is never sent anywhere."""
    objects.secret("release", {"release": "x"}, kind="helm.sh/release.v1", hosts=closed_registry.host)
    objects.registry("closed", closed_registry.url, secretRef={"name": "release"})

    assert "helm.sh/release.v1" in failed(objects, "closed", "CredentialInvalid")


def test_a_web_server_is_no_registry(objects: Objects) -> None:
    """It answers, but with a page; when a registry takes its place, that is noticed."""
    with ScriptedRegistry(lambda _method, _path: html()) as server:
        objects.registry("web", server.url)

        assert "check the URL" in failed(objects, "web", "NotARegistry")


def test_an_outage_is_said_and_its_end_is_noticed(objects: Objects, registry: Registry) -> None:
    """From Connected to Error and back, with the time of the last good connection kept."""
    objects.registry("flaky", registry.url)
    before = connected(objects, "flaky")["status"]["lastSyncTime"]

    registry.stop()
    failed(objects, "flaky", "RegistryUnreachable")
    found = objects.api.get(objects.path("registries", "flaky"))
    assert found["status"]["lastSyncTime"] == before

    registry.start()
    connected(objects, "flaky")


def test_metadata_addresses_are_never_called(objects: Objects) -> None:
    """Whatever the egress list says, nobody reaches the cloud's credentials through a Registry."""
    objects.registry("metadata", "http://169.254.169.254")

    assert "169.254.169.254" in failed(objects, "metadata", "EgressDenied")


# --- when it is tested


def test_a_request_is_answered(objects: Objects, open_registry: Registry) -> None:
    """A test long before the interval is over, recorded with the time of the request."""
    objects.registry("open", open_registry.url, interval="24h")
    connected(objects, "open")
    created = objects.api.get(objects.path("registries", "open"))["metadata"]["creationTimestamp"]

    def answered(body: Body | None) -> bool:
        handled = ((body or {}).get("status") or {}).get("handledRequests") or []
        return any(entry["verb"] == "reconcile" for entry in handled)

    # A request counts in whole seconds, and only when it is later than the creation.
    while (moment := objects.ask("registries", "open")) <= created:
        pass
    found = objects.wait("registries", "open", answered)

    assert found["status"]["handledRequests"] == [{"verb": "reconcile", "at": moment, "result": "Succeeded"}]


def test_a_suspended_registry_is_pending(objects: Objects) -> None:
    """Nobody is asked; when it goes on, it is tested at once."""
    with ScriptedRegistry(lambda _method, _path: html()) as server:
        objects.registry("asleep", server.url, suspend=True, interval="24h")
        found = objects.wait_ready("registries", "asleep", "Suspended")
        assert found["status"]["phase"] == "Pending"
        assert server.requests == []

        objects.patch("registries", "asleep", {"spec": {"suspend": False}})
        failed(objects, "asleep", "NotARegistry")

        objects.patch("registries", "asleep", {"spec": {"suspend": True}})
        again = objects.wait_ready("registries", "asleep", "Suspended")
        assert [one["type"] for one in again["status"]["conditions"]] == ["Ready"]
        assert again["status"]["observedGeneration"] == again["metadata"]["generation"]
        assert again["status"]["phase"] == "Error"

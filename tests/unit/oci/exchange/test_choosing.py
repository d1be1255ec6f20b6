from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.oci.credentials import ANONYMOUS, Credential, Secret
from slipway.oci.errors import CredentialInvalid, CredentialNotBound
from slipway.oci.exchange.acr import AcrCredential
from slipway.oci.exchange.ambient import AmbientIdentity
from slipway.oci.exchange.choosing import choose_source, uses_ambient_identity
from slipway.oci.exchange.ecr import EcrCredential
from slipway.oci.exchange.gar import GarCredential
from slipway.oci.sources import CredentialSource, StaticCredential
from tests.support.clouds import Clouds

ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
ACR = "shopregistry.azurecr.io"
GAR = "europe-west4-docker.pkg.dev"
HOSTS = {"ECR": ECR, "ACR": ACR, "GAR": GAR}
SOURCES = {"ECR": EcrCredential, "ACR": AcrCredential, "GAR": GarCredential}
KEY = {"type": "service_account", "client_email": "a@b", "private_key_id": "k", "private_key": "the-key"}
DATA = {
    "ECR": {"AWS_ACCESS_KEY_ID": b"AKIA\n", "AWS_SECRET_ACCESS_KEY": b"the-key\n"},
    "ACR": {"AZURE_TENANT_ID": b"t", "AZURE_CLIENT_ID": b"c", "AZURE_CLIENT_SECRET": b"the-key"},
    "GAR": {"key.json": json.dumps(KEY).encode()},
}
types = pytest.mark.parametrize("cloud", ["ECR", "ACR", "GAR"])


def _secret(data: dict[str, bytes], hosts: str, kind: str = "Opaque") -> Secret:
    return Secret("cloud", kind, data, {"slipway.dev/allowed-hosts": hosts})


def _pod(tmp_path: Path, *registries: str) -> AmbientIdentity:
    """A pod that has an identity in every cloud."""
    (tmp_path / "key.json").write_text(json.dumps(KEY))
    environment = {
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/slipway",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
        "AZURE_TENANT_ID": "t",
        "AZURE_CLIENT_ID": "c",
        "AZURE_FEDERATED_TOKEN_FILE": "/token",
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json"),
    }
    return AmbientIdentity(registries, environment)


@types
def test_a_secret_with_keys_of_a_cloud_is_exchanged(clouds: Clouds, cloud: str) -> None:
    """For a registry of that cloud that it names; nothing is asked before somebody wants the credential."""
    source = choose_source(cloud, HOSTS[cloud], _secret(DATA[cloud], HOSTS[cloud]), clouds.http)

    assert type(source) is SOURCES[cloud]
    assert "the-key" in source.secrets
    assert "the-key" not in repr(source)
    assert clouds.seen == []


@types
def test_a_secret_is_not_sent_where_it_does_not_say(clouds: Clouds, cloud: str) -> None:
    """Whoever edits the Registry alone gets nothing, not even for another account of the same cloud."""
    for hosts in ("", "registry.example.com", f"{HOSTS[cloud]}:444", f"x{HOSTS[cloud]}"):
        with pytest.raises(CredentialNotBound, match="allowed-hosts"):
            choose_source(cloud, HOSTS[cloud], _secret(DATA[cloud], hosts), clouds.http)


@types
def test_keys_are_used_for_their_own_cloud_alone(clouds: Clouds, cloud: str) -> None:
    """However the Secret is bound: the token would open more than that one registry."""
    for host in ("registry.example.com", f"{HOSTS[cloud]}.evil.example", f"{HOSTS[cloud]}:5000"):
        with pytest.raises(CredentialInvalid, match=f"no registry of type {cloud}"):
            choose_source(cloud, host, _secret(DATA[cloud], host), clouds.http)


@types
@pytest.mark.parametrize("registry_type", ["ECR", "ACR", "GAR", "Generic", "Harbor"])
def test_keys_for_another_type_say_which(clouds: Clouds, cloud: str, registry_type: str) -> None:
    """The type of the Registry or the Secret is wrong."""
    if registry_type == cloud:
        return
    with pytest.raises(CredentialInvalid, match=f"write type: {cloud}"):
        choose_source(registry_type, HOSTS[cloud], _secret(DATA[cloud], HOSTS[cloud]), clouds.http)


@pytest.mark.parametrize(
    ("cloud", "missing"),
    [
        ("ECR", "AWS_SECRET_ACCESS_KEY"),
        ("ACR", "AZURE_TENANT_ID"),
        ("ACR", "AZURE_CLIENT_SECRET"),
    ],
)
@pytest.mark.parametrize("value", [None, b"", b" \n", b"two\nlines", b"\xff"], ids=repr)
def test_a_key_that_is_missing_is_named(
    clouds: Clouds, cloud: str, missing: str, value: bytes | None
) -> None:
    """Or one that cannot be right."""
    data = {name: given for name, given in {**DATA[cloud], missing: value}.items() if given is not None}
    with pytest.raises(CredentialInvalid, match=missing):
        choose_source(cloud, HOSTS[cloud], _secret(data, HOSTS[cloud]), clouds.http)


def test_a_tenant_cannot_have_files_of_the_operator_read(clouds: Clouds) -> None:
    """A configuration of federation names one: it is for the pod alone."""
    configuration = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/4/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": "/var/run/secrets/kubernetes.io/serviceaccount/token"},
    }
    secret = _secret({"key.json": json.dumps(configuration).encode()}, GAR)
    with pytest.raises(CredentialInvalid, match="for the operator's pod alone"):
        choose_source("GAR", GAR, secret, clouds.http)


async def test_every_other_secret_is_used_as_it_is(clouds: Clouds) -> None:
    """A token of the registry's own, a key as a password, and what older set-ups have."""
    pair = {"username": b"_json_key", "password": b"the-key"}
    config = {"auths": {ECR: {"username": "AWS", "password": "a-password"}}}
    cases: list[tuple[str, str, Secret, Credential]] = [
        (
            "GAR",
            GAR,
            _secret(pair, GAR, "kubernetes.io/basic-auth"),
            Credential.basic("_json_key", "the-key", (GAR,)),
        ),
        ("ACR", ACR, _secret({"token": b"t"}, ACR), Credential.bearer("t", (ACR,))),
        (
            "ECR",
            ECR,
            Secret(
                "cloud", "kubernetes.io/dockerconfigjson", {".dockerconfigjson": json.dumps(config).encode()}
            ),
            Credential.basic("AWS", "a-password", (ECR,)),
        ),
    ]
    for cloud, host, secret, expected in cases:
        source = choose_source(cloud, host, secret, clouds.http)
        assert isinstance(source, StaticCredential)
        assert await source.credential() == expected


def test_keys_in_a_secret_of_a_refused_type_stay_refused(clouds: Clouds) -> None:
    """A service account token opens the Kubernetes API, whatever else is in there."""
    secret = _secret({**DATA["ECR"]}, ECR, "kubernetes.io/service-account-token")
    with pytest.raises(CredentialInvalid, match="is refused"):
        choose_source("ECR", ECR, secret, clouds.http)


async def _is_anonymous(source: CredentialSource) -> bool:
    return await source.credential() == ANONYMOUS and source.secrets == ()


@types
async def test_our_own_identity_is_used_where_the_administrator_lists_the_host(
    clouds: Clouds, cloud: str, tmp_path: Path
) -> None:
    """And for nobody else: without the list, a Registry without a Secret asks as everybody may."""
    assert (
        type(choose_source(cloud, HOSTS[cloud], None, clouds.http, ambient=_pod(tmp_path, HOSTS[cloud])))
        is SOURCES[cloud]
    )
    for registries in ((), ("registry.example.com",), (f"{HOSTS[cloud]}:444",)):
        ambient = _pod(tmp_path, *registries)
        assert await _is_anonymous(choose_source(cloud, HOSTS[cloud], None, clouds.http, ambient=ambient))


@types
async def test_our_own_identity_goes_to_its_own_cloud_alone(
    clouds: Clouds, cloud: str, tmp_path: Path
) -> None:
    """Even if a pattern of the administrator's fits more."""
    strangers = (
        "registry.example.com",
        f"{HOSTS[cloud]}.evil.example",
        *(set(HOSTS.values()) - {HOSTS[cloud]}),
    )
    for host in strangers:
        ambient = _pod(tmp_path, ".".join("*" * len(host.split("."))))
        assert ambient.serves(host)
        assert await _is_anonymous(choose_source(cloud, host, None, clouds.http, ambient=ambient))


@pytest.mark.parametrize("registry_type", ["Generic", "Harbor", "DockerHub", "", "ecr"])
async def test_our_own_identity_is_for_registries_of_that_type(
    clouds: Clouds, registry_type: str, tmp_path: Path
) -> None:
    """Whoever writes Generic wants a plain registry."""
    source = choose_source(registry_type, ECR, None, clouds.http, ambient=_pod(tmp_path, ECR))

    assert await _is_anonymous(source)


@types
async def test_our_own_identity_does_not_stand_in_for_a_secret(
    clouds: Clouds, cloud: str, tmp_path: Path
) -> None:
    """A Registry that names one is tried with it, and with nothing else."""
    ambient, host = _pod(tmp_path, HOSTS[cloud]), HOSTS[cloud]
    source = choose_source(cloud, host, _secret({"token": b"t"}, host), clouds.http, ambient=ambient)
    assert await source.credential() == Credential.bearer("t", (host,))

    with pytest.raises(CredentialNotBound):
        choose_source(cloud, host, _secret({"token": b"t"}, "other.example"), clouds.http, ambient=ambient)
    assert not uses_ambient_identity(cloud, host, ambient, has_secret=True)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["ECR", "ACR", "GAR", "Generic"]),
    st.one_of(st.sampled_from(sorted(HOSTS.values())), st.from_regex(r"[a-z0-9.:-]{1,40}", fullmatch=True)),
    st.lists(
        st.sampled_from([*HOSTS.values(), "*", "*.*", "*.azurecr.io", "*.dkr.ecr.*.amazonaws.com"]),
        max_size=3,
    ),
    st.booleans(),
)
def test_the_rule_has_no_exceptions(
    registry_type: str, host: str, registries: list[str], has_secret: bool
) -> None:
    """No Secret, the type of the cloud, a host of the cloud, and a line of the administrator's: all four."""
    ambient = AmbientIdentity(tuple(registries))
    uses = uses_ambient_identity(registry_type, host, ambient, has_secret=has_secret)

    suffixes = {"ECR": ".amazonaws.com", "ACR": ".azurecr.io", "GAR": "-docker.pkg.dev"}
    if uses:
        assert not has_secret
        assert ambient.serves(host)
        assert host.endswith(suffixes[registry_type])
    elif not has_secret and host == HOSTS.get(registry_type):
        assert not ambient.serves(host)

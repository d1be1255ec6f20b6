"""Chooses where the credential of a registry comes from: its Secret as it is, its Secret exchanged, our own
identity, or nowhere.

Secrets of type Opaque are exchanged when they have these keys, named as the tools of the clouds name them:

===== ================================================================================
Type  Keys
===== ================================================================================
ECR   `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, and with keys that end `AWS_SESSION_TOKEN`
ACR   `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET`
GAR   `key.json`: the key of a service account, as Google writes it
===== ================================================================================

They are bound to hosts as all Secrets are, and beyond that go to registries of their own cloud alone:
everybody else would get a token that opens more than one registry. Every other Secret is used as it is,
such as a token of ACR's own or the user name `_json_key`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from slipway.clock import Clock, SystemClock
from slipway.http import HttpClient
from slipway.oci.credentials import Secret, bound_hosts, credential_for
from slipway.oci.errors import CredentialInvalid
from slipway.oci.exchange.acr import AcrCredential, AcrHost, acr_host
from slipway.oci.exchange.ambient import NO_AMBIENT_IDENTITY, AmbientIdentity
from slipway.oci.exchange.aws_keys import FixedKeys, WebIdentityKeys
from slipway.oci.exchange.ecr import EcrApi, EcrCredential, EcrHost, ecr_host
from slipway.oci.exchange.entra import EntraClient
from slipway.oci.exchange.gar import GarCredential, is_google_host
from slipway.oci.exchange.google_identity import ServiceAccountKey, parse_google_identity
from slipway.oci.exchange.sigv4 import AwsKeys
from slipway.oci.sources import CredentialSource, StaticCredential

__all__ = ["Cloud", "choose_source", "uses_ambient_identity"]


class Cloud(StrEnum):
    """The types of a Registry whose credentials can be exchanged."""

    ECR = "ECR"
    ACR = "ACR"
    GAR = "GAR"


_MARKS: Final = {"AWS_ACCESS_KEY_ID": Cloud.ECR, "AZURE_CLIENT_ID": Cloud.ACR, "key.json": Cloud.GAR}
_HOSTS: Final = {
    Cloud.ECR: "<account>.dkr.ecr.<region>.amazonaws.com",
    Cloud.ACR: "<name>.azurecr.io",
    Cloud.GAR: "<location>-docker.pkg.dev or gcr.io",
}


def choose_source(
    registry_type: str,
    host: str,
    secret: Secret | None,
    http: HttpClient,
    *,
    ambient: AmbientIdentity = NO_AMBIENT_IDENTITY,
    repository: str = "",
    clock: Clock | None = None,
) -> CredentialSource:
    """Where the credential for a registry comes from. Nothing is sent before it is asked for one.

    Keep it for as long as Registry and Secret stay what they are: it holds tokens.

    Args:
        registry_type: The type of the Registry, such as `ECR`.
        host: Host and, unless it is the standard one, port of the registry.
        secret: What `secretRef` names; None when there is none.
        http: Carries the exchanges, under the egress policy of the operator. It must trust the clouds' hosts,
            so it is not one with the TLS settings of a Registry.
        ambient: What the operator's own pod is to the clouds.
        repository: See `credential_for`.
        clock: Measures the life of tokens.

    Raises:
        CredentialNotBound: when the Secret does not name this host.
        CredentialInvalid: when it lacks what it promises, is for another cloud, or the pod has no identity.
    """
    clock = clock or SystemClock()
    if secret is None:
        if not uses_ambient_identity(registry_type, host, ambient, has_secret=False):
            return StaticCredential()
        return _from_pod(Cloud(registry_type), host, ambient, http, clock)
    cloud = _cloud_of(secret)
    if cloud is None:
        return StaticCredential(credential_for(secret, host, repository))
    _require_same_cloud(cloud, registry_type, secret)
    return _from_secret(cloud, host, secret, http, clock)


def uses_ambient_identity(
    registry_type: str, host: str, ambient: AmbientIdentity, *, has_secret: bool
) -> bool:
    """Whether our own identity would be used for a Registry; see `slipway.oci.exchange.ambient`.

    What it gives must stay with the operator: a pull Secret made of it would hand its rights to a namespace.
    """
    return not has_secret and _is_host_of(registry_type, host) and ambient.serves(host)


def _from_pod(
    cloud: Cloud, host: str, ambient: AmbientIdentity, http: HttpClient, clock: Clock
) -> CredentialSource:
    match cloud:
        case Cloud.ECR:
            place = _ecr_host(host)
            keys = WebIdentityKeys(ambient.web_identity(place), http, clock)
            return EcrCredential(EcrApi(place, keys, http, clock), clock)
        case Cloud.ACR:
            registry = _acr_host(host)
            return AcrCredential(registry, ambient.entra_client(registry), http, clock)
        case Cloud.GAR:
            return GarCredential(ambient.google_identity(), http, clock)


def _from_secret(cloud: Cloud, host: str, secret: Secret, http: HttpClient, clock: Clock) -> CredentialSource:
    hosts = bound_hosts(secret, host)
    match cloud:
        case Cloud.ECR:
            api = EcrApi(_ecr_host(host), FixedKeys(_aws_keys(secret)), http, clock)
            return EcrCredential(api, clock, hosts)
        case Cloud.ACR:
            return AcrCredential(_acr_host(host), _entra_client(secret), http, clock, hosts)
        case Cloud.GAR:
            _require_google_host(host)
            return GarCredential(_service_account(secret), http, clock, hosts)


def _cloud_of(secret: Secret) -> Cloud | None:
    if secret.type != "Opaque":
        return None
    return next((cloud for key, cloud in _MARKS.items() if key in secret.data), None)


def _require_same_cloud(cloud: Cloud, registry_type: str, secret: Secret) -> None:
    if cloud != registry_type:
        msg = (
            f"Secret {secret.name} holds keys for a Registry of type {cloud}, not {registry_type}:"
            f" write type: {cloud}, or name another Secret in secretRef"
        )
        raise CredentialInvalid(msg)


def _aws_keys(secret: Secret) -> AwsKeys:
    identity, key = (_text(secret, name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    return AwsKeys(identity, key, _text(secret, "AWS_SESSION_TOKEN", optional=True))


def _entra_client(secret: Secret) -> EntraClient:
    return EntraClient(
        _text(secret, "AZURE_TENANT_ID"),
        _text(secret, "AZURE_CLIENT_ID"),
        secret=_text(secret, "AZURE_CLIENT_SECRET"),
    )


def _service_account(secret: Secret) -> ServiceAccountKey:
    source = f"key.json in Secret {secret.name}"
    identity = parse_google_identity(secret.data["key.json"], source)
    if isinstance(identity, ServiceAccountKey):
        return identity
    # It names a file, and the files are those of our pod: nothing for a tenant to choose from.
    msg = (
        f"{source} is a configuration of workload identity federation, which is for the operator's pod alone:"
        " put the key of a service account there"
    )
    raise CredentialInvalid(msg)


def _text(secret: Secret, name: str, *, optional: bool = False) -> str:
    value = secret.data.get(name, b"").decode("utf-8", "replace").strip()
    if value.isascii() and value.isprintable() and (value or optional):
        return value
    msg = f"Secret {secret.name} has no usable {name}: add it, in one line"
    raise CredentialInvalid(msg)


def _is_host_of(registry_type: str, host: str) -> bool:
    match registry_type:
        case Cloud.ECR:
            return ecr_host(host) is not None
        case Cloud.ACR:
            return acr_host(host) is not None
        case Cloud.GAR:
            return is_google_host(host)
        case _:
            return False


def _ecr_host(host: str) -> EcrHost:
    found = ecr_host(host)
    if found is None:
        raise _foreign_to(Cloud.ECR, host)
    return found


def _acr_host(host: str) -> AcrHost:
    found = acr_host(host)
    if found is None:
        raise _foreign_to(Cloud.ACR, host)
    return found


def _require_google_host(host: str) -> None:
    if not is_google_host(host):
        raise _foreign_to(Cloud.GAR, host)


def _foreign_to(cloud: Cloud, host: str) -> CredentialInvalid:
    msg = (
        f"{host} is no registry of type {cloud}, whose hosts are {_HOSTS[cloud]}: its keys are not used there"
    )
    return CredentialInvalid(msg)

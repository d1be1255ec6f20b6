from __future__ import annotations

import base64
import json
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from slipway.oci.client import RegistryClient
from slipway.oci.credentials import Secret
from slipway.oci.exchange.choosing import choose_source
from slipway.oci.providers.access import Access
from slipway.oci.providers.api import direct
from slipway.oci.providers.factory import make_provider
from slipway.oci.results import RepositoryCatalog, TagsList
from slipway.oci.session import RegistrySession
from tests.support.clouds import Clouds, answer, form_of
from tests.support.providers.fake import digest_named
from tests.support.raw_server import Reply, Seen

ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
ACR = "shopregistry.azurecr.io"
GAR = "europe-west4-docker.pkg.dev"
NOT_FOUND = answer({"errors": [{"code": "NAME_UNKNOWN"}]}, 404)


class _Plain:
    """The plain protocol, for tags alone."""

    def __init__(self, client: RegistryClient) -> None:
        self._client = client

    async def list_repositories(self) -> RepositoryCatalog:
        raise NotImplementedError

    async def list_tags(self, repository: str) -> TagsList:
        return await self._client.list_tags(repository)


async def _tags(clouds: Clouds, cloud: str, host: str, data: dict[str, bytes]) -> TagsList:
    """From the Secret to the tags, as the operator goes."""
    secret = Secret("cloud", "Opaque", data, {"slipway.dev/allowed-hosts": host})
    source = choose_source(cloud, host, secret, clouds.http, clock=clouds.clock)
    session = RegistrySession(f"https://{host}", clouds.http, source, clouds.clock)
    plain = _Plain(RegistryClient.over(session, 5))
    access = Access(session, direct(clouds.http), plain, source, clock=clouds.clock, timeout=5)
    return await make_provider(cloud, access).list_tags("shop/api")


def _seen_by(clouds: Clouds, host: str) -> str:
    """Everything that a host got to know."""
    return repr([seen for seen in clouds.seen if seen.headers["host"] == host])


def _pair(username: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


async def test_from_access_keys_to_the_tags_of_amazon(clouds: Clouds) -> None:
    """The API alone is asked: by signatures, from which nobody gets the key."""
    token = base64.b64encode(b"AWS:the-password").decode()
    end = (clouds.clock.now() + timedelta(hours=12)).timestamp()
    image = {"imageDigest": digest_named("v1"), "imageTags": ["v1"], "imagePushedAt": 1_767_225_600.5}
    answers = {
        "GetAuthorizationToken": {"authorizationData": [{"authorizationToken": token, "expiresAt": end}]},
        "DescribeImages": {"imageDetails": [image]},
        "DescribeRepositories": {"repositories": [{"imageTagMutability": "IMMUTABLE"}]},
    }
    clouds.hosts["api.ecr.eu-central-1.amazonaws.com"] = lambda seen: answer(
        answers[seen.headers["x-amz-target"].rpartition(".")[2]]
    )
    data = {"AWS_ACCESS_KEY_ID": b"AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": b"the-secret-half"}
    tags = await _tags(clouds, "ECR", ECR, data)

    assert tags.info("v1").digest == digest_named("v1")
    assert tags.info("v1").immutable
    assert set(clouds.asked()) == {"api.ecr.eu-central-1.amazonaws.com/"}
    assert "the-secret-half" not in repr(clouds.seen)


async def test_from_access_keys_to_the_tags_of_amazon_by_the_plain_protocol(clouds: Clouds) -> None:
    """With a policy to pull with, the registry gets the password, and nothing of the keys."""
    token = base64.b64encode(b"AWS:the-password").decode()

    def api(seen: Seen) -> Reply:
        if seen.headers["x-amz-target"].endswith(".GetAuthorizationToken"):
            return answer({"authorizationData": [{"authorizationToken": token}]})
        return answer({"__type": "AccessDeniedException", "message": "no"}, 400)

    def registry(seen: Seen) -> Reply:
        if seen.headers.get("authorization") != _pair("AWS", "the-password"):
            challenge = f'Basic realm="https://{ECR}/",service="ecr.amazonaws.com"'
            return answer({}, 401, (("WWW-Authenticate", challenge),))
        return answer({"name": "shop/api", "tags": ["v1"]})

    clouds.hosts["api.ecr.eu-central-1.amazonaws.com"], clouds.hosts[ECR] = api, registry
    data = {"AWS_ACCESS_KEY_ID": b"AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": b"the-secret-half"}

    assert (await _tags(clouds, "ECR", ECR, data)).names == ("v1",)
    assert "AKIDEXAMPLE" not in _seen_by(clouds, ECR)


async def test_from_a_client_secret_to_the_tags_of_azure(clouds: Clouds) -> None:
    """The secret goes to the login, Entra's token to the exchange, and the registry's own to its API."""

    def registry(seen: Seen) -> Reply:
        if seen.path == "/oauth2/exchange":
            return answer({"refresh_token": "refresh"} if form_of(seen)["access_token"] == "entra" else {})
        if seen.path == "/oauth2/token":
            return answer({"access_token": "access"} if form_of(seen)["refresh_token"] == "refresh" else {})
        if seen.headers.get("authorization") != "Bearer access":
            challenge = f'Bearer realm="https://{ACR}/oauth2/token",service="{ACR}"'
            return answer({}, 401, (("WWW-Authenticate", challenge),))
        if seen.path != "/acr/v1/shop/api/_tags":
            return NOT_FOUND
        return answer({"tags": [{"name": "v1", "digest": digest_named("v1")}]})

    clouds.hosts["login.microsoftonline.com"] = lambda _: answer({"access_token": "entra"})
    clouds.hosts[ACR] = registry
    data = {"AZURE_TENANT_ID": b"t", "AZURE_CLIENT_ID": b"app", "AZURE_CLIENT_SECRET": b"the-client-secret"}
    tags = await _tags(clouds, "ACR", ACR, data)

    assert tags.info("v1").digest == digest_named("v1")
    assert "the-client-secret" in _seen_by(clouds, "login.microsoftonline.com")
    assert "the-client-secret" not in _seen_by(clouds, ACR)


async def test_from_the_key_of_a_service_account_to_the_tags_of_google(
    clouds: Clouds, rsa_key: RSAPrivateKey
) -> None:
    """The key goes nowhere; the registry gets an access token, and gives one of its own."""

    def registry(seen: Seen) -> Reply:
        if seen.path == "/v2/token":
            assert seen.headers["authorization"] == _pair("oauth2accesstoken", "ya29.access")
            return answer({"token": "registry-token"})
        if seen.headers.get("authorization") != "Bearer registry-token":
            challenge = f'Bearer realm="https://{GAR}/v2/token",service="{GAR}"'
            return answer({}, 401, (("WWW-Authenticate", challenge),))
        return answer({"tags": ["v1"], "manifest": {digest_named("v1"): {"tag": ["v1"]}}})

    clouds.hosts["oauth2.googleapis.com"] = lambda _: answer({"access_token": "ya29.access"})
    clouds.hosts[GAR] = registry
    pem = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    key = {"type": "service_account", "client_email": "a@b", "private_key_id": "k", "private_key": pem}
    tags = await _tags(clouds, "GAR", GAR, {"key.json": json.dumps(key).encode()})

    assert tags.info("v1").digest == digest_named("v1")
    assert {host.partition("/")[0] for host in clouds.asked()} == {"oauth2.googleapis.com", GAR}
    assert pem.splitlines()[1] not in repr(clouds.seen)

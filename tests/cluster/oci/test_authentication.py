"""The client against real registries that want a password, a token or TLS."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from dev.registry import Registry
from dev.tokens import TokenServer
from slipway.egress import ClientCertificate
from slipway.oci import ClientPool, Endpoint, RegistryClient
from slipway.oci.credentials import Credential
from slipway.oci.digest import digest_of
from slipway.oci.errors import (
    AccessDenied,
    AuthenticationFailed,
    CertificateInvalid,
    RegistryUnreachable,
    RepositoryNotFound,
)
from tests.cluster.oci.support import push, small_image

WANTED = ["password_registry", "token_registry"]


@pytest.fixture
def guarded(request: pytest.FixtureRequest) -> Registry:
    """The registry whose fixture the test names."""
    registry = request.getfixturevalue(request.param)
    assert isinstance(registry, Registry)
    return registry


@pytest.mark.parametrize("guarded", WANTED, indirect=True)
async def test_the_right_password_opens_everything(guarded: Registry) -> None:
    """Checked, pushed, mounted, listed and pulled."""
    repository = f"shop/{uuid.uuid4().hex}"
    image = small_image("first", megabytes=1)
    layer = image.blobs[1]
    async with RegistryClient(guarded.url, username="robot", password="hunter2") as client:
        await client.check()
        digest = await push(client, repository, "1.0", image)
        assert (await client.head_manifest(repository, "1.0")).digest == digest
        assert (await client.list_tags(repository)).names == ("1.0",)
        assert await client.mount_blob(f"{repository}/mounted", digest_of(layer), repository)
        streamed = client.stream_blob(repository, digest_of(layer), len(layer))
        await client.upload_blob(f"{repository}/streamed", digest_of(layer), len(layer), streamed)
        with pytest.raises(RepositoryNotFound):
            await client.list_tags("no/such")


@pytest.mark.parametrize("guarded", WANTED, indirect=True)
async def test_a_wrong_password_is_named(guarded: Registry) -> None:
    """With the user, without the password."""
    async with RegistryClient(guarded.url, username="robot", password="wrong-password") as client:
        with pytest.raises(AuthenticationFailed, match="refuses user robot") as caught:
            await client.check()
        with pytest.raises(AuthenticationFailed):
            await client.list_tags("shop/api")

    assert "wrong-password" not in str(caught.value)


@pytest.mark.parametrize("guarded", WANTED, indirect=True)
async def test_without_a_password_one_is_asked_for(guarded: Registry) -> None:
    """The error says where to name it."""
    async with RegistryClient(guarded.url) as client:
        with pytest.raises(AuthenticationFailed, match="name a Secret"):
            await client.check()


async def test_one_token_serves_many_requests(token_registry: Registry, token_server: TokenServer) -> None:
    """Tokens are kept per repository and right, and shared by requests at the same time."""
    repository = f"shop/{uuid.uuid4().hex}"
    async with RegistryClient(token_registry.url, username="robot", password="hunter2") as client:
        before = token_server.requests
        await push(client, repository, "1.0", small_image("first"))
        assert token_server.requests == before + 1
        for _ in range(5):
            await client.head_manifest(repository, "1.0")
        assert token_server.requests == before + 2


async def test_everybodys_tokens_open_what_is_public() -> None:
    """An anonymous client gets a token where the server gives one."""
    with TokenServer() as tokens, Registry(token=tokens.authentication) as registry:
        async with RegistryClient(registry.url) as client:
            await client.check()
            await push(client, "shop/api", "1.0", small_image("first"))
            assert (await client.list_tags("shop/api")).names == ("1.0",)


async def test_a_token_of_somebody_else_opens_nothing(token_registry: Registry) -> None:
    """A registry that does not trust the issuer denies access, and there is no endless exchange."""
    with TokenServer() as stranger:
        other = stranger.authentication
        mixed = type(other)(other.realm, other.service, "another-issuer", other.root_certificates)
        with Registry(token=mixed) as registry:
            async with RegistryClient(registry.url) as client:
                with pytest.raises((AccessDenied, AuthenticationFailed)):
                    await client.list_tags("shop/api")
            assert stranger.requests <= 2


async def test_tls_is_checked_unless_it_is_turned_off(tls_registry: Registry) -> None:
    """An unknown authority is named with the way out; the authority, its file and no check at all open it."""
    certificate, shown = _client_certificate(tls_registry)
    async with RegistryClient(tls_registry.url) as client:
        with pytest.raises(CertificateInvalid, match="certSecretRef"):
            await client.check()
    for verify in (certificate, False, tls_registry.ssl_context()):
        assert verify is not None
        async with RegistryClient(tls_registry.url, verify_ssl=verify, client_cert=shown) as client:
            await client.check()
            await push(client, "shop/api", "1.0", small_image("first"))


async def test_a_missing_client_certificate_is_named(tls_registry: Registry) -> None:
    """The registry ends the handshake; the error says what it may want."""
    certificate, _ = _client_certificate(tls_registry)
    async with RegistryClient(tls_registry.url, verify_ssl=certificate) as client:
        with pytest.raises(RegistryUnreachable, match="client certificate"):
            await client.check()


async def test_the_wrong_scheme_is_named(tls_registry: Registry, open_registry: Registry) -> None:
    """Both ways round."""
    async with RegistryClient(tls_registry.url.replace("https", "http")) as client:
        with pytest.raises(RegistryUnreachable, match="write https://"):
            await client.check()
    async with RegistryClient(open_registry.url.replace("http", "https")) as client:
        with pytest.raises(RegistryUnreachable, match="write http://"):
            await client.check()


async def test_the_pool_gives_clients_that_work(tls_registry: Registry, password_registry: Registry) -> None:
    """With what a Secret brings: a password here, certificates there."""
    certificate, shown = _client_certificate(tls_registry)
    pool = ClientPool()
    for endpoint in (
        Endpoint(password_registry.url, Credential.basic("robot", "hunter2")),
        Endpoint(tls_registry.url, ca=certificate.read_bytes(), client_cert=shown),
        Endpoint(tls_registry.url, verify=False, client_cert=shown),
    ):
        await (await pool.get(endpoint)).check()
    await pool.aclose()


def _client_certificate(registry: Registry) -> tuple[Path, ClientCertificate]:
    assert registry.authority is not None
    pair = registry.authority.client("robot", user="robot")
    shown = ClientCertificate(pair.certificate.read_bytes(), pair.key.read_bytes())
    return registry.authority.files.certificate, shown

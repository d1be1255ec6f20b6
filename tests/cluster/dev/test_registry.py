"""Registries with every kind of protection, asked with plain HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import urllib.error
import urllib.request
from typing import Any

import pytest

from dev.registry import Notifications, Registry
from dev.tokens import TokenServer
from tests.support.images import push_image
from tests.support.raw_server import RawServer, Reply, Seen


def _status(url: str, authorization: str = "", context: ssl.SSLContext | None = None) -> int:
    headers = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    if authorization:
        headers["Authorization"] = authorization
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=5, context=context
        ) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def _json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as response:
        return json.load(response)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_plain_registry_keeps_its_images_over_an_outage(registry: Registry) -> None:
    """Stopped it refuses connections; started again it has the same address and images."""
    push_image(registry.url, "shop/api", "1")

    registry.stop()
    with pytest.raises(urllib.error.URLError):
        _status(f"{registry.url}/v2/")
    registry.start()

    assert _status(f"{registry.url}/v2/shop/api/manifests/1") == 200


def test_a_manifest_can_be_deleted(registry: Registry) -> None:
    """Deletion is enabled, as registries of users have it."""
    digest = push_image(registry.url, "shop/api", "1")
    request = urllib.request.Request(f"{registry.url}/v2/shop/api/manifests/{digest}", method="DELETE")
    with urllib.request.urlopen(request, timeout=5) as response:
        assert response.status == 202

    assert _status(f"{registry.url}/v2/shop/api/manifests/{digest}") == 404


def test_a_registry_with_users_lets_in_the_right_password_only() -> None:
    """HTTP Basic authentication against bcrypt hashes."""
    with Registry(users={"robot": "secret"}) as registry:
        assert _status(f"{registry.url}/v2/") == 401
        assert _status(f"{registry.url}/v2/", _basic("robot", "wrong")) == 401
        assert _status(f"{registry.url}/v2/", _basic("robot", "secret")) == 200


def test_a_registry_with_tokens_accepts_those_of_its_token_server() -> None:
    """The challenge names realm and service; a token for the asked scope opens the repository."""
    with TokenServer(users={"robot": "secret"}) as tokens, Registry(token=tokens.authentication) as registry:
        authentication = tokens.authentication
        query = f"?service={authentication.service}&scope=repository:shop/api:pull"
        request = urllib.request.Request(
            authentication.realm + query, headers={"Authorization": _basic("robot", "secret")}
        )
        with urllib.request.urlopen(request, timeout=5) as response:
            token = json.load(response)["token"]
        tags = f"{registry.url}/v2/shop/api/tags/list"

        assert _status(authentication.realm + query, _basic("robot", "wrong")) == 401
        assert _status(tags) == 401
        # Let in, and then told that nobody has pushed there yet.
        assert _status(tags, f"Bearer {token}") == 404
        assert _status(f"{registry.url}/v2/shop/other/tags/list", f"Bearer {token}") == 401
        assert tokens.requests == 2


def test_a_registry_with_tls_is_trusted_by_its_authority_alone() -> None:
    """Its certificate is for 127.0.0.1 and signed by its own authority."""
    with Registry(tls=True) as registry:
        assert registry.url.startswith("https://")
        assert _status(f"{registry.url}/v2/", context=registry.ssl_context()) == 200
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            _status(f"{registry.url}/v2/", context=ssl.create_default_context())


def test_a_registry_may_demand_client_certificates() -> None:
    """Trust alone is not enough then; a certificate of the authority is."""
    with Registry(tls=True, client_certificates=True) as registry:
        assert registry.authority is not None
        trusting = ssl.create_default_context(cafile=str(registry.authority.files.certificate))

        assert _status(f"{registry.url}/v2/", context=registry.ssl_context()) == 200
        with pytest.raises((urllib.error.URLError, OSError)):
            _status(f"{registry.url}/v2/", context=trusting)


def test_a_mirror_passes_on_what_its_upstream_has() -> None:
    """Tags and manifests, which it keeps; of repositories it lists those that it has passed on."""
    with Registry() as upstream, Registry(proxy=upstream.url) as mirror:
        digest = push_image(upstream.url, "shop/api", "1")
        push_image(upstream.url, "shop/api", "2", label="second")

        assert _json(f"{mirror.url}/v2/_catalog") == {"repositories": []}
        assert _json(f"{mirror.url}/v2/shop/api/tags/list")["tags"] == ["1", "2"]
        assert _status(f"{mirror.url}/v2/shop/api/manifests/1") == 200
        assert _json(f"{mirror.url}/v2/_catalog") == {"repositories": ["shop/api"]}
        with pytest.raises(urllib.error.HTTPError, match="405") as caught:
            push_image(mirror.url, "shop/api", "3")
        caught.value.close()
        upstream.stop()
        assert _status(f"{mirror.url}/v2/shop/api/manifests/{digest}") == 200
        assert _status(f"{mirror.url}/v2/shop/api/manifests/2") == 404


async def test_a_registry_tells_of_pushes() -> None:
    """With an Authorization header; what was pushed by digest, as the children of an index, has no tag."""
    told = asyncio.Event()
    pushed: list[dict[str, str]] = []

    def receive(seen: Seen) -> Reply:
        assert seen.headers["content-type"] == "application/vnd.docker.distribution.events.v2+json"
        assert seen.headers["authorization"] == "Bearer events"
        events = [event for event in json.loads(seen.body)["events"] if event["action"] == "push"]
        pushed.extend(e["target"] for e in events if "manifest" in e["target"]["mediaType"])
        if len(pushed) == 2:
            told.set()
        return Reply()

    async with RawServer(receive) as receiver:
        target = Notifications(f"{receiver.url}/events", "Bearer events")
        with Registry(notifications=target) as registry:
            digest = await asyncio.to_thread(push_image, registry.url, "shop/api", "1")
            await asyncio.to_thread(push_image, registry.url, "shop/api", digest)
            async with asyncio.timeout(10):
                await told.wait()

    assert {target["digest"] for target in pushed} == {digest}
    assert {target["repository"] for target in pushed} == {"shop/api"}
    assert [target.get("tag") for target in pushed] == ["1", None]


def test_a_registry_may_write_down_each_request() -> None:
    """One line per request, in the log of its process."""
    with Registry(access_log=True) as registry:
        assert _status(f"{registry.url}/v2/no/such/tags/list") == 404
        lines = [line for line in registry.log.read_text().splitlines() if "/v2/no/such/tags/list" in line]

    assert any('"GET /v2/no/such/tags/list HTTP/1.1" 404' in line for line in lines)

"""The client against answers that no real registry gives on demand; `tests/cluster/oci` has one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from slipway.http import HttpClient
from slipway.oci import RegistryClient
from slipway.oci.digest import digest_of
from slipway.oci.errors import (
    AccessDenied,
    AuthenticationFailed,
    BlobNotFound,
    ContentTooLarge,
    DigestMismatch,
    EgressRefused,
    InvalidReference,
    InvalidResponse,
    ListingIncomplete,
    ManifestNotFound,
    NotARegistry,
    PlatformNotFound,
    RateLimited,
    RegistryFailing,
    RepositoryNotFound,
    UnsupportedManifest,
    UploadRejected,
)
from slipway.oci.manifest import (
    OCI_MANIFEST,
    Descriptor,
    ImageConfig,
    ImageIndex,
    ImageManifest,
    ManifestV2,
)
from slipway.oci.platform import Platform
from slipway.oci.session import RegistrySession
from slipway.oci.tags import Tags
from tests.support.raw_server import Hanging, RawServer, Reply, Seen, Streaming

CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(b"{}"), "size": 2}
MANIFEST = ManifestV2.of(ImageManifest.model_validate({"config": CONFIG, "layers": []}))
OTHER = digest_of(b"other")
HTML = (("Content-Type", "text/html; charset=utf-8"),)
JSON = (("Content-Type", "application/json"),)
LOGIN = Reply(200, b"<!doctype html><form action=/login>", HTML)


def _manifest(digest: str | None = MANIFEST.digest, content_type: str | None = OCI_MANIFEST) -> Reply:
    headers = []
    if digest is not None:
        headers.append(("Docker-Content-Digest", digest))
    if content_type is not None:
        headers.append(("Content-Type", content_type))
    return Reply(200, MANIFEST.raw, tuple(headers))


@asynccontextmanager
async def _registry(
    script: Callable[[Seen], Reply | Streaming | Hanging], **options: str
) -> AsyncIterator[tuple[RegistryClient, RawServer]]:
    async with (
        RawServer(script) as server,
        RegistryClient(
            server.url,
            timeout=5,
            retry_delay=0.001,
            username=options.get("username"),
            password=options.get("password"),
        ) as client,
    ):
        yield client, server


# --- check


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"{}", (*JSON, ("Docker-Distribution-Api-Version", "registry/2.0"))),
        Reply(200, b"", (("Docker-Distribution-API-Version", "registry/2.0"),)),
        Reply(200, b"{}", JSON),
        Reply(200, b""),
        Reply(200, b"{}", (("Content-Type", "text/plain"),)),
    ],
)
async def test_a_registry_is_known_by_what_it_says(reply: Reply) -> None:
    """By its header, or by JSON or nothing where a web server has a page."""
    async with _registry(lambda _: reply) as (client, _):
        await client.check()


@pytest.mark.parametrize(
    "reply",
    [
        LOGIN,
        Reply(200, b"Welcome to nginx!", (("Content-Type", "text/plain"),)),
        Reply(404, b"<html>nginx", HTML),
        Reply(404, b"404 page not found\n"),
        Reply(401, b"<html>", (("WWW-Authenticate", 'Basic realm="intranet"'), *HTML)),
    ],
)
async def test_a_web_server_is_no_registry(reply: Reply) -> None:
    """Pages, plain words and a 404 at the root of the API say so, each with what to check."""
    async with _registry(lambda _: reply) as (client, _):
        with pytest.raises(NotARegistry, match="check the URL"):
            await client.check()


async def test_a_login_page_behind_a_redirect_is_no_registry() -> None:
    """Single sign-on in front of the API answers 302 and a page."""
    redirect = Reply(302, b"", (("Location", "/login"),))
    async with _registry(lambda seen: LOGIN if seen.path == "/login" else redirect) as (client, _):
        with pytest.raises(NotARegistry):
            await client.check()


async def test_a_password_is_tried_even_where_nobody_asks_for_it() -> None:
    """A registry that is open to read would show a wrong password only at the first push."""
    refusal = Reply(401, b"{}", (("WWW-Authenticate", 'Basic realm="x"'), *JSON))

    def script(seen: Seen) -> Reply:
        return refusal if "authorization" in seen.headers else Reply(200, b"{}", JSON)

    async with _registry(script, username="robot", password="wrong") as (client, _):
        with pytest.raises(AuthenticationFailed, match="refuses user robot"):
            await client.check()
    async with _registry(lambda _: Reply(200, b"{}", JSON), username="robot", password="right") as (
        client,
        server,
    ):
        await client.check()
        assert len(server.seen) == 2


async def test_an_anonymous_client_is_told_to_bring_a_secret() -> None:
    """A registry that lets nobody in without one."""
    async with _registry(lambda _: Reply(401, b"{}", (("WWW-Authenticate", 'Basic realm="x"'), *JSON))) as (
        client,
        _,
    ):
        with pytest.raises(AuthenticationFailed, match="name a Secret in secretRef"):
            await client.check()


async def test_a_metadata_address_is_no_registry() -> None:
    """With no policy at all, it is refused with a reason of its own."""
    async with RegistryClient("http://169.254.169.254") as client:
        with pytest.raises(EgressRefused) as caught:
            await client.check()

    assert caught.value.reason == "EgressDenied"


# --- tags


async def test_tags_are_listed_over_pages() -> None:
    """Pages are followed with the authorization and the Accept of the first."""
    second = (("Link", '</v2/shop/api/tags/list?last=b>; rel="next"'),)
    pages = {"/v2/shop/api/tags/list?n=1000": Reply(200, b'{"tags":["a","b"]}', second)}
    async with _registry(lambda seen: pages.get(seen.target, Reply(200, b'{"tags":["c"]}'))) as (
        client,
        server,
    ):
        assert (await client.list_tags("shop/api")).names == ("a", "b", "c")

    assert {seen.headers["accept"] for seen in server.seen} == {"application/json"}


@pytest.mark.parametrize(
    ("status", "error"),
    [(500, RegistryFailing), (429, RateLimited), (403, AccessDenied), (404, ListingIncomplete)],
)
async def test_a_page_that_fails_fails_the_list(status: int, error: type[Exception]) -> None:
    """Never a part, whatever the second page fails with."""
    first = Reply(200, b'{"tags":["a"]}', (("Link", '</v2/shop/api/tags/list?last=a>; rel="next"'),))
    second = Reply(status, b"{}")
    async with _registry(lambda seen: second if "last" in seen.target else first) as (client, _):
        with pytest.raises(error):
            await client.list_tags("shop/api")


async def test_a_list_that_takes_for_ever_is_given_up() -> None:
    """Every page may come in time, and still there is an end: ten times the time of one request."""

    def endless(_: Seen) -> Reply:
        number = len(server.seen)
        link = ("Link", f'</v2/a/tags/list?last=t{number}>; rel="next"')
        return Reply(200, json.dumps({"tags": [f"t{number}"]}).encode(), (link,))

    async with RawServer(endless) as server:
        session = RegistrySession(server.url, HttpClient(timeout=30))
        with pytest.raises(ListingIncomplete, match=r"in 0\.3 s"):
            await Tags(session, timeout=0.03).list("a")
        await session.aclose()


async def test_a_repository_that_is_missing_is_named() -> None:
    """And a web server's 404 is not taken for it."""
    unknown = Reply(404, b'{"errors":[{"code":"NAME_UNKNOWN"}]}', JSON)
    async with _registry(lambda _: unknown) as (client, server):
        with pytest.raises(RepositoryNotFound, match="no repository shop/api"):
            await client.list_tags("shop/api")
        server.script = lambda _: Reply(404, b"<html>", HTML)
        with pytest.raises(NotARegistry):
            await client.list_tags("shop/api")
        server.script = lambda _: LOGIN
        with pytest.raises(NotARegistry):
            await client.list_tags("shop/api")


@pytest.mark.parametrize("name", ["", "Shop/api", "../x", "a b", "r.io:5000/a", "a/", "a?n=1", "a" * 256])
async def test_names_that_cannot_be_are_never_sent(name: str) -> None:
    """A registry may answer them with a server error."""
    async with _registry(lambda _: Reply()) as (client, server):
        with pytest.raises(InvalidReference):
            await client.list_tags(name)
        with pytest.raises(InvalidReference):
            await client.get_manifest("a", f"sha256:{name}")
        with pytest.raises(InvalidReference):
            await client.get_blob(name, OTHER, 10)
        with pytest.raises(InvalidReference):
            await client.get_blob("a", "sha256:zz", 10)

    assert server.seen == []


# --- manifests


async def test_head_is_enough_when_it_says_everything() -> None:
    """One request, which no registry counts as a pull."""
    async with _registry(lambda _: _manifest()) as (client, server):
        descriptor = await client.head_manifest("shop/api", "1.0")

    assert (descriptor.digest, descriptor.size) == (MANIFEST.digest, len(MANIFEST.raw))
    assert descriptor.media_type == OCI_MANIFEST
    assert server.targets() == ["HEAD /v2/shop/api/manifests/1.0"]
    assert "application/vnd.oci.image.index.v1+json" in server.seen[0].headers["accept"]


@pytest.mark.parametrize(
    "head",
    [
        _manifest(digest=None),
        _manifest(digest="sha256:abc"),
        _manifest(content_type=None),
        _manifest(content_type="text/plain"),
        Reply(405),
        Reply(403),
    ],
)
async def test_head_falls_back_to_get(head: Reply) -> None:
    """Where headers are missing or HEAD is refused, the content is fetched and hashed."""
    async with _registry(lambda seen: head if seen.method == "HEAD" else _manifest()) as (client, server):
        descriptor = await client.head_manifest("shop/api", "1.0")

    assert descriptor.digest == MANIFEST.digest
    assert [seen.method for seen in server.seen] == ["HEAD", "GET"]


async def test_head_without_a_length_falls_back_to_get() -> None:
    """A proxy that sends the body in chunks leaves it out."""

    async def chunked(writer: asyncio.StreamWriter) -> None:
        fields = f"Docker-Content-Digest: {MANIFEST.digest}\r\nContent-Type: {OCI_MANIFEST}"
        writer.write(f"HTTP/1.1 200 OK\r\n{fields}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        await writer.drain()

    def script(seen: Seen) -> Reply | Streaming:
        return Streaming(chunked) if seen.method == "HEAD" else _manifest()

    async with _registry(script) as (client, server):
        assert await client.head_manifest("shop/api", "1.0") == MANIFEST.descriptor

    assert [seen.method for seen in server.seen] == ["HEAD", "GET"]


async def test_a_manifest_that_breaks_off_is_read_again() -> None:
    """Fewer bytes than were announced are no manifest, and no other digest."""

    async def short(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(MANIFEST.raw)}\r\n\r\n".encode())
        writer.write(MANIFEST.raw[:20])
        await writer.drain()

    def script(_: Seen) -> Reply | Streaming:
        return Streaming(short) if len(server.seen) == 1 else _manifest()

    async with RawServer(script) as server, RegistryClient(server.url, timeout=5, retry_delay=0.01) as client:
        assert await client.get_manifest("shop/api", "1.0") == MANIFEST

    assert len(server.seen) == 2


async def test_head_learns_from_get_what_is_missing() -> None:
    """A 404 without a body does not say whether it is the tag or the repository."""
    body = b'{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known"}]}'
    async with _registry(lambda _: Reply(404, body, JSON)) as (client, server):
        with pytest.raises(RepositoryNotFound):
            await client.head_manifest("shop/api", "1.0")
        server.script = lambda _: Reply(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', JSON)
        with pytest.raises(ManifestNotFound, match=r"no image shop/api:1\.0"):
            await client.head_manifest("shop/api", "1.0")


async def test_head_does_not_press_a_registry_that_is_busy() -> None:
    """No GET after a rate limit."""
    async with _registry(lambda _: Reply(429, b"", (("Retry-After", "60"),))) as (client, server):
        with pytest.raises(RateLimited) as caught:
            await client.head_manifest("shop/api", "1.0")

    assert caught.value.retry_after == 60
    assert len(server.seen) == 1


async def test_a_digest_must_be_answered_with_itself() -> None:
    """HEAD and GET by digest fail on anything else."""
    async with _registry(lambda _: _manifest()) as (client, _):
        with pytest.raises(DigestMismatch):
            await client.head_manifest("shop/api", OTHER)
        with pytest.raises(DigestMismatch):
            await client.get_manifest("shop/api", OTHER)
        assert (await client.get_manifest("shop/api", MANIFEST.digest)).raw == MANIFEST.raw


async def test_a_tag_has_the_digest_of_its_content() -> None:
    """A wrong header beside the right body does not count."""
    async with _registry(lambda _: _manifest(digest=OTHER)) as (client, _):
        assert (await client.get_manifest("shop/api", "1.0")).digest == MANIFEST.digest


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (LOGIN, NotARegistry),
        (Reply(200, b"text"), InvalidResponse),
        (Reply(200, b'{"schemaVersion":1}'), UnsupportedManifest),
        (Reply(200, b"x" * (8 * 1024 * 1024 + 1)), ContentTooLarge),
        (Reply(500, b'{"errors":[{"code":"UNKNOWN"}]}'), RegistryFailing),
    ],
)
async def test_what_is_no_manifest_is_an_error(reply: Reply, error: type[Exception]) -> None:
    """Pages, text, retired kinds and too many bytes."""
    async with _registry(lambda _: reply) as (client, _):
        with pytest.raises(error):
            await client.get_manifest("shop/api", "1.0")


async def test_an_endless_manifest_is_stopped() -> None:
    """No Content-Length, no end."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b" " * 65536)
            await writer.drain()

    async with _registry(lambda _: Streaming(endless)) as (client, _):
        with pytest.raises(ContentTooLarge):
            await client.get_manifest("shop/api", "1.0")


async def test_a_manifest_is_stored_as_it_is() -> None:
    """Its very bytes, under its own media type."""
    async with _registry(lambda _: Reply(201, b"", (("Docker-Content-Digest", MANIFEST.digest),))) as (
        client,
        server,
    ):
        assert await client.put_manifest("shop/api", "1.0", MANIFEST) == MANIFEST.digest
        assert await client.put_manifest("shop/api", MANIFEST.digest, MANIFEST) == MANIFEST.digest
        with pytest.raises(InvalidReference, match="cannot be stored as"):
            await client.put_manifest("shop/api", OTHER, MANIFEST)

    assert [seen.body for seen in server.seen] == [MANIFEST.raw] * 2
    assert server.seen[0].headers["content-type"] == OCI_MANIFEST


async def test_a_manifest_that_is_stored_differently_is_refused() -> None:
    """A registry that rewrites manifests breaks every signature and every digest."""
    async with _registry(lambda _: Reply(201, b"", (("Docker-Content-Digest", OTHER),))) as (client, server):
        with pytest.raises(UploadRejected, match="stored"):
            await client.put_manifest("shop/api", "1.0", MANIFEST)
        server.script = lambda _: Reply(
            400, b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown"}]}'
        )
        with pytest.raises(UploadRejected, match="blob unknown"):
            await client.put_manifest("shop/api", "1.0", MANIFEST)


async def test_an_echoed_credential_does_not_reach_the_message() -> None:
    """A registry that quotes the Authorization header is quoted without it."""

    def script(seen: Seen) -> Reply:
        if "authorization" not in seen.headers:
            return Reply(401, b"", (("WWW-Authenticate", 'Basic realm="x"'),))
        return Reply(
            403, json.dumps({"errors": [{"code": "DENIED", "message": str(seen.headers)}]}).encode(), JSON
        )

    async with _registry(script, username="robot", password="tr0ub4dor") as (client, _):
        with pytest.raises(AccessDenied) as caught:
            await client.get_manifest("shop/api", "1.0")

    assert "tr0ub4dor" not in str(caught.value)
    assert "cm9ib3Q6dHIwdWI0ZG9y" not in str(caught.value)


# --- platforms and images


def _described(media_type: str, content: bytes) -> Descriptor:
    return Descriptor(media_type=media_type, digest=digest_of(content), size=len(content))


def _config(platform: str) -> bytes:
    """The configuration of an image for a platform."""
    on = Platform.parse(platform)
    return ImageConfig(os=on.os, architecture=on.architecture, created="2026-11-21T09:00:00Z").to_bytes()


def _image_of(platform: str) -> ManifestV2:
    config = _described("application/vnd.oci.image.config.v1+json", _config(platform))
    return ManifestV2.of(ImageManifest(config=config))


AMD64, ARM64 = _image_of("linux/amd64"), _image_of("linux/arm64")
INDEX = ManifestV2.of(
    ImageIndex(
        manifests=(
            AMD64.descriptor.model_copy(update={"platform": Platform.parse("linux/amd64")}),
            ARM64.descriptor.model_copy(update={"platform": Platform.parse("linux/arm64/v8")}),
        )
    )
)


def _shop(seen: Seen) -> Reply:
    """A registry with one image for two platforms under `1.0`, and one for a single platform under `2.0`."""
    stored = {one.digest: one for one in (AMD64, ARM64, INDEX)} | {"1.0": INDEX, "2.0": ARM64}
    configs = {digest_of(one): one for one in map(_config, ("linux/amd64", "linux/arm64"))}
    name = seen.path.rpartition("/")[2]
    if name in configs:
        return Reply(200, configs[name])
    manifest = stored[name]
    headers = (("Content-Type", manifest.media_type), ("Docker-Content-Digest", manifest.digest))
    return Reply(200, manifest.raw, headers)


async def test_an_index_is_resolved_to_the_image_for_a_platform() -> None:
    """One request more; an image is given as it is, and without a platform so is the index."""
    async with _registry(_shop) as (client, server):
        assert await client.get_manifest("a", "1.0", "linux/aarch64") == ARM64
        assert len(server.seen) == 2
        assert await client.get_manifest("a", "1.0", Platform.parse("linux/amd64")) == AMD64
        assert await client.get_manifest("a", "1.0") == INDEX
        assert await client.get_manifest("a", "2.0", "linux/amd64") == ARM64
        with pytest.raises(PlatformNotFound, match="the index has: linux/amd64, linux/arm64/v8"):
            await client.get_manifest("a", "1.0", "linux/s390x")
        server.seen.clear()
        with pytest.raises(InvalidReference, match="linux/arm/v7"):
            await client.get_manifest("a", "1.0", "linux")

    assert server.seen == []


async def test_an_image_for_another_platform_is_none_for_this_one() -> None:
    """What is read of it says what it is for."""
    async with _registry(_shop) as (client, _):
        assert (await client.get_image("a", "2.0", "linux/arm64")).digest == ARM64.digest
        with pytest.raises(PlatformNotFound, match="no image for linux/s390x; the image is for linux/arm64"):
            await client.get_image("a", "2.0", "linux/s390x")


@pytest.mark.parametrize(
    ("tag", "platform", "want", "requests"),
    [
        pytest.param("2.0", None, ARM64, 2, id="an image: manifest and configuration"),
        pytest.param("1.0", None, AMD64, 3, id="an index: itself, its first image, the configuration"),
        pytest.param("1.0", "linux/arm64", ARM64, 3, id="an index and a platform: just as many"),
    ],
)
async def test_an_image_is_told_with_few_requests(
    tag: str, platform: str | None, want: ManifestV2, requests: int
) -> None:
    """Each document is read once."""
    async with _registry(_shop) as (client, server):
        info = await client.get_image("a", tag, platform)

    assert info.digest == (INDEX.digest if tag == "1.0" else ARM64.digest)
    assert isinstance(want.content, ImageManifest)
    assert info.size == want.content.config.size
    assert info.created_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert ("linux/arm64", ARM64.digest) in info.platforms
    assert len(server.seen) == requests


async def test_what_a_head_gave_is_what_is_read() -> None:
    """By its digest: a tag that moves between the two changes nothing."""
    async with _registry(_shop) as (client, server):
        descriptor = await client.head_manifest("a", "1.0")
        server.seen.clear()
        assert (await client.get_image("a", descriptor)).digest == INDEX.digest

    assert server.targets()[0] == f"GET /v2/a/manifests/{INDEX.digest}"


async def test_an_image_whose_configuration_is_missing_is_an_error() -> None:
    """Or is another than its digest says, or is none."""

    def script(seen: Seen) -> Reply:
        return answer if "/blobs/" in seen.path else _shop(seen)

    async with _registry(script) as (client, _):
        answer = Reply(404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}')
        with pytest.raises(BlobNotFound):
            await client.get_image("a", "2.0")
        answer = Reply(200, b"{}")
        with pytest.raises(DigestMismatch):
            await client.get_image("a", "2.0")


# --- blobs


@pytest.mark.parametrize(
    ("headers", "want"),
    [
        pytest.param("Content-Length: 123456789012", 123456789012, id="more than fits into memory"),
        pytest.param("Content-Length: 0", 0, id="an empty blob"),
        pytest.param("Transfer-Encoding: chunked", None, id="it does not say"),
        pytest.param(
            "Content-Length: 9\r\nContent-Encoding: gzip", None, id="it says how much it would send"
        ),
    ],
)
async def test_a_blob_has_a_size_where_the_registry_says_so(headers: str, want: int | None) -> None:
    """From a HEAD; not a byte of the blob travels."""

    async def head(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\n{headers}\r\n\r\n".encode())
        await writer.drain()

    async with _registry(lambda _: Streaming(head)) as (client, server):
        assert await client.get_blob_size("a", OTHER) == want

    assert {seen.method for seen in server.seen} == {"HEAD"}


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, BlobNotFound), (403, AccessDenied), (418, InvalidResponse)],
)
async def test_a_blob_that_is_not_shown_has_no_size(status: int, error: type[Exception]) -> None:
    """That is an error, other than a size that is not known."""
    async with _registry(lambda _: Reply(status)) as (client, server):
        with pytest.raises(error):
            await client.get_blob_size("a", OTHER)
        server.script = lambda _: Reply(405)
        assert await client.get_blob_size("a", OTHER) is None


async def test_storage_that_was_signed_for_get_alone_tells_no_size() -> None:
    """It refuses the HEAD that the registry sent on to it; asked without the credential, it may also tell."""
    async with RawServer(lambda _: Reply(403)) as storage:
        moved = Reply(307, b"", (("Location", f"{storage.url}/blob?X-Amz-Signature=abc"),))
        async with _registry(lambda _: moved) as (client, _):
            assert await client.get_blob_size("a", OTHER) is None
            storage.script = lambda _: Reply(200, b"content")
            assert await client.get_blob_size("a", OTHER) == 7

    assert [seen.headers.get("authorization") for seen in storage.seen] == [None, None]


@pytest.mark.parametrize("scheme", ["http", "ftp"])
async def test_redirects_that_lead_round_or_astray_end(scheme: str) -> None:
    """After five hops, or at once where no request can go."""

    def script(seen: Seen) -> Reply:
        target = f"{server.url}/again" if scheme == "http" else "ftp://storage/blob"
        return Reply(307, b"", (("Location", target),))

    async with _registry(script) as (client, server):
        with pytest.raises(InvalidResponse):
            await client.get_blob("a", OTHER, 10)
        with pytest.raises(InvalidResponse):
            _ = [piece async for piece in client.stream_blob("a", OTHER)]

    assert len(server.seen) == (12 if scheme == "http" else 2)


async def test_a_small_blob_is_verified_and_bounded() -> None:
    """Right bytes, wrong bytes, too many bytes, none."""
    async with _registry(lambda _: Reply(200, b"content")) as (client, server):
        assert await client.get_blob("a", digest_of(b"content"), 7) == b"content"
        with pytest.raises(DigestMismatch):
            await client.get_blob("a", OTHER, 7)
        with pytest.raises(ContentTooLarge):
            await client.get_blob("a", digest_of(b"content"), 6)
        server.script = lambda _: Reply(404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}')
        with pytest.raises(BlobNotFound):
            await client.get_blob("a", OTHER, 7)


async def test_a_blob_in_foreign_storage_gets_no_credential() -> None:
    """The signed URL of a content network is called without Authorization."""
    async with RawServer(lambda _: Reply(200, b"content")) as storage:

        def script(seen: Seen) -> Reply:
            if "authorization" not in seen.headers:
                return Reply(401, b"", (("WWW-Authenticate", 'Basic realm="x"'),))
            return Reply(307, b"", (("Location", f"{storage.url}/blob?X-Amz-Signature=abc"),))

        async with _registry(script, username="robot", password="hunter2") as (client, _):
            assert await client.get_blob("a", digest_of(b"content"), 7) == b"content"
            assert (
                b"".join([piece async for piece in client.stream_blob("a", digest_of(b"content"))])
                == b"content"
            )

    assert [seen.headers.get("authorization") for seen in storage.seen] == [None, None]


CONTENT = bytes(range(256)) * 2000


def _broken(start: int, *, ranges: bool) -> Callable[[Seen], Streaming | Reply]:
    """Serves CONTENT, but breaks off after 200,000 bytes each time; with or without Range."""

    def script(seen: Seen) -> Streaming | Reply:
        offset = (
            int(seen.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-")) if ranges else 0
        )

        async def write(writer: asyncio.StreamWriter) -> None:
            status = f"206 P\r\nContent-Range: bytes {offset}-9/9" if offset else "200 OK"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(CONTENT) - offset}\r\n\r\n".encode())
            writer.write(CONTENT[offset : offset + start])
            await writer.drain()

        return Streaming(write)

    return script


async def test_a_blob_is_taken_up_again_where_it_broke_off() -> None:
    """Three pieces by Range make one verified blob."""
    async with _registry(_broken(200_000, ranges=True)) as (client, server):
        pieces = [piece async for piece in client.stream_blob("a", digest_of(CONTENT), len(CONTENT))]

    assert b"".join(pieces) == CONTENT
    assert [seen.headers.get("range") for seen in server.seen] == [None, "bytes=200000-", "bytes=400000-"]


async def test_a_server_without_ranges_sends_the_blob_again() -> None:
    """What is known already is skipped; when it breaks off at the same place again there is no progress."""
    async with _registry(_broken(200_000, ranges=False)) as (client, server):
        with pytest.raises(Exception, match="broke"):
            _ = [piece async for piece in client.stream_blob("a", digest_of(CONTENT), len(CONTENT))]
        assert len(server.seen) == 2

        whole = Reply(200, CONTENT)
        broken = _broken(200_000, ranges=False)
        server.seen.clear()
        server.script = lambda seen: whole if len(server.seen) > 1 else broken(seen)
        pieces = [piece async for piece in client.stream_blob("a", digest_of(CONTENT), len(CONTENT))]

    assert b"".join(pieces) == CONTENT


async def test_a_stream_of_other_content_fails_at_its_end() -> None:
    """Also when it is longer than it may be."""
    async with _registry(lambda _: Reply(200, CONTENT)) as (client, server):
        with pytest.raises(DigestMismatch):
            _ = [piece async for piece in client.stream_blob("a", OTHER)]
        with pytest.raises(DigestMismatch, match="more than the 5 bytes"):
            _ = [piece async for piece in client.stream_blob("a", digest_of(CONTENT), 5)]
        server.script = lambda _: Reply(404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}')
        with pytest.raises(BlobNotFound):
            _ = [piece async for piece in client.stream_blob("a", OTHER)]


def _uploads(seen: Seen) -> Reply:
    """A registry that takes everything."""
    if seen.method == "POST":
        return Reply(202, b"", (("Location", f"{seen.path}session?_state=abc"),))
    return Reply(201 if seen.method == "PUT" else 204)


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_an_upload_is_a_post_and_a_put() -> None:
    """The state of the session stays in the address; the length is sent though the body streams."""
    async with _registry(_uploads) as (client, server):
        await client.upload_blob("a", digest_of(b"content"), 7, _pieces(b"con", b"tent"))
        await client.upload_blob("a", digest_of(b"content"), 7, b"content")

    assert [seen.method for seen in server.seen] == ["POST", "PUT", "POST", "PUT"]
    for put in server.seen[1::2]:
        assert put.body == b"content"
        assert put.headers["content-length"] == "7"
        assert put.target.startswith("/v2/a/blobs/uploads/session?_state=abc&digest=sha256%3A")


@pytest.mark.parametrize("pieces", [(b"con",), (b"content", b"x"), (b"CONTENT",)])
async def test_an_upload_of_other_content_is_broken_off(pieces: tuple[bytes, ...]) -> None:
    """The registry never gets it whole, and the session is closed."""
    async with _registry(_uploads) as (client, server):
        with pytest.raises(DigestMismatch):
            await client.upload_blob("a", digest_of(b"content"), 7, _pieces(*pieces))

    assert [seen.method for seen in server.seen] == ["POST", "DELETE"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(202), InvalidResponse),
        (Reply(202, b"", (("Location", "ftp://x"),)), InvalidResponse),
        (Reply(404, b'{"errors":[{"code":"NAME_UNKNOWN"}]}'), RepositoryNotFound),
        (Reply(403, b"{}"), AccessDenied),
        (Reply(405, b"{}"), UploadRejected),
    ],
)
async def test_an_upload_that_cannot_begin_says_why(reply: Reply, error: type[Exception]) -> None:
    """Before a byte of the source is asked for; and the source is closed."""
    source = _pieces(b"content")
    async with _registry(lambda _: reply) as (client, _):
        with pytest.raises(error):
            await client.upload_blob("a", digest_of(b"content"), 7, source)

    assert [piece async for piece in source] == []


async def test_a_refused_upload_is_closed() -> None:
    """The registry's own words come back."""

    def script(seen: Seen) -> Reply:
        refusal = Reply(400, b'{"errors":[{"code":"DIGEST_INVALID","message":"no match"}]}')
        return refusal if seen.method == "PUT" else _uploads(seen)

    async with _registry(script) as (client, server):
        with pytest.raises(UploadRejected, match="no match"):
            await client.upload_blob("a", digest_of(b"content"), 7, b"content")

    assert [seen.method for seen in server.seen] == ["POST", "PUT", "DELETE"]


async def test_a_copy_streams_from_one_registry_to_another() -> None:
    """Pieces go through as they come; nothing is kept."""
    async with (
        _registry(lambda _: Reply(200, CONTENT)) as (source, _),
        _registry(_uploads) as (target, server),
    ):
        await target.upload_blob(
            "a", digest_of(CONTENT), len(CONTENT), source.stream_blob("b", digest_of(CONTENT), len(CONTENT))
        )

    assert server.seen[1].body == CONTENT


@pytest.mark.parametrize(("status", "want"), [(201, True), (404, False), (405, False)])
async def test_mounting_is_done_or_not(status: int, want: bool) -> None:
    """A registry that cannot is no error."""
    async with _registry(lambda _: Reply(status)) as (client, server):
        assert await client.mount_blob("a", OTHER, "b") == want

    assert server.targets() == [f"POST /v2/a/blobs/uploads/?mount={OTHER.replace(':', '%3A')}&from=b"]


async def test_a_mount_that_became_an_upload_is_closed() -> None:
    """No open session is left behind."""
    async with _registry(_uploads) as (client, server):
        assert not await client.mount_blob("a", OTHER, "b")

    assert [seen.method for seen in server.seen] == ["POST", "DELETE"]


async def test_a_mount_that_is_forbidden_is_an_error() -> None:
    """Streaming would be refused as well."""
    async with _registry(lambda _: Reply(403)) as (client, _):
        with pytest.raises(AccessDenied):
            await client.mount_blob("a", OTHER, "b")


@pytest.mark.parametrize(("status", "want"), [(200, True), (404, False)])
async def test_blobs_exist_or_not(status: int, want: bool) -> None:
    """A HEAD says it."""
    async with _registry(lambda _: Reply(status)) as (client, server):
        assert await client.blob_exists("a", OTHER) == want
        server.script = lambda _: Reply(403)
        with pytest.raises(AccessDenied):
            await client.blob_exists("a", OTHER)


async def test_cancelling_leaves_nothing_behind() -> None:
    """A request that is cancelled while it waits to be repeated leaves no task and no place taken."""
    asked = asyncio.Event()

    def script(_: Seen) -> Reply:
        asked.set()
        return Reply(503)

    async with _registry(script) as (client, _):
        before = len(asyncio.all_tasks())
        task = asyncio.create_task(client.list_tags("a"))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert client.in_flight == 0
        assert len(asyncio.all_tasks()) <= before + 1  # the server's own connection

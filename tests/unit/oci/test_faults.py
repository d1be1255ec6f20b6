"""The client against a registry that does wrong: each failure has an end, a bound and a name.

F22 to F31 are the failures that Slipway must live through; what a Warehouse makes of them is tested with the
same registry beside the kind.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from dev.certificates import Authority
from slipway.api.conditions import Reason
from slipway.http import HttpClient
from slipway.oci import ClientPool, Endpoint, RegistryClient, pages
from slipway.oci.digest import digest_of
from slipway.oci.errors import (
    ContentTooLarge,
    DigestMismatch,
    InvalidResponse,
    ListingIncomplete,
    ManifestNotFound,
    NotARegistry,
    RateLimited,
    RegistryError,
    RegistryFailing,
    RegistryTimeout,
    RegistryUnreachable,
    RepositoryNotFound,
)
from slipway.oci.session import RegistrySession
from tests.support import faults
from tests.support.faults import Fault, FaultyRegistry, stored_image
from tests.support.memory import PeakMemory
from tests.support.raw_server import Hanging, Seen

FIRST, SECOND = stored_image("first"), stored_image("second")
NAME = "shop/api"
TRUST = ssl.create_default_context()
"""Read once: the system's authorities take longer than most tests."""

FEW_MEBIBYTES = 50 << 20
IN_FLIGHT = 16 << 20
"""Bytes that may lie in the buffers of both sockets and both processes."""

Call = Callable[[RegistryClient], Awaitable[object]]


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry with one image."""
    with FaultyRegistry() as running:
        running.shelf.put(NAME, "1.0", FIRST)
        yield running


@pytest.fixture
def neighbour() -> Iterator[FaultyRegistry]:
    """Another host, that always behaves."""
    with FaultyRegistry() as running:
        running.shelf.put(NAME, "1.0", SECOND)
        yield running


def _client(registry: FaultyRegistry, timeout: float = 5.0) -> RegistryClient:
    return RegistryClient(registry.url, timeout=timeout, retry_delay=0.01, verify_ssl=TRUST)


async def _tags(client: RegistryClient) -> tuple[str, ...]:
    return (await client.list_tags(NAME)).names


async def _head(client: RegistryClient) -> str:
    return (await client.head_manifest(NAME, "1.0")).digest


async def _get(client: RegistryClient) -> str:
    return (await client.get_manifest(NAME, "1.0")).digest


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


CALLS = pytest.mark.parametrize("call", [_tags, _head, _get], ids=["a list", "a HEAD", "a manifest"])


async def _fails(call: Awaitable[object], want: type[RegistryError]) -> RegistryError:
    with pytest.raises(want) as caught:
        await call
    assert type(caught.value) is want
    return caught.value


# --- F22: 500, 502, 503, connection refused


@pytest.mark.parametrize("code", [500, 502, 503])
@CALLS
async def test_a_registry_that_fails_is_named_and_others_go_on(
    registry: FaultyRegistry, neighbour: FaultyRegistry, code: int, call: Call
) -> None:
    """Whatever is asked; the status is told, and there are a few attempts and no more."""
    registry.play(faults.status(code))

    async with _client(registry) as client, _client(neighbour) as other:
        error = await _fails(call(client), RegistryFailing)
        assert await _get(other) == SECOND.digest

    assert error.reason == Reason.REGISTRY_FAILING
    assert str(code) in str(error)
    assert 1 < len(registry.seen) < 8


async def test_what_fails_again_and_again_is_left_alone_and_nothing_else_is(
    registry: FaultyRegistry, neighbour: FaultyRegistry
) -> None:
    """Lists fail, so nobody asks for lists for a while; manifests and other hosts are asked as before."""
    registry.play(faults.status(503), on=faults.Endpoint.LIST)
    async with _client(registry) as client, _client(neighbour) as other:
        for number in range(5):  # of one list alone it would be the list's failure, not the registry's
            await _fails(client.list_tags(f"shop/{number}"), RegistryFailing)
        asked = len(registry.targets(faults.Endpoint.LIST))

        error = await _fails(_tags(client), RegistryFailing)

        assert "left alone for a while" in str(error)
        assert len(registry.targets(faults.Endpoint.LIST)) == asked <= 20
        assert await _get(client) == FIRST.digest
        assert await _tags(other) == ("1.0",)


async def test_a_failure_that_passes_is_not_even_told(registry: FaultyRegistry) -> None:
    """One attempt more is enough."""
    registry.play(faults.status(503), times=1)

    async with _client(registry) as client:
        assert await _get(client) == FIRST.digest


async def test_a_registry_that_refuses_connections_is_back_when_it_accepts_them(
    registry: FaultyRegistry,
) -> None:
    """The client needs nothing from anybody to come back."""
    async with _client(registry) as client:
        assert await _tags(client) == ("1.0",)
        registry.refuse()
        error = await _fails(_tags(client), RegistryUnreachable)
        assert "refused" in str(error)
        registry.reopen()
        assert await _tags(client) == ("1.0",)


# --- F23: 429


LATER = datetime.now(UTC) + timedelta(hours=2)
HUB = (("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "0;w=21600"))


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (faults.rate_limited(), None),
        (faults.rate_limited("120"), 120),
        (faults.rate_limited(format_datetime(LATER, usegmt=True)), 7200),
        (faults.rate_limited(None, ("X-Retry-After", str(int(LATER.timestamp())))), 7200),
        (faults.rate_limited("soon"), None),
        (faults.rate_limited("120", *HUB), 120),
        (faults.status(429, b"Too Many Requests"), None),
    ],
    ids=[
        "without Retry-After",
        "in seconds",
        "a date",
        "Docker Hub's API names a Unix time",
        "nonsense",
        "Docker Hub's pulls are used up",
        "a bare 429",
    ],
)
@CALLS
async def test_a_registry_that_wants_fewer_requests_gets_fewer(
    registry: FaultyRegistry, answer: Fault, wait: float | None, call: Call
) -> None:
    """Where it says how long to wait, and that is long, there is none until then; the error says so, too."""
    registry.play(answer)

    async with _client(registry) as client:
        with pytest.raises(RateLimited) as caught:
            await call(client)

    assert caught.value.reason == Reason.RATE_LIMITED
    assert caught.value.retry_after == (None if wait is None else pytest.approx(wait, abs=600))
    assert len(registry.seen) <= (4 if wait is None else 1)


# --- F24: time-outs, TLS, DNS


@CALLS
async def test_a_registry_that_never_answers_is_given_up_in_time(
    registry: FaultyRegistry, call: Call
) -> None:
    """The time-out is one for the whole exchange."""
    registry.play(faults.hang())

    async with _client(registry, timeout=0.1) as client:
        began = time.monotonic()
        error = await _fails(call(client), RegistryTimeout)

    assert error.reason == Reason.TIMEOUT
    assert time.monotonic() - began < 5


async def test_hosts_that_hang_hold_up_no_other_host(
    registry: FaultyRegistry, neighbour: FaultyRegistry
) -> None:
    """Every place of one host is taken and more are waiting for one; the clients share a pool."""
    loop, taken = asyncio.get_running_loop(), asyncio.Semaphore(0)

    def hang(_: Seen) -> Hanging:
        loop.call_soon_threadsafe(taken.release)
        return faults.hang()

    pool = ClientPool()
    stuck = await pool.get(Endpoint(registry.url, timeout=30))
    await _get(stuck)  # the very first request goes alone
    registry.play(hang)
    waiting = [asyncio.create_task(_tags(stuck)) for _ in range(20)]
    for _ in range(4):
        await taken.acquire()

    async with asyncio.timeout(5):
        # A host is a name: what stands on other ports of the same one shares its places.
        client = await pool.get(Endpoint(neighbour.url.replace("127.0.0.1", "localhost")))
        assert await asyncio.gather(*(_get(client) for _ in range(20))) == [SECOND.digest] * 20

    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await pool.aclose()


async def test_a_name_without_an_address_is_said_to_be_one() -> None:
    """Nothing is connected to."""

    async def resolve(name: str, port: int) -> list[str]:
        msg = "Name or service not known"
        raise OSError(-2, msg)

    http = HttpClient(resolve=resolve)
    client = RegistryClient.over(RegistrySession("https://registry.test", http), 5)
    error = await _fails(client.list_tags(NAME), RegistryUnreachable)
    await client.aclose()

    assert "check the name of the host" in str(error)


async def test_tls_that_fails_is_said_to_be_tls(registry: FaultyRegistry, tmp_path: Path) -> None:
    """Where none is spoken, and where nobody knows the authority; there is no attempt without a check."""
    async with RegistryClient(registry.url.replace("http", "https"), timeout=5) as client:
        assert "does not speak TLS" in str(await _fails(_tags(client), RegistryUnreachable))
    pair = Authority(tmp_path).server("registry", dns=["localhost"], addresses=["127.0.0.1"])
    with FaultyRegistry(tls=_context(pair.certificate, pair.key)) as secret:
        async with _client(secret) as client:
            with pytest.raises(RegistryUnreachable) as caught:
                await _tags(client)
        assert caught.value.reason == Reason.CERTIFICATE_INVALID
        assert secret.seen == []


# --- F25: slow-loris, endless body, 10 GB in chunks


@CALLS
async def test_a_byte_now_and_then_does_not_extend_the_time(registry: FaultyRegistry, call: Call) -> None:
    """A time-out that began anew with every byte would never end."""
    registry.play(faults.slow_loris(pause=0.01))

    async with _client(registry, timeout=0.1) as client:
        began = time.monotonic()
        with pytest.raises((RegistryTimeout, ListingIncomplete)):
            await call(client)

    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "make", [faults.Endless.body, lambda: faults.chunked(10)], ids=["without an end", "10 GiB in chunks"]
)
@pytest.mark.parametrize("call", [_tags, _get], ids=["a list", "a manifest"])
async def test_a_body_is_read_no_further_than_makes_sense(
    registry: FaultyRegistry, make: Callable[[], faults.Endless], call: Call
) -> None:
    """Not much is transferred, and less is kept."""
    body = make()
    registry.play(body)

    with PeakMemory() as memory:
        async with _client(registry) as client:
            error = await _fails(call(client), ContentTooLarge)

    assert error.reason == Reason.CONTENT_TOO_LARGE
    assert body.sent < (8 << 20) + IN_FLIGHT
    assert memory.grown < FEW_MEBIBYTES


async def test_a_blob_is_read_no_further_than_was_asked_for(registry: FaultyRegistry) -> None:
    """The caller's cap is the cap."""
    body = faults.Endless.body()
    registry.play(body)

    with PeakMemory() as memory:
        async with _client(registry) as client:
            await _fails(client.get_blob(NAME, digest_of(FIRST.config), 1 << 20), ContentTooLarge)

    assert body.sent < (1 << 20) + IN_FLIGHT
    assert memory.grown < FEW_MEBIBYTES


# --- F26: what is no answer at all


@pytest.mark.parametrize(
    ("answer", "want"),
    [
        (faults.garbage_json(), InvalidResponse),
        (faults.status(200, b"\xff\xfe\x00 \x80"), InvalidResponse),
        (faults.status(200), InvalidResponse),
        (faults.status(200, b"17"), InvalidResponse),
        (faults.status(200, b'"1.0"'), InvalidResponse),
        (faults.html_page(), NotARegistry),
        (faults.html_page(404), NotARegistry),
        (faults.deep_nesting(), InvalidResponse),
        (faults.redirect_loop, InvalidResponse),
        (faults.status(418), InvalidResponse),
    ],
    ids=[
        "JSON that breaks off",
        "bytes",
        "nothing",
        "a number",
        "a text",
        "a login page",
        "a web server's 404",
        "10,000 lists in each other",
        "redirects without end",
        "a status that nobody expects",
    ],
)
@pytest.mark.parametrize("call", [_tags, _get], ids=["a list", "a manifest"])
async def test_what_is_no_answer_is_an_error_and_no_crash(
    registry: FaultyRegistry, answer: Fault, want: type[RegistryError], call: Call
) -> None:
    """With a reason that a condition can have."""
    registry.play(answer)

    async with _client(registry) as client:
        error = await _fails(call(client), want)

    assert error.reason in {Reason.INVALID_RESPONSE, Reason.NOT_A_REGISTRY}
    assert len(registry.seen) <= 6


async def test_the_type_of_the_content_is_no_reason_to_refuse_it(registry: FaultyRegistry) -> None:
    """Static servers name any: the content itself decides."""
    registry.play(faults.wrong_content_type(FIRST.manifest), on=faults.Endpoint.MANIFEST_GET)
    registry.play(faults.wrong_content_type(b'{"tags": ["1.0"]}'), on=faults.Endpoint.LIST)

    async with _client(registry) as client:
        assert await _get(client) == FIRST.digest
        assert await _tags(client) == ("1.0",)


@pytest.mark.parametrize("call", [_tags, _get], ids=["a list", "a manifest"])
async def test_a_gzip_bomb_does_not_unfold(registry: FaultyRegistry, call: Call) -> None:
    """Ten GiB in ten MiB: the bytes that count are those that come out."""
    bomb = faults.gzip_bomb(10)
    registry.play(bomb)

    with PeakMemory() as memory:
        async with _client(registry) as client:
            await _fails(call(client), ContentTooLarge)

    assert memory.grown < FEW_MEBIBYTES


# --- F27: lists without end


async def test_two_hundred_thousand_tags_are_a_list_like_others(registry: FaultyRegistry) -> None:
    """In ten pages and perhaps one look behind the last, while the loop goes on with other work."""
    registry.play(faults.many_tags(200_000, page_size=20_000))
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0)
            longest = max(longest, time.monotonic() - before)
            await asyncio.sleep(0.001)

    watching = asyncio.create_task(watch())
    with PeakMemory() as memory:
        async with _client(registry) as client:
            tags = await _tags(client)
    watching.cancel()

    assert len(tags) == 200_000
    assert tags[-1] == "t199999"
    assert len(registry.seen) <= 11
    assert memory.grown < FEW_MEBIBYTES
    assert longest < 0.5  # the promise is 50 ms; a shared machine can stop us for longer than that


@pytest.mark.parametrize(
    "answer",
    [faults.two_pages_in_a_circle, faults.same_page_for_ever],
    ids=["pages in a circle", "the same page under new addresses"],
)
async def test_pages_without_end_have_an_end(
    registry: FaultyRegistry, answer: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is chosen from what was read until then."""
    monkeypatch.setattr(pages, "MAX_PAGES", 20)
    registry.play(answer)

    async with _client(registry) as client:
        error = await _fails(_tags(client), ListingIncomplete)

    assert error.reason == Reason.LISTING_INCOMPLETE
    assert len(registry.seen) <= 20


async def test_a_list_does_not_go_on_at_another_host(
    registry: FaultyRegistry, neighbour: FaultyRegistry
) -> None:
    """That host sees nothing, a credential least of all."""
    registry.play(faults.another_host(neighbour.url))

    async with RegistryClient(registry.url, username="robot", password="hunter2") as client:
        await _fails(_tags(client), ListingIncomplete)

    assert neighbour.seen == []


# --- F28: a list that breaks off


@pytest.mark.parametrize(
    ("second", "want"),
    [
        (faults.status(404), ListingIncomplete),
        (faults.status(400), ListingIncomplete),
        (faults.status(403), None),
        (faults.rate_limited("120"), RateLimited),
        (faults.garbage_json(), InvalidResponse),
        (faults.html_page(), NotARegistry),
    ],
    ids=["404", "400", "403", "429", "JSON that breaks off", "a login page"],
)
async def test_a_list_whose_second_page_fails_is_no_list(
    registry: FaultyRegistry, second: faults.Answer, want: type[RegistryError] | None
) -> None:
    """A part of the tags is never given out, however good it looks."""
    registry.play(faults.page_two(second))

    async with _client(registry) as client:
        with pytest.raises(want or RegistryError):
            await _tags(client)


async def test_a_list_that_is_cut_in_the_middle_is_no_list(registry: FaultyRegistry) -> None:
    """Fewer bytes than announced, on the first page or the second; or a second page that never comes."""
    short = faults.short_read()
    registry.play(short, repository="cut/first")
    registry.play(faults.page_two(short), repository="cut/second")
    registry.play(faults.page_two(faults.hang()), repository="cut/late")

    async with _client(registry) as client:
        for name in ("first", "second"):
            with pytest.raises(RegistryUnreachable):
                await client.list_tags(f"cut/{name}")
    async with _client(registry, timeout=0.2) as client:
        await _fails(client.list_tags("cut/late"), RegistryTimeout)


# --- F29: digests that do not fit


async def test_content_must_be_what_its_digest_says(registry: FaultyRegistry) -> None:
    """By digest nothing else is taken, whatever the header claims: HEAD, manifest and blob."""
    registry.play(faults.other_content(FIRST.digest, SECOND))
    async with _client(registry) as client:
        error = await _fails(client.get_manifest(NAME, FIRST.digest), DigestMismatch)
        assert error.reason == Reason.DIGEST_MISMATCH
        registry.play(faults.other_content(SECOND.digest, SECOND))
        await _fails(client.head_manifest(NAME, FIRST.digest), DigestMismatch)
        registry.play(faults.status(200, SECOND.config))
        await _fails(client.get_blob(NAME, digest_of(FIRST.config), 1 << 20), DigestMismatch)


async def test_the_digest_of_a_tag_is_that_of_its_content(registry: FaultyRegistry) -> None:
    """The header of a GET is not believed: many registries get it wrong."""
    registry.play(faults.other_content(FIRST.digest, SECOND))

    async with _client(registry) as client:
        assert await _get(client) == SECOND.digest


async def test_a_tag_that_moves_between_head_and_get_is_never_mixed_up(registry: FaultyRegistry) -> None:
    """What is read by the digest of the HEAD is what the HEAD named."""
    registry.play(faults.moving_between_head_and_get(FIRST, SECOND))

    async with _client(registry) as client:
        named = await _head(client)
        assert named == FIRST.digest
        assert (await client.get_manifest(NAME, named)).raw == FIRST.manifest
        assert await _get(client) == SECOND.digest


async def test_a_mirror_that_disagrees_is_found_out(
    registry: FaultyRegistry, neighbour: FaultyRegistry
) -> None:
    """By tag each has its own image; by digest a mirror gives the same one or an error."""
    async with _client(registry) as client, _client(neighbour) as mirror:
        wanted = await _head(client)
        assert await _head(mirror) != wanted
        await _fails(mirror.get_manifest(NAME, wanted), ManifestNotFound)
        neighbour.play(faults.other_content(wanted, SECOND))
        await _fails(mirror.get_manifest(NAME, wanted), DigestMismatch)


# --- F30: what is gone


async def test_what_is_gone_is_told_apart(registry: FaultyRegistry) -> None:
    """A tag, all tags, and the repository; an empty one is no error."""
    async with _client(registry) as client:
        registry.shelf.put(NAME, "2.0", SECOND)
        registry.shelf.delete_tag(NAME, "1.0")
        await _fails(_head(client), ManifestNotFound)
        await _fails(_get(client), ManifestNotFound)
        assert await _tags(client) == ("2.0",)
        assert (await client.get_manifest(NAME, FIRST.digest)).digest == FIRST.digest
        registry.shelf.delete_tag(NAME, "2.0")
        assert await _tags(client) == ()
        registry.shelf.delete_repository(NAME)
        await _fails(_tags(client), RepositoryNotFound)
        await _fails(_head(client), RepositoryNotFound)


# --- F31: a tag that is never the same


async def test_a_tag_that_is_never_the_same_is_read_once_per_question(registry: FaultyRegistry) -> None:
    """The client does not chase it: every answer is whole, and by digest it can be read again."""
    registry.play(faults.always_new())

    async with _client(registry) as client:
        digests = [await _head(client) for _ in range(3)]
        images = [await client.get_manifest(NAME, digest) for digest in digests]

    assert len(set(digests)) == 3
    assert [image.digest for image in images] == digests
    assert len(registry.seen) == 6

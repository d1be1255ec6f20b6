from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable

import pytest

from slipway.egress import EndpointClass, Limits
from slipway.http import Circuits, HostLimits, HttpClient, origin_of
from slipway.oci.auth import repository_scope
from slipway.oci.credentials import ANONYMOUS, Credential
from slipway.oci.errors import (
    AuthenticationFailed,
    EgressRefused,
    InvalidReference,
    InvalidResponse,
    RateLimited,
    RegistryFailing,
    RegistryTimeout,
    RegistryUnreachable,
)
from slipway.oci.retries import Retries
from slipway.oci.session import Ask, RegistrySession, off_loop, registry_base
from slipway.oci.sources import StaticCredential
from tests.support.raw_server import Hanging, RawServer, Reply, Seen, Streaming
from tests.unit.engine.support import ManualClock

ROBOT = Credential.basic("robot", "hunter2")
BASIC = "Basic " + base64.b64encode(b"robot:hunter2").decode()
PULL = repository_scope("shop/api")
QUICK = Retries(delay=0.001)


@pytest.mark.parametrize(
    ("url", "want"),
    [
        ("https://r.io", "https://r.io"),
        ("https://R.io:443/", "https://r.io"),
        ("r.io:5000", "https://r.io:5000"),
        ("r.io/v2/", "https://r.io"),
        ("https://r.io/artifactory/api/docker/", "https://r.io/artifactory/api/docker"),
        ("https://r.io/nexus/v2", "https://r.io/nexus"),
        ("localhost:5000", "http://localhost:5000"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("http://r.io", "http://r.io"),
        ("docker.io", "https://registry-1.docker.io"),
        ("https://index.docker.io/v1/", "https://registry-1.docker.io"),
        (" https://r.io ", "https://r.io"),
    ],
)
def test_addresses_of_registries_are_understood_as_people_write_them(url: str, want: str) -> None:
    """With and without scheme, slash and API version; loopback without TLS; Docker Hub by its real host."""
    assert registry_base(url) == want


@pytest.mark.parametrize(
    "url", ["", "ftp://r.io", "https://u:p@r.io", "https://r.io?x=y", "https://r.io#x", "https://r io"]
)
def test_addresses_that_cannot_be_are_refused(url: str) -> None:
    """Other schemes, user info, queries and spaces."""
    with pytest.raises(InvalidReference):
        registry_base(url)


def _challenge(realm: str, *more: tuple[str, str], scope: str = PULL) -> Reply:
    value = f'Bearer realm="{realm}",service="r",scope="{scope}"'
    return Reply(401, b"{}", (("WWW-Authenticate", value), *more))


def _token(value: str) -> Reply:
    return Reply(200, json.dumps({"token": value, "expires_in": 300}).encode())


async def _send(server: RawServer, credential: Credential, *asks: Ask) -> list[int]:
    http = HttpClient(timeout=5)
    session = RegistrySession(server.url, http, StaticCredential(credential), retries=QUICK)
    try:
        return [(await session.send(ask)).status for ask in asks]
    finally:
        await session.aclose()


def _guarded(
    wants: str, challenge: Callable[[], Reply], other: Callable[[Seen], Reply] | None = None
) -> Callable[[Seen], Reply]:
    """A script that answers with the challenge unless the request carries what is wanted."""

    def script(seen: Seen) -> Reply:
        if other is not None and not seen.path.startswith("/v2"):
            return other(seen)
        return Reply(body=b"{}") if seen.headers.get("authorization") == wants else challenge()

    return script


async def test_basic_is_learnt_once() -> None:
    """The first request is refused; from then on the credential is sent along."""
    challenge = Reply(
        401, b"", (("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", 'BASIC Realm="a, b"'))
    )
    async with RawServer(_guarded(BASIC, lambda: challenge)) as server:
        assert await _send(server, ROBOT, Ask("GET", "v2/"), Ask("GET", "v2/")) == [200, 200]

    assert [seen.headers.get("authorization") for seen in server.seen] == [None, BASIC, BASIC]


async def test_a_wrong_password_is_tried_once() -> None:
    """The refusal comes back; nothing is repeated, for accounts get locked."""
    challenge = Reply(401, b"", (("WWW-Authenticate", 'Basic realm="x"'),))
    async with RawServer(lambda _: challenge) as server:
        assert await _send(server, ROBOT, Ask("GET", "v2/")) == [401]

    assert len(server.seen) == 2


async def test_tokens_are_fetched_and_reused() -> None:
    """One refusal, one token, and no ping for every request after it."""
    async with RawServer(lambda _: Reply()) as server:
        server.script = _guarded(
            "Bearer t1", lambda: _challenge(f"{server.url}/token"), lambda _: _token("t1")
        )
        ask = Ask("GET", "v2/shop/api/tags/list", (PULL,))
        assert await _send(server, ROBOT, ask, ask, ask) == [200, 200, 200]

    assert [seen.path for seen in server.seen] == [
        "/v2/shop/api/tags/list",
        "/token",
        *["/v2/shop/api/tags/list"] * 3,
    ]
    assert server.seen[1].headers["authorization"] == BASIC


async def test_many_who_begin_together_cause_one_refusal() -> None:
    """The others wait until it is known what the registry wants."""
    async with RawServer(lambda _: Reply()) as server:
        server.script = _guarded(
            "Bearer t1", lambda: _challenge(f"{server.url}/token"), lambda _: _token("t1")
        )
        session = RegistrySession(server.url, HttpClient(timeout=5), StaticCredential(ROBOT), retries=QUICK)
        ask = Ask("GET", "v2/shop/api/tags/list", (PULL,))
        answers = await asyncio.gather(*(session.send(ask) for _ in range(5)))
        await session.aclose()

    assert [answer.status for answer in answers] == [200] * 5
    shown = [seen.headers.get("authorization") for seen in server.seen if seen.path.startswith("/v2")]
    assert shown == [None, *["Bearer t1"] * 5]


async def test_a_token_that_does_not_suffice_is_replaced_once() -> None:
    """The demanded scope is asked for first; a second refusal is the answer."""
    async with RawServer(lambda _: Reply()) as server:
        demanded = "repository:other:pull"
        server.script = _guarded(
            "never", lambda: _challenge(f"{server.url}/token", scope=demanded), lambda _: _token("t1")
        )
        assert await _send(server, ROBOT, Ask("GET", "v2/x", (PULL,))) == [401]

    assert [seen.path for seen in server.seen] == ["/v2/x", "/token", "/v2/x"]
    assert server.seen[1].target.index("other") < server.seen[1].target.index("shop")


async def test_two_repositories_have_tokens_of_their_own() -> None:
    """A token for one repository is not shown for another."""
    async with RawServer(lambda _: Reply()) as server:

        def script(seen: Seen) -> Reply:
            if seen.path == "/token":
                return _token("t-" + ("a" if "repository%3Aa" in seen.target else "b"))
            name = seen.path.split("/")[2]
            wanted = f"Bearer t-{name}"
            return (
                Reply()
                if seen.headers.get("authorization") == wanted
                else _challenge(f"{server.url}/token", scope="")
            )

        server.script = script
        asks = [Ask("GET", f"v2/{name}/tags/list", (repository_scope(name),)) for name in "abab"]
        assert await _send(server, ANONYMOUS, *asks) == [200] * 4

    assert sum(seen.path == "/token" for seen in server.seen) == 2


async def test_a_challenge_of_where_one_was_redirected_to_is_not_answered() -> None:
    """Only the registry itself may ask for the credential."""
    challenge = Reply(401, b"", (("WWW-Authenticate", 'Basic realm="give me"'),))
    async with (
        RawServer(lambda _: challenge) as storage,
        RawServer(lambda _: Reply(307, b"", (("Location", f"{storage.url}/blob"),))) as server,
    ):
        assert await _send(server, ROBOT, Ask("GET", "v2/a/blobs/x")) == [401]

    assert [seen.headers.get("authorization") for seen in storage.seen] == [None]


async def test_a_token_server_in_another_domain_does_not_get_the_credential() -> None:
    """Nothing is sent there at all."""
    async with RawServer(lambda _: _challenge("http://localhost:1/token")) as server:
        with pytest.raises(AuthenticationFailed, match="another domain"):
            await _send(server, ROBOT, Ask("GET", "v2/"))


async def test_a_token_server_at_a_metadata_address_is_not_called() -> None:
    """Not even anonymously."""
    async with RawServer(lambda _: _challenge("http://169.254.169.254/token")) as server:
        with pytest.raises(EgressRefused, match="never called"):
            await _send(server, ANONYMOUS, Ask("GET", "v2/"))


async def test_a_token_server_that_redirects_elsewhere_does_not_take_the_credential_along() -> None:
    """The password stays with the token server that the registry named."""
    async with RawServer(lambda _: _token("t1")) as other, RawServer(lambda _: Reply()) as server:
        redirect = Reply(302, b"", (("Location", f"{other.url}/token"),))
        server.script = _guarded("Bearer t1", lambda: _challenge(f"{server.url}/token"), lambda _: redirect)
        assert await _send(server, ROBOT, Ask("GET", "v2/", (PULL,))) == [200]

    assert [seen.headers.get("authorization") for seen in other.seen] == [None]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_token_server_in_trouble_is_no_wrong_password(status: int) -> None:
    """Its failure passes by itself."""
    async with RawServer(lambda _: Reply()) as server:
        server.script = _guarded("never", lambda: _challenge(f"{server.url}/token"), lambda _: Reply(status))
        with pytest.raises(Exception, match=r"fewer requests|failed with status") as caught:
            await _send(server, ROBOT, Ask("GET", "v2/"))

    assert not isinstance(caught.value, AuthenticationFailed)


@pytest.mark.parametrize(
    "headers", [(), (("WWW-Authenticate", "Negotiate"),), (("WWW-Authenticate", 'Bearer service="x"'),)]
)
async def test_a_refusal_that_asks_for_nothing_we_have_comes_back(
    headers: tuple[tuple[str, str], ...],
) -> None:
    """Without a challenge that can be answered there is one request and no loop."""
    async with RawServer(lambda _: Reply(401, b"", headers)) as server:
        assert await _send(server, ROBOT, Ask("GET", "v2/")) == [401]

    assert len(server.seen) == 1


async def test_a_malformed_challenge_is_named() -> None:
    """The error says what cannot be read."""
    async with RawServer(lambda _: Reply(401, b"", (("WWW-Authenticate", 'Bearer realm="x'),))) as server:
        with pytest.raises(InvalidResponse, match="WWW-Authenticate is malformed"):
            await _send(server, ROBOT, Ask("GET", "v2/"))


async def test_reads_outlive_a_passing_failure() -> None:
    """Three repeats at most, also when the connection breaks; the last answer is the one that counts."""

    async def vanish(writer: object) -> None:
        """The connection is closed without a word."""

    async with RawServer(lambda _: Reply()) as server:
        replies: list[Reply | Streaming] = [
            Reply(503, b"busy"),
            Streaming(vanish),
            Streaming(vanish),
            Reply(),
        ]
        server.script = lambda _: replies.pop(0)
        assert await _send(server, ANONYMOUS, Ask("GET", "v2/")) == [200]

        server.script = lambda _: Reply(503, b"busy")
        server.seen.clear()
        assert await _send(server, ANONYMOUS, Ask("HEAD", "v2/")) == [503]
        assert len(server.seen) == 4


async def test_writes_and_plain_refusals_are_not_repeated() -> None:
    """Only reads are, and only after what passes by itself."""
    async with RawServer(lambda _: Reply(503)) as server:
        assert await _send(server, ANONYMOUS, Ask("POST", "v2/x")) == [503]
        server.script = lambda _: Reply(403)
        assert await _send(server, ANONYMOUS, Ask("GET", "v2/x")) == [403]

        assert len(server.seen) == 2


@pytest.mark.parametrize(("wait", "requests"), [("3600", 1), ("soon", 2)])
async def test_a_rate_limit_is_waited_for_only_when_it_is_short(wait: str, requests: int) -> None:
    """A registry that asks for a long pause gets it: from the whole object, not from a waiting worker."""
    async with RawServer(lambda _: Reply()) as server:
        server.script = lambda _: (
            Reply(429, b"", (("Retry-After", wait),)) if len(server.seen) == 1 else Reply()
        )
        await _send(server, ANONYMOUS, Ask("GET", "v2/"))

        assert len(server.seen) == requests


async def test_a_registry_that_wants_to_be_left_alone_is() -> None:
    """F23: whoever comes before the time is over is told the same, unasked; other parts are asked."""
    clock, wants_a_pause = ManualClock(), Reply(429, b"slow down", (("Retry-After", "120"),))
    lists, manifests = EndpointClass.TAGS, EndpointClass.MANIFESTS
    async with RawServer(lambda _: wants_a_pause) as server:
        session = RegistrySession(server.url, HttpClient(timeout=5), clock=clock)
        assert (await session.send(Ask("GET", "v2/a/tags/list", endpoint=lists))).status == 429
        server.script = lambda _: Reply(body=b"{}")

        clock.seconds += 20
        with pytest.raises(RateLimited, match=r"wants fewer requests.*slow down") as caught:
            await session.send(Ask("GET", "v2/b/tags/list", endpoint=lists))
        assert caught.value.retry_after == 100
        assert (await session.send(Ask("GET", "v2/b/manifests/1", endpoint=manifests))).status == 200
        assert len(server.seen) == 2

        clock.seconds += 100
        assert (await session.send(Ask("GET", "v2/b/tags/list", endpoint=lists))).status == 200
        await session.aclose()


async def test_time_outs_and_refused_connections_have_their_errors() -> None:
    """Both are of the registry, and each says which it was."""
    async with RawServer(lambda _: Hanging()) as server:
        with pytest.raises(RegistryTimeout, match="did not answer in time"):
            await _send(server, ANONYMOUS, Ask("GET", "v2/", timeout=0.1))
    with pytest.raises(RegistryUnreachable, match="Connection refused"):
        await _send(server, ANONYMOUS, Ask("GET", "v2/"))


async def test_foreign_addresses_get_no_credential() -> None:
    """An upload that was directed to another host goes there without authorization."""
    challenge = Reply(401, b"", (("WWW-Authenticate", 'Basic realm="x"'),))
    async with (
        RawServer(lambda _: Reply(201)) as storage,
        RawServer(_guarded(BASIC, lambda: challenge)) as server,
    ):
        asks = (Ask("GET", "v2/"), Ask("PUT", f"{storage.url}/x", content=b"blob"))
        assert await _send(server, ROBOT, *asks) == [200, 201]

    assert "authorization" not in storage.seen[0].headers


async def test_streams_are_authorised_like_everything_else() -> None:
    """A refused stream is opened again with what was asked for."""
    async with RawServer(lambda _: Reply()) as server:
        server.script = _guarded(
            "Bearer t1", lambda: _challenge(f"{server.url}/token"), lambda _: _token("t1")
        )
        session = RegistrySession(server.url, HttpClient(timeout=5), StaticCredential(ROBOT))
        async with session.stream(Ask("GET", "v2/a/blobs/x", (PULL,))) as answer:
            assert session.in_flight == 1
            assert answer.status == 200
            assert await answer.read(100) == b"{}"
        assert session.in_flight == 0
        await session.aclose()


async def test_errors_of_a_stream_are_translated() -> None:
    """Also those that come with its body."""

    async def short(writer: object) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")  # type: ignore[attr-defined]

    async with RawServer(lambda _: Streaming(short)) as server:
        session = RegistrySession(server.url, HttpClient(timeout=5))
        with pytest.raises(RegistryUnreachable):
            await _drain(session)
        await session.aclose()


async def _drain(session: RegistrySession) -> None:
    async with session.stream(Ask("GET", "v2/a/blobs/x")) as answer:
        async for _ in answer.chunks():
            pass


async def test_much_to_read_is_read_in_a_thread() -> None:
    """Small documents are read on the spot."""
    assert await off_loop(10, sum, [1, 2]) == 3
    assert await off_loop(10_000_000, sum, [1, 2]) == 3


def test_the_error_of_a_failing_registry_is_no_time_out() -> None:
    """People are told whether it answers."""
    assert issubclass(RegistryFailing, RegistryUnreachable)
    assert origin_of("https://r.io").port == 443


# --- time


async def test_a_hanging_registry_takes_no_more_than_the_time_out() -> None:
    """What has used up its time is not tried again."""
    async with RawServer(lambda _: Hanging()) as server:
        with pytest.raises(RegistryTimeout):
            await _send(server, ANONYMOUS, Ask("GET", "v2/", timeout=0.1))

        assert len(server.seen) == 1


async def test_repeats_end_with_the_time_of_the_request() -> None:
    """The second attempt hangs, in what time the first one left."""
    async with RawServer(lambda _: Reply()) as server:
        server.script = lambda _: Reply(503) if len(server.seen) == 1 else Hanging()
        began = asyncio.get_running_loop().time()
        with pytest.raises(RegistryTimeout):
            await _send(server, ANONYMOUS, Ask("GET", "v2/", timeout=0.15))

        assert asyncio.get_running_loop().time() - began < 2
        assert len(server.seen) == 2


async def test_waiting_for_a_turn_does_not_count() -> None:
    """The time-out begins when the request goes; here it would be over long before that."""
    limits = HostLimits(Limits(concurrency=1))
    async with RawServer(lambda _: Reply(body=b"{}")) as server:
        session = RegistrySession(server.url, HttpClient(timeout=0.1, limits=limits))
        with await limits.turn("127.0.0.1", "short"):
            task = asyncio.create_task(session.send(Ask("GET", "v2/")))
            await asyncio.sleep(0.15)
        assert (await task).status == 200
        await session.aclose()


async def test_fetching_a_token_does_not_count() -> None:
    """It has a time of its own, for others wait for it, too."""
    async with RawServer(lambda _: Reply()) as server:

        async def slow(writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.15)
            writer.write(_token("t1").encode("GET"))
            await writer.drain()

        guarded = _guarded("Bearer t1", lambda: _challenge(f"{server.url}/token"))
        server.script = lambda seen: Streaming(slow) if seen.path == "/token" else guarded(seen)
        assert await _send(server, ROBOT, Ask("GET", "v2/shop/api/tags/list", (PULL,), timeout=0.1)) == [200]


# --- hosts in trouble


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_token_server_that_stumbles_is_asked_again(status: int) -> None:
    """A GET is repeated like any other read."""
    async with RawServer(lambda _: Reply()) as server:
        replies = [Reply(status), Reply(status), _token("t1")]
        server.script = _guarded(
            "Bearer t1", lambda: _challenge(f"{server.url}/token"), lambda _: replies.pop(0)
        )
        assert await _send(server, ROBOT, Ask("GET", "v2/", (PULL,))) == [200]


async def test_a_token_server_that_wants_to_be_left_alone_is() -> None:
    """All repositories need it, and all are told at once."""
    async with RawServer(lambda _: Reply()) as server:
        slow_down = Reply(429, b"slow down", (("Retry-After", "3600"),))
        server.script = _guarded("never", lambda: _challenge(f"{server.url}/token"), lambda _: slow_down)
        session = RegistrySession(server.url, HttpClient(timeout=5), StaticCredential(ROBOT))
        for _ in range(5):
            with pytest.raises(RateLimited, match="wants fewer requests"):
                await session.send(Ask("GET", "v2/", (PULL,)))
        await session.aclose()

        assert [seen.path for seen in server.seen].count("/token") == 1


async def test_an_identity_token_is_posted_once() -> None:
    """A POST is not repeated: it may have changed something."""
    async with RawServer(lambda _: Reply()) as server:
        server.script = _guarded("never", lambda: _challenge(f"{server.url}/token"), lambda _: Reply(503))
        with pytest.raises(RegistryFailing):
            await _send(server, Credential.bearer("refresh"), Ask("GET", "v2/", (PULL,)))

        assert [seen.method for seen in server.seen if seen.path == "/token"] == ["POST"]


async def test_a_failing_registry_is_left_alone_with_the_same_reason() -> None:
    """After five failures nothing is sent; what is raised is of the kind of the last one, and says when."""
    async with RawServer(lambda _: Reply(503, b"busy")) as server:
        session = RegistrySession(server.url, HttpClient(timeout=5), retries=Retries(most=0))
        for name in "abcde":
            ask = Ask("GET", f"v2/{name}/tags/list", endpoint=EndpointClass.TAGS)
            assert (await session.send(ask)).status == 503
        with pytest.raises(RegistryFailing, match=r"\(tags\) is left alone.*status 503") as caught:
            await session.send(Ask("GET", "v2/", endpoint=EndpointClass.TAGS))
        assert caught.value.retry_after is not None
        assert 0 < caught.value.retry_after <= 6
        server.script = lambda _: Reply(body=b"{}")
        assert (await session.send(Ask("GET", "v2/", endpoint=EndpointClass.BLOBS))).status == 200
        assert len(server.seen) == 6
        await session.aclose()


async def test_a_dead_host_is_left_alone_by_every_client() -> None:
    """Also by those that never asked it."""
    async with RawServer(lambda _: Reply()) as server:
        url = server.url
    circuits = Circuits()
    first = RegistrySession(url, HttpClient(circuits=circuits), retries=Retries(most=4, delay=0.001))
    second = RegistrySession(url, HttpClient(circuits=circuits), StaticCredential(ROBOT))
    with pytest.raises(RegistryUnreachable, match="Connection refused"):
        await first.send(Ask("GET", "v2/"))

    with pytest.raises(RegistryUnreachable, match=r"is left alone.*Connection refused") as caught:
        await second.send(Ask("GET", "v2/"))
    assert caught.value.reason == "RegistryUnreachable"
    assert caught.value.retry_after
    await first.aclose()


async def test_a_body_that_drips_counts_as_a_failure() -> None:
    """A head alone is no answer: five that never end open the circuit of who asked."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n{")
        await writer.drain()
        await asyncio.Event().wait()

    async with RawServer(lambda _: Streaming(drip)) as server:
        session = RegistrySession(server.url, HttpClient(timeout=0.02))
        for _ in range(5):
            with pytest.raises(RegistryTimeout, match="in time"):
                await session.send(Ask("GET", "v2/"))
        with pytest.raises(RegistryTimeout, match="left alone"):
            await session.send(Ask("GET", "v2/"))
        await session.aclose()


# --- scopes


async def test_a_demanded_scope_is_remembered() -> None:
    """When the token ends, the next one is asked for with all that the registry wanted."""
    clock = ManualClock()
    async with RawServer(lambda _: Reply()) as server:
        demanded = "repository:base:pull"

        def other(seen: Seen) -> Reply:
            return _token("good" if "base" in seen.target else "poor")

        server.script = _guarded(
            "Bearer good", lambda: _challenge(f"{server.url}/token", scope=demanded), other
        )
        session = RegistrySession(server.url, HttpClient(timeout=5), clock=clock)
        for _ in range(2):
            assert (await session.send(Ask("GET", "v2/x", (PULL,)))).status == 200
            clock.seconds += 1000
        await session.aclose()

    assert [seen.path for seen in server.seen] == ["/v2/x", "/token", "/v2/x", "/token", "/v2/x"]

"""The client against servers on loopback; the rules of the policy are tested in `egress/test_policy.py`."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import zlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from dev.certificates import Authority
from slipway import egress
from slipway.egress import ClientCertificate, ClientClosed, EgressPolicy, HttpError
from slipway.engine.fence import Fence
from slipway.engine.lease import LeaseLost
from slipway.http import MAX_ERROR_BODY, HttpClient, join_url, origin_of
from tests.support.fence import CountingFence
from tests.support.raw_server import Hanging, RawServer, Reply, Seen, Streaming
from tests.unit.engine.support import ManualClock

SECRET = {"Authorization": "Bearer t0ken", "PRIVATE-TOKEN": "glpat", "Cookie": "a=b", "Accept": "text/plain"}


def _redirect(location: str, status: int = 302) -> Reply:
    return Reply(status, b"", (("Location", location),))


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    """A client with the rules of a library."""
    client = HttpClient(timeout=5)
    yield client
    await client.aclose()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority of the test's own."""
    return Authority(tmp_path)


def _server_context(authority: Authority, *, ask: bool = False) -> ssl.SSLContext:
    pair = authority.server("server", dns=["localhost", "secure.test"], addresses=["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if ask:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.files.certificate)
    return context


async def test_a_request_brings_the_whole_response(client: HttpClient) -> None:
    """Status, headers that occur twice, body, and the address it came from."""
    reply = Reply(201, b"made", (("X-A", "1"), ("x-a", "2")))
    async with RawServer(lambda _: reply) as server:
        response = await client.request("POST", f"{server.url}/a?b=c", content=b"body", headers={"X-B": "3"})

    assert (response.status, response.body, response.url) == (201, b"made", f"{server.url}/a?b=c")
    assert response.headers.all("X-a") == ["1", "2"]
    assert response.headers.get("missing") is None
    [seen] = server.seen
    assert (seen.method, seen.target, seen.body, seen.headers["x-b"]) == ("POST", "/a?b=c", b"body", "3")
    assert seen.headers["host"] == server.host


async def test_a_large_body_is_sent_whole(client: HttpClient) -> None:
    """With its length, and again when the kept connection turns out to be closed."""
    content = bytes(range(256)) * 8192
    async with RawServer(lambda _: Reply(200, b"", (("Connection", "close"),))) as server:
        for _ in range(2):
            assert (await client.request("PUT", server.url, content=content)).status == 200

    assert [seen.body for seen in server.seen] == [content] * 2
    assert server.seen[0].headers["content-length"] == str(len(content))


async def test_an_iterator_is_sent_in_chunks(client: HttpClient) -> None:
    """A body of unknown length streams; with a length it goes out under that."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"cd"

    async with RawServer(lambda _: Reply()) as server:
        await client.request("PUT", server.url, content=pieces())
        await client.request("PUT", server.url, content=pieces(), headers={"Content-Length": "4"})

    assert [seen.body for seen in server.seen] == [b"abcd", b"abcd"]
    assert [seen.headers.get("transfer-encoding") for seen in server.seen] == ["chunked", None]


async def test_connections_are_kept(client: HttpClient) -> None:
    """Requests one after the other use one connection."""
    async with RawServer(lambda _: Reply(body=b"x")) as server:
        for method in ("GET", "HEAD", "GET"):
            await client.request(method, server.url)

        assert server.connections == 1


async def test_connections_of_a_busy_client_are_kept() -> None:
    """As many as it may have at a time."""
    limits = egress.Limits(requests_per_second=1000, concurrency=32)
    all_open = asyncio.Barrier(limits.width("download"))

    async def read(client: HttpClient, url: str) -> None:
        async with client.stream("GET", url) as answer:
            await all_open.wait()
            await answer.read(10)

    async with RawServer(lambda _: Reply(body=b"x")) as server:
        async with aclosing(HttpClient(own_limits=limits, timeout=5)) as client:
            for _ in range(3):
                await asyncio.gather(*(read(client, server.url) for _ in range(all_open.parties)))

        assert server.connections == all_open.parties


async def test_a_kept_connection_that_was_closed_is_replaced(client: HttpClient) -> None:
    """The server may close a kept connection at any moment; a request that may be repeated is."""

    async def vanish(writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with RawServer(lambda _: Reply(body=b"x")) as server:
        await client.request("GET", server.url)
        server.script = lambda _: Streaming(vanish) if len(server.seen) == 2 else Reply(body=b"again")
        assert (await client.request("GET", server.url)).body == b"again"

        server.script = lambda _: Streaming(vanish)
        with pytest.raises(egress.ConnectionBroken):
            await client.request("POST", server.url)
        assert len([seen for seen in server.seen if seen.method == "POST"]) == 1


async def test_what_must_not_be_repeated_goes_out_on_a_living_connection(client: HttpClient) -> None:
    """A kept connection that the server has closed meanwhile is noticed before anything is sent on it."""
    async with RawServer(lambda _: Reply(body=b"x")) as server:
        for _ in range(3):
            await client.request("POST", server.url)
            await server.end_connections()

        assert len(server.seen) == server.connections == 3


async def test_what_goes_wrong_where_a_body_comes_from_is_told_as_it_is(client: HttpClient) -> None:
    """It is no failure of the host."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"ab"
        msg = "the disk is gone"
        raise LookupError(msg)

    async with RawServer(lambda _: Reply()) as server:
        with pytest.raises(LookupError, match="the disk is gone"):
            await client.request("PUT", server.url, content=pieces())


# --- redirects


async def test_redirects_are_followed_and_secrets_stay_with_their_origin(client: HttpClient) -> None:
    """Abuse 22: on the same host everything travels along; to another one only what holds no secret."""
    async with RawServer(lambda _: Reply(body=b"blob")) as other:
        script = {"/a": _redirect("/b"), "/b": _redirect(f"{other.url}/c?sig=x")}
        async with RawServer(lambda seen: script[seen.path]) as server:
            response = await client.request("GET", f"{server.url}/a", headers=SECRET)

    assert response.body == b"blob"
    assert response.url == f"{other.url}/c?sig=x"
    assert [seen.headers["authorization"] for seen in server.seen] == ["Bearer t0ken"] * 2
    [foreign] = other.seen
    assert foreign.headers["accept"] == "text/plain"
    assert not {"authorization", "private-token", "cookie"} & set(foreign.headers)


async def test_secrets_do_not_come_back_with_a_second_redirect(client: HttpClient) -> None:
    """What was dropped on the way out is not shown on the way home: the way was the stranger's choice."""
    async with (
        RawServer(lambda _: Reply()) as home,
        RawServer(lambda _: _redirect(f"{home.url}/end")) as other,
    ):
        home.script = lambda seen: Reply() if seen.path == "/end" else _redirect(other.url)
        await client.request("GET", f"{home.url}/start", headers=SECRET)

    assert "authorization" in home.seen[0].headers
    assert "authorization" not in home.seen[1].headers


async def test_a_circle_of_redirects_ends(client: HttpClient) -> None:
    """Five are followed, the sixth is not."""
    async with RawServer(lambda _: _redirect("/again")) as server:
        with pytest.raises(egress.RedirectRefused, match="more than 5"):
            await client.request("GET", server.url)

        assert len(server.seen) == 6


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "gopher://h/", "unix:/run/x.sock", "http://", "http://u:p@h/"]
)
async def test_redirects_to_what_is_no_url_are_refused(client: HttpClient, location: str) -> None:
    """Abuse 19: only http and https, without user info."""
    async with RawServer(lambda _: _redirect(location)) as server:
        with pytest.raises(egress.RedirectRefused):
            await client.request("GET", server.url)


async def test_a_redirect_from_https_to_http_is_refused(authority: Authority) -> None:
    """TLS is not given up on the way."""
    context = _server_context(authority)
    client = HttpClient(ca=authority.files.certificate.read_bytes(), timeout=5)
    async with RawServer(lambda _: _redirect("http://127.0.0.1:1/x"), tls=context) as server:
        with pytest.raises(egress.RedirectRefused, match="from https to plain http"):
            await client.request("GET", server.url)
    await client.aclose()


async def test_what_carries_a_body_is_not_redirected(client: HttpClient) -> None:
    """The answer itself comes back: a body that was streamed cannot be sent again."""
    async with RawServer(lambda _: _redirect("/b", 307)) as server:
        response = await client.request("PUT", server.url, content=b"x")

    assert response.status == 307


# --- where requests may go


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/",
    ],
)
async def test_metadata_services_are_never_called(client: HttpClient, url: str) -> None:
    """Abuse 16: not even with the rules of a library."""
    with pytest.raises(egress.EgressDenied, match="never called"):
        await client.request("GET", url)


async def test_a_name_for_a_metadata_service_is_refused() -> None:
    """Whatever name is used, the resolved address decides, and nothing is connected to."""

    async def resolve(name: str, port: int) -> list[str]:
        return ["93.184.216.34", "169.254.169.254"]

    client = HttpClient(resolve=resolve)
    with pytest.raises(egress.EgressDenied, match=r"innocent\.example\.com \(169\.254\.169\.254\)"):
        await client.request("GET", "http://innocent.example.com/")
    await client.aclose()


async def test_a_redirect_to_a_metadata_service_is_refused(client: HttpClient) -> None:
    """Abuse 17: every hop is checked, not only the first."""
    async with RawServer(lambda _: _redirect("http://169.254.169.254/latest")) as server:
        with pytest.raises(egress.EgressDenied):
            await client.request("GET", server.url)


async def test_the_address_that_was_checked_is_the_one_connected_to() -> None:
    """Abuse 17: a name that means another address a moment later gains nothing: it is resolved once."""
    asked = []

    async def resolve(name: str, port: int) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    client = HttpClient(EgressPolicy(allow=("rebind.test",)), resolve=resolve)
    async with RawServer(lambda _: Reply(body=b"x")) as server:
        response = await client.request("GET", f"http://rebind.test:{server.port}/")

    assert response.body == b"x"
    assert asked == ["rebind.test"]
    assert server.seen[0].headers["host"] == f"rebind.test:{server.port}"
    await client.aclose()


async def test_the_certificate_is_checked_for_the_name_not_the_address(authority: Authority) -> None:
    """Pinning an address leaves SNI and the name in the certificate as they are."""

    async def resolve(name: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    ca = authority.files.certificate.read_bytes()
    client = HttpClient(ca=ca, resolve=resolve, timeout=5)
    async with RawServer(lambda _: Reply(body=b"x"), tls=_server_context(authority)) as server:
        assert (await client.request("GET", f"https://secure.test:{server.port}/")).body == b"x"
        with pytest.raises(egress.CertificateRejected):
            await client.request("GET", f"https://other.test:{server.port}/")
    await client.aclose()


async def test_loopback_needs_the_allow_list() -> None:
    """With the operator's rules a server on loopback is called only when it is listed."""
    async with RawServer(lambda _: Reply(body=b"x")) as server:
        strict, listed = HttpClient(EgressPolicy()), HttpClient(EgressPolicy(allow=(server.host,)))
        with pytest.raises(egress.EgressDenied):
            await strict.request("GET", server.url)
        assert server.connections == 0
        assert (await listed.request("GET", server.url)).body == b"x"
        await strict.aclose()
        await listed.aclose()


async def test_a_dead_address_does_not_hide_a_living_one(client: HttpClient) -> None:
    """Several addresses are tried in turn."""

    async def resolve(name: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    client = HttpClient(resolve=resolve)
    async with RawServer(lambda _: Reply(body=b"x")) as server:
        assert (await client.request("GET", f"http://two.test:{server.port}/")).body == b"x"
    await client.aclose()


async def test_proxies_of_the_environment_are_ignored(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would connect to addresses that nobody checked."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with RawServer(lambda _: Reply(body=b"x")) as server:
        assert (await client.request("GET", server.url)).body == b"x"


async def test_a_client_certificate_is_shown_at_home_only(authority: Authority) -> None:
    """A server that one is redirected to does not learn who asks."""
    pair = authority.client("client", user="robot")
    shown = ClientCertificate(pair.certificate.read_bytes(), pair.key.read_bytes())
    context = _server_context(authority, ask=True)
    async with (
        RawServer(lambda _: Reply(body=b"x"), tls=context) as home,
        RawServer(lambda _: Reply(body=b"x"), tls=context) as other,
    ):
        ca = authority.files.certificate.read_bytes()
        client = HttpClient(ca=ca, client_cert=shown, home=origin_of(home.url), timeout=5)
        assert (await client.request("GET", home.url)).body == b"x"
        with pytest.raises(HttpError):
            await client.request("GET", other.url)
        assert other.seen == []
        await client.aclose()


# --- URLs


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://h/",
        "unix:/run/x.sock",
        "ftp://h/",
        "http://",
        "//h/x",
        "h",
        "",
        "http://h:99999/",
        "http://h:0/",
        "http://h\r\nX-Evil: 1/",
        "http://h/\x00",
        "http://[::1/",
        "http://user@h/",
        "http://user:hunter2@h/",
        "http://h@evil.io/",
    ],
)
async def test_what_is_no_plain_web_address_is_refused(client: HttpClient, url: str) -> None:
    """Other schemes, user info, characters that would break a header; passwords stay out of the message."""
    with pytest.raises(egress.InvalidUrl) as caught:
        await client.request("GET", url)

    assert "hunter2" not in str(caught.value)


def test_names_are_shown_in_their_real_form() -> None:
    """A look-alike in another script is unmasked, and case and standard ports make no other origin."""
    assert str(origin_of("https://REGISTRY.example.com:443/x")) == "https://registry.example.com"
    assert str(origin_of("https://r\u0435gistry.io")) == "https://xn--rgistry-7gg.io"
    assert str(origin_of("http://[::1]:5000/")) == "http://[::1]:5000"


def test_urls_are_joined_as_browsers_do() -> None:
    """Relative paths, queries and whole URLs."""
    assert join_url("https://r.io/v2/", "a/b") == "https://r.io/v2/a/b"
    assert join_url("https://r.io/v2/a", "/x?y=z") == "https://r.io/x?y=z"
    assert join_url("https://r.io/v2/a", "https://s.io/x") == "https://s.io/x"
    with pytest.raises(egress.InvalidUrl):
        join_url("https://r.io/", "ftp://s.io")


# --- bytes and time


async def test_a_body_over_the_cap_is_refused(client: HttpClient) -> None:
    """With a length it is refused at once, without one while it comes."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with RawServer(lambda _: Reply(body=b"x" * 1001)) as server:
        with pytest.raises(egress.ResponseTooLarge, match="more than 1000 bytes"):
            await client.request("GET", server.url, max_bytes=1000)
        server.script = lambda _: Streaming(endless)
        with pytest.raises(egress.ResponseTooLarge):
            await client.request("GET", server.url, max_bytes=1000)


async def test_the_length_of_a_head_is_no_body(client: HttpClient) -> None:
    """HEAD names the size of something large, and the connection stays usable."""
    head = Reply(200, b"", (("Content-Length", "9000000000"), ("Content-Encoding", "br")))
    async with RawServer(lambda _: head) as server:
        response = await client.request("HEAD", server.url, max_bytes=10)

    assert response.headers.get("content-length") == "9000000000"


async def test_the_body_of_an_error_is_cut(client: HttpClient) -> None:
    """It is only words for people."""
    async with RawServer(lambda _: Reply(500, b"x" * (MAX_ERROR_BODY + 1))) as server:
        assert len((await client.request("GET", server.url, max_bytes=10)).body) == MAX_ERROR_BODY


async def test_compressed_bodies_are_read(client: HttpClient) -> None:
    """Some servers compress without being asked to."""
    reply = Reply(200, gzip.compress(b"x" * 500), (("Content-Encoding", "gzip"),))
    async with RawServer(lambda _: reply) as server:
        assert (await client.request("GET", server.url, max_bytes=500)).body == b"x" * 500
        assert server.seen[0].headers["accept-encoding"] == "identity"


async def test_a_gzip_bomb_is_stopped_while_it_unfolds(client: HttpClient) -> None:
    """A small body that would become a gigabyte is refused at the cap."""
    packer = zlib.compressobj(1, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    async with RawServer(lambda _: Reply(200, bomb, (("Content-Encoding", "gzip"),))) as server:
        with pytest.raises(egress.ResponseTooLarge):
            await client.request("GET", server.url, max_bytes=1 << 20)


@pytest.mark.parametrize(("encoding", "body"), [("gzip", b"no gzip"), ("br", b"x"), ("gzip", b"\x1f\x8b")])
async def test_broken_compression_is_an_error(client: HttpClient, encoding: str, body: bytes) -> None:
    """Neither garbage nor an encoding that nobody asked for is taken for content."""
    async with RawServer(lambda _: Reply(200, body, (("Content-Encoding", encoding),))) as server:
        with pytest.raises(egress.ConnectionBroken):
            await client.request("GET", server.url)


@pytest.mark.parametrize("at", ["before the head", "within the head", "within the body"])
async def test_a_server_that_drips_runs_into_the_deadline(client: HttpClient, at: str) -> None:
    """One byte now and then does not keep an exchange alive beyond its time."""
    preface = {
        "before the head": b"",
        "within the head": b"HTTP/1.1 200 OK\r\nX-A: ",
        "within the body": b"HTTP/1.1 200 OK\r\n\r\n",
    }

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(preface[at])
        while at != "before the head":
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)
        await asyncio.Event().wait()

    async with RawServer(lambda _: Streaming(drip)) as server:
        with pytest.raises(egress.TimedOut):
            await client.request("GET", server.url, timeout=0.3)


async def test_a_handshake_that_hangs_leaves_no_connection() -> None:
    """A server that never answers the first TLS message is given up, and its connection closed."""
    client = HttpClient(verify=ssl.create_default_context())  # which may take longer than the request has
    closed = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        closed.set()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(egress.TimedOut):
        await client.request("GET", f"https://127.0.0.1:{port}/", timeout=0.5)
    async with asyncio.timeout(5):
        await closed.wait()
    server.close()
    await client.aclose()


async def test_redirects_share_one_deadline(client: HttpClient) -> None:
    """Time does not start over with each hop."""
    async with RawServer(lambda seen: Hanging() if seen.path == "/b" else _redirect("/b")) as server:
        with pytest.raises(egress.TimedOut):
            await client.request("GET", f"{server.url}/a", timeout=0.2)

        assert len(server.seen) == 2


async def test_a_body_that_ends_early_is_an_error(client: HttpClient) -> None:
    """A short body is not taken for a whole one."""

    async def short(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await writer.drain()

    async with RawServer(lambda _: Streaming(short)) as server:
        with pytest.raises(egress.ConnectionBroken):
            await client.request("GET", server.url)


async def test_the_time_of_the_consumer_does_not_count(client: HttpClient) -> None:
    """Only waiting for the server can time out, and the consumer is never interrupted by it."""
    async with (
        RawServer(lambda _: Reply(body=b"x" * 100)) as server,
        client.stream("GET", server.url, timeout=0.1) as answer,
    ):
        pieces = [piece async for piece in answer.chunks()]
        await asyncio.sleep(0.15)

    assert b"".join(pieces) == b"x" * 100


async def test_a_stream_that_is_left_early_gives_its_place_back(client: HttpClient) -> None:
    """Leaving the block closes the response; the two places for downloads are free again."""
    async with RawServer(lambda _: Reply(body=b"x" * 1_000_000)) as server:
        for _ in range(5):
            async with client.stream("GET", server.url) as answer:
                async for _piece in answer.chunks():
                    break


# --- errors


async def test_failures_to_connect_are_told_apart(client: HttpClient, authority: Authority) -> None:
    """Nobody listens, nobody has the name, the certificate is unknown, or there is no TLS at all."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{probe.getsockname()[1]}/"
        with pytest.raises(egress.ConnectFailed, match="Connection refused"):
            await client.request("GET", dead)
    with pytest.raises(egress.NameNotResolved, match=r"no-such-host\.invalid"):
        await client.request("GET", "http://no-such-host.invalid/")
    async with RawServer(lambda _: Reply(), tls=_server_context(authority)) as secure:
        with pytest.raises(egress.CertificateRejected):
            await client.request("GET", secure.url)
    async with RawServer(lambda _: Reply()) as plain:
        with pytest.raises(egress.NotTls):
            await client.request("GET", plain.url.replace("http", "https"))


async def test_what_is_no_http_is_an_error(client: HttpClient) -> None:
    """A server of another protocol."""

    async def ssh(writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        await writer.drain()

    async with RawServer(lambda _: Streaming(ssh)) as server:
        with pytest.raises(egress.ConnectionBroken):
            await client.request("GET", server.url)


# --- the fence


def fence_of(clock: ManualClock) -> Fence:
    """An open fence of 0.3 s."""
    fence = Fence(clock, 0.3)
    fence.extend(0)
    return fence


def fenced(fence: Fence) -> HttpClient:
    """A client behind a fence."""
    return HttpClient(fence=fence, timeout=5)


async def test_behind_a_closed_fence_only_reads_go_out() -> None:
    """Whatever may change something is not even sent."""
    client = fenced(CountingFence(questions=0))
    async with RawServer(lambda _: Reply()) as server:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            with pytest.raises(LeaseLost, match="held by b"):
                await client.request(method, server.url)
            with pytest.raises(LeaseLost, match="held by b"):
                async with client.stream(method, server.url):
                    pass
        for method in ("GET", "HEAD", "OPTIONS"):
            await client.request(method, server.url)

        assert [seen.method for seen in server.seen] == ["GET", "HEAD", "OPTIONS"]
    await client.aclose()


async def test_the_fence_is_asked_for_no_more_time_than_the_request_has() -> None:
    """Five seconds for what has five; what would take longer than the fence can answer for is cut short."""
    fence = CountingFence()
    client = fenced(fence)
    async with RawServer(lambda _: Reply()) as server:
        await client.request("PUT", server.url, content=b"x")
        await client.request("PUT", server.url, content=b"x", timeout=600)
    await client.aclose()

    assert fence.asked == [pytest.approx(5, abs=0.5), pytest.approx(30, abs=0.5)]


async def test_a_fenced_request_ends_before_the_fence_closes() -> None:
    """The time-out of the caller is longer than the Lease."""
    client = fenced(fence_of(ManualClock()))
    async with RawServer(lambda _: Hanging()) as server:
        with pytest.raises(egress.TimedOut):
            async with asyncio.timeout(10):
                await client.request("PUT", server.url, content=b"x", timeout=600)
    await client.aclose()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH"])
async def test_what_changes_something_is_sent_once(client: HttpClient, method: str) -> None:
    """Also where the server ends the connection instead of an answer: it may have done what it was asked."""

    async def vanish(writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with RawServer(lambda _: Reply()) as server:
        await client.request(method, server.url)
        server.script = lambda _: Streaming(vanish)
        with pytest.raises(egress.ConnectionBroken):
            await client.request(method, server.url)

        assert len(server.seen) == 2


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
async def test_a_kept_connection_that_the_server_closed_is_no_obstacle(
    client: HttpClient, method: str
) -> None:
    """It is noticed before anything is sent."""
    async with RawServer(lambda _: Reply(200, b"", (("Connection", "close"),))) as server:
        for _ in range(3):
            assert (await client.request(method, server.url)).status == 200

        assert len(server.seen) == 3


async def test_nothing_is_sent_once_the_client_is_closed() -> None:
    """Nobody would close what would be opened for it."""
    arrived = asyncio.Event()

    def hang(_: Seen) -> Hanging:
        arrived.set()
        return Hanging()

    async with RawServer(hang) as server:
        client = HttpClient(timeout=5)
        waiting = asyncio.create_task(client.request("GET", server.url))
        await arrived.wait()
        await client.aclose()
        with pytest.raises(HttpError):
            await waiting
        with pytest.raises(ClientClosed):
            await client.request("GET", server.url)

        assert len(server.seen) == 1


async def test_a_line_break_in_a_header_is_refused(client: HttpClient) -> None:
    """Such as one at the end of a token, in words that do not show it."""
    async with RawServer(lambda _: Reply()) as server:
        with pytest.raises(egress.InvalidUrl, match="line break") as caught:
            await client.request("GET", server.url, headers={"Authorization": "Bearer t0ken\n"})

    assert "t0ken" not in str(caught.value)
    assert server.seen == []


async def test_a_source_that_fails_is_not_the_fault_of_the_host(client: HttpClient) -> None:
    """Its error comes out as it is, and the host is still asked."""

    async def missing() -> AsyncIterator[bytes]:
        yield b"ab"
        msg = "layer.tar"
        raise FileNotFoundError(msg)

    async with RawServer(lambda _: Reply()) as server:
        for _ in range(6):
            with pytest.raises(FileNotFoundError):
                await client.request("PUT", server.url, content=missing())

        assert (await client.request("GET", server.url)).status == 200


@pytest.mark.parametrize("sent", [b"", b"ab"], ids=["no answer", "a stop in the middle"])
async def test_a_transfer_is_granted_no_silence(sent: bytes) -> None:
    """A deadline of hours is for bytes that come."""

    async def stall(writer: asyncio.StreamWriter) -> None:
        if sent:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + sent)
        await writer.drain()
        await asyncio.Event().wait()

    async def read() -> None:
        async with client.stream("GET", server.url, timeout=3600) as answer:
            async for _ in answer.chunks():
                pass

    client = HttpClient(timeout=0.1)
    async with RawServer(lambda _: Streaming(stall)) as server:
        with pytest.raises(egress.TimedOut):
            await read()
    await client.aclose()


def _compressed(status: int, start: bytes, again: bytes) -> Streaming:
    """A body without an end, which may unfold to nothing."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 %d Any\r\nContent-Encoding: gzip\r\n\r\n" % status + start)
        while True:
            writer.write(again)
            await writer.drain()

    return Streaming(write)


async def test_what_follows_the_end_of_a_compressed_body_is_not_read(client: HttpClient) -> None:
    """Nor kept: there may be no end of it."""
    async with RawServer(lambda _: _compressed(200, gzip.compress(b"all"), b"x" * 65536)) as server:
        assert (await client.request("GET", server.url, max_bytes=1000)).body == b"all"


async def test_compressed_bytes_that_unfold_to_nothing_are_stopped(client: HttpClient) -> None:
    """They count as they come, not only as what they stand for; of an error's body nothing is left then."""
    start, again = gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff" * 10_000
    async with RawServer(lambda _: _compressed(200, start, again)) as server:
        with pytest.raises(egress.ResponseTooLarge):
            await client.request("GET", server.url, max_bytes=1000)
        server.script = lambda _: _compressed(404, start, again)
        refused = await client.request("GET", server.url, max_bytes=1000)

    assert (refused.status, refused.body) == (404, b"")


@pytest.mark.parametrize("status", [200, 304, 401])
async def test_an_empty_body_may_be_said_to_be_compressed(client: HttpClient, status: int) -> None:
    """A 304 repeats the header of what it stands for."""
    async with RawServer(lambda _: Reply(status, b"", (("Content-Encoding", "gzip"),))) as server:
        assert (await client.request("GET", server.url)).status == status


async def test_an_upload_breaks_off_when_the_fence_closes() -> None:
    """The last piece, with which a registry stores the blob, is not sent."""
    given: list[bytes] = []

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"ab", b"cd", b"ef"):
            given.append(piece)
            yield piece

    client = fenced(CountingFence(questions=3))
    async with RawServer(lambda _: Reply()) as server:
        with pytest.raises(LeaseLost, match="held by b"):
            await client.request("PUT", server.url, content=pieces(), headers={"Content-Length": "6"})

        assert server.seen == []
    assert given == [b"ab", b"cd", b"ef"]
    await client.aclose()


async def test_an_upload_may_last_longer_than_the_lease() -> None:
    """As long as it is renewed: no cap but the caller's own."""
    clock = ManualClock()
    fence = fence_of(clock)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(6):
            await asyncio.sleep(0.1)
            clock.seconds += 0.1
            fence.extend(clock.seconds)
            yield b"x"

    client = fenced(fence)
    async with RawServer(lambda _: Reply()) as server:
        await client.request("PUT", server.url, content=pieces())

        assert server.seen[0].body == b"xxxxxx"
    await client.aclose()

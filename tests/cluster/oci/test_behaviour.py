"""What real registries answer, and what the client makes of it: the oddities that made the client as it is.

Every row was true of distribution 3.1.1 and go-containerregistry 0.21.9. When one fails after an upgrade of a
server, the server has changed, and the client may have become simpler.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import pytest

from dev.registry import Registry
from dev.registry_process import RegistryProcess
from dev.tokens import TokenServer
from slipway.oci import RegistryClient
from slipway.oci.digest import digest_of
from slipway.oci.errors import (
    AccessDenied,
    AuthenticationFailed,
    InvalidReference,
    ManifestNotFound,
    RegistryError,
    RegistryUnreachable,
    RepositoryNotFound,
    UploadRejected,
)
from slipway.oci.manifest import OCI_INDEX, OCI_MANIFEST
from tests.cluster.oci.support import USERS, ask_on_the_wire, push, small_image, small_referrer, tag_names

REPOSITORY = "behaviour/api"
IMAGE = small_image("behaviour")
DIGEST = IMAGE.manifest.digest
REFERRER = small_referrer(IMAGE, "application/vnd.example.signature")
TAGS = ("1.0", "a", "b", "c")
PUSHED = ("c", "a", "1.0", "b")
MANIFEST = f"/v2/{REPOSITORY}/manifests/1.0"
LIST = f"/v2/{REPOSITORY}/tags/list"
UPLOADS = f"/v2/{REPOSITORY}/blobs/uploads/"
OCI = {"Accept": OCI_MANIFEST}
ANY = {"Accept": "*/*"}
SEEN = {**OCI, "If-None-Match": f'"{DIGEST}"'}
REALM = r'Bearer realm="http://127\.0\.0\.1:\d+/token",service="slipway-registry"'

OPEN, MIRROR, OTHER, CUTTING = "open_registry", "mirror_registry", "referrers_registry", "cutting_registry"
PASSWORD, TOKEN, TLS = "password_registry", "token_registry", "tls_registry"

Call = Callable[[RegistryClient], Awaitable[object]]


@dataclass(frozen=True)
class Behaviour:
    """One request on the wire with its answer, and the same question asked with the client."""

    server: str
    ask: str
    status: int
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """What the fields hold, as regular expressions; None is for those that are not there."""
    body: str = ""
    """What the body holds, among others."""
    sends: Mapping[str, str] = field(default_factory=dict)
    call: Call | None = None
    """None where the client asks no such thing."""
    makes: object = None
    """The result of `call`, or the error that it raises."""
    user: str | None = "robot"


def _tags(repository: str = REPOSITORY) -> Call:
    return lambda client: tag_names(client, repository)


def _head(reference: str = "1.0", repository: str = REPOSITORY) -> Call:
    async def call(client: RegistryClient) -> str:
        return (await client.head_manifest(repository, reference)).digest

    return call


def _get(reference: str = "1.0", repository: str = REPOSITORY) -> Call:
    async def call(client: RegistryClient) -> str:
        return (await client.get_manifest(repository, reference)).digest

    return call


def _referrers(digest: str = DIGEST, artifact_type: str | None = None, repository: str = REPOSITORY) -> Call:
    async def call(client: RegistryClient) -> tuple[str, ...]:
        found = await client.referrers(repository, digest, artifact_type)
        return tuple(one.digest for one in found)

    return call


async def _has_repository(client: RegistryClient) -> bool:
    return REPOSITORY in await client.list_repositories()


def _check(client: RegistryClient) -> Awaitable[None]:
    return client.check()


def _upload(client: RegistryClient) -> Awaitable[None]:
    return client.upload_blob(REPOSITORY, digest_of(b"new"), 3, b"new")


BEHAVIOURS = {
    # Accept
    "distribution hides an OCI manifest from whoever accepts anything": Behaviour(
        OPEN, f"GET {MANIFEST}", 404, {}, "accept header does not support OCI manifests", ANY, _get(), DIGEST
    ),
    "distribution hides it from HEAD as well, without a word": Behaviour(
        OPEN, f"HEAD {MANIFEST}", 404, {"Docker-Content-Digest": None}, "", ANY, _head(), DIGEST
    ),
    "go-containerregistry does not read Accept": Behaviour(
        OTHER, f"GET {MANIFEST}", 200, {"Content-Type": re.escape(OCI_MANIFEST)}, "", ANY, _get(), DIGEST
    ),
    # Conditional requests
    "distribution gives the digest as ETag, too": Behaviour(
        OPEN, f"HEAD {MANIFEST}", 200, {"ETag": f'"{DIGEST}"', "Docker-Content-Digest": DIGEST}, sends=OCI
    ),
    "distribution's 304 to a GET names no digest": Behaviour(
        OPEN, f"GET {MANIFEST}", 304, {"ETag": None, "Docker-Content-Digest": None}, sends=SEEN
    ),
    "distribution's 304 to a HEAD names no digest": Behaviour(
        OPEN, f"HEAD {MANIFEST}", 304, {"ETag": None, "Docker-Content-Digest": None}, sends=SEEN
    ),
    "go-containerregistry knows no conditional requests": Behaviour(
        OTHER, f"HEAD {MANIFEST}", 200, {"ETag": None, "Docker-Content-Digest": DIGEST}, sends=SEEN
    ),
    "no list of tags has an ETag": Behaviour(OPEN, f"GET {LIST}", 200, {"ETag": None}),
    # Pages of tags
    "distribution sorts tags and links pages by path": Behaviour(
        OPEN,
        f"GET {LIST}?n=2",
        200,
        {"Link": re.escape(f'<{LIST}?last=a&n=2>; rel="next"')},
        '"tags":["1.0","a"]',
        call=_tags(),
        makes=TAGS,
    ),
    "distribution links a page after the last tag when a page is full": Behaviour(
        OPEN, f"GET {LIST}?n=4", 200, {"Link": re.escape(f'<{LIST}?last=c&n=4>; rel="next"')}, '"c"]'
    ),
    "distribution's page after the last tag is null": Behaviour(
        OPEN, f"GET {LIST}?n=4&last=c", 200, {"Link": None}, '"tags":null'
    ),
    "distribution takes a position that is no tag": Behaviour(
        OPEN, f"GET {LIST}?n=4&last=aa", 200, {}, '"tags":["b","c"]'
    ),
    "distribution takes any size of a page of tags": Behaviour(OPEN, f"GET {LIST}?n=5000", 200, {}, '"c"]'),
    "distribution refuses a negative number of tags": Behaviour(
        OPEN, f"GET {LIST}?n=-1", 400, {}, "PAGINATION_NUMBER_INVALID"
    ),
    "go-containerregistry cuts what is asked for and does not say so": Behaviour(
        OTHER, f"GET {LIST}?n=3", 200, {"Link": None}, '["1.0","a","b"]', call=_tags(), makes=TAGS
    ),
    "go-containerregistry starts again after the last tag": Behaviour(
        OTHER, f"GET {LIST}?n=2&last=c", 200, {"Link": None}, '["1.0","a"]'
    ),
    "go-containerregistry lists tags as plain text": Behaviour(
        OTHER, f"GET {LIST}", 200, {"Content-Type": "text/plain.*"}, '"c"]', call=_tags(), makes=TAGS
    ),
    "a list that is cut without a Link is found out and read on": Behaviour(
        CUTTING,
        "GET /v2/behaviour/long/tags/list?n=1000",
        200,
        {"Link": None},
        '"t036"]',
        call=_tags("behaviour/long"),
        makes=tuple(f"t{number:03}" for number in range(120)),
    ),
    "a list that is cut and ends at a full page is found out as well": Behaviour(
        CUTTING,
        "GET /v2/behaviour/full/tags/list?n=1000&last=t110",
        200,
        {"Link": None},
        '"tags":["t000"',
        call=_tags("behaviour/full"),
        makes=tuple(f"t{number:03}" for number in range(111)),
    ),
    # Repositories
    "distribution refuses more repositories than it gives at once": Behaviour(
        OPEN, "GET /v2/_catalog?n=5000", 400, {}, "PAGINATION_NUMBER_INVALID"
    ),
    "distribution refuses a negative number of repositories": Behaviour(
        OPEN, "GET /v2/_catalog?n=-1", 400, {}, "PAGINATION_NUMBER_INVALID"
    ),
    "distribution gives a thousand repositories at once": Behaviour(
        OPEN, "GET /v2/_catalog?n=1000", 200, {}, REPOSITORY, call=_has_repository, makes=True
    ),
    # Referrers
    "distribution has no referrers and says so as plain text": Behaviour(
        OPEN,
        f"GET /v2/{REPOSITORY}/referrers/{DIGEST}",
        404,
        {"Content-Type": "text/plain.*"},
        "404 page not found",
        call=_referrers(),
        makes=(),
    ),
    "go-containerregistry lists referrers": Behaviour(
        OTHER,
        f"GET /v2/{REPOSITORY}/referrers/{DIGEST}",
        200,
        {"Content-Type": re.escape(OCI_INDEX), "OCI-Filters-Applied": None},
        REFERRER.manifest.digest,
        call=_referrers(),
        makes=(REFERRER.manifest.digest,),
    ),
    "go-containerregistry does not filter referrers": Behaviour(
        OTHER,
        f"GET /v2/{REPOSITORY}/referrers/{DIGEST}?artifactType=none",
        200,
        {"OCI-Filters-Applied": None},
        REFERRER.manifest.digest,
        call=_referrers(artifact_type="none"),
        makes=(),
    ),
    "what nothing refers to has an empty index": Behaviour(
        OTHER,
        f"GET /v2/{REPOSITORY}/referrers/{digest_of(b'')}",
        200,
        {},
        '"manifests":[]',
        call=_referrers(digest_of(b"")),
        makes=(),
    ),
    "a repository that is missing looks like missing referrers": Behaviour(
        OTHER,
        f"GET /v2/no/such/referrers/{DIGEST}",
        404,
        {"Content-Type": "text/plain.*"},
        "NAME_UNKNOWN",
        call=_referrers(repository="no/such"),
        makes=RepositoryNotFound,
    ),
    "go-containerregistry refuses referrers of no digest": Behaviour(
        OTHER,
        f"GET /v2/{REPOSITORY}/referrers/sha256:zz",
        400,
        {},
        "UNSUPPORTED",
        call=_referrers("sha256:zz"),
        makes=InvalidReference,
    ),
    "go-containerregistry without referrers does not know the path": Behaviour(
        CUTTING,
        f"GET /v2/{REPOSITORY}/referrers/{DIGEST}",
        404,
        {},
        "METHOD_UNKNOWN",
        call=_referrers(),
        makes=(),
    ),
    # What is missing, and what cannot be
    "distribution fails at a malformed digest, which is never sent": Behaviour(
        OPEN,
        f"GET /v2/{REPOSITORY}/manifests/sha256:zz",
        500,
        {},
        '"code":"UNKNOWN"',
        OCI,
        _get("sha256:zz"),
        InvalidReference,
    ),
    "a tag that is missing is an unknown manifest": Behaviour(
        OPEN,
        f"GET /v2/{REPOSITORY}/manifests/2.0",
        404,
        {},
        "MANIFEST_UNKNOWN",
        OCI,
        _get("2.0"),
        ManifestNotFound,
    ),
    "the 404 to a HEAD has no body to tell why": Behaviour(
        OPEN, f"HEAD /v2/{REPOSITORY}/manifests/2.0", 404, {}, "", OCI, _head("2.0"), ManifestNotFound
    ),
    "distribution calls the manifest unknown where the repository is": Behaviour(
        OPEN,
        "GET /v2/no/such/manifests/1.0",
        404,
        {},
        "MANIFEST_UNKNOWN",
        OCI,
        _get(repository="no/such"),
        ManifestNotFound,
    ),
    "go-containerregistry calls the repository unknown": Behaviour(
        OTHER,
        "GET /v2/no/such/manifests/1.0",
        404,
        {},
        "NAME_UNKNOWN",
        OCI,
        _get(repository="no/such"),
        RepositoryNotFound,
    ),
    "the tags of a missing repository are an unknown name": Behaviour(
        OPEN,
        "GET /v2/no/such/tags/list",
        404,
        {},
        "NAME_UNKNOWN",
        call=_tags("no/such"),
        makes=RepositoryNotFound,
    ),
    # Who is there
    "distribution names itself and gives an empty object": Behaviour(
        OPEN, "GET /v2/", 200, {"Docker-Distribution-Api-Version": "registry/2.0"}, "{}", call=_check
    ),
    "go-containerregistry names itself and gives nothing": Behaviour(
        OTHER, "GET /v2/", 200, {"Docker-Distribution-Api-Version": "registry/2.0"}, call=_check
    ),
    "http to a port with TLS is told so in plain text": Behaviour(
        TLS,
        "GET /v2/",
        400,
        {"Docker-Distribution-Api-Version": None},
        "Client sent an HTTP request to an HTTPS server.",
        call=_check,
        makes=RegistryUnreachable,
    ),
    # A mirror
    "a mirror lists the tags of its upstream": Behaviour(
        MIRROR, f"GET {LIST}", 200, {}, '"c"]', call=_tags(), makes=TAGS
    ),
    "a mirror has the manifests of its upstream": Behaviour(
        MIRROR, f"HEAD {MANIFEST}", 200, {"Docker-Content-Digest": DIGEST}, "", OCI, _get(), DIGEST
    ),
    "a mirror takes no pushes": Behaviour(
        MIRROR, f"POST {UPLOADS}", 405, {}, "UNSUPPORTED", call=_upload, makes=UploadRejected
    ),
    # Passwords
    "a registry with passwords asks for one at once": Behaviour(
        PASSWORD,
        "GET /v2/",
        401,
        {"WWW-Authenticate": 'Basic realm="slipway test bed"'},
        "UNAUTHORIZED",
        call=_check,
    ),
    "a registry with passwords tells what a stranger may not see": Behaviour(
        PASSWORD,
        f"GET {LIST}",
        401,
        {"WWW-Authenticate": "Basic .*"},
        "UNAUTHORIZED",
        call=_tags(),
        makes=AccessDenied,
        user=None,
    ),
    # Tokens
    "a ping asks for a token without a scope": Behaviour(
        TOKEN, "GET /v2/", 401, {"WWW-Authenticate": REALM}, call=_check
    ),
    "a stranger gets no token": Behaviour(
        TOKEN,
        "GET /v2/",
        401,
        {"WWW-Authenticate": REALM},
        call=_check,
        makes=AuthenticationFailed,
        user=None,
    ),
    "the list of repositories has a scope of its own": Behaviour(
        TOKEN,
        "GET /v2/_catalog",
        401,
        {"WWW-Authenticate": rf'{REALM},scope="registry:catalog:\*"'},
        call=_has_repository,
        makes=True,
    ),
    "reading asks for the right to pull": Behaviour(
        TOKEN,
        f"GET {LIST}",
        401,
        {"WWW-Authenticate": f'{REALM},scope="repository:{REPOSITORY}:pull"'},
        call=_tags(),
        makes=TAGS,
    ),
    "the challenge to a HEAD is the same": Behaviour(
        TOKEN,
        f"HEAD {MANIFEST}",
        401,
        {"WWW-Authenticate": f'{REALM},scope="repository:{REPOSITORY}:pull"'},
        call=_head(),
        makes=DIGEST,
    ),
    "writing asks for both rights, in any order": Behaviour(
        TOKEN,
        f"POST {UPLOADS}",
        401,
        {"WWW-Authenticate": f'{REALM},scope="repository:{REPOSITORY}:(pull,push|push,pull)"'},
        call=_upload,
    ),
    "a token that is none is called so": Behaviour(
        TOKEN,
        f"GET {LIST}",
        401,
        {"WWW-Authenticate": f'{REALM},scope="repository:{REPOSITORY}:pull",error="invalid_token"'},
        sends={"Authorization": "Bearer nonsense"},
    ),
}

EVERY_ROW = pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in BEHAVIOURS.items()])
ROWS_FOR_THE_CLIENT = pytest.mark.parametrize(
    "row", [pytest.param(row, id=name) for name, row in BEHAVIOURS.items() if row.call]
)


@EVERY_ROW
def test_a_registry_answers(row: Behaviour, request: pytest.FixtureRequest) -> None:
    """On the wire, to exactly this request."""
    method, target = row.ask.split()

    answer = ask_on_the_wire(_url(row, request), method, target, row.sends)

    assert answer.status == row.status
    assert row.body in answer.body.decode()
    for name, want in row.headers.items():
        found = answer.headers[name]
        assert found == want or (found and want and re.fullmatch(want, found)), f"{name}: {found}"


@ROWS_FOR_THE_CLIENT
async def test_the_client_makes_of_it(row: Behaviour, request: pytest.FixtureRequest) -> None:
    """The result, whatever the server's way; or the error that says what is the matter."""
    assert row.call is not None
    url = await asyncio.to_thread(_url, row, request)
    async with _client(url, row.user) as client:
        if isinstance(row.makes, type) and issubclass(row.makes, RegistryError):
            with pytest.raises(row.makes) as caught:
                await row.call(client)
            assert type(caught.value) is row.makes
        else:
            assert await row.call(client) == row.makes


async def test_a_token_for_another_repository_does_not_suffice(
    token_registry: Registry, token_server: TokenServer
) -> None:
    """The registry calls the scope insufficient; the client had never asked for too little."""
    await asyncio.to_thread(_filled, token_registry.url, TOKEN)
    basic = base64.b64encode(f"robot:{USERS['robot']}".encode()).decode()
    _, body = token_server.answer({"scope": ["repository:behaviour/other:pull"]}, f"Basic {basic}")

    answer = ask_on_the_wire(token_registry.url, "GET", LIST, {"Authorization": f"Bearer {body['token']}"})

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].endswith('error="insufficient_scope"')


async def test_a_mirror_whose_upstream_is_gone_lists_only_what_it_has_kept() -> None:
    """Nothing in the answer tells that it is a part: lists must be asked of the upstream itself."""
    with Registry() as upstream, Registry(proxy=upstream.url) as mirror:
        await _fill(upstream.url, None, {REPOSITORY: TAGS})
        async with RegistryClient(mirror.url) as client:
            await client.get_manifest(REPOSITORY, "1.0")
            assert await tag_names(client, REPOSITORY) == TAGS
            upstream.stop()
            assert await tag_names(client, REPOSITORY) == ("1.0",)

        assert ask_on_the_wire(mirror.url, "GET", LIST, {}).headers["Warning"] is None


def _url(row: Behaviour, request: pytest.FixtureRequest) -> str:
    """The address of the row's server, which has what the rows ask for."""
    registry = request.getfixturevalue(row.server)
    assert isinstance(registry, RegistryProcess)
    if row.server == TLS:
        return registry.url.replace("https", "http")
    if row.server == MIRROR:
        _filled(request.getfixturevalue(OPEN).url, OPEN)
        return registry.url
    _filled(registry.url, row.server)
    return registry.url


@cache
def _filled(url: str, server: str) -> None:
    """Pushes what the rows ask for, once per server."""
    user = "robot" if server in {PASSWORD, TOKEN} else None
    asyncio.run(_fill(url, user, {REPOSITORY: PUSHED}))
    if server == CUTTING:
        _tag_on_the_wire(url, "behaviour/long", 120)
        _tag_on_the_wire(url, "behaviour/full", 111)


def _tag_on_the_wire(url: str, repository: str, count: int) -> None:
    """Tags an image whose blobs are not asked for; the client would keep to its pace of requests."""
    for number in range(count):
        target = f"/v2/{repository}/manifests/t{number:03}"
        ask_on_the_wire(url, "PUT", target, {"Content-Type": OCI_MANIFEST}, IMAGE.manifest.raw)


async def _fill(url: str, user: str | None, repositories: Mapping[str, tuple[str, ...]]) -> None:
    async with _client(url, user) as client:
        for repository, tags in repositories.items():
            await push(client, repository, DIGEST, IMAGE)
            for tag in tags:
                await client.put_manifest(repository, tag, IMAGE.manifest)
            for blob in REFERRER.blobs:
                await client.upload_blob(repository, digest_of(blob), len(blob), blob)
            # Without the index under a tag that the client would make: the rows tell what servers do alone.
            await client._manifests.put(repository, REFERRER.manifest.digest, REFERRER.manifest)


def _client(url: str, user: str | None) -> RegistryClient:
    return RegistryClient(url, username=user, password=USERS[user] if user else None, timeout=10)

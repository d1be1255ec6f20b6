from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.egress import Headers
from slipway.oci import RegistryClient, referrers
from slipway.oci.digest import digest_of
from slipway.oci.errors import (
    AccessDenied,
    InvalidReference,
    InvalidResponse,
    ListingIncomplete,
    NotARegistry,
    RepositoryNotFound,
    UploadRejected,
)
from slipway.oci.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, ImageIndex, ImageManifest, ManifestV2
from slipway.oci.pages import Page, PageRefused, PageRequest, advance
from slipway.oci.platform import Platform
from slipway.oci.referrers import fallback_tag, list_referrers
from tests.support.raw_server import RawServer, Reply, Seen

SUBJECT = digest_of(b"subject")
URL = f"https://r.io/v2/shop/api/referrers/{SUBJECT}"
SBOM, SIGNATURE = "application/spdx+json", "application/vnd.example.signature"
TYPE = ("Content-Type", f"{OCI_INDEX}; charset=utf-8")
FILTERED = ("OCI-Filters-Applied", "artifactType")
EMPTY = Descriptor(media_type="application/vnd.oci.empty.v1+json", digest=digest_of(b"{}"), size=2)


def _entry(name: str, artifact_type: str | None = SBOM) -> Descriptor:
    return Descriptor(
        media_type=OCI_MANIFEST, digest=digest_of(name.encode()), size=9, artifact_type=artifact_type
    )


def _body(entries: Iterable[Descriptor]) -> bytes:
    return ImageIndex(media_type=OCI_INDEX, manifests=tuple(entries)).to_bytes()


def _page(*entries: Descriptor, headers: tuple[tuple[str, str], ...] = (TYPE,)) -> Page:
    return Page(_body(entries), Headers(headers))


def _link(target: str) -> tuple[str, str]:
    return ("Link", f'<{target}>; rel="next"')


def _run(
    *answers: Page | PageRefused, wanted: str | None = None
) -> tuple[tuple[Descriptor, ...] | None, list[str]]:
    """The referrers, and what was asked for."""
    flow = list_referrers(URL, wanted)
    step: PageRequest | tuple[Descriptor, ...] | None = next(flow)
    asked = []
    for answer in answers:
        assert isinstance(step, PageRequest)
        asked.append(step.url)
        step = advance(flow, answer)
    assert not isinstance(step, PageRequest)
    return step, asked


# --- the pages


def test_pages_are_followed_to_the_end() -> None:
    """Each referrer once, in the order of the registry."""
    first, second = _entry("first"), _entry("second")

    found, asked = _run(_page(first, headers=(TYPE, _link("?last=x"))), _page(first, second))

    assert found == (first, second)
    assert asked == [URL, f"{URL}?last=x"]


@pytest.mark.parametrize(
    ("headers", "want"),
    [
        ((TYPE,), ["sbom"]),
        ((TYPE, FILTERED), ["sbom", "bare"]),
        ((TYPE, ("OCI-Filters-Applied", "x")), ["sbom"]),
    ],
)
def test_types_are_filtered_by_whoever_says_so(headers: tuple[tuple[str, str], ...], want: list[str]) -> None:
    """Here, unless the registry says that it did: a registry may leave out what it filtered by."""
    entries = {name: _entry(name, kind) for name, kind in (("sbom", SBOM), ("bare", None))}

    found, asked = _run(_page(*entries.values(), headers=headers), wanted=SBOM)

    assert found == tuple(entries[name] for name in want)
    assert asked == [f"{URL}?artifactType=application%2Fspdx%2Bjson"]


@pytest.mark.parametrize(
    "answer",
    [
        PageRefused(404),
        PageRefused(400),
        PageRefused(406),
        _page(headers=(("Content-Type", "application/json"),)),
        Page(b"<html>", Headers([("Content-Type", "text/html")])),
        Page(b"{}"),
    ],
)
def test_a_registry_without_the_api_is_told_from_one_without_referrers(answer: Page | PageRefused) -> None:
    """By its refusal, or by another Content-Type than an index has."""
    assert _run(answer)[0] is None
    assert _run(_page())[0] == ()


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (PageRefused(404), "a page was refused"),
        (_page(headers=(TYPE, _link(URL))), "circle"),
        (_page(headers=(TYPE, _link("https://evil.io/"))), "another host"),
    ],
)
def test_a_part_is_never_given_out(second: Page | PageRefused, words: str) -> None:
    """A page that fails fails all of them."""
    with pytest.raises(ListingIncomplete, match=words):
        _run(_page(_entry("first"), headers=(TYPE, _link("?last=x"))), second)


def test_a_page_that_is_no_index_is_refused() -> None:
    """Though its header says so."""
    with pytest.raises(InvalidResponse):
        _run(Page(b'{"manifests": [5]}', Headers([TYPE])))


def test_there_is_an_end_to_referrers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may have attached very many."""
    monkeypatch.setattr(referrers, "MAX_REFERRERS", 1)
    with pytest.raises(ListingIncomplete, match="more than 1 referrers"):
        _run(_page(_entry("first"), _entry("second")))


@given(st.lists(st.integers(0, 8), max_size=12), st.integers(1, 5), st.booleans())
@settings(max_examples=50)
def test_how_pages_are_cut_never_changes_the_result(numbers: list[int], size: int, filters: bool) -> None:
    """Every referrer of the type comes exactly once, whoever filters."""
    entries = [_entry(str(number), SBOM if number % 2 else SIGNATURE) for number in numbers]
    wanted = list(dict.fromkeys(entry for entry in entries if entry.artifact_type == SBOM))
    served = wanted if filters else entries
    cuts = [served[start : start + size] for start in range(0, len(served), size)] or [[]]
    applied = (FILTERED,) if filters else ()
    pages = [
        _page(*cut, headers=(TYPE, *applied, *((_link(f"?page={number}"),) if cut is not cuts[-1] else ())))
        for number, cut in enumerate(cuts)
    ]

    assert _run(*pages, wanted=SBOM)[0] == tuple(wanted)


# --- the tag


@pytest.mark.parametrize(
    ("digest", "want"),
    [
        (SUBJECT, SUBJECT.replace(":", "-")),
        (digest_of(b"x", "sha512"), f"sha512-{digest_of(b'x', 'sha512')[7:71]}"),
        (f"{'a' * 40}:{'b' * 70}", f"{'a' * 32}-{'b' * 64}"),
        ("sha256+b64u:LCa0a2j_xo/5=", "sha256-b64u-LCa0a2j_xo-5-"),
    ],
)
def test_the_tag_is_named_after_the_digest(digest: str, want: str) -> None:
    """Cut and cleaned, so that it can be a tag (distribution-spec, Referrers Tag Schema)."""
    assert fallback_tag(digest) == want


def _artifact(subject: Descriptor | None, artifact_type: str | None = None) -> ManifestV2:
    return ManifestV2.of(ImageManifest(config=EMPTY, subject=subject, artifact_type=artifact_type))


TARGET = Descriptor(media_type=OCI_MANIFEST, digest=SUBJECT, size=7)
TYPED = _artifact(TARGET, SIGNATURE)
UNTYPED = _artifact(TARGET)
STRANGER = _artifact(None)
MULTI = ManifestV2.of(
    ImageIndex(
        manifests=(STRANGER.descriptor.model_copy(update={"platform": Platform.parse("linux/amd64")}),)
    )
)


def _known(*manifests: ManifestV2, tag: ManifestV2 | None = None) -> Callable[[Seen], Reply]:
    """A registry without the API, with these manifests and perhaps the tag."""
    stored = {manifest.digest: manifest for manifest in manifests}
    if tag is not None:
        stored |= {fallback_tag(SUBJECT): tag, fallback_tag(tag.digest): tag, tag.digest: tag}

    def script(seen: Seen) -> Reply:
        manifest = stored.get(seen.path.rpartition("/")[2])
        if "/manifests/" not in seen.path:
            return Reply(404, b"404 page not found\n", (("Content-Type", "text/plain"),))
        if manifest is None:
            return Reply(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        return Reply(200, manifest.raw, (("Content-Type", manifest.media_type),))

    return script


@asynccontextmanager
async def _client(script: Callable[[Seen], Reply]) -> AsyncIterator[tuple[RegistryClient, RawServer]]:
    async with RawServer(script) as server, RegistryClient(server.url, timeout=5) as client:
        yield client, server


async def test_the_api_is_asked_for_an_index() -> None:
    """One request where it is offered."""
    body = _body([_entry("first")])
    async with _client(lambda _: Reply(200, body, (TYPE, FILTERED))) as (client, server):
        assert await client.referrers("shop/api", SUBJECT, SBOM) == (_entry("first"),)

    assert server.targets() == [
        f"GET /v2/shop/api/referrers/{SUBJECT}?artifactType=application%2Fspdx%2Bjson"
    ]
    assert server.seen[0].headers["accept"] == OCI_INDEX


@pytest.mark.parametrize("status", [400, 404, 405, 406])
async def test_the_tag_is_read_where_there_is_no_api(status: int) -> None:
    """Entries without a type are looked at: they must refer to the subject."""
    typed = TYPED.descriptor.model_copy(update={"artifact_type": SIGNATURE})
    index = ManifestV2.of(ImageIndex(manifests=(typed, UNTYPED.descriptor, STRANGER.descriptor, typed)))
    known = _known(UNTYPED, STRANGER, tag=index)
    async with _client(lambda seen: known(seen) if "/manifests/" in seen.path else Reply(status)) as (
        client,
        server,
    ):
        found = await client.referrers("shop/api", SUBJECT)
        assert await client.referrers("shop/api", SUBJECT, SIGNATURE) == (typed,)

    assert [entry.digest for entry in found] == [TYPED.digest, UNTYPED.digest]
    assert [entry.artifact_type for entry in found] == [SIGNATURE, EMPTY.media_type]
    assert len(server.seen) == 8


async def test_neither_api_nor_tag_means_no_referrers() -> None:
    """Nobody has attached anything."""
    async with _client(_known()) as (client, server):
        assert await client.referrers("shop/api", SUBJECT) == ()

    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        pytest.param(MULTI.digest, MULTI, id="GitLab answers with the subject itself"),
        pytest.param(SUBJECT, MULTI, id="an index of images"),
        pytest.param(SUBJECT, STRANGER, id="an image"),
    ],
)
async def test_what_is_no_list_of_referrers_is_not_taken_for_one(subject: str, answer: ManifestV2) -> None:
    """The tag may be anything that somebody pushed, or the subject."""
    async with _client(_known(STRANGER, tag=answer)) as (client, _):
        assert await client.referrers("shop/api", subject) == ()


async def test_the_subject_is_recognised_in_its_own_algorithm() -> None:
    """A digest of sha512 is compared as such."""
    subject = digest_of(MULTI.raw, "sha512")
    script = _known(STRANGER)
    tagged = Reply(200, MULTI.raw, (("Content-Type", OCI_INDEX),))
    async with _client(lambda seen: tagged if "/manifests/sha512-" in seen.path else script(seen)) as (
        client,
        server,
    ):
        assert await client.referrers("shop/api", subject) == ()

    assert len(server.seen) == 2


async def test_very_many_entries_without_a_type_are_not_looked_at() -> None:
    """One request for each would be a lever for whoever may push."""
    entries = tuple(_entry(str(number), None) for number in range(33))
    async with _client(_known(tag=ManifestV2.of(ImageIndex(manifests=entries)))) as (client, _):
        with pytest.raises(ListingIncomplete, match="have no type"):
            await client.referrers("shop/api", SUBJECT)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(404, b'{"errors":[{"code":"NAME_UNKNOWN"}]}'), RepositoryNotFound),
        (Reply(403, b"{}"), AccessDenied),
        (Reply(200, b"<html>", (("Content-Type", "text/html"),)), NotARegistry),
    ],
)
async def test_what_is_no_missing_api_is_an_error(reply: Reply, error: type[Exception]) -> None:
    """A missing repository is known by its code; a page on both ways is no registry."""
    async with _client(lambda _: reply) as (client, _):
        with pytest.raises(error):
            await client.referrers("shop/api", SUBJECT)


async def test_names_that_cannot_be_are_never_sent() -> None:
    """Neither the repository nor the digest."""
    async with _client(lambda _: Reply()) as (client, server):
        with pytest.raises(InvalidReference):
            await client.referrers("Shop", SUBJECT)
        with pytest.raises(InvalidReference):
            await client.referrers("shop", "latest")

    assert server.seen == []


# --- pushing


class _Shelf:
    """A registry of one repository without a referrers API, unless it says so."""

    def __init__(self, *, lists: bool = False) -> None:
        self.stored: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self._lists = lists

    def __call__(self, seen: Seen) -> Reply:
        reference = seen.path.rpartition("/")[2]
        if seen.method == "PUT":
            self.stored[reference] = seen.body
            self.types[reference] = seen.headers["content-type"]
            return Reply(201, b"", (("OCI-Subject", SUBJECT),) if self._lists else ())
        if "/manifests/" not in seen.path or reference not in self.stored:
            return Reply(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        return Reply(200, self.stored[reference], (("Content-Type", self.types[reference]),))


def _referrer(name: str, subject: str | None = SUBJECT) -> ManifestV2:
    described = None if subject is None else Descriptor(media_type=OCI_MANIFEST, digest=subject, size=9)
    return ManifestV2.of(
        ImageManifest(artifact_type=SBOM, config=EMPTY, annotations={"name": name}, subject=described)
    )


@asynccontextmanager
async def _pushing(shelf: _Shelf) -> AsyncIterator[RegistryClient]:
    async with RawServer(shelf) as server, RegistryClient(server.url, timeout=5) as client:
        yield client


async def test_a_pushed_referrer_is_recorded_where_the_registry_does_not() -> None:
    """Once each, beside those of others, with type and annotations."""
    shelf = _Shelf()
    others = _entry("other", SIGNATURE)
    shelf.stored[fallback_tag(SUBJECT)], shelf.types[fallback_tag(SUBJECT)] = _body([others]), OCI_INDEX
    first, second = _referrer("first"), _referrer("second")
    async with _pushing(shelf) as client:
        for referrer in (first, second, first):
            assert await client.put_manifest("shop/api", referrer.digest, referrer) == referrer.digest
        found = await client.referrers("shop/api", SUBJECT)

    assert [entry.digest for entry in found] == [others.digest, first.digest, second.digest]
    assert (found[1].artifact_type, found[1].annotations) == (SBOM, {"name": "first"})


@pytest.mark.parametrize(
    ("shelf", "referrer"),
    [(_Shelf(lists=True), _referrer("one")), (_Shelf(), _referrer("one", None))],
    ids=["the registry lists it", "it refers to nothing"],
)
async def test_nothing_is_recorded_without_need(shelf: _Shelf, referrer: ManifestV2) -> None:
    """An index beside the registry's own list would only get old."""
    async with _pushing(shelf) as client:
        await client.put_manifest("shop/api", "sbom", referrer)

    assert list(shelf.stored) == ["sbom"]


async def test_what_is_no_index_is_not_overwritten() -> None:
    """Somebody meant something by that tag."""
    shelf, taken = _Shelf(), _referrer("taken", None)
    shelf.stored[fallback_tag(SUBJECT)], shelf.types[fallback_tag(SUBJECT)] = taken.raw, OCI_MANIFEST
    async with _pushing(shelf) as client:
        with pytest.raises(UploadRejected, match="is no index of referrers"):
            await client.put_manifest("shop/api", "sbom", _referrer("one"))

    assert shelf.stored[fallback_tag(SUBJECT)] == taken.raw

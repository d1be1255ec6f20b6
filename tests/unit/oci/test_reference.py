from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.oci.errors import InvalidReference
from slipway.oci.reference import ImageReference, is_repository, is_tag, require_repository

DIGEST = "sha256:" + "0123456789abcdef" * 4
HEX = "a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4"

READ = {
    "ubuntu": "docker.io/library/ubuntu",
    "ubuntu:24.04": "docker.io/library/ubuntu:24.04",
    "library/ubuntu": "docker.io/library/ubuntu",
    "dmcgowan/myapp:latest": "docker.io/dmcgowan/myapp:latest",
    "docker.io/ubuntu": "docker.io/library/ubuntu",
    "index.docker.io/ubuntu": "docker.io/library/ubuntu",
    "registry-1.docker.io/library/ubuntu": "docker.io/library/ubuntu",
    "Docker.IO/ubuntu": "docker.io/library/ubuntu",
    "localhost/ubuntu": "localhost/ubuntu",
    "localhost:5000/a/b:c": "localhost:5000/a/b:c",
    "test:5000": "docker.io/library/test:5000",
    "test:5000/repo": "test:5000/repo",
    "test.com:tag": "docker.io/library/test.com:tag",
    "test.com/repo:tag": "test.com/repo:tag",
    "Foo/bar": "Foo/bar",
    "FOO.example.com/bar": "foo.example.com/bar",
    "127.0.0.1:5000/shop/api": "127.0.0.1:5000/shop/api",
    "[2001:db8::1]:5000/repo": "[2001:db8::1]:5000/repo",
    "[2001:db8::1]/repo": "[2001:db8::1]/repo",
    "xn--n3h.com/myimage": "xn--n3h.com/myimage",
    "a/b__c/d--e.f_g": "docker.io/a/b__c/d--e.f_g",
    "docker/docker": "docker.io/docker/docker",
    f"ubuntu@{DIGEST}": f"docker.io/library/ubuntu@{DIGEST}",
    f"h.io/a:t@{DIGEST}": f"h.io/a:t@{DIGEST}",
    f"{HEX[:63]}": f"docker.io/library/{HEX[:63]}",
    f"docker.io/{HEX}": f"docker.io/library/{HEX}",
    "a" * 128 + ":" + "t" * 128: "docker.io/library/" + "a" * 128 + ":" + "t" * 128,
}

REFUSED = {
    "": "words of a-z",
    ":justtag": "words of a-z",
    "@" + DIGEST: "words of a-z",
    "repo@sha256:abc": "not a digest",
    "repo@": "not a digest",
    f"repo@{DIGEST}:tag": "not a digest",
    "h.io/Uppercase": "lower-case",
    "Uppercase": "lower-case",
    "h.io/a b": "words of a-z",
    "a//b": "words of a-z",
    "-foo/bar": "words of a-z",
    "foo/-bar": "words of a-z",
    "foo/bar-": "words of a-z",
    "foo/.bar": "words of a-z",
    "foo___bar/x": "words of a-z",
    "é/bar": "words of a-z",
    "repo:né": "tag",
    "repo:" + "t" * 129: "tag",
    "repo:-x": "tag",
    "repo:": "tag",
    "repo\n": "words of a-z",
    "repo:tag\n": "tag",
    "-h.io/repo": "host name",
    "h..io/repo": "host name",
    "[fe80::1%eth0]/repo": "host name",
    "[fe80::1%25eth0]:5000/repo": "host name",
    "user:pass@h.io/repo": "not a digest",
    "https://h.io/repo": "host name",
    "h.io:port/repo": "host name",
    "h.io/" + "a" * 256: "words of a-z",
    HEX: "image ID",
}


@pytest.mark.parametrize("text", READ)
def test_references_are_read_as_docker_reads_them(text: str) -> None:
    """Hosts, ports, tags and digests fall where the reference implementation has them."""
    assert str(ImageReference.parse(text)) == READ[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_reference_is_refused_with_the_part_that_is_wrong(text: str) -> None:
    """The message quotes the text and names the part."""
    with pytest.raises(InvalidReference, match=REFUSED[text]):
        ImageReference.parse(text)


def test_the_parts_are_told_apart() -> None:
    """Every part has its field, and the digest wins as the version to ask for."""
    reference = ImageReference.parse(f"r.io:5000/shop/api:1.4@{DIGEST}")

    assert reference == ImageReference("r.io:5000", "shop/api", "1.4", DIGEST)
    assert reference.name == "r.io:5000/shop/api"
    assert reference.version == DIGEST
    assert ImageReference.parse("r.io/a:1").version == "1"
    assert ImageReference.parse("r.io/a").version == "latest"


def test_docker_hub_is_called_at_its_api_host() -> None:
    """The name of Docker Hub is not the host that serves it; every other name is."""
    assert ImageReference.parse("ubuntu").api_host == "registry-1.docker.io"
    assert ImageReference.parse("r.io:5000/a").api_host == "r.io:5000"


def test_a_tag_unpins_and_a_digest_keeps_the_tag() -> None:
    """Another tag means other content; a digest only says which content the tag had."""
    pinned = ImageReference.parse("r.io/a:1").with_digest(DIGEST)

    assert str(pinned) == f"r.io/a:1@{DIGEST}"
    assert str(pinned.with_tag("2")) == "r.io/a:2"
    with pytest.raises(InvalidReference):
        pinned.with_tag("no tag")
    with pytest.raises(InvalidReference):
        pinned.with_digest("sha256:abc")


def test_names_within_a_registry_are_checked() -> None:
    """What goes into a URL is checked before, so that nothing can be smuggled into it."""
    assert is_repository("shop/api")
    assert not is_repository("../../v2/_catalog")
    assert is_tag("v1.2_3-rc")
    assert not is_tag("v1?n=1")
    with pytest.raises(InvalidReference, match="shop/api"):
        require_repository("r.io/Shop")


hosts = st.sampled_from(
    ["r.io/", "R.io:5000/", "localhost/", "Foo/", "index.docker.io/", "[::1]:80/", "foo:1/", ""]
)
words = st.text("ab0", min_size=1, max_size=3)
separators = st.sampled_from([".", "_", "__", "-", "---", "/"])
tags = st.text("aZ0_.-", max_size=4).map(lambda rest: f":_{rest}")


@st.composite
def references(draw: st.DrawFn) -> str:
    """References as people write them, with and without each part."""
    host, path = draw(hosts), draw(words)
    for separator, word in draw(st.lists(st.tuples(separators, words), max_size=3)):
        path += separator + word
    if not host and "." in path.partition("/")[0]:
        host = "r.io/"  # or the first word would be taken for a host
    return host + path + draw(st.just("") | tags) + draw(st.sampled_from(["", f"@{DIGEST}"]))


@given(references())
def test_printing_and_reading_again_changes_nothing(text: str) -> None:
    """What was read prints to a text that is read as the same."""
    reference = ImageReference.parse(text)

    assert ImageReference.parse(str(reference)) == reference


@given(st.text("aZ0.:/@_-[é\n", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but our own error, and nothing read that cannot be printed and read again."""
    try:
        reference = ImageReference.parse(text)
    except InvalidReference:
        return

    assert ImageReference.parse(str(reference)) == reference

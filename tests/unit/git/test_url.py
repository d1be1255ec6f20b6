from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.git.errors import InvalidUrl
from slipway.git.url import GitUrl, parse_git_url

READ = {
    "https://git.example.com/shop/api.git": GitUrl("https", "git.example.com", "/shop/api.git", 443),
    "HTTPS://Git.Example.COM/Shop": GitUrl("https", "git.example.com", "/Shop", 443),
    "https://git.example.com./shop": GitUrl("https", "git.example.com", "/shop", 443),
    "https://h:8443/a b/c": GitUrl("https", "h", "/a b/c", 8443),
    "http://127.0.0.1:3000/x": GitUrl("http", "127.0.0.1", "/x", 3000),
    "http://0x7f.1/x": GitUrl("http", "127.0.0.1", "/x", 80),
    "https://[2001:DB8::1]:8443/x": GitUrl("https", "2001:db8::1", "/x", 8443),
    "https://gitea-2.git.svc/x": GitUrl("https", "gitea-2.git.svc", "/x", 443),
    "ssh://git@h/shop/api.git": GitUrl("ssh", "h", "/shop/api.git", 22, "git"),
    "ssh://git@h:2222/~ann/api": GitUrl("ssh", "h", "/~ann/api", 2222, "git"),
    "ssh://h/x": GitUrl("ssh", "h", "/x", 22),
    "git@git.example.com:shop/api.git": GitUrl("ssh", "git.example.com", "shop/api.git", 22, "git"),
    "git.example.com:shop/api": GitUrl("ssh", "git.example.com", "shop/api", 22),
    "git@[2001:db8::1]:shop/api": GitUrl("ssh", "2001:db8::1", "shop/api", 22, "git"),
}

PRINTED = {
    "HTTPS://Git.Example.COM:443/Shop": "https://git.example.com/Shop",
    "https://h:8443/x": "https://h:8443/x",
    "https://[2001:db8::1]:8443/x": "https://[2001:db8::1]:8443/x",
    "ssh://git@h:22/x": "ssh://git@h/x",
    "git@h:/srv/x": "ssh://git@h/srv/x",
    "git@h:shop/api.git": "git@h:shop/api.git",
}

REFUSED = {
    "a remote helper that runs a command": "ext::sh -c touch% /tmp/pwned",
    "another remote helper": "fd::17/foo",
    "a file": "file:///etc/passwd",
    "a path": "/srv/git/x",
    "a relative path": "../x",
    "git's own unauthenticated protocol": "git://h/x",
    "ftp": "ftp://h/x",
    "an option of ssh for a host": "ssh://-oProxyCommand=touch%20pwned/x",
    "an option of ssh for a host, in the short form": "-oProxyCommand=x:y",
    "an option of ssh for a user": "ssh://-oProxyCommand=x@h/x",
    "an option of git": "--upload-pack=touch pwned",
    "an option for a path": "h:-x",
    "a password": "https://ann:hunter2@h/x",
    "a user name over https": "https://ann@h/x",
    "a password over ssh": "ssh://git:hunter2@h/x",
    "a password in the short form": "ann:hunter2@h:x",
    "a password behind one slash": "https:/ann:hunter2@h/x",
    "a line break": "https://h/x\ny",
    "a tab": "https://h/x\ty",
    "a zero byte": "https://h/x\0",
    "letters beyond ASCII": "https://h\u00e9/x",
    "no host": "https:///x",
    "no path": "https://h",
    "a path that is a slash": "https://h/",
    "a query": "https://h/x?service=git-receive-pack",
    "a fragment": "https://h/x#y",
    "a backslash": "https://h\\@evil/x",
    "a port of 0": "https://h:0/x",
    "a port that is none": "https://h:port/x",
    "a port beyond 65535": "https://h:65536/x",
    "an address with a zone": "https://[fe80::1%25eth0]/x",
    "an address that nobody reads": "https://1.2.3.999/x",
    "empty brackets": "git@[]:x",
    "an empty text": "",
    "a long text": "https://h/" + "x" * 2048,
    "a quote": "https://h/x'y",
    "a dollar with brackets": "https://h/${HOME}",
}


@pytest.mark.parametrize("text", READ)
def test_urls_are_read_as_git_reads_them(text: str) -> None:
    """Scheme, host, port, user and path fall where git-clone(1) has them, odd notations made plain."""
    assert parse_git_url(text) == READ[text]


@pytest.mark.parametrize("text", PRINTED)
def test_urls_are_printed_in_one_form(text: str) -> None:
    """What git gets is ours, not what somebody wrote."""
    assert str(parse_git_url(text)) == PRINTED[text]


@pytest.mark.parametrize("case", REFUSED)
def test_everything_else_is_refused_before_git_sees_it(case: str) -> None:
    """No helper, no file, no option, no password (abuse case 35); and the message repeats none."""
    with pytest.raises(InvalidUrl) as caught:
        parse_git_url(REFUSED[case])

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place", "origin", "shown"),
    [
        ("https://h/x", "h", "https://h", "h/x"),
        ("https://h:8443/x", "h:8443", "https://h:8443", "h:8443/x"),
        ("http://h:443/x", "h:443", "http://h:443", "h:443/x"),
        ("ssh://git@h:2222/x", "h:2222", "ssh://h:2222", "h:2222/x"),
        ("git@h:x/y", "h", "ssh://h", "h:x/y"),
    ],
)
def test_secrets_and_messages_name_the_place(text: str, place: str, origin: str, shown: str) -> None:
    """The port counts unless it is the standard one; the user does not."""
    url = parse_git_url(text)

    assert (url.place, url.origin, url.shown) == (place, origin, shown)


@settings(max_examples=60)
@given(st.text(alphabet="abAB09-._~:/@[]%?#\\ \n'$", max_size=40) | st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text crashes the parser, and what is read can be told to git: printed and read, it is the same."""
    try:
        url = parse_git_url(text)
    except InvalidUrl:
        return

    assert parse_git_url(str(url)) == url
    assert not str(url).startswith("-")
    assert not url.host.startswith("-")
    assert str(url).isprintable()

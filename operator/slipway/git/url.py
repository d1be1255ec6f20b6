"""URLs of git repositories. Pure.

Two forms are read, as `git clone` documents them (https://git-scm.com/docs/git-clone#_git_urls)::

    https://host[:port]/path      http://…      ssh://[user@]host[:port]/path
    [user@]host:path              ssh; the path is relative to the user's home unless it begins with /

Everything else is refused: other schemes, remote helpers such as `ext::`, local paths, and whatever an option
of git or ssh could hide in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, cast

from typing_extensions import override

from slipway.egress.policy import literal_address
from slipway.git.errors import InvalidUrl

__all__ = ["GitUrl", "Scheme", "parse_git_url"]

Scheme = Literal["https", "http", "ssh"]

_PORTS: Final[dict[Scheme, int]] = {"https": 443, "http": 80, "ssh": 22}
_LONGEST: Final = 2048
_EXAMPLES: Final = "write https://host/path or ssh://git@host/path"
_WITH_SCHEME: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>.*)")
_SCP: Final = re.compile(r"(?:(?P<user>[^@/:]+)@)?(?P<host>\[[^\]/]*\]|[^@/:\[\]]+):(?P<path>.+)")
_AUTHORITY: Final = re.compile(
    r"(?:(?P<user>[^@]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^@:\[\]]+)(?::(?P<port>[0-9]{1,5})?)?"
)
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")  # the last label of an address that nobody can read
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}")
_PATH: Final = re.compile(r"[A-Za-z0-9._~%!$&()+,;=:@/ -]+")


@dataclass(frozen=True, slots=True)
class GitUrl:
    """Where a repository lies."""

    scheme: Scheme
    host: str
    """A name or address in lower case, IPv6 without brackets."""

    path: str
    """As the URL has it; without a leading slash only in the form `host:path`."""

    port: int
    user: str = ""
    """With ssh alone; empty elsewhere."""

    @override
    def __str__(self) -> str:
        place = f"{self.user}@{self.shown_host}" if self.user else self.shown_host
        if not self.path.startswith("/"):
            return f"{place}:{self.path}"
        port = "" if self.has_standard_port else f":{self.port}"
        return f"{self.scheme}://{place}{port}{self.path}"

    @property
    def shown_host(self) -> str:
        """The host as it stands in URLs."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def has_standard_port(self) -> bool:
        """Whether the port is the one that the scheme has without saying."""
        return self.port == _PORTS[self.scheme]

    @property
    def origin(self) -> str:
        """What a password belongs to, such as `https://host:8443`."""
        return f"{self.scheme}://{self.place}"

    @property
    def shown(self) -> str:
        """For messages: host and path, without the user name, which would look like a secret."""
        return f"{self.place}{self.path}" if self.path.startswith("/") else f"{self.place}:{self.path}"

    @property
    def is_address(self) -> bool:
        """Whether the host is an address, which nothing has to resolve."""
        return literal_address(self.host) is not None

    @property
    def place(self) -> str:
        """`host`, with `:port` unless it is the standard one: how Secrets name it."""
        return self.shown_host if self.has_standard_port else f"{self.shown_host}:{self.port}"


def parse_git_url(text: str) -> GitUrl:
    """Read the URL of a repository.

    Raises:
        InvalidUrl: with a sentence that says what to write instead.
    """
    if len(text) > _LONGEST or not text.isprintable() or not text.isascii():
        msg = f"a git url has at most {_LONGEST} characters of printable ASCII: {_EXAMPLES}"
        raise InvalidUrl(msg)
    if text.startswith("-") or "::" in text.partition("/")[0].partition("[")[0]:
        msg = f"{text!r} is no git url that is called: {_EXAMPLES}"
        raise InvalidUrl(msg)
    found = _WITH_SCHEME.fullmatch(text)
    return _from_scp(text) if found is None else _from_parts(text, found)


def _from_parts(text: str, found: re.Match[str]) -> GitUrl:
    scheme = found["scheme"].lower()
    if scheme not in _PORTS:
        msg = f"{text!r}: the scheme {scheme} is not allowed: {_EXAMPLES}"
        raise InvalidUrl(msg)
    known = cast("Scheme", scheme)
    authority = _AUTHORITY.fullmatch(found["authority"])
    # Told apart before anything is shown, so that no message can repeat a password.
    if "@" in found["authority"] and (scheme != "ssh" or ":" in found["authority"].rpartition("@")[0]):
        msg = f"a {scheme} url holds no user name or password: put them into the Secret that secretRef names"
        raise InvalidUrl(msg)
    if authority is None:
        msg = f"{text!r} has no host: {_EXAMPLES}"
        raise InvalidUrl(msg)
    port = int(authority["port"] or _PORTS[known])
    if not 0 < port < 65536:
        msg = f"{text!r}: the port is not between 1 and 65535"
        raise InvalidUrl(msg)
    host, path = _host(text, authority["host"]), _path(text, found["path"])
    return GitUrl(known, host, path, port, _user(text, authority["user"]))


def _from_scp(text: str) -> GitUrl:
    found = _SCP.fullmatch(text)
    if found is None:
        msg = f"{text!r} is no url of a git repository: {_EXAMPLES}"
        raise InvalidUrl(msg)
    if "@" in found["path"].lstrip("/").partition("/")[0]:
        msg = f"a git url holds no password: put it into the Secret that secretRef names; {_EXAMPLES}"
        raise InvalidUrl(msg)
    path = _path(text, found["path"])
    return GitUrl("ssh", _host(text, found["host"]), path, _PORTS["ssh"], _user(text, found["user"]))


def _host(text: str, written: str) -> str:
    host = written.lower().removeprefix("[").removesuffix("]").removesuffix(".")
    address = literal_address(host)
    if address is not None:
        return str(address)  # git, curl and ssh read odd notations each in their own way; we write one
    if len(host) > 253 or _HOST.fullmatch(host) is None or _NUMBER.fullmatch(host.rpartition(".")[2]):
        msg = f"{text!r} has no valid host name: {_EXAMPLES}"
        raise InvalidUrl(msg)
    return host


def _path(text: str, path: str) -> str:
    if not path.strip("/") or _PATH.fullmatch(path) is None or path.startswith("-"):
        msg = f"{text!r} has no valid path: letters, digits and a few signs, no query and no fragment"
        raise InvalidUrl(msg)
    return path


def _user(text: str, user: str | None) -> str:
    if user is None:
        return ""
    if _USER.fullmatch(user) is None:
        msg = f"{text!r} has no valid user name: {_EXAMPLES}"
        raise InvalidUrl(msg)
    return user

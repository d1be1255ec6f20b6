"""A private home for one conversation with one git host: configuration, keys, and nothing else.

Git and ssh see no file and no variable of ours but what is written here. Secrets lie in files that only we
may read, never on a command line or in a URL, and everything is removed at the end, however it comes.
"""

from __future__ import annotations

import os
import shutil
import ssl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import certifi

from slipway.git.credentials import GitCredential
from slipway.git.url import GitUrl

__all__ = ["Home", "git_config", "private_home", "ssh_config"]

_MOST_ADDRESSES: Final = 4
_EVENTS: Final = "events"
"""Where git writes what it does (https://git-scm.com/docs/api-trace2); no secret is in it."""

_STORES: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
"""Where Debian and Alpine, and Red Hat, keep the system's authorities."""


@dataclass(frozen=True, slots=True)
class Home:
    """A directory, and the environment that makes it the only one git knows."""

    directory: Path
    environment: Mapping[str, str] = field(repr=False)

    @property
    def spoke_git(self) -> bool:
        """Whether a host has answered in git's own protocol, of whatever version.

        Git takes any other text for the list of a plain file server, and a web page for an empty list.
        """
        events = self.directory / _EVENTS
        return events.is_file() and b'"negotiated-version"' in events.read_bytes()

    @property
    def offline(self) -> Mapping[str, str]:
        """The environment for commands that have no business with any host."""
        return {**self.environment, "GIT_ALLOW_PROTOCOL": ""}


@contextmanager
def private_home(
    url: GitUrl, credential: GitCredential, addresses: Sequence[str], *, agent: str, ssh: str | None = None
) -> Iterator[Home]:
    """A home for as long as a with block.

    Args:
        url: The repository that is talked about.
        credential: Who we are to its host.
        addresses: Where the host may be called, and nowhere else; not empty.
        agent: What git calls itself, such as `git/2.39`.
        ssh: Absolute path of ssh, for an ssh url.
    """
    directory = Path(tempfile.mkdtemp(prefix="slipway-git-"))
    try:
        authorities = _authorities(directory, credential)
        config = _write(directory / "config", git_config(url, credential, addresses, agent, authorities))
        environment = _environment(directory, config, url.scheme)
        if ssh is not None:
            environment |= _with_ssh(directory, ssh_config(ssh, url, addresses[0], directory), credential)
        yield Home(directory, environment)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _with_ssh(directory: Path, config: bytes, credential: GitCredential) -> dict[str, str]:
    _write(directory / "identity", credential.identity)
    _write(directory / "known_hosts", credential.known_hosts)
    # The configuration runs itself: by its first line, a comment to ssh, the kernel starts `ssh -F` on it.
    # GIT_SSH_COMMAND, the usual way to pass options, would be read by a shell.
    program = _write(directory / "ssh", config, mode=0o700)
    return {"GIT_SSH": str(program), "GIT_SSH_VARIANT": "ssh"}


def _environment(home: Path, config: Path, scheme: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "TMPDIR": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(home),
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_ALLOW_PROTOCOL": scheme,
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_TRACE2_EVENT": str(home / _EVENTS),
    }


def git_config(
    url: GitUrl, credential: GitCredential, addresses: Sequence[str], agent: str, authorities: str
) -> bytes:
    """The only configuration that git reads.

    Args:
        url: The repository.
        credential: Sent to the origin of the URL alone.
        addresses: What the host is pinned to.
        agent: What git calls itself; hosts tell git from browsers by its beginning.
        authorities: Path of a file with the authorities to trust.
    """
    sections: dict[str, dict[str, str]] = {
        # Nothing that a repository brings is ever run: no work tree is made, and these are off besides.
        "core": {"hooksPath": "/dev/null", "fsmonitor": "false", "askPass": "", "bigFileThreshold": "16m"},
        "credential": {"helper": ""},
        "protocol": {"version": "2"},
        "fetch": {"recurseSubmodules": "false", "unpackLimit": "1"},
        "gc": {"auto": "0"},
        "maintenance": {"auto": "false"},
        "advice": {"detachedHead": "false"},
        "http": {
            "followRedirects": "false",
            "proxy": "",
            "sslVerify": "true",
            "userAgent": f"{agent} slipway",
            "sslCAInfo": authorities,
            **({} if url.is_address or url.scheme == "ssh" else {"curloptResolve": _pin(url, addresses)}),
        },
    }
    if credential.authorization is not None:
        header = f"Authorization: {credential.authorization}"
        sections[f'http "{url.origin}/"'] = {"extraHeader": header}
    return "".join(_section(name, values) for name, values in sections.items()).encode()


def ssh_config(program: str, url: GitUrl, address: str, home: Path) -> bytes:
    """The only configuration that ssh reads, and a program by itself.

    Known hosts are looked up under the name in the URL, `[host]:port` where the port is not 22.
    """
    alias = url.host if url.has_standard_port else f"[{url.host}]:{url.port}"
    options = {
        "HostName": address,
        "HostKeyAlias": alias,
        "IdentityFile": str(home / "identity"),
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "UserKnownHostsFile": str(home / "known_hosts"),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "BatchMode": "yes",
        "PreferredAuthentications": "publickey",
        "ProxyCommand": "none",
        "ControlPath": "none",
        "PermitLocalCommand": "no",
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "RequestTTY": "no",
        "ConnectTimeout": "10",
        "LogLevel": "ERROR",
    }
    lines = (f"  {name} {value}\n" for name, value in options.items())
    return f"#!{program} -F\nHost *\n{''.join(lines)}".encode()


def _pin(url: GitUrl, addresses: Sequence[str]) -> str:
    shown = (f"[{address}]" if ":" in address else address for address in addresses[:_MOST_ADDRESSES])
    return f"{url.host}:{url.port}:{','.join(shown)}"


def _authorities(directory: Path, credential: GitCredential) -> str:
    """Git trusts the authorities of one file: the system's, and the credential's beside them."""
    system = _system_authorities()
    if credential.authorities is None:
        return system
    trusted = Path(system).read_bytes() + b"\n" + credential.authorities
    return str(_write(directory / "authorities", trusted))


def _system_authorities() -> str:
    """Slim images come without a system store."""
    named = ssl.get_default_verify_paths().cafile
    places = filter(None, (named, *_STORES))
    return next((place for place in places if Path(place).is_file()), certifi.where())


def _section(name: str, values: Mapping[str, str]) -> str:
    return f"[{name}]\n" + "".join(f"\t{key} = {_quoted(value)}\n" for key, value in values.items())


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _write(path: Path, content: bytes, *, mode: int = 0o600) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from slipway.git.credentials import ANONYMOUS, GitCredential
from slipway.git.home import git_config, private_home, ssh_config
from slipway.git.url import GitUrl, parse_git_url

HTTPS = parse_git_url("https://git.example.com:8443/shop/api")
SSH = parse_git_url("ssh://git@git.example.com/shop/api")
AWKWARD = GitCredential("ann", token='hun"ter\\2;#$(x)')


def _read(config: bytes, tmp_path: Path, *arguments: str) -> str:
    """What git itself reads in a configuration."""
    path = tmp_path / "config"
    path.write_bytes(config)
    found = subprocess.run(
        ["git", "config", "--file", str(path), *arguments], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()


def test_a_secret_lies_in_a_private_file_alone() -> None:
    """Not in the environment, not in a name, and nobody else may read it."""
    with private_home(HTTPS, AWKWARD, ["203.0.113.1"], agent="git/2.39") as home:
        files = [path for path in home.directory.rglob("*") if path.is_file()]

        assert stat.S_IMODE(home.directory.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert not [value for value in home.environment.values() if "hun" in value]
        assert "hun" not in repr(home)


@pytest.mark.parametrize("url", [HTTPS, SSH], ids=["https", "ssh"])
def test_a_home_leaves_nothing_behind(url: GitUrl) -> None:
    """Whatever happened in it."""
    credential = GitCredential(identity=b"key\n", known_hosts=b"hosts\n")
    seen: list[Path] = []

    def fail() -> None:
        with private_home(url, credential, ["203.0.113.1"], agent="git/2.39", ssh="/usr/bin/ssh") as home:
            (home.directory / "repository" / "objects").mkdir(parents=True)
            seen.append(home.directory)
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert not seen[0].exists()


def test_commands_that_need_no_host_reach_none() -> None:
    """A partial repository would fetch what it lacks by itself."""
    with private_home(HTTPS, ANONYMOUS, ["203.0.113.1"], agent="git/2.39") as home:
        assert home.environment["GIT_ALLOW_PROTOCOL"] == "https"
        assert home.offline["GIT_ALLOW_PROTOCOL"] == ""


def test_git_reads_the_configuration_as_it_was_meant(tmp_path: Path) -> None:
    """A header with every sign that has a meaning there, pinned addresses, and no redirects."""
    config = git_config(HTTPS, AWKWARD, ["203.0.113.1", "2001:db8::1"], "git/2.39", "/etc/authorities")

    assert _read(config, tmp_path, "http.curloptResolve") == "git.example.com:8443:203.0.113.1,[2001:db8::1]"
    assert _read(config, tmp_path, "--get-urlmatch", "http.extraHeader", str(HTTPS)) == (
        'Authorization: Bearer hun"ter\\2;#$(x)'
    )
    assert _read(config, tmp_path, "http.followRedirects") == "false"
    assert _read(config, tmp_path, "credential.helper") == ""
    assert _read(config, tmp_path, "core.hooksPath") == "/dev/null"


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/shop/api",
        "http://git.example.com:8443/shop/api",
        "https://other.example.com:8443/shop/api",
        "https://git.example.com.evil.com:8443/x",
    ],
)
def test_a_password_is_for_its_origin_alone(url: str, tmp_path: Path) -> None:
    """Same scheme, host and port; git judges it by the section's name."""
    config = git_config(HTTPS, AWKWARD, ["203.0.113.1"], "git/2.39", "/etc/authorities")

    assert _read(config, tmp_path, "--get-urlmatch", "http.extraHeader", url) == ""


def test_an_address_needs_no_pin(tmp_path: Path) -> None:
    """It is its own."""
    url = parse_git_url("https://203.0.113.1/x")

    assert b"curloptResolve" not in git_config(
        url, ANONYMOUS, ["203.0.113.1"], "git/2.39", "/etc/authorities"
    )


@pytest.mark.parametrize(
    ("url", "alias"),
    [("ssh://git@git.example.com/x", "git.example.com"), ("ssh://git@h:2222/x", "[h]:2222")],
)
def test_ssh_reads_the_configuration_as_it_was_meant(url: str, alias: str, tmp_path: Path) -> None:
    """The address that was checked, the key of the name in the URL, and nothing that asks or runs."""
    path = tmp_path / "ssh"
    path.write_bytes(ssh_config("/usr/bin/ssh", parse_git_url(url), "203.0.113.1", tmp_path))
    printed = subprocess.run(
        ["ssh", "-F", str(path), "-G", "git@h"], capture_output=True, text=True, check=True
    )
    options = dict(line.split(" ", 1) for line in printed.stdout.splitlines() if " " in line)

    assert options["hostname"] == "203.0.113.1"
    assert options["hostkeyalias"] == alias
    assert options["stricthostkeychecking"] == "true"
    assert options["batchmode"] == options["identitiesonly"] == "yes"
    assert options["userknownhostsfile"] == str(tmp_path / "known_hosts")
    assert options["globalknownhostsfile"] == "/dev/null"
    assert options["identityfile"] == str(tmp_path / "identity")
    assert "proxycommand" not in options
    assert path.read_bytes().startswith(b"#!/usr/bin/ssh -F\n")

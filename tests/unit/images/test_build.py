from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from slipway.build.builders.job.ending import ExitCode
from tests.support.image_scripts import Ended, ScriptHost

BUILDAH, BUILDKIT = "builder-buildah/build", "builder-buildkit/build"
PROGRAMS = {BUILDAH: "buildah", BUILDKIT: "buildctl"}
DIGEST = "sha256:" + "c" * 64
BASIC = ["--reference", "r.test:5000/shop/api:1", "--context", "/src", "--dockerfile", "Dockerfile"]
FILES = {"--digestfile": DIGEST, "--metadata-file": f'{{"containerimage.digest": "{DIGEST}"}}'}
PINNED = f"docker.io/library/python@{DIGEST}"

both = pytest.mark.parametrize("script", PROGRAMS)
with_jq = pytest.mark.skipif(not shutil.which("jq"), reason="the images have jq, this machine has not")


@pytest.fixture
def host(tmp_path: Path) -> ScriptHost:
    return ScriptHost(tmp_path)


def run(
    host: ScriptHost, script: str, *options: str, said: str = "", code: int = 0, verb: str = "build"
) -> Ended:
    host.program(PROGRAMS[script], {verb: (said, code)}, FILES)
    return host.run(script, [*BASIC, *options])


def build_of(host: ScriptHost) -> list[str]:
    return next(words for words in host.asked if words[0] == "build")


def has(words: list[str], option: str, value: str) -> bool:
    return any(pair == (option, value) for pair in pairwise(words))


@both
def test_a_success_ends_with_the_digest_alone(host: ScriptHost, script: str) -> None:
    ended = run(host, script, said="a line of progress")

    assert (ended.code, ended.message) == (ExitCode.DONE, DIGEST)
    assert ended.output == "a line of progress\n"


@both
@pytest.mark.parametrize("value", ["A=b c", "A='; exit 9; '", "A=$(exit 9)", "A=one\ntwo", "A=", "A=*"])
def test_build_arguments_arrive_as_they_are(host: ScriptHost, script: str, value: str) -> None:
    """No shell reads them again."""
    assert run(host, script, "--build-arg", value).code == 0

    expected = ("--build-arg", value) if script == BUILDAH else ("--opt", f"build-arg:{value}")
    assert has(build_of(host), *expected)


@both
@pytest.mark.parametrize(
    ("said", "code"),
    [
        pytest.param(
            'Error: building at STEP "RUN false": exit status 1', ExitCode.FAILED, id="a RUN failed"
        ),
        pytest.param(
            'curl: connection refused\nError: process "curl" exit code: 7',
            ExitCode.FAILED,
            id="a RUN that found nobody",
        ),
        pytest.param(
            "error: dial tcp 10.0.0.1:5000: connect: connection refused", ExitCode.PASSING, id="nobody there"
        ),
        pytest.param(
            'Error: building at STEP "RUN echo 503 Service": exit status 2', ExitCode.FAILED, id="its words"
        ),
        pytest.param("error: lookup r.test: no such host", ExitCode.PASSING, id="no such name"),
        pytest.param(
            "Error: received unexpected HTTP status: 503 Service Unavailable", ExitCode.PASSING, id="a 503"
        ),
        pytest.param(
            'Error: failed to do request: Head "http://r.test/v2/": EOF',
            ExitCode.PASSING,
            id="a host that hangs up",
        ),
        pytest.param(
            'Error: Get "http://r.test/v2/": http: server closed idle connection',
            ExitCode.PASSING,
            id="a host that hangs up between two requests",
        ),
        pytest.param("Error: toomanyrequests: slow down", ExitCode.PASSING, id="a rate limit"),
        pytest.param(
            "error: unexpected status from HEAD request to r.test: 500 Internal Server Error",
            ExitCode.PASSING,
            id="a 500",
        ),
        pytest.param(
            "write /x: no space left on device\nError: exit status 1", ExitCode.PASSING, id="a full disk"
        ),
        pytest.param("Error: unauthorized: authentication required", ExitCode.REFUSED, id="no credential"),
        pytest.param("error: 403 Forbidden", ExitCode.REFUSED, id="a credential that may not"),
        pytest.param("Error: manifest unknown: not found", ExitCode.FAILED, id="a base that is not there"),
    ],
)
def test_the_exit_code_tells_what_a_failure_means(
    host: ScriptHost, script: str, said: str, code: ExitCode
) -> None:
    """Only what the builder itself closed with counts; what a RUN printed is its own affair."""
    ended = run(host, script, said=said, code=125)

    assert ended.code == code
    assert ended.message == said + "\n"


@both
def test_a_long_story_is_cut_to_its_end(host: ScriptHost, script: str) -> None:
    """Kubernetes keeps 4 KiB."""
    ended = run(host, script, said="\n".join(["x" * 500] * 40 + ["Error: it broke"]), code=1)

    assert len(ended.message) <= 4096
    assert ended.message.endswith("Error: it broke\n")


@both
def test_an_option_that_is_not_known_is_refused(host: ScriptHost, script: str) -> None:
    ended = run(host, script, "--privileged", "yes")

    assert (ended.code, ended.message) == (ExitCode.FAILED, "there is no option --privileged\n")


@both
def test_every_file_of_the_secrets_is_offered_under_its_name(
    host: ScriptHost, script: str, tmp_path: Path
) -> None:
    """Names with a leading dot are usual."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("token", ".npmrc"):
        (secrets / name).touch()

    run(host, script, "--secrets", str(secrets))

    for name in ("token", ".npmrc"):
        assert has(build_of(host), "--secret", f"id={name},src={secrets}/{name}")


def test_buildah_fetches_a_base_by_digest_and_gives_it_the_name_of_the_dockerfile(host: ScriptHost) -> None:
    """So it is used whatever the tag has become, also where FROM has a build argument."""
    run(host, BUILDAH, "--base", f"python:3.12={PINNED}", said="0123abc", verb="pull")

    assert host.asked[:2] == [["pull", "--quiet", f"docker://{PINNED}"], ["tag", "0123abc", "python:3.12"]]
    assert "--pull=false" in build_of(host)


def test_buildah_that_pushed_nothing_without_a_word_has_failed(host: ScriptHost) -> None:
    """`buildah manifest push` ends with 0 when the registry breaks off."""
    host.program("buildah", {}, {"--digestfile": ""})

    ended = host.run(BUILDAH, BASIC)

    assert ended.code == ExitCode.PASSING
    assert "did not take r.test:5000/shop/api:1" in ended.message


def test_buildah_builds_each_platform_on_its_own_bases(host: ScriptHost) -> None:
    """One list of images is pushed at the end."""
    platforms = ["--platform", "linux/amd64", "--platform", "linux/arm64"]
    ended = run(host, BUILDAH, "--base", f"python:3.12={PINNED}", *platforms)

    assert ended.message == DIGEST
    assert [words[0] for words in host.asked] == ["pull", "tag", "build", "pull", "tag", "build", "manifest"]
    assert has(host.asked[3], "--platform", "linux/arm64")
    assert has(host.asked[5], "--manifest", "r.test:5000/shop/api:1")


@pytest.mark.parametrize(
    ("written", "familiar"),
    [
        ("python:3.12", "python:3.12"),
        ("docker.io/library/python:3.12", "python:3.12"),
        ("python:latest", "python"),
        ("index.docker.io/grafana/grafana:1", "grafana/grafana:1"),
        ("r.test:5000/library/python:1", "r.test:5000/library/python:1"),
    ],
)
def test_buildkit_is_told_of_a_base_by_the_name_that_it_looks_for(
    host: ScriptHost, written: str, familiar: str
) -> None:
    run(host, BUILDKIT, "--base", f"{written}={PINNED}")

    assert has(build_of(host), "--opt", f"context:{familiar}=docker-image://{PINNED}")


def test_buildkit_leaves_tls_out_where_it_was_told_to(host: ScriptHost) -> None:
    run(host, BUILDKIT, "--insecure", "r.test:5000", "--cache", "other.test/cache")

    words = build_of(host)
    assert has(words, "--output", "type=image,name=r.test:5000/shop/api:1,push=true,registry.insecure=true")
    assert has(words, "--import-cache", "type=registry,ref=other.test/cache")


def test_buildkit_takes_annotations_with_commas_and_quotes(host: ScriptHost) -> None:
    """The option is a line of CSV."""
    run(host, BUILDKIT, "--annotation", 'title=one, "two"')

    words = build_of(host)
    assert words[words.index("--output") + 1].endswith(',"annotation.title=one, ""two"""')


def credentials(directory: Path, *configurations: str) -> str:
    """A directory as a Job mounts it: a docker configuration for each registry."""
    directory.mkdir()
    for number, content in enumerate(configurations):
        (directory / f"{number:02}.json").write_text(content)
    return str(directory)


def entry(place: str, word: str) -> str:
    return json.dumps({"auths": {place: {"auth": word}}})


def merged(host: ScriptHost, script: str) -> dict[str, str]:
    """What the builder finds where it looks for credentials."""
    place = Path(host.seen["REGISTRY_AUTH_FILE" if script == BUILDAH else "DOCKER_CONFIG"])
    found = json.loads((place if script == BUILDAH else place / "config.json").read_text())
    return {host: one["auth"] for host, one in found["auths"].items()}


@with_jq
@both
def test_credentials_of_several_registries_become_one_configuration(
    host: ScriptHost, script: str, tmp_path: Path
) -> None:
    """Docker Hub has a name of its own in such files."""
    hub = "https://index.docker.io/v1/"
    places = credentials(tmp_path / "mounted", entry(hub, "aHVi"), entry("r.test:5000", "c2hvcA=="))

    ended = run(host, script, "--auth", places)

    assert ended.code == ExitCode.DONE
    assert merged(host, script) == {hub: "aHVi", "r.test:5000": "c2hvcA=="}
    assert "c2hvcA==" not in ended.output + ended.message + str(host.asked)


@with_jq
@both
def test_last_of_two_credentials_for_one_host_counts_where_only_one_can(
    host: ScriptHost, script: str, tmp_path: Path
) -> None:
    """Buildah tells projects apart; BuildKit asks by host, and the image must be pushed."""
    mounted = (entry("r.test:5000/base", "YmFzZQ=="), entry("r.test:5000/shop", "c2hvcA=="))
    run(host, script, "--auth", credentials(tmp_path / "mounted", *mounted))

    apart = {"r.test:5000/base": "YmFzZQ==", "r.test:5000/shop": "c2hvcA=="}
    assert merged(host, script) == (apart if script == BUILDAH else {"r.test:5000": "c2hvcA=="})


@with_jq
@both
def test_credential_that_cannot_be_read_ends_the_build_and_is_not_shown(
    host: ScriptHost, script: str, tmp_path: Path
) -> None:
    ended = run(host, script, "--auth", credentials(tmp_path / "mounted", '{"auths": s3cret'))

    assert ended.code == ExitCode.FAILED
    assert "holds no docker configuration" in ended.message
    assert "s3cret" not in ended.output


def certificates(directory: Path, *names: str) -> str:
    """The directory of a Secret with certificates."""
    directory.mkdir()
    for name in names:
        (directory / name).write_text(name)
    return str(directory)


def test_buildah_finds_the_certificates_of_each_registry_where_it_looks_for_them(
    host: ScriptHost, tmp_path: Path
) -> None:
    """By links: a key is not copied. Those of several Registries for one host are beside each other."""
    one = certificates(tmp_path / "one", "ca.crt")
    two = certificates(tmp_path / "two", "ca.crt", "tls.crt", "tls.key")

    run(host, BUILDAH, "--certificates", f"r.test:5000={one}", "--certificates", f"r.test:5000={two}")

    place = Path(host.seen["HOME"], ".config/containers/certs.d/r.test:5000")
    assert {path.name: path.read_text() for path in place.iterdir()} == {
        "1.crt": "ca.crt",
        "2.crt": "ca.crt",
        "2.cert": "tls.crt",
        "2.key": "tls.key",
    }
    assert all(path.is_symlink() for path in place.iterdir())


def test_buildctl_gets_the_certificates_for_the_servers_of_tokens(host: ScriptHost, tmp_path: Path) -> None:
    """It fetches the tokens itself; the rest is said to the daemon by its own configuration."""
    place = certificates(tmp_path / "one", "ca.crt", "tls.crt", "tls.key")

    run(host, BUILDKIT, "--certificates", f"r.test:5000={place}", "--insecure", "other.test")

    words = build_of(host)
    told = f"host=r.test:5000,ca={place}/ca.crt,cert={place}/tls.crt,key={place}/tls.key"
    assert has(words, "--registry-auth-tlscontext", told)
    assert has(words, "--registry-auth-tlscontext", "host=other.test,insecure=true")

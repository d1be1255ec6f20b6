"""The words are those of git, curl and OpenSSH; tests/cluster/git has the programs themselves say them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.git import errors
from slipway.git.complaints import asks_for_tip, error_of
from slipway.git.credentials import ANONYMOUS, GitCredential
from slipway.git.errors import GitError
from slipway.git.url import parse_git_url

URL = parse_git_url("https://h/x")
CLOSING = (
    "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\n"
    "and the repository exists.\n"
)


def _status(number: int) -> str:
    return f"fatal: unable to access 'https://h/x/': The requested URL returned error: {number}\n"


def _access(words: str) -> str:
    return f"fatal: unable to access 'https://h/x/': {words}\n"


COMPLAINTS: dict[str, tuple[str, type[GitError], str]] = {
    "status 301": (_status(301), errors.Redirected, "write the new address into url"),
    "status 400": (_status(400), errors.NotAGitRepository, "check url"),
    "status 403": (_status(403), errors.AccessDenied, "read access"),
    "status 404 later on": (_status(404), errors.RepositoryNotFound, "check url"),
    "status 429": (_status(429), errors.RateLimited, "asked again later"),
    "status 503": (_status(503), errors.HostFailing, "tried again"),
    "status 502 in mid-conversation": (
        (
            "error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502\n"
            "fatal: the remote end hung up unexpectedly\n"
        ),
        errors.HostFailing,
        "status 502",
    ),
    "status 404 at first": (
        "fatal: repository 'https://h/x/' not found\n",
        errors.RepositoryNotFound,
        "no such",
    ),
    "no credential": (
        "fatal: could not read Username for 'https://h': terminal prompts disabled\n",
        errors.AuthenticationFailed,
        "set secretRef",
    ),
    "a refused credential": (
        "remote: Invalid username or password.\nfatal: Authentication failed for 'https://h/x/'\n",
        errors.AuthenticationFailed,
        "set secretRef",
    ),
    "GitHub's word for a hidden repository": (
        f"ERROR: Repository not found.\n{CLOSING}",
        errors.RepositoryNotFound,
        "may not see it",
    ),
    "GitLab's word for a hidden repository": (
        (
            f"remote: \nremote: ERROR: The project you were looking for could not be found or you don't have "
            f"permission to view it.\nremote: \n{CLOSING}"
        ),
        errors.RepositoryNotFound,
        "may not see it",
    ),
    "a path over ssh that is none": (
        f"fatal: '/x' does not appear to be a git repository\n{CLOSING}",
        errors.RepositoryNotFound,
        "check url",
    ),
    "a web page": (
        "fatal: https://h/x/info/refs not valid: is this a git repository?\n",
        errors.NotAGitRepository,
        "check url",
    ),
    "an authority that GnuTLS does not know": (
        _access("server certificate verification failed. CAfile: none CRLfile: none"),
        errors.CertificateInvalid,
        r"ca\.crt",
    ),
    "an authority that OpenSSL does not know": (
        _access("SSL certificate problem: unable to get local issuer certificate"),
        errors.CertificateInvalid,
        r"ca\.crt",
    ),
    "a certificate for another name": (
        _access("SSL: no alternative certificate subject name matches target host name 'h'"),
        errors.CertificateInvalid,
        r"ca\.crt",
    ),
    "plain http on the port": (
        _access("gnutls_handshake() failed: An unexpected TLS packet was received."),
        errors.CertificateInvalid,
        "does not speak TLS",
    ),
    "nobody listens": (
        _access("Failed to connect to h port 443 after 0 ms: Couldn't connect to server"),
        errors.Unreachable,
        "tried again",
    ),
    "an answer without words": (_access("Empty reply from server"), errors.Unreachable, "tried again"),
    "an end in mid-answer": (
        "fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF\n",
        errors.Unreachable,
        "early EOF",
    ),
    "a connection that never comes": (
        f"ssh: connect to host 203.0.113.1 port 22: Connection timed out\r\n{CLOSING}",
        errors.Timeout,
        "in time",
    ),
    "an ssh host that closes": (
        f"kex_exchange_identification: Connection closed by remote host\r\n{CLOSING}",
        errors.Unreachable,
        "Connection closed by remote host",
    ),
    "an unknown host key": (
        (
            "No ED25519 host key is known for h and you have requested strict checking.\r\n"
            f"Host key verification failed.\r\n{CLOSING}"
        ),
        errors.HostKeyUnknown,
        "No ED25519 host key is known",
    ),
    "another host key": (
        (
            "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n"
            "Host key for h has changed and you have requested strict checking.\r\n"
            f"Host key verification failed.\r\n{CLOSING}"
        ),
        errors.HostKeyUnknown,
        "Host key for h has changed",
    ),
    "a key that is not let in": (
        f"git@h: Permission denied (publickey).\r\n{CLOSING}",
        errors.AuthenticationFailed,
        "public half",
    ),
    "a key that ssh cannot read": (
        f'Load key "identity": error in libcrypto\r\ngit@h: Permission denied (publickey).\r\n{CLOSING}',
        errors.CredentialInvalid,
        "cannot read",
    ),
    "a user id without a name": (
        f"No user exists for uid 1000680000\r\n{CLOSING}",
        errors.ProgramMissing,
        "no user for its uid",
    ),
    "a temporary directory in which nothing runs": (
        "fatal: cannot exec 'ssh': Permission denied\nfatal: unable to fork\n",
        errors.ProgramMissing,
        "without noexec",
    ),
    "a git without https": (
        "git: 'remote-https' is not a git command. See 'git --help'.\n",
        errors.ProgramMissing,
        "install both",
    ),
    "a ref that is gone": (
        "fatal: couldn't find remote ref refs/heads/x\n",
        errors.RefNotFound,
        "no such branch",
    ),
    "a commit that is gone": (
        "fatal: remote error: upload-pack: not our ref 0123456789012345678901234567890123456789\n",
        errors.CommitNotFound,
        "force-push",
    ),
    "words instead of packets": (
        "fatal: protocol error: bad line length character: <htm\n",
        errors.InvalidResponse,
        "breaks git's protocol",
    ),
    "a pack that is none": (
        "error: pack has bad object at offset 12: inflate returned -3\nfatal: index-pack failed\n",
        errors.InvalidResponse,
        "breaks git's protocol",
    ),
    "a full disk": (
        "fatal: write error: No space left on device\nfatal: index-pack failed\n",
        errors.TooLarge,
        "temporary directory is full",
    ),
    "nothing": ("", errors.Unreachable, "tried again$"),
}


@pytest.mark.parametrize("case", COMPLAINTS)
def test_what_the_programs_say_becomes_one_of_our_errors(case: str) -> None:
    """With what to do, and with the line that says most."""
    complaint, kind, words = COMPLAINTS[case]
    error = error_of(complaint, URL, ANONYMOUS)

    assert type(error) is kind
    with pytest.raises(kind, match=words):
        raise error
    assert str(error).startswith("h/x: ")
    assert "Please make sure" not in str(error)


def test_a_credential_that_was_shown_is_to_be_renewed() -> None:
    """Instead of set."""
    shown = GitCredential("ann", "hunter2")

    assert "renew it" in str(error_of(_status(401), URL, shown))
    assert "set secretRef" in str(error_of(_status(401), URL, ANONYMOUS))


def test_a_host_cannot_make_us_repeat_what_it_was_shown() -> None:
    """Nor write to the terminal of whoever reads the message."""
    shown = GitCredential("ann", "hunter2")
    error = error_of("remote: \x1b[31myou sent hunter2 and YW5uOmh1bnRlcjI=\n", URL, shown)

    assert "hunter2" not in str(error)
    assert "YW5uOmh1bnRlcjI=" not in str(error)
    assert "\x1b" not in str(error)


def test_hosts_that_give_out_tips_alone_are_told_apart() -> None:
    """Then, and only then, the branch is fetched instead."""
    assert asks_for_tip("error: Server does not allow request for unadvertised object 0123\n")
    assert asks_for_tip(f"fatal: remote error: want {'0' * 40} not valid\n")
    assert not asks_for_tip("fatal: remote error: upload-pack: not our ref 0123\n")


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_any_complaint_becomes_an_error(complaint: str) -> None:
    """Of one line."""
    assert str(error_of(complaint, URL, ANONYMOUS)).isprintable()

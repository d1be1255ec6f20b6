"""What git, curl and ssh say on standard error, read into our errors. Pure.

The words are those of git 2.37 to 2.5x, of libcurl with OpenSSL or GnuTLS, and of OpenSSH, in the locale C.
The first line of the table that fits decides; what fits none is `Unreachable`, which is tried again.
"""

from __future__ import annotations

import re
from typing import Final

from slipway.git.credentials import GitCredential
from slipway.git.errors import (
    AccessDenied,
    AuthenticationFailed,
    CertificateInvalid,
    CommitNotFound,
    CredentialInvalid,
    GitError,
    HostFailing,
    HostKeyUnknown,
    InvalidResponse,
    NotAGitRepository,
    ProgramMissing,
    RateLimited,
    Redirected,
    RefNotFound,
    RepositoryNotFound,
    Timeout,
    TooLarge,
    Unreachable,
)
from slipway.git.url import GitUrl
from slipway.redact import redact

__all__ = ["asks_for_tip", "error_of"]

_NO_CREDENTIAL: Final = "it lets nobody in without a credential: set secretRef"
_WRONG_CREDENTIAL: Final = "it refuses the credential: renew it in the Secret"

_STATUS: Final = re.compile(r"(?:The requested URL returned error:|RPC failed; HTTP) (\d{3})")

_STATUSES: Final[dict[int, tuple[type[GitError], str]]] = {
    401: (AuthenticationFailed, ""),
    403: (AccessDenied, "it forbids reading: grant this credential read access to the repository"),
    404: (RepositoryNotFound, "there is no such repository: check url and secretRef"),
    410: (RepositoryNotFound, "the repository was removed: check url"),
    429: (RateLimited, "too many requests; it is asked again later"),
}
"""Without advice, it depends on whether a credential was shown."""

_ONLY_TIPS: Final = re.compile(r"unadvertised object|want [0-9a-f]{40,64} not valid")
"""In the words of git itself, and of JGit, which Gerrit is made of."""

_TABLE: Final[tuple[tuple[str, type[GitError], str], ...]] = (
    # --- where the operator runs
    (
        r"is not a git command|unable to find remote helper|cannot (?:run|exec) .{0,300}: No such file",
        ProgramMissing,
        "the operator's image lacks a part of git or ssh: install both",
    ),
    (
        r"cannot (?:run|exec) .{0,300}: Permission denied",
        ProgramMissing,
        "ssh urls need a temporary directory in which programs may run: mount the operator's without noexec",
    ),
    (
        r"No user exists for uid",
        ProgramMissing,
        "the operator's image has no user for its uid; ssh needs one",
    ),
    (r"No space left on device", TooLarge, "the operator's temporary directory is full: make it larger"),
    # --- ssh
    (
        r"host key is known for|Host key for .{0,300} has changed|Host key verification failed",
        HostKeyUnknown,
        "known_hosts in the Secret lacks the key it shows: verify what ssh-keyscan prints, then add it",
    ),
    (r"Load key .*(?:invalid format|libcrypto)", CredentialInvalid, "ssh cannot read the Secret's identity"),
    (
        r"Permission denied \(",
        AuthenticationFailed,
        "it refuses the key: add its public half there, or renew identity in the Secret",
    ),
    # --- the way there; TLS by OpenSSL and by GnuTLS
    (r"timed out", Timeout, "it did not answer in time; it is tried again"),
    (
        r"unexpected TLS packet|wrong version number|packet length too long",
        CertificateInvalid,
        "it does not speak TLS: check scheme and port of url",
    ),
    (
        "[Cc]ertificate (?:problem|verif)|certificate subject name|gnutls_handshake|SSL_connect|SSL: ",
        CertificateInvalid,
        "its certificate is not trusted: put its authority into the Secret as ca.crt",
    ),
    # --- who we are
    (r"Authentication failed for|could not read (?:Username|Password)", AuthenticationFailed, ""),
    # --- what is there
    (
        r"[Rr]epository .{0,2048}not found|could not be found|does not (?:appear to be a git rep|exist)",
        RepositoryNotFound,
        "there is no such repository, or this credential may not see it: check url and secretRef",
    ),
    (r"[Cc]ouldn't find remote ref", RefNotFound, "it has no such branch or tag"),
    (
        r"not our ref|unadvertised object|[Cc]ould not parse commit|fatal: bad object|unknown revision",
        CommitNotFound,
        "the commit is gone, most likely by a force-push",
    ),
    (
        r"not valid: is this a git repository|not valid: could not determine|invalid server response",
        NotAGitRepository,
        "no git repository answers there: check url",
    ),
    # --- an answer that breaks the protocol
    (
        r"protocol error|bad pack header|bad line length|expected flush|index-pack|pack has bad|mismatched",
        InvalidResponse,
        "its answer breaks git's protocol",
    ),
)


def error_of(complaint: str, url: GitUrl, credential: GitCredential) -> GitError:
    """The error for what git said before it failed.

    Args:
        complaint: Its standard error.
        url: The repository that it was about.
        credential: What was shown to the host; kept out of the message.
    """
    kind, advice, at = _judged(complaint)
    if not advice:
        advice = _NO_CREDENTIAL if credential.is_anonymous else _WRONG_CREDENTIAL
    line = redact(_telling_line(complaint, at), credential.secrets)[:300]
    return kind(f"{url.shown}: {advice} ({line})" if line else f"{url.shown}: {advice}")


def asks_for_tip(complaint: str) -> bool:
    """Whether the host gives out the tips of branches and tags alone, and no commit by its id."""
    return _ONLY_TIPS.search(complaint) is not None


def _judged(complaint: str) -> tuple[type[GitError], str, int | None]:
    """The kind of error, the advice, and where in the complaint it is said."""
    status = _STATUS.search(complaint)
    if status is not None:
        return *_of_status(int(status[1])), status.start()
    for words, kind, advice in _TABLE:
        found = re.search(words, complaint)
        if found is not None:
            return kind, advice, found.start()
    return Unreachable, "no connection, or one that broke; it is tried again", None


def _of_status(status: int) -> tuple[type[GitError], str]:
    if status in _STATUSES:
        return _STATUSES[status]
    if 300 <= status < 400:
        return Redirected, (
            f"it redirects ({status}), which is not followed: write the new address into url, often the same"
            " with .git at its end"
        )
    if status >= 500:
        return HostFailing, f"it answers with status {status}; it is tried again"
    return NotAGitRepository, f"it answers with status {status}: check url"


def _telling_line(complaint: str, at: int | None) -> str:
    """The line that decided, or else the last one that is more than git's usual closing words."""
    if at is not None:
        begin = complaint.rfind("\n", 0, at) + 1
        line = complaint[begin:].partition("\n")[0]
    else:
        lines = (line.strip() for line in complaint.splitlines())
        line = ([said for said in lines if said and not said.startswith(_CLOSING)] or [""])[-1]
    return "".join(sign if sign.isprintable() else " " for sign in line).strip().removeprefix("fatal: ")


_CLOSING: Final = (
    "fatal: Could not read from remote repository",
    "fatal: the remote end hung up",
    "Please make sure you have",
    "and the repository exists",
    "warning:",
)

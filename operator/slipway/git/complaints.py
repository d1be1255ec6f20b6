"""What git, curl and ssh say on standard error, read into our errors. Pure.

The words are those of git 2.37 to 2.5x, of libcurl with OpenSSL or GnuTLS, and of OpenSSH, in the locale C.
The first line of the table that fits decides; what fits none is `Unreachable`, which is tried again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
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

_TABLE: Final[tuple[tuple[str, type[GitError], str], ...]] = (
    # --- where the operator runs
    (
        r"is not a git command|cannot run .*ssh|unable to find remote helper",
        ProgramMissing,
        "the operator's image lacks a part of git or ssh: install both",
    ),
    (
        r"No user exists for uid",
        ProgramMissing,
        "the operator's image has no user for its uid; ssh needs one",
    ),
    (r"No space left on device", TooLarge, "the operator's temporary directory is full: make it larger"),
    # --- ssh
    (
        r"Host key verification failed|HOST IDENTIFICATION HAS CHANGED|host key is known for",
        HostKeyUnknown,
        "known_hosts in the Secret lacks the key it shows: verify what ssh-keyscan prints, then add it",
    ),
    (r"Load key .*(?:invalid format|libcrypto)", CredentialInvalid, "ssh cannot read the Secret's identity"),
    (
        r"Permission denied \(",
        AuthenticationFailed,
        "it refuses the key: add its public half there, or renew identity in the Secret",
    ),
    # --- TLS, by OpenSSL and by GnuTLS
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
        r"not our ref|unadvertised object|[Cc]ould not parse commit|bad object|unknown revision",
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


def error_of(complaint: str, url: GitUrl, credential: GitCredential, hidden: Iterable[str] = ()) -> GitError:
    """The error for what git said before it failed.

    Args:
        complaint: Its standard error.
        url: The repository that it was about.
        credential: What was shown to the host; kept out of the message.
        hidden: Other words to keep out, such as paths of ours.
    """
    kind, advice = _judged(complaint, credential)
    line = _telling_line(complaint, (*credential.secrets, *hidden))
    said = f" ({line})" if line else ""
    return kind(f"{url.shown}: {advice}{said}")


def asks_for_tip(complaint: str) -> bool:
    """Whether the host gives out the tips of branches and tags alone, and no commit by its id."""
    return "unadvertised object" in complaint


def _judged(complaint: str, credential: GitCredential) -> tuple[type[GitError], str]:
    status = _STATUS.search(complaint)
    if status is not None:
        return _of_status(int(status[1]), credential)
    for words, kind, advice in _TABLE:
        if re.search(words, complaint):
            return kind, advice or (_NO_CREDENTIAL if credential.is_anonymous else _WRONG_CREDENTIAL)
    return Unreachable, "no connection, or one that broke; it is tried again"


def _of_status(status: int, credential: GitCredential) -> tuple[type[GitError], str]:
    if status in _STATUSES:
        kind, advice = _STATUSES[status]
        return kind, advice or (_NO_CREDENTIAL if credential.is_anonymous else _WRONG_CREDENTIAL)
    if 300 <= status < 400:
        return Redirected, (
            f"it redirects ({status}), which is not followed: write the new address into url, often the same"
            " with .git at its end"
        )
    if status >= 500:
        return HostFailing, f"it answers with status {status}; it is tried again"
    return NotAGitRepository, f"it answers with status {status}: check url"


def _telling_line(complaint: str, hidden: Iterable[str]) -> str:
    """The line that says most: the last of git's own that is more than its usual closing words."""
    printable = "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in complaint)
    lines = [line.strip() for line in redact(printable, hidden).splitlines()]
    telling = [line for line in lines if line and not line.startswith(_CLOSING)]
    fatal = [line for line in telling if line.startswith(("fatal:", "ERROR:", "remote:"))]
    return (fatal or telling or [""])[-1][:300]


_CLOSING: Final = (
    "fatal: Could not read from remote repository",
    "fatal: the remote end hung up",
    "Please make sure you have",
    "and the repository exists",
    "warning:",
)

# ruff: noqa: N818 - the names say what happened; a suffix would say only that something did
"""What a git host, or the way to it, did wrong; each says what to do and has a reason for a Ready condition.

::

    GitError
    ├── InvalidUrl              not a URL that git is called with (ours to refuse, nothing was sent)
    ├── InvalidReference        no branch or tag can have this name
    ├── InvalidPattern          a path pattern that cannot be read
    ├── InvalidPath             no file of a repository can have this path
    ├── CredentialError
    │   ├── CredentialNotBound  the Secret does not name the host that it would be sent to
    │   ├── CredentialInvalid   the Secret is of a refused type, or has not what its type promises
    │   └── CertificateUnusable its ca.crt cannot be read
    ├── ProgramMissing          git or ssh is not installed where the operator runs, or too old
    ├── EgressRefused           the operator's egress policy forbids the host or its address
    ├── Redirected              the host sends elsewhere, which is not followed
    ├── Unreachable             no connection to the host, or one that broke
    │   ├── CertificateInvalid  the host's certificate is not trusted
    │   ├── HostKeyUnknown      known_hosts of the Secret lacks the key that the host shows
    │   ├── Timeout             no whole answer in time
    │   └── HostFailing         the host answered with a server error
    ├── AuthenticationFailed    user name, password, token or key are wrong, or missing
    │   └── AccessDenied        the credential is known, but not enough for this
    ├── RateLimited             too many requests
    ├── NotAGitRepository       something else answers there
    ├── NotAFile                a path leads to a directory, link, submodule or Git LFS, and to no plain file
    ├── NotFound
    │   ├── RepositoryNotFound  no such repository, or one that is hidden from this credential
    │   ├── RefNotFound         no such branch or tag
    │   ├── CommitNotFound      no such commit any more
    │   └── FileMissing         nothing at this path of a commit
    └── InvalidResponse         an answer that breaks the protocol
        └── TooLarge            more refs, bytes or files than are taken
"""

from __future__ import annotations

from typing import ClassVar

from slipway.api.conditions import Reason
from slipway.redact import redact

__all__ = [
    "AccessDenied",
    "AuthenticationFailed",
    "CertificateInvalid",
    "CertificateUnusable",
    "CommitNotFound",
    "CredentialError",
    "CredentialInvalid",
    "CredentialNotBound",
    "EgressRefused",
    "FileMissing",
    "GitError",
    "HostFailing",
    "HostKeyUnknown",
    "InvalidPath",
    "InvalidPattern",
    "InvalidReference",
    "InvalidResponse",
    "InvalidUrl",
    "NotAFile",
    "NotAGitRepository",
    "NotFound",
    "ProgramMissing",
    "RateLimited",
    "Redirected",
    "RefNotFound",
    "RepositoryNotFound",
    "Timeout",
    "TooLarge",
    "Unreachable",
]


class GitError(Exception):
    """Something about a git host. The message holds no secret and is at most 1 KiB long."""

    reason: ClassVar[str] = Reason.RECONCILE_FAILED
    """The reason of a Ready condition; whatever is raised has one of its own."""

    def __init__(self, message: str) -> None:
        super().__init__(redact(message)[:1024])


class InvalidUrl(GitError, ValueError):
    """Not a URL that git is called with."""

    reason = Reason.INVALID_URL


class InvalidReference(GitError, ValueError):
    """No branch, tag or commit can have this name."""

    reason = Reason.INVALID_REFERENCE


class InvalidPattern(GitError, ValueError):
    """A path pattern that cannot be read."""

    reason = Reason.INVALID_PATTERN


class InvalidPath(GitError, ValueError):
    """No file of a repository can have this path."""

    reason = Reason.INVALID_PATH


class CredentialError(GitError):
    """A Secret that cannot be used as it is; a person has to change it."""

    reason = Reason.CREDENTIAL_INVALID


class CredentialNotBound(CredentialError):
    """The Secret does not name the host that its content would be sent to."""

    reason = Reason.CREDENTIAL_NOT_BOUND


class CredentialInvalid(CredentialError):
    """The Secret is of a refused type, or has not what its type promises."""


class CertificateUnusable(CredentialError):
    """The Secret's `ca.crt` cannot be read."""

    reason = Reason.CERTIFICATE_UNUSABLE


class ProgramMissing(GitError):
    """Git or ssh is not installed where the operator runs, or is too old."""

    reason = Reason.PROGRAM_MISSING


class EgressRefused(GitError):
    """The operator's egress policy forbids the host or its address."""

    reason = Reason.EGRESS_DENIED


class Redirected(GitError):
    """The host sends elsewhere, which is not followed: each hop would have to be checked and pinned."""

    reason = Reason.REDIRECTED


class Unreachable(GitError):
    """No connection to the host, or one that broke."""

    reason = Reason.GIT_HOST_UNREACHABLE


class CertificateInvalid(Unreachable):
    """The host's certificate is not trusted."""

    reason = Reason.CERTIFICATE_INVALID


class HostKeyUnknown(Unreachable):
    """The Secret's `known_hosts` lacks the key that the host shows, or has another one."""

    reason = Reason.HOST_KEY_UNKNOWN


class Timeout(Unreachable):
    """The host gave no whole answer in time."""

    reason = Reason.TIMEOUT


class HostFailing(Unreachable):
    """The host answered with a server error (5xx)."""

    reason = Reason.GIT_HOST_FAILING


class AuthenticationFailed(GitError):
    """The user name, password, token or key is wrong or missing."""

    reason = Reason.AUTHENTICATION_FAILED


class AccessDenied(AuthenticationFailed):
    """The credential is known, but does not suffice for reading."""

    reason = Reason.ACCESS_DENIED


class RateLimited(GitError):
    """Too many requests."""

    reason = Reason.RATE_LIMITED


class NotAGitRepository(GitError):
    """Something else than a git repository answers there."""

    reason = Reason.NOT_A_GIT_REPOSITORY


class NotAFile(GitError):
    """A path of a commit leads to something else than a plain file."""

    reason = Reason.NOT_A_FILE


class NotFound(GitError):
    """The host has no such thing."""


class RepositoryNotFound(NotFound):
    """The host has no such repository, or hides it from this credential."""

    reason = Reason.REPOSITORY_NOT_FOUND


class RefNotFound(NotFound):
    """The repository has no such branch or tag."""

    reason = Reason.REF_NOT_FOUND


class CommitNotFound(NotFound):
    """The repository has no such commit any more."""

    reason = Reason.COMMIT_NOT_FOUND


class FileMissing(NotFound):
    """A commit has nothing at this path."""

    reason = Reason.FILE_MISSING


class InvalidResponse(GitError):
    """An answer that breaks the protocol."""

    reason = Reason.INVALID_RESPONSE


class TooLarge(InvalidResponse):
    """More refs, bytes or files than are taken."""

    reason = Reason.CONTENT_TOO_LARGE

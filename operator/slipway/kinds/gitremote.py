"""The one way from a git URL and a Secret to a repository that may be read."""

from __future__ import annotations

from slipway.api.base import LocalReference
from slipway.git import ANONYMOUS, GitCredential, Remote, git_credential_for, parse_git_url
from slipway.kinds.context import Context
from slipway.kinds.registry.credentials import read_secret

__all__ = ["remote_of"]


async def remote_of(
    context: Context, namespace: str, url: str, secret: LocalReference | None, field: str
) -> Remote:
    """A repository with its credential, within what the operator may call for this namespace.

    Args:
        context: reads the Secret.
        namespace: of the object that names the repository; Secrets of others are never used.
        url: as the spec writes it.
        secret: what holds the credential; None for a public repository.
        field: where the spec names the Secret, for messages.

    Raises:
        GitError: when the URL cannot be read, or the Secret is not bound to its host.
        SecretUnavailable: when there is no such Secret, or it may not be read.
        KubeError: when the API server does not answer.
    """
    parsed = parse_git_url(url)
    credential: GitCredential = ANONYMOUS
    if secret is not None:
        credential = git_credential_for(
            await read_secret(context.kube, namespace, secret.name, field), parsed
        )
    return Remote(parsed, credential, context.egress.within(namespace))

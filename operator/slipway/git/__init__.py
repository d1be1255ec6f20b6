"""Everything that speaks to git hosts. So far: reading.

```python
client = GitClient()
remote = Remote(parse_git_url("https://git.example.com/shop/api.git"))
wanted = GitReference(branch="main")
found = wanted.find(await client.ls_remote(remote, wanted.patterns))
```
"""

from __future__ import annotations

from slipway.git.client import GitClient, Limits, Remote
from slipway.git.credentials import ANONYMOUS, GitCredential, git_credential_for
from slipway.git.errors import GitError
from slipway.git.paths import PathFilter
from slipway.git.reference import Found, GitReference
from slipway.git.results import Changes, CommitInfo, Unknown
from slipway.git.url import GitUrl, parse_git_url

__all__ = [
    "ANONYMOUS",
    "Changes",
    "CommitInfo",
    "Found",
    "GitClient",
    "GitCredential",
    "GitError",
    "GitReference",
    "GitUrl",
    "Limits",
    "PathFilter",
    "Remote",
    "Unknown",
    "git_credential_for",
    "parse_git_url",
]

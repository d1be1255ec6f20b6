"""Git repositories made for tests: fixed authors, fixed dates, and so the same object ids everywhere."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

__all__ = ["GitRepository"]

_FIRST = 1_767_225_600  # 2026-01-01T00:00:00Z


class GitRepository:
    """A bare repository that grows by whole commits, without a work tree.

    Args:
        path: Where it is made; served by its name.
        branch: The default branch.
        object_format: `sha1` or `sha256`.
    """

    def __init__(self, path: Path, branch: str = "main", object_format: str = "sha1") -> None:
        self.path = path
        self.branch = branch
        self._commits = 0
        self.git(
            "init", "--quiet", "--bare", f"--initial-branch={branch}", f"--object-format={object_format}"
        )

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        message: str = "A change",
        *,
        branch: str | None = None,
        onto: str | None = "",
        modes: Mapping[str, str] | None = None,
    ) -> str:
        """Commit files on a branch; the id of the commit.

        Args:
            files: Content by path; None removes a path.
            message: What the commit says.
            branch: Where; the default branch if None.
            onto: Its parent: the tip of the branch if empty, none at all if None (a force-push).
            modes: By path, where it is not 100644: 120000 for a link, whose content is where it leads; 160000
                for a submodule, whose content is the id of its commit.
        """
        ref = f"refs/heads/{branch or self.branch}"
        lines = [f"commit {ref}\n", f"committer {self._signature()}\n", *_data(message.encode())]
        parent = self._tip(ref) if onto == "" else onto
        if parent is not None:
            lines.append(f"from {parent}\n")
        if onto is None:
            lines.insert(0, f"reset {ref}\n\n")
        for path, content in files.items():
            lines += _change(path, content, (modes or {}).get(path, "100644"))
        stream = b"".join(line.encode() if isinstance(line, str) else line for line in lines) + b"\n"
        self.git("fast-import", "--quiet", "--force", content=stream)
        return self.resolve(ref)

    def tag(self, name: str, target: str = "HEAD", message: str | None = None) -> str:
        """Tag a commit, annotated if there is a message; the id that the ref `refs/tags/NAME` has."""
        annotation = () if message is None else ("-a", "-m", message)
        self.git("tag", *annotation, name, target)
        return self.resolve(f"refs/tags/{name}")

    def resolve(self, revision: str) -> str:
        """The object id of a revision."""
        return self.git("rev-parse", "--verify", revision).strip()

    def git(self, *arguments: str, content: bytes = b"") -> str:
        """What a git command printed in the repository.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        moment = f"{_FIRST + self._commits} +0000"
        person = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in {"NAME": "Ann", "EMAIL": "ann@example.com", "DATE": moment}.items()
        }
        finished = subprocess.run(
            ["git", "-c", "core.fsync=none", "-c", "core.compression=0", *arguments],
            cwd=self.path,
            input=content,
            capture_output=True,
            check=True,
            env={**os.environ, **person, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"},
        )
        return finished.stdout.decode()

    def _tip(self, ref: str) -> str | None:
        return self.git("for-each-ref", "--format=%(objectname)", ref).strip() or None

    def _signature(self) -> str:
        self._commits += 1
        return f"Ann <ann@example.com> {_FIRST + self._commits} +0000"


def _change(path: str, content: str | bytes | None, mode: str) -> list[str | bytes]:
    if content is None:
        return [f'D "{path}"\n']
    if mode == "160000":
        return [f'M {mode} {content!s} "{path}"\n']
    return [f'M {mode} inline "{path}"\n', *_data(content.encode() if isinstance(content, str) else content)]


def _data(content: bytes) -> list[str | bytes]:
    return [f"data {len(content)}\n", content, "\n"]

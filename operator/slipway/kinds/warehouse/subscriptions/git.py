"""Subscriptions of type Git: where a branch or tag points, and whether what changed counts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from slipway.api import warehouse as api
from slipway.api.base import parse_duration
from slipway.api.conditions import Reason
from slipway.api.warehouse import Artifact, ArtifactCommit
from slipway.engine.outcome import Waiting
from slipway.git import Found as FoundRef
from slipway.git import GitReference, PathFilter, Remote, Unknown
from slipway.kinds.context import Context
from slipway.kinds.gitremote import remote_of
from slipway.kinds.registry.credentials import secret_version
from slipway.kinds.warehouse.commits import Candidate, Head, Kept, judge_head
from slipway.kinds.warehouse.findings import Finding, Found, Trouble
from slipway.kinds.warehouse.policies.ranking import rank
from slipway.kinds.warehouse.policies.semver import SemverPolicy
from slipway.kinds.warehouse.subscriptions.watch import Dependency, Moment

__all__ = ["GitWatch"]

_Choose: TypeAlias = Callable[[Collection[str]], str | None]


@dataclass(frozen=True, slots=True)
class GitWatch:
    """Follows a branch, a tag, or the highest version among the tags."""

    context: Context
    namespace: str
    name: str
    spec: api.GitSubscription
    minimum_age: timedelta

    @property
    def place(self) -> str:
        """The repository."""
        return self.spec.url

    async def dependency(self, *, troubled: bool) -> Dependency:
        """The Secret, as it is now."""
        secret = self.spec.secret_ref
        version = await secret_version(self.context.kube, self.namespace, secret) if troubled else None
        return Dependency(version, secret is not None)

    async def look(self, moment: Moment, before: Artifact | None) -> Finding:
        """Ask where the ref points; only a commit that may be chosen is looked at more closely."""
        choose, chosen = self._chooser(), before.git if before is not None else None
        remote = await self._remote()
        paths = PathFilter.of(self.spec.include_paths, self.spec.exclude_paths)
        wanted = GitReference(self.spec.branch, self.spec.tag, self._range)
        refs = await self.context.lookups.refs(remote, wanted.patterns, moment.since)
        head = wanted.find(refs, choose)
        if chosen is not None and _would_go_back(choose, chosen, head.name):
            message = (
                f"{self.spec.url} has no tag {chosen.ref} any longer, and nothing newer: it stays chosen"
            )
            return Trouble(self.name, Waiting(Reason.TAG_DELETED, message))
        verdict = judge_head(
            chosen,
            before.seen if before is not None else (),
            Head(head.name, head.commit),
            moment.now,
            window=parse_duration(self.spec.window),
            minimum_age=self.minimum_age,
        )
        moved_to = head.commit if chosen is not None and _has_moved(chosen, head) else None
        match verdict:
            case Kept(kept, ripening):
                return Found(self.name, kept, ripening=ripening, moved_to=moved_to)
            case Candidate() if chosen is not None and not await self._counts(remote, chosen, head, paths):
                passed_over = chosen.model_copy(update={"passed_over": head.commit})
                return Found(self.name, passed_over, moved_to=moved_to)
            case Candidate(first_seen_at):
                return Found(self.name, await self._commit(remote, head, first_seen_at))

    @property
    def _range(self) -> str | None:
        return self.spec.semver.range if self.spec.semver is not None else None

    def _chooser(self) -> _Choose | None:
        """What chooses the tag with the highest version in the range, which is read now; None without one."""
        semver = self.spec.semver
        if semver is None:
            return None
        policy = SemverPolicy.of(semver.range, prereleases=semver.prereleases)

        def choose(names: Collection[str]) -> str | None:
            ranking = rank(policy, ((name, name) for name in names), {}, limit=1)
            return next(iter(ranking.best), None)

        return choose

    async def _counts(
        self, remote: Remote, chosen: ArtifactCommit, head: FoundRef, paths: PathFilter
    ) -> bool:
        """Whether something changed since the chosen commit that the subscription is about."""
        if paths.is_empty or head.commit == chosen.commit:
            return True
        # The subscription has come to follow another branch or tag; that alone is a change.
        if self._range is None and head.name != chosen.ref:
            return True
        changes = await self.context.git.changed_paths(remote, chosen.commit, head.commit, head.ref)
        return isinstance(changes, Unknown) or paths.counts(changes)

    async def _commit(self, remote: Remote, head: FoundRef, first_seen_at: datetime) -> ArtifactCommit:
        info = await self.context.git.commit_info(remote, head.commit, head.ref)
        return ArtifactCommit(
            url=self.spec.url,
            ref=head.name,
            commit=head.commit,
            message=info.subject,
            author=info.author,
            created_at=info.committed_at,
            first_seen_at=first_seen_at,
        )

    async def _remote(self) -> Remote:
        return await remote_of(
            self.context, self.namespace, self.spec.url, self.spec.secret_ref, "git.secretRef"
        )


def _would_go_back(choose: _Choose | None, chosen: ArtifactCommit, found: str) -> bool:
    """Whether the chosen tag has gone, and what is left in the range is lower."""
    return choose is not None and choose((chosen.ref, found)) != found


def _has_moved(chosen: ArtifactCommit, head: FoundRef) -> bool:
    """Whether the ref that was chosen points to another commit by now."""
    return head.name == chosen.ref and head.commit != chosen.commit

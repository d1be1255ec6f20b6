"""Subscriptions of type Git: where a branch or tag points, and whether what changed counts."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from datetime import timedelta

from slipway.api import warehouse as api
from slipway.api.base import parse_duration
from slipway.api.warehouse import Artifact, ArtifactCommit
from slipway.git import (
    ANONYMOUS,
    GitCredential,
    GitReference,
    PathFilter,
    Remote,
    Unknown,
    git_credential_for,
    parse_git_url,
)
from slipway.kinds.context import Context
from slipway.kinds.registry.credentials import read_secret
from slipway.kinds.warehouse.commits import Candidate, Head, Kept, judge_head
from slipway.kinds.warehouse.findings import Finding, Found
from slipway.kinds.warehouse.policies.ranking import rank
from slipway.kinds.warehouse.policies.semver import SemverPolicy
from slipway.kinds.warehouse.subscriptions.watch import Moment

__all__ = ["GitWatch"]


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

    def dependency(self) -> Hashable:
        """Nothing that is watched: Secrets are read at each look."""
        return None

    async def look(self, moment: Moment, before: Artifact | None) -> Finding:
        """Ask where the ref points; only a commit that may be chosen is looked at more closely."""
        remote, paths = await self._remote(), PathFilter.of(self.spec.include_paths, self.spec.exclude_paths)
        wanted = GitReference(self.spec.branch, self.spec.tag, self._range)
        refs = await self.context.lookups.refs(remote, wanted.patterns, moment.since)
        found = wanted.find(refs, self._choose)
        chosen = before.git if before is not None else None
        head = Head(found.name, found.commit)
        verdict = judge_head(
            chosen,
            before.seen if before is not None else (),
            head,
            moment.now,
            window=parse_duration(self.spec.window),
            minimum_age=self.minimum_age,
        )
        match verdict:
            case Kept(kept, ripening):
                return Found(self.name, kept, ripening=ripening)
            case Candidate(first_seen_at):
                if chosen is not None and not await self._counts(
                    remote, chosen, found.commit, found.ref, paths
                ):
                    return Found(self.name, chosen.model_copy(update={"passed_over": found.commit}))
                info = await self.context.git.commit_info(remote, found.commit, found.ref)
                commit = ArtifactCommit(
                    url=self.spec.url,
                    ref=head.ref,
                    commit=head.commit,
                    message=info.subject,
                    author=info.author,
                    created_at=info.committed_at,
                    first_seen_at=first_seen_at,
                )
                return Found(self.name, commit)

    @property
    def _range(self) -> str | None:
        return self.spec.semver.range if self.spec.semver is not None else None

    def _choose(self, names: Collection[str]) -> str | None:
        """The tag with the highest version in the range."""
        assert self.spec.semver is not None
        policy = SemverPolicy.of(self.spec.semver.range, prereleases=self.spec.semver.prereleases)
        ranking = rank(policy, ((name, name) for name in names), {}, limit=1)
        return next(iter(ranking.best), None)

    async def _counts(
        self, remote: Remote, chosen: ArtifactCommit, commit: str, ref: str, paths: PathFilter
    ) -> bool:
        """Whether something changed since the chosen commit that the subscription is about, if only the ref."""
        if paths.is_empty or commit == chosen.commit:
            return True
        changes = await self.context.git.changed_paths(remote, chosen.commit, commit, ref)
        return isinstance(changes, Unknown) or paths.counts(changes)

    async def _remote(self) -> Remote:
        url = parse_git_url(self.spec.url)
        credential: GitCredential = ANONYMOUS
        if self.spec.secret_ref is not None:
            secret = await read_secret(
                self.context.kube, self.namespace, self.spec.secret_ref.name, "git.secretRef"
            )
            credential = git_credential_for(secret, url)
        return Remote(url, credential, self.context.egress.within(self.namespace))

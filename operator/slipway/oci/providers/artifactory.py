"""JFrog Artifactory: its query language (AQL) on the host of the registry.

https://jfrog.com/help/r/jfrog-rest-apis/artifactory-query-language (`POST /artifactory/api/search/aql`) and
https://jfrog.com/help/r/jfrog-rest-apis/list-docker-repositories. A tag is a folder with the file
`manifest.json`, or `list.manifest.json` for an index, whose SHA-256 is the digest; one query finds them all.
Where images are addressed as `<repository key>/<image>`, the key is known. A remote repository holds only
what was pulled through it, so the names of tags come from the registry. The catalogue of one repository is
paged by Links whose path lacks the prefix; only their `last` is used.
"""

from __future__ import annotations

import json
from typing import Any, Final

from slipway.oci.digest import is_digest
from slipway.oci.providers.access import Access, own_api, token_or_basic
from slipway.oci.providers.api import Answer, Call, NotOffered
from slipway.oci.providers.fields import agreed, list_in, moment_in, name_in, objects_in
from slipway.oci.providers.paging import by_last, walk
from slipway.oci.results import RepositoryInfo, TagInfo
from slipway.oci.session import off_loop

__all__ = ["Artifactory"]

_INDEX: Final = "list.manifest.json"
_MANIFESTS: Final = (_INDEX, "manifest.json")


class Artifactory:
    """Lists the tags that the registry has, with what a query knows of their manifests.

    Args:
        access: The registry.
        base: The address of Artifactory, which is below `/artifactory` on the registry's host.
    """

    name = "Artifactory"

    def __init__(self, access: Access, base: str | None = None) -> None:
        self._project = access.project
        self._plain = access.plain
        self._api = own_api(access, f"{base or access.session.base}/artifactory", token_or_basic)

    async def repositories(self) -> list[RepositoryInfo]:
        """The images of the repository that the project begins with."""
        if self._project is None:
            msg = "lists start from a repository key"
            raise NotOffered(msg)
        key = self._project.partition("/")[0]
        call = Call(self._api.url(f"api/docker/{key}/v2/_catalog?n=1000"))
        names = await self._api.collect(walk(call, _names, by_last), f"the images of {key}")
        return [RepositoryInfo(f"{key}/{name}") for name in names]

    async def tags(self, repository: str) -> list[TagInfo]:
        """The tags of a repository."""
        key, slash, image = repository.partition("/")
        if not slash:
            msg = "nothing tells the repository key"
            raise NotOffered(msg)
        call = Call(
            self._api.url("api/search/aql"), "POST", {"Content-Type": "text/plain"}, _query(key, image)
        )
        answer = await self._api.ask(call, f"the tags of {repository}")
        known = await off_loop(answer.size, _tags, answer, image)
        if not known:
            msg = "the query finds no such image"
            raise NotOffered(msg)
        return [known.get(name) or TagInfo(name) for name in (await self._plain.list_tags(repository)).names]


def _query(key: str, image: str) -> bytes:
    """The manifests of all tags. `$match` takes slashes for ordinary letters, so images below come, too."""
    wanted = {
        "repo": key,
        "path": {"$match": f"{image}/*"},
        "$or": [{"name": name} for name in _MANIFESTS],
    }
    fields = '"repo","path","name","sha256","modified"'
    return f"items.find({json.dumps(wanted)}).include({fields})".encode()


def _tags(answer: Answer, image: str) -> dict[str, TagInfo]:
    limits = answer.body.get("range") if isinstance(answer.body, dict) else None
    if isinstance(limits, dict) and limits.get("notification"):
        msg = "results that were cut"
        raise NotOffered(msg)
    # Where there are an index and a manifest in one folder, the index is what is pulled: it comes last.
    entries = sorted(objects_in(answer.body, "results"), key=_is_index)
    found: dict[tuple[str, str], TagInfo] = {}
    for entry in entries:
        parent, _, tag = name_in(entry, "path").rpartition("/")
        if parent == image and name_in(entry, "name") in _MANIFESTS:
            digest = f"sha256:{entry.get('sha256')}"
            found[str(entry.get("repo")), tag] = TagInfo(
                tag, digest if is_digest(digest) else None, pushed_at=moment_in(entry, "modified")
            )
    return agreed(found.values())


def _is_index(entry: dict[str, Any]) -> bool:
    return entry.get("name") == _INDEX


def _names(body: Any) -> list[str]:
    names = list_in(body, "repositories")
    if not all(isinstance(name, str) for name in names):
        msg = "a catalogue whose entries are no names"
        raise NotOffered(msg)
    return names

"""What `git ls-remote` prints, read strictly. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from slipway.git.errors import InvalidReference, InvalidResponse, TooLarge
from slipway.git.reference import HEAD, is_object_id, is_ref_name

__all__ = ["arguments_for", "parse_refs"]

_PEELED: Final = "^{}"
_KINDS: Final = {"refs/heads/": "--heads", "refs/tags/": "--tags"}


def arguments_for(patterns: Collection[str]) -> tuple[list[str], list[str]]:
    """Options and patterns for `git ls-remote`.

    The options are what the host hears (`ref-prefix` of protocol v2); the patterns are applied by git here. A
    host therefore sends all branches, or all tags, but none of its thousands of pull requests, unless HEAD is
    among the patterns: there is no option for it.

    Raises:
        InvalidReference: for what is neither HEAD, nor a full ref name, nor one that ends in `/*`.
    """
    for pattern in patterns:
        if pattern != HEAD and not (pattern.startswith("refs/") and is_ref_name(pattern.removesuffix("/*"))):
            msg = f"{pattern!r} is no ref: write HEAD, refs/heads/NAME, refs/tags/NAME or refs/tags/*"
            raise InvalidReference(msg)
    kinds = {next((kind for kind in _KINDS if pattern.startswith(kind)), "") for pattern in patterns}
    options = [] if "" in kinds else [_KINDS[kind] for kind in sorted(kinds)]
    # The peeled form of an exact tag is another name to git's matching.
    peeled = [f"{p}{_PEELED}" for p in patterns if p.startswith("refs/tags/") and not p.endswith("/*")]
    return options, [*patterns, *peeled]


def parse_refs(output: bytes, patterns: Collection[str], limit: int) -> dict[str, str]:
    """Object ids by full ref name; for an annotated tag that of the commit it points to.

    Args:
        output: All that git printed.
        patterns: What was asked for; git's matching finds more.
        limit: How many refs are taken.

    Raises:
        InvalidResponse: for a line that is not an object id, a tab and a ref name.
        TooLarge: when there are more refs.
    """
    *lines, rest = output.split(b"\n")
    if rest:
        msg = "git's list of refs is cut off: nothing is chosen from it"
        raise InvalidResponse(msg)
    tips: dict[str, str] = {}
    peeled: dict[str, str] = {}
    for line in lines:
        identifier, ref = _split(line)
        place = peeled if ref.endswith(_PEELED) else tips
        place[ref.removesuffix(_PEELED)] = identifier
    wanted = {ref: peeled.get(ref, tip) for ref, tip in tips.items() if _is_wanted(ref, patterns)}
    if len(wanted) > limit:
        msg = f"the host has more than {limit} refs of this kind: follow one branch or tag"
        raise TooLarge(msg)
    return wanted


def _split(line: bytes) -> tuple[str, str]:
    text = line.decode("utf-8", errors="replace")
    identifier, tab, ref = text.partition("\t")
    if not tab or not ref or not is_object_id(identifier):
        msg = f"git printed {text[:80]!r} where an object id and a ref belong"
        raise InvalidResponse(msg)
    return identifier, ref


def _is_wanted(ref: str, patterns: Collection[str]) -> bool:
    return any(
        ref.startswith(pattern[:-1]) if pattern.endswith("/*") else ref == pattern for pattern in patterns
    )

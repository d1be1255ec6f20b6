"""Whether a child still is what was applied: a comparison of two manifests. Pure.

The live object has more than ours: defaults of the API server, fields of other managers. So ours has to be
covered by it, not to equal it. What others add where we say nothing is left alone, as in server-side apply.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

__all__ = ["clashes", "covers", "same_quantity"]

_AMOUNTS: Final = frozenset({"requests", "limits"})
"""Fields whose values are quantities: the API server answers `1` to `1000m`."""

_ATOMIC: Final = "selector"
"""A field that server-side apply takes as a whole: a label that somebody adds selects other pods."""

_LIST_KEYS: Final = ("containerPort", "port", "name")
"""What tells the items of a list of objects apart; the first that all of them have."""

_QUANTITY = re.compile(r"([0-9.]+)(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?[0-9]+))?")
_SUFFIXES: Final = {
    **{suffix: Decimal(10) ** (3 * power) for power, suffix in enumerate("num", start=-3)},
    **{suffix: Decimal(10) ** (3 * power) for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(2) ** (10 * power) for power, suffix in enumerate("KMGTPE", start=1)},
}


def covers(live: Any, wanted: Any) -> bool:
    """Whether everything that is wanted is so in the live object."""
    if isinstance(wanted, Mapping):
        fields = {} if live is None else live
        return isinstance(fields, Mapping) and all(_covers_field(fields, *item) for item in wanted.items())
    if not wanted and not isinstance(wanted, int):
        return not live
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return isinstance(live, Sequence) and _covers_list(live, wanted)
    # The API server leaves out false and, in most fields, 0.
    return bool(live == wanted) or (live is None and wanted == 0)


def clashes(live: Any, wanted: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """RFC 6902 operations that take away what would make an apply of the wanted manifest invalid.

    An apply merges ports by their number. Where somebody changed the number of one, it would leave theirs and
    add ours, of the same name, which the API server refuses.
    """
    if isinstance(live, Mapping) and isinstance(wanted, Mapping):
        for name, item in wanted.items():
            yield from clashes(live.get(name), item, f"{path}/{name}")
    elif isinstance(live, list) and isinstance(wanted, list) and (key := _key_of(wanted)) is not None:
        ports = [] if key == "name" else _merged_ports(key, live, wanted)
        if ports:
            yield {"op": "replace", "path": path, "value": ports}
        by_key = {item[key]: item for item in wanted}
        for index, item in enumerate(live):
            yield from clashes(item, by_key.get(item.get(key)), f"{path}/{index}")


def _merged_ports(key: str, live: list[Any], wanted: list[Any]) -> list[Any]:
    """All ports, but none of another number that has a name of ours; empty where there is no such port."""
    ours = {item["name"]: _number(key, item) for item in wanted}
    kept = [item for item in live if ours.get(item.get("name"), _number(key, item)) == _number(key, item)]
    numbers = {_number(key, item) for item in kept}
    added = [item for item in wanted if _number(key, item) not in numbers]
    return [*kept, *added] if len(kept) < len(live) else []


def _number(key: str, port: Mapping[str, Any]) -> tuple[int, str]:
    return port[key], port.get("protocol", "TCP")


def _covers_field(live: Mapping[str, Any], name: str, wanted: Any) -> bool:
    if name in _AMOUNTS and isinstance(wanted, Mapping):
        amounts = live.get(name) or {}
        return all(same_quantity(amounts.get(key), amount) for key, amount in wanted.items())
    if name == _ATOMIC:
        return bool(live.get(name) == wanted)
    return covers(live.get(name), wanted)


def _covers_list(live: Sequence[Any], wanted: Sequence[Any]) -> bool:
    key = _key_of(wanted)
    if key is None:
        return list(live) == list(wanted)
    by_key = {item[key]: item for item in live if _has(item, key)}
    return all(covers(by_key.get(item[key]), item) for item in wanted)


def _key_of(items: Sequence[Any]) -> str | None:
    return next((key for key in _LIST_KEYS if items and all(_has(item, key) for item in items)), None)


def _has(item: Any, key: str) -> bool:
    return isinstance(item, Mapping) and key in item


def same_quantity(one: object, other: object) -> bool:
    """Whether two quantities of Kubernetes are the same amount, such as `1000m` and `1`."""
    if one is None or other is None:
        return one is other
    first, second = _amount(str(one)), _amount(str(other))
    return str(one) == str(other) if first is None or second is None else first == second


def _amount(text: str) -> Decimal | None:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, suffix, exponent = match.groups()
    return Decimal(number) * _SUFFIXES.get(suffix or "", Decimal(1)) * Decimal(10) ** int(exponent or 0)

"""The versions of one chart, out of an index.yaml that may hold thousands of charts.

A large index has 20 MiB. PyYAML makes 600 MB of objects of it, in 17 s. So nothing is made of it but the
fields below, of the one chart that is wanted: the parser's events are read and all others passed over, in
2.5 s; and of an index that is laid out as Helm writes it only the lines of that chart are parsed, in 40 ms.
Scalars stay the text that they are: the version `1.10` is no number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import yaml

from slipway.charts.errors import ChartMissing, IndexInvalid, IndexTooLarge
from slipway.charts.excerpt import excerpt

__all__ = ["MAX_BYTES", "ChartVersion", "read_versions"]

MAX_BYTES: Final = 20 * 1024 * 1024
"""Of a whole index."""

_MAX_DEPTH: Final = 64
_MAX_VERSIONS: Final = 20_000
_LONGEST_FIELD: Final = 1024
"""Characters; what is longer is no version, digest or time, and of a URL no use."""

_FIELDS: Final = frozenset({"version", "appVersion", "digest", "created", "deprecated"})
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})


@dataclass(frozen=True, slots=True)
class ChartVersion:
    """One version of a chart, as the index tells of it."""

    version: str
    app_version: str | None = None
    """What the chart installs, by its own word."""

    digest: str | None = None
    """SHA-256 of the archive: 64 hexadecimal digits, as most repositories tell it."""

    created: datetime | None = None
    """When it was published, by the repository."""

    urls: tuple[str, ...] = ()
    """Of the archive, absolute or relative to the repository."""

    deprecated: bool = False


def read_versions(index: bytes, name: str) -> tuple[ChartVersion, ...]:
    """The versions of a chart, in the order of the index. Takes long for a large one: call it in a thread.

    Entries without a version are passed over.

    Args:
        index: the whole index.yaml, which may also be JSON.
        name: of the chart.

    Raises:
        ChartMissing: when the index is one, without this chart.
        IndexInvalid: when it is no index, or holds aliases, with which a small one could become huge.
        IndexTooLarge: when it has more bytes, versions or levels than are ever needed.
    """
    if len(index) > MAX_BYTES:
        msg = f"the index has more than {MAX_BYTES} bytes"
        raise IndexTooLarge(msg)
    try:
        found = _Reader(excerpt(index, name) or index).versions(name)
    except yaml.YAMLError as error:
        msg = f"the index is not valid YAML: {' '.join(str(error).split())[:200]}"
        raise IndexInvalid(msg) from error
    if found is None:
        msg = f"the repository has no chart {name}: correct name, or publish the chart"
        raise ChartMissing(msg)
    return found


class _Reader:
    """Reads events, and makes values only of those that are wanted."""

    def __init__(self, text: bytes) -> None:
        self._events = self._bounded(text)

    def versions(self, name: str) -> tuple[ChartVersion, ...] | None:
        """The versions of a chart; None when the index has none of that name."""
        self._enter_mapping("the index")
        found: tuple[ChartVersion, ...] | None = None
        has_entries = False
        for key in self._keys():
            if key != "entries":
                self._skip()
                continue
            has_entries = True
            found = self._entry(name)
        if not has_entries:
            msg = "the index has no entries: check that the URL is that of a chart repository"
            raise IndexInvalid(msg)
        return found

    def _entry(self, name: str) -> tuple[ChartVersion, ...] | None:
        event = next(self._events)
        if isinstance(event, yaml.ScalarEvent):  # `entries:` without any
            return None
        self._require(event, yaml.MappingStartEvent, "entries")
        found = None
        for key in self._keys():
            if key == name:
                found = tuple(self._versions_of(name))
            else:
                self._skip()
        return found

    def _versions_of(self, name: str) -> Iterator[ChartVersion]:
        event = next(self._events)
        if isinstance(event, yaml.ScalarEvent):
            return
        self._require(event, yaml.SequenceStartEvent, name)
        for count, item in enumerate(self._items()):
            if count >= _MAX_VERSIONS:
                msg = f"the chart {name} has more than {_MAX_VERSIONS} versions"
                raise IndexTooLarge(msg)
            self._require(item, yaml.MappingStartEvent, f"a version of {name}")
            version = self._version()
            if version is not None:
                yield version

    def _version(self) -> ChartVersion | None:
        fields: dict[str, str] = {}
        urls: tuple[str, ...] = ()
        for key in self._keys():
            if key == "urls":
                urls = tuple(self._texts())
            elif key in _FIELDS:
                text = self._text(next(self._events))
                if text is not None:
                    fields[key] = text
            else:
                self._skip()
        if "version" not in fields:
            return None
        return ChartVersion(
            version=fields["version"],
            app_version=fields.get("appVersion"),
            digest=fields.get("digest"),
            created=_moment(fields.get("created")),
            urls=urls,
            deprecated=fields.get("deprecated") in _TRUE,
        )

    def _texts(self) -> Iterator[str]:
        """The texts of a list; whatever else stands there is passed over."""
        event = next(self._events)
        if not isinstance(event, yaml.SequenceStartEvent):
            self._skip_rest(event)
            return
        for item in self._items():
            text = self._text(item)
            if text is not None:
                yield text

    def _text(self, event: yaml.Event) -> str | None:
        """A text; None for null, for what is too long, and for anything else, which is passed over."""
        if not isinstance(event, yaml.ScalarEvent):
            self._skip_rest(event)
            return None
        is_null = not event.style and event.value in _NULLS
        return None if is_null or len(event.value) > _LONGEST_FIELD else str(event.value)

    def _keys(self) -> Iterator[str]:
        """The keys of a mapping that was begun; who asks for the next has read the value of the last."""
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if isinstance(event, yaml.ScalarEvent):
                yield event.value
            else:  # a mapping as a key is valid YAML, and nothing that is looked for
                self._skip_rest(event)
                self._skip()

    def _items(self) -> Iterator[yaml.Event]:
        """The first event of each item of a list that was begun; who asks for the next has read the last."""
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield event

    def _skip(self) -> None:
        self._skip_rest(next(self._events))

    def _skip_rest(self, event: yaml.Event) -> None:
        """Passes over a value whose first event was read."""
        if isinstance(event, yaml.ScalarEvent):
            return
        depth = 1
        while depth:
            event = next(self._events)
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1

    def _enter_mapping(self, what: str) -> None:
        event = next(self._events)
        while isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
            event = next(self._events)
        self._require(event, yaml.MappingStartEvent, what)

    def _require(self, event: yaml.Event, kind: type[yaml.Event], what: str) -> None:
        if not isinstance(event, kind):
            expected = "a list" if kind is yaml.SequenceStartEvent else "a mapping"
            msg = f"{what[:100]} is not {expected}: check that the URL is that of a chart repository"
            raise IndexInvalid(msg)

    def _bounded(self, text: bytes) -> Iterator[yaml.Event]:
        """The events of a document without aliases that is not too deep."""
        loader = yaml.CSafeLoader(text)
        depth = 0
        try:
            while loader.check_event():
                event = loader.get_event()
                assert event is not None
                if isinstance(event, yaml.AliasEvent):
                    msg = (
                        f"the index uses the alias *{(event.anchor or '')[:40]}, and aliases are not followed"
                    )
                    raise IndexInvalid(msg)
                if isinstance(event, yaml.CollectionStartEvent):
                    depth += 1
                    if depth > _MAX_DEPTH:
                        msg = f"the index is more than {_MAX_DEPTH} levels deep"
                        raise IndexTooLarge(msg)
                elif isinstance(event, yaml.CollectionEndEvent):
                    depth -= 1
                yield event
        finally:
            loader.dispose()


def _moment(text: str | None) -> datetime | None:
    """A time as Go writes it, with up to nine digits of a second; None when it is none, or Go's zero."""
    try:
        moment = datetime.fromisoformat(text or "")
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1 else None

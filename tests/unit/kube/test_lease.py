from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.lease import Record
from slipway.kube.lease import read_record, spec_of

times = st.datetimes(datetime(2000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)) | st.none()  # noqa: DTZ001 - hypothesis adds the zone
records = st.builds(
    Record,
    holder=st.text(max_size=20),
    duration=st.integers(1, 3600).map(float),
    acquired=times,
    renewed=times,
    transitions=st.integers(0, 2**31 - 1),
    version=st.just("7"),
)


@given(records)
def test_what_is_written_is_read_again(record: Record) -> None:
    """To the microsecond: by the moment of acquisition a holder knows its own record."""
    spec = spec_of(record)

    assert read_record({"metadata": {"resourceVersion": "7"}, "spec": spec}) == record
    for name in {"acquireTime", "renewTime"} & spec.keys():
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", spec[name])


def test_a_broken_duration_is_rounded_up() -> None:
    """The API takes whole seconds; others must not think that it ends before its holder does."""
    record = Record("a", 12.3, acquired=None, renewed=None, transitions=0)

    assert spec_of(record)["leaseDurationSeconds"] == 13
    assert spec_of(replace(record, duration=12.0))["leaseDurationSeconds"] == 12


@pytest.mark.parametrize("body", [{}, {"spec": {}}, {"spec": None}])
def test_a_lease_that_a_person_made_is_free(body: dict[str, object]) -> None:
    """Whatever nobody wrote is empty."""
    record = read_record({"metadata": {"resourceVersion": "7"}, **body})

    assert record == Record("", 60, acquired=None, renewed=None, transitions=0, version="7")

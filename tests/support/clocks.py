"""Days on which clocks are changed, and schedules to go wrong on them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from cronsim import CronSim
from hypothesis import strategies as st

__all__ = ["CHANGES", "MINUTE", "berlin", "crons", "starts_by_the_minute"]

MINUTE = timedelta(minutes=1)

CHANGES = {
    "an hour is skipped at 2": ("Europe/Berlin", date(2026, 3, 29)),
    "an hour is repeated at 3": ("Europe/Berlin", date(2026, 10, 25)),
    "midnight is skipped": ("America/Sao_Paulo", date(2018, 11, 4)),
    "the last hour is repeated": ("America/Sao_Paulo", date(2018, 2, 17)),
    "half an hour is skipped": ("Australia/Lord_Howe", date(2026, 10, 4)),
    "half an hour is repeated": ("Australia/Lord_Howe", date(2026, 4, 5)),
    "the first hour is repeated": ("America/Havana", date(2026, 11, 1)),
    "two hours are skipped": ("Antarctica/Troll", date(2026, 3, 29)),
    "an hour around midnight is skipped": ("America/Toronto", date(1919, 3, 30)),
    "nothing is changed": ("Asia/Kathmandu", date(2026, 3, 29)),
}
"""What happens, where, and on which day."""

crons = st.builds(
    "{} {} {} * {}".format,
    st.sampled_from(["0", "30", "59", "15,45", "0-10", "*/20", "*"]),
    st.sampled_from(["0", "1", "2", "3", "23", "1-3", "0,23", "*/2", "*"]),
    st.sampled_from(["*", "*", "*", "1-15", "L"]),
    st.sampled_from(["*", "*", "*", "SUN", "7,MON"]),
)


def berlin(text: str) -> datetime:
    """A moment by the clocks of Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


def starts_by_the_minute(cron: str, zone: str, noon: datetime) -> Iterator[datetime]:
    """When a schedule begins, found by looking at what the clock shows in each minute. Slow, and plain.

    Args:
        cron: the schedule.
        zone: where.
        noon: the middle, in UTC, of the three days to look at.
    """
    shown = _shown(zone, noon)
    scheduled = list(_scheduled(cron, shown[0][0], max(wall for wall, _ in shown)))
    if any(part.startswith("*") for part in cron.split()[:2]):
        wanted = set(scheduled)
        yield from (moment for wall, moment in shown if wall in wanted)
        return
    exact = dict(reversed(shown))  # of what is shown twice, the first
    moments = (
        exact.get(wall) or next(moment for other, moment in shown if other > wall) for wall in scheduled
    )
    yield from sorted(set(moments))


@cache
def _shown(zone: str, noon: datetime) -> list[tuple[datetime, datetime]]:
    """What the clock shows in each minute of three days."""
    moments = (noon + n * MINUTE for n in range(-36 * 60, 36 * 60))
    return [(moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None), moment) for moment in moments]


def _scheduled(cron: str, first: datetime, last: datetime) -> Iterator[datetime]:
    simulation = CronSim(cron, first - MINUTE)
    while (wall := next(simulation)) <= last:
        yield wall

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.builders.actions import RunSearch, progress_of
from slipway.build.builders.contract import Cancelled, Failed, Pending, Progress, Running, Succeeded
from slipway.build.builders.errors import AnswerInvalid, RunUnidentified
from slipway.build.builders.inputs import correlation_of
from tests.support.ci.fake import order_of
from tests.support.ci.github import WORKFLOW

KEY = correlation_of(order_of())
OTHER = correlation_of(order_of("b" * 32))
LINK = "https://ci.example.com/runs/7"


def _entry(title: str, number: int = 7) -> dict[str, object]:
    return {"id": number, "display_title": title, "html_url": LINK}


@pytest.mark.parametrize("status", ["queued", "requested", "waiting", "pending"])
def test_what_has_not_begun_waits(status: str) -> None:
    assert progress_of({"status": status, "html_url": LINK}) == Pending(LINK)


@pytest.mark.parametrize("status", ["in_progress", "a status of next year"])
def test_what_is_not_over_runs(status: str) -> None:
    """A status that is not known yet ends nothing."""
    assert progress_of({"status": status, "html_url": LINK}) == Running(LINK)


@pytest.mark.parametrize(
    ("conclusion", "want"),
    [
        ("success", Succeeded(None, LINK)),
        ("neutral", Succeeded(None, LINK)),
        ("cancelled", Cancelled(LINK)),
        ("action_required", Pending(LINK)),
    ],
)
def test_a_conclusion_has_its_meaning(conclusion: str, want: Progress) -> None:
    assert progress_of({"status": "completed", "conclusion": conclusion, "html_url": LINK}) == want


@pytest.mark.parametrize(
    ("conclusion", "reason", "is_infrastructure"),
    [
        ("failure", "BuildFailed", False),
        ("timed_out", "BuildTimedOut", False),
        ("skipped", "BuildFailed", False),
        ("startup_failure", "RunnerFailed", True),
        ("stale", "RunnerFailed", True),
        ("a conclusion of next year", "BuildFailed", True),
        (None, "BuildFailed", True),
    ],
)
def test_what_failed_tells_whose_fault_it_is(
    conclusion: str | None, reason: str, *, is_infrastructure: bool
) -> None:
    """What says nothing of the image does not count as tried."""
    progress = progress_of({"status": "completed", "conclusion": conclusion, "html_url": LINK})

    assert isinstance(progress, Failed)
    assert (progress.reason, progress.is_infrastructure) == (reason, is_infrastructure)
    assert progress.message


@given(st.text(min_size=1), st.none() | st.text() | st.integers())
def test_every_status_has_a_meaning(status: str, conclusion: object) -> None:
    """Nothing that a server may say in its place stops a reconcile."""
    progress = progress_of({"status": status, "conclusion": conclusion})

    assert len(getattr(progress, "message", "")) < 200


def test_a_run_without_a_status_is_no_run() -> None:
    """Nothing follows from it."""
    with pytest.raises(AnswerInvalid, match="status"):
        progress_of({"conclusion": "success"})


@pytest.mark.parametrize("title", [KEY, f"image {KEY}", f"[{KEY}] api", f"image {KEY}\n", f"{OTHER} {KEY}"])
def test_a_run_is_known_by_the_key_in_its_name(title: str) -> None:
    """Wherever in it the key stands."""
    run = RunSearch(order_of(), WORKFLOW).among([_entry(OTHER, 6), _entry(title)])

    assert run is not None
    assert (run.id, run.url) == ("7", LINK)


@pytest.mark.parametrize(
    "title", [f"{KEY}0", f"0{KEY}", f"x-{KEY}", KEY[:-1], KEY.upper(), "image", "", OTHER]
)
def test_a_name_that_only_looks_alike_is_none(title: str) -> None:
    """Keys are whole words."""
    assert RunSearch(order_of(), WORKFLOW).among([_entry(title)]) is None


def test_github_also_has_the_name_of_a_run_in_its_name() -> None:
    """Where `display_title` is missing."""
    assert RunSearch(order_of(), WORKFLOW).among([{"id": 7, "name": KEY}]) is not None


@pytest.mark.parametrize(
    ("titles", "is_proof"),
    [
        ((), True),
        ((OTHER,), True),
        ((OTHER, "started by a person"), True),
        (("Fix a typo",), False),
        (("", "Fix a typo"), False),
    ],
)
def test_runs_without_keys_prove_nothing(titles: tuple[str, ...], *, is_proof: bool) -> None:
    """One of them may be the run that is looked for, unless another one shows that names have keys."""
    search = RunSearch(order_of(), WORKFLOW)
    assert search.among(map(_entry, titles)) is None
    if is_proof:
        search.ensure_names()
    else:
        with pytest.raises(RunUnidentified, match=r"run-name: \$\{\{ inputs.slipway_key \}\}"):
            search.ensure_names()

"""An emergency rebuild needs a verb of its own and a reason, and leaves a trace in the audit log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dev.api import ApiError
from dev.cluster import Cluster
from tests.cluster.policies.conftest import Grant
from tests.cluster.policies.people import REASON, TIME, WAYS, Person, Way, asked, manifest, stamp

pytestmark = [pytest.mark.usefixtures("policies"), pytest.mark.test_bed]

NAME = asked("emergency-rebuild")
GOOD = f"{TIME} reason={REASON}"
MANAGED_IMAGES = "managedimages.slipway.dev"

ways = pytest.mark.parametrize("way", [pytest.param(way, id=name) for name, way in WAYS.items()])


def refusal(person: Person, value: str) -> ApiError:
    """What the API server says to this value."""
    with pytest.raises(ApiError) as caught:
        person.merge({NAME: value})
    return caught.value


def dry_run(person: Person, value: str) -> Any:
    """A write that is only tried."""
    body = {"metadata": {"annotations": {NAME: value}}}
    media_type = "application/merge-patch+json"
    return person.api.request(
        "PATCH", person.image, body=body, query={"dryRun": "All"}, content_type=media_type
    )


# --- who may


def test_without_the_verb_nobody_asks_for_it(dev: Person) -> None:
    """The message names who, what and where."""
    dev.make()
    error = refusal(dev, GOOD)
    assert (error.status, error.reason) == (403, "Forbidden")
    assert (
        "user dev may not ask for an emergency rebuild: this needs the verb emergency-rebuild on "
        f"managedimages.slipway.dev in namespace {dev.namespace}"
    ) in error.message


@ways
def test_no_way_leads_around_the_verb(way: Way, dev: Person) -> None:
    """However it is written."""
    dev.make()
    with pytest.raises(Exception, match=r"Forbidden|forbidden|non-zero"):
        way(dev, {NAME: GOOD})
    assert dev.annotations() == {}


def test_a_new_object_cannot_bring_it_along(dev: Person) -> None:
    """Nor one whose name the server chooses."""
    body = manifest({NAME: GOOD})
    with pytest.raises(ApiError, match="may not ask for an emergency rebuild"):
        dev.api.create(dev.images, body)
    body["metadata"] = {"generateName": "api-", "annotations": {NAME: GOOD}}
    with pytest.raises(ApiError, match="may not ask for an emergency rebuild"):
        dev.api.create(dev.images, body)


def test_another_value_is_another_request(admin: Person, dev: Person) -> None:
    """A later time would begin it once more."""
    admin.make({NAME: GOOD})
    assert refusal(dev, GOOD.replace("09:00", "10:00")).status == 403
    assert refusal(dev, f"{GOOD} ").status == 403


def test_whoever_may_write_the_object_may_do_everything_else(admin: Person, dev: Person) -> None:
    """Also while an emergency rebuild stands there; and may call it off."""
    admin.make({NAME: GOOD})
    dev.merge({"note": "x", asked(): TIME})
    dev.api.patch(dev.image, {"spec": {"suspend": True}})
    dev.kubectl("annotate", "mimg", "api", "--overwrite", f"{NAME}={GOOD}")
    assert dev.annotations()[stamp("emergency-rebuild")] == "admin"

    assert dev.merge({NAME: None, "note": None}) == {asked(): TIME, stamp(): "dev"}


def test_a_role_allows_it(dev: Person, grant: Grant) -> None:
    """The verb is an ordinary one of RBAC."""
    dev.make()
    grant(dev, MANAGED_IMAGES, "emergency-rebuild")
    assert dev.merge({NAME: GOOD}) == {NAME: GOOD, stamp("emergency-rebuild"): "dev"}


def test_a_role_may_name_objects(dev: Person, grant: Grant) -> None:
    """`resourceNames`."""
    dev.make()
    dev.api.create(dev.images, {**manifest(), "metadata": {"name": "other"}})
    grant(dev, MANAGED_IMAGES, "emergency-rebuild", names=("api",))

    assert NAME in dev.merge({NAME: GOOD})
    with pytest.raises(ApiError, match="may not ask for an emergency rebuild"):
        dev.api.patch(f"{dev.images}/other", {"metadata": {"annotations": {NAME: GOOD}}})


def test_an_administrator_may(admin: Person) -> None:
    """By whatever way allows everything."""
    assert admin.make({NAME: GOOD})[stamp("emergency-rebuild")] == "admin"


# --- what must stand there


def test_the_refusal_says_how_to_write_it(admin: Person) -> None:
    """With an example that can be copied."""
    admin.make()
    error = refusal(admin, TIME)
    assert error.status == 422
    assert (
        "metadata.annotations[slipway.dev/emergency-rebuild]: write the time and why, in 10 to 900 "
        "characters, such as 2026-11-21T09:00:00Z reason=CVE-2026-1 in openssl, fix now"
    ) in error.message


def test_every_value_is_judged(admin: Person) -> None:
    """Time, one blank, and a reason that says something, on one line."""
    admin.make()
    bad = {
        "": "nothing",
        "now reason=" + REASON: "no time",
        "2026-11-21 09:00:00Z reason=" + REASON: "no RFC 3339",
        "2026-11-21T09:00:00 reason=" + REASON: "no offset",
        "2026-13-21T09:00:00Z reason=" + REASON: "no month",
        "2026-11-32T09:00:00Z reason=" + REASON: "no day",
        "2026-11-21T24:00:00Z reason=" + REASON: "no hour",
        f"{TIME}reason={REASON}": "no blank",
        f"{TIME} because={REASON}": "no reason",
        f"{TIME} revision=9 reason={REASON}": "another argument",
        f"{TIME} reason=": "an empty reason",
        f"{TIME} reason=too short": "9 characters",
        f"{TIME} reason=short     ": "blanks do not count",
        f"{TIME} reason=        short": "nor in front",
        f"{TIME} reason=first line\nsecond line": "two lines",
        f"{TIME} reason=an escape \x1b[2J here": "a control character",
        f"{TIME} reason={'x' * 901}": "too long",
    }
    for value, why in bad.items():
        with pytest.raises(ApiError, match="write the time and why"):
            raise AssertionError((why, dry_run(admin, value)))
    good = (
        GOOD,
        f"{TIME} reason=exactly 10",
        f"{TIME} reason={'x' * 900}",
        f"{TIME} reason=häßliche Lücke in 圖書館 🙈",
        f"2026-11-21T10:00:00.5+01:00 reason={REASON}",
    )
    for value in good:
        assert dry_run(admin, value)["metadata"]["annotations"][NAME] == value


# --- the trace


def test_the_audit_log_tells_who_and_why(cluster: Cluster, admin: Person, dev: Person) -> None:
    """Of what was done, and of what was tried."""
    admin.make()
    refusal(dev, GOOD)
    admin.merge({NAME: GOOD})
    refusal(admin, f"{TIME} hurry")
    admin.merge({"note": "x"})

    traces = [_trace(entry) for entry in _entries(cluster, admin.image)]

    assert [trace for trace in traces if trace] == [
        {"code": 403, "user": "dev", "reason": REASON},
        {"code": 200, "user": "admin", "reason": REASON},
        {"code": 422, "user": "admin", "reason": "none given"},
    ]


def _entries(cluster: Cluster, path: str) -> list[dict[str, Any]]:
    cluster.audit.requests()  # until then the last ones may be missing
    lines = cluster.state.audit_log.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if f'"requestURI":"{path}' in line]


def _trace(entry: dict[str, Any]) -> dict[str, Any]:
    prefix = "emergency-rebuild.managedimages.slipway.dev/"
    found = {
        name.removeprefix(prefix): value
        for name, value in entry.get("annotations", {}).items()
        if name.startswith(prefix)
    }
    return {"code": entry["responseStatus"]["code"], **found} if found else {}

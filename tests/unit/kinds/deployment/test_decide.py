"""Stories of single Deployments; `test_rollouts.py` has random ones, with crashes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from slipway.api.conditions import HELD, MESSAGE_LIMIT
from slipway.api.deployment import DeploymentStatus
from slipway.engine.outcome import Settled, Stalled, Waiting
from slipway.engine.requests import Request, new_requests
from slipway.kinds.deployment.decide import decide, stop
from slipway.kinds.deployment.offer import Offer
from tests.unit.kinds.deployment.world import REPOSITORY, START, Crash, World, digest, managed_offer

HTTP = [{"name": "http", "containerPort": 8080, "servicePort": 80}]


def two_revisions() -> World:
    """Revision 2 runs, revision 1 ran before."""
    world = World()
    world.settle()
    world.offer = managed_offer(2, 1)
    world.settle()
    return world


def rolled_back() -> World:
    """Revision 1 is held, and the digest of revision 2 rejected."""
    world = two_revisions()
    world.change(rollbackTo={"revision": 1, "reason": "slow"})
    world.settle()
    return world


# --- rollouts


def test_first_rollout() -> None:
    """The first image becomes revision 1, with a Service where there are ports."""
    world = World(ports=HTTP, replicas=3)
    plan = world.reconcile()

    assert isinstance(plan.outcome, Waiting)
    assert (plan.outcome.reason, plan.outcome.until, world.phase) == ("RollingOut", None, "Progressing")
    assert world.image == f"{REPOSITORY}@{digest(1)}"
    assert world.service is not None
    assert world.told == [("Create", 1, None)]
    assert world.history[0].cause == "ManagedImage api: build 1"
    assert world.status["revision"] == {"current": 1}

    world.roll_out()
    plan = world.reconcile()

    assert isinstance(plan.outcome, Settled)
    assert (plan.outcome.reason, plan.outcome.next_check, world.phase) == ("Healthy", None, "Healthy")
    assert world.told == [("Create", 1, "Promoted")]
    assert world.status["revision"] == {"current": 1, "stable": 1}
    assert world.status["selector"] == "slipway.dev/deployment=api"
    assert (world.status["replicas"], world.status["readyReplicas"]) == (3, 3)


def test_settled_object_is_left_alone() -> None:
    """When nothing changed nothing is written, neither now nor by an operator that knows nothing yet."""
    world = two_revisions()
    before = world.writes
    world.pass_time(3600)
    world.reconcile()

    assert world.writes == before


def test_new_offer_is_followed() -> None:
    """A new build becomes a new revision, and the history says from what to what and why."""
    world = two_revisions()

    assert world.digest == digest(2)
    assert world.told == [("Update", 2, "Promoted"), ("Create", 1, "Promoted")]
    newest = world.history[0]
    assert (newest.old_image, newest.new_image) == (
        f"{REPOSITORY}@{digest(1)}",
        f"{REPOSITORY}@{digest(2)}",
    )
    assert newest.cause == "ManagedImage api: build 2"


def test_newer_revision_supersedes_one_under_way() -> None:
    """A rollout that a newer one overtakes ends as Superseded."""
    world = World()
    world.reconcile()
    world.pass_time()
    world.offer = managed_offer(2, 1)
    world.reconcile()

    assert world.told == [("Update", 2, None), ("Create", 1, "Superseded")]


@pytest.mark.parametrize(
    "change",
    [
        {"args": ["--verbose"]},
        {"command": ["/serve"]},
        {"resources": {"limits": {"cpu": 1}}},
        {"ports": HTTP},
    ],
)
def test_inputs_make_revisions(change: dict[str, object]) -> None:
    """Each input of the pods makes a revision of its own, and going back goes back to the old number."""
    world = World()
    world.settle()
    world.change(**change)
    world.settle()

    assert world.told[0] == ("Update", 2, "Promoted")
    assert world.history[0].cause == "spec change"

    world.change(**dict.fromkeys(change))
    world.settle()

    assert world.told[0] == ("Update", 1, "Promoted")
    assert world.numbers == [1, 2]


def test_strategy_and_deadline_make_no_revision() -> None:
    """How it is rolled out, and how long that may take, is no property of a revision."""
    world = World()
    world.settle()
    world.change(strategy={"rolling": {"maxSurge": 2, "maxUnavailable": 1}}, progressDeadline="90s")
    world.settle()

    assert world.numbers == [1]
    assert len(world.history) == 1
    assert world.workload is not None
    assert world.workload["spec"]["progressDeadlineSeconds"] == 90
    assert world.workload["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 2, "maxUnavailable": 1}


def test_service_goes_with_the_ports() -> None:
    """Without ports there is no Service."""
    world = World(ports=HTTP)
    world.settle()
    world.change(ports=None)
    world.settle()

    assert world.service is None


def test_order_of_ports_means_nothing() -> None:
    """A list-map has no order."""
    ports = [*HTTP, {"name": "admin", "containerPort": 9090}]
    world = World(ports=ports)
    world.settle()
    world.change(ports=ports[::-1])
    world.settle()

    assert world.numbers == [1]


# --- scale


def test_scaling() -> None:
    """Replicas change in place: an entry of its own, no revision."""
    world = World()
    world.settle()
    world.change(replicas=4)
    plan = world.reconcile()

    assert plan.outcome.reason == "Scaling"
    assert world.history[0].outcome is None
    assert (world.history[0].old_replicas, world.history[0].new_replicas) == (1, 4)

    world.roll_out()
    world.reconcile()

    assert world.told[0] == ("Scale", 1, "Promoted")
    assert world.status["replicas"] == 4


def test_what_an_autoscaler_does_leaves_one_entry() -> None:
    """Each change is told by an Event; the history is for what people and images did."""
    world = World()
    world.settle()
    world.autoscaled = True
    told = []
    for replicas in (2, 5, 3):
        world.pass_time()
        world.change(replicas=replicas)
        plan = world.reconcile()
        assert plan.outcome.reason == "Scaling"
        told += [note.message for note in plan.events]
    world.settle()

    assert told == [
        f"Scaled revision 1 from {change} replicas (autoscaler)" for change in ("1 to 2", "2 to 5", "5 to 3")
    ]
    assert world.told == [("Scale", 1, "Promoted"), ("Create", 1, "Promoted")]
    assert (world.history[0].cause, world.history[0].new_replicas) == ("autoscaler", 3)

    world.autoscaled = False
    world.change(replicas=1)
    world.settle()

    assert [entry.cause for entry in world.history[:2]] == ["spec change", "autoscaler"]
    assert world.status["replicas"] == 1


def test_scaling_to_nothing() -> None:
    """Zero replicas are healthy, and the status says zero."""
    world = World()
    world.settle()
    world.change(replicas=0)
    world.settle()

    assert (world.phase, world.status["replicas"], world.status["readyReplicas"]) == ("Healthy", 0, 0)


def test_scaling_during_a_rollout_does_not_end_it() -> None:
    """A scale and a rollout go on side by side; the next scale supersedes the scale alone."""
    world = World()
    world.reconcile()
    for replicas in (2, 3):
        world.pass_time()
        world.change(replicas=replicas)
        world.reconcile()

    assert world.told == [("Scale", 1, None), ("Scale", 1, "Superseded"), ("Create", 1, None)]


# --- rollbacks


def test_rollback() -> None:
    """A rollback runs the old revision, rejects the digest it leaves and holds."""
    world = rolled_back()

    assert world.digest == digest(1)
    assert world.told == [
        ("Rollback", 1, "Promoted"),
        ("Update", 2, "RolledBack"),
        ("Create", 1, "Promoted"),
    ]
    assert world.history[0].cause == "rollbackTo revision 1: slow"
    assert world.rejected == {digest(2)}
    assert world.phase == "Paused"
    assert [condition.type for condition in world.conditions] == [HELD]
    annotations = {body["revision"]: body["metadata"]["annotations"] for body in world.revisions}
    assert json.loads(annotations[2]["slipway.dev/rejected"]) == world.status["rejected"][0]
    assert "slipway.dev/rejected" not in annotations[1]


def test_rollback_holds_and_names_what_is_wanted() -> None:
    """While it holds a newer digest is named, not run."""
    world = rolled_back()
    world.offer = managed_offer(3, 2, 1)
    plan = world.reconcile()

    assert isinstance(plan.outcome, Settled)
    assert plan.outcome.reason == "RolledBack"
    assert world.digest == digest(1)
    assert digest(3) in world.message
    assert "build 3" in world.message


def test_a_held_rollback_names_what_may_run_rather_than_what_is_rejected() -> None:
    """The newest digest was rejected too: what will be rolled out is the one before it."""
    world = two_revisions()
    world.offer = managed_offer(3, 2, 1)
    world.settle()
    world.change(rollbackTo={"revision": 1})
    world.settle()
    assert f"{digest(2)} (ManagedImage api: build 2) is wanted" in world.message

    world.change(rollbackTo=None)
    world.settle()
    assert world.digest == digest(2)


def test_rollback_restores_all_inputs_but_the_replicas() -> None:
    """Arguments and ports come back with the image; the number of replicas is that of now."""
    world = World(args=["old"])
    world.settle()
    world.change(args=["new"], ports=HTTP, replicas=5)
    world.settle()
    world.change(rollbackTo={"revision": 1})
    world.settle()

    assert world.workload is not None
    assert world.workload["spec"]["template"]["spec"]["containers"][0]["args"] == ["old"]
    assert world.workload["spec"]["replicas"] == 5
    assert world.service is None


def test_rollback_within_one_digest_rejects_nothing() -> None:
    """Going back to other arguments of the same image says nothing against the image."""
    world = World(args=["old"])
    world.settle()
    world.change(args=["new"])
    world.settle()
    world.change(rollbackTo={"revision": 1})
    world.settle()

    assert world.told[0] == ("Rollback", 1, "Promoted")
    assert world.rejected == set()


def test_release_skips_the_rejected_digest() -> None:
    """Without rollbackTo the rejected digest stays away, and the message says how to let it run."""
    world = rolled_back()
    world.change(rollbackTo=None)
    plan = world.settle()

    assert isinstance(plan.outcome, Settled)
    assert plan.outcome.reason == "DigestRejected"
    assert (world.digest, world.phase) == (digest(1), "Healthy")
    assert "acceptDigests" in world.message
    assert digest(2) in world.message
    assert world.conditions == ()


def test_release_goes_to_a_newer_digest() -> None:
    """Without rollbackTo the newest digest that is not rejected runs."""
    world = rolled_back()
    world.offer = managed_offer(3, 2, 1)
    world.change(rollbackTo=None)
    world.settle()

    assert world.digest == digest(3)
    assert world.history[0].cause == "rollbackTo was removed; ManagedImage api: build 3"
    assert world.rejected == {digest(2)}


def test_release_never_goes_to_an_older_digest() -> None:
    """When all newer ones are rejected what runs stays, though an older one is on offer."""
    world = World(managed_offer(1))
    world.settle()
    for numbers in ((2, 1), (3, 2, 1)):
        world.offer = managed_offer(*numbers)
        world.settle()
    world.change(rollbackTo={"revision": 2})
    world.settle()
    world.change(rollbackTo=None)
    world.settle()

    assert world.digest == digest(2)


def test_other_changes_go_out_while_the_newest_digest_is_rejected() -> None:
    """A rejection stands against an image, not against the rest of the spec."""
    world = rolled_back()
    world.change(rollbackTo=None, args=["--fixed"])
    world.settle()

    assert world.digest == digest(1)
    assert world.told[0] == ("Update", 3, "Promoted")


def test_accepted_digest_runs_again() -> None:
    """An accepted digest is not rejected any more, on the ControllerRevision too."""
    world = rolled_back()
    world.change(rollbackTo=None, acceptDigests=[digest(2)])
    world.settle()

    assert world.digest == digest(2)
    assert world.rejected == set()
    assert all("slipway.dev/rejected" not in body["metadata"]["annotations"] for body in world.revisions)


def test_rollback_to_a_rejected_revision_accepts_its_digest() -> None:
    """A person who names the revision means it."""
    world = rolled_back()
    world.change(rollbackTo={"revision": 2})
    world.settle()

    assert world.digest == digest(2)
    assert world.rejected == {digest(1)}


def test_rollback_to_what_runs_only_holds() -> None:
    """Nothing is left, so that nothing is rejected and no entry is made."""
    world = two_revisions()
    world.change(rollbackTo={"revision": 2})
    world.settle()
    world.offer = managed_offer(3, 2, 1)
    world.settle()

    assert (world.digest, world.phase, world.rejected) == (digest(2), "Paused", set())
    assert len(world.history) == 2


def test_rollback_counts_while_paused() -> None:
    """It is a person's word of now; paused only keeps new revisions back."""
    world = two_revisions()
    world.change(paused=True, rollbackTo={"revision": 1})
    world.settle()

    assert world.digest == digest(1)


def test_rollback_to_an_unknown_revision() -> None:
    """What runs stays, and the message names the revisions that there are."""
    world = two_revisions()
    world.change(rollbackTo={"revision": 9}, replicas=2)
    plan = world.reconcile()

    assert isinstance(plan.outcome, Stalled)
    assert plan.outcome.reason == "RevisionNotFound"
    assert "one of these: 1, 2" in plan.outcome.message
    assert world.phase == "Degraded"
    assert world.digest == digest(2)
    assert world.workload is not None
    assert world.workload["spec"]["replicas"] == 2


def test_rollback_before_any_revision() -> None:
    """There is nothing to go back to."""
    world = World(rollbackTo={"revision": 1})
    plan = world.reconcile()

    assert plan.outcome.reason == "RevisionNotFound"
    assert "remove rollbackTo" in plan.outcome.message
    assert world.workload is None


def test_rejections_survive_the_loss_of_the_status() -> None:
    """They are repeated on the ControllerRevisions."""
    world = rolled_back()
    world.status = {}
    world.reconcile()

    assert world.rejected == {digest(2)}


def test_target_of_a_rollback_is_not_pruned() -> None:
    """However old it is, and however many others there are."""
    world = World(revisionHistoryLimit=1, rollbackTo={"revision": 1})
    world.change(rollbackTo=None)
    world.settle()
    world.change(rollbackTo={"revision": 1}, revisionHistoryLimit=1)
    world.settle()
    for number in range(2, 6):
        world.offer = managed_offer(*range(number, 0, -1))
        world.settle()

    assert world.numbers == [1]


# --- pruning


def test_oldest_revisions_are_pruned() -> None:
    """The limit counts old revisions; current and stable ones come on top."""
    world = World(revisionHistoryLimit=2)
    for number in range(1, 7):
        world.offer = managed_offer(*range(number, 0, -1))
        world.settle()

    assert world.numbers == [4, 5, 6]


def test_stable_revision_is_kept_while_others_fail() -> None:
    """What was healthy last stays, however many failures came after it."""
    world = World(revisionHistoryLimit=1)
    world.settle()
    for number in range(2, 6):
        world.offer = managed_offer(*range(number, 0, -1))
        world.reconcile()
        world.get_stuck()
        world.pass_time()
        world.reconcile()

    assert world.numbers == [1, 4, 5]
    assert world.status["revision"] == {"current": 5, "stable": 1}


def test_numbers_are_never_given_twice() -> None:
    """Pruned numbers stay taken."""
    world = World(revisionHistoryLimit=1)
    for number in range(1, 5):
        world.offer = managed_offer(*range(number, 0, -1))
        world.settle()
    world.change(rollbackTo={"revision": 3})
    world.settle()
    world.revisions = [body for body in world.revisions if body["revision"] != 4]
    world.change(rollbackTo=None, args=["x"])
    world.settle()

    assert world.status["revision"]["current"] == 5


# --- paused


def test_paused_keeps_what_runs() -> None:
    """New images wait; replicas act."""
    world = World()
    world.settle()
    world.change(paused=True, replicas=3)
    world.offer = managed_offer(2, 1)
    plan = world.settle()

    assert isinstance(plan.outcome, Settled)
    assert (plan.outcome.reason, world.phase, world.digest) == ("Paused", "Paused", digest(1))
    assert world.status["replicas"] == 3
    assert digest(2) in world.message

    world.change(paused=False)
    world.settle()

    assert (world.phase, world.digest) == ("Healthy", digest(2))


def test_paused_from_the_start() -> None:
    """Nothing is made at all."""
    world = World(paused=True)
    plan = world.reconcile()

    assert isinstance(plan.outcome, Waiting)
    assert (plan.outcome.reason, world.phase) == ("Paused", "Paused")
    assert world.revisions == []


# --- sources


def test_reference_is_named_as_the_person_wrote_it() -> None:
    """The status shows the tag, the workload runs the digest and remembers the resolution."""
    world = World()
    world.refer_to(f"{REPOSITORY}:1.4", digest(7))
    world.settle()

    assert world.image == f"{REPOSITORY}@{digest(7)}"
    assert world.status["image"] == {"reference": f"{REPOSITORY}:1.4", "digest": digest(7)}
    assert world.workload is not None
    annotations = world.workload["metadata"]["annotations"]
    assert annotations["slipway.dev/resolved"] == f"{REPOSITORY}:1.4 {digest(7)}"


def test_another_tag_of_the_same_digest_rolls_nothing() -> None:
    """The digest is the identity; only the resolution is written anew."""
    world = World()
    world.refer_to(f"{REPOSITORY}:1.4", digest(7))
    world.settle()
    world.refer_to(f"{REPOSITORY}:latest", digest(7))
    world.settle()

    assert world.numbers == [1]
    assert len(world.history) == 1
    assert world.status["image"]["reference"] == f"{REPOSITORY}:latest"


def test_nothing_offered_and_nothing_runs() -> None:
    """The problem of the source is the outcome."""
    problem = Waiting("ManagedImageNotBuilt", "ManagedImage api has built nothing yet")
    world = World(Offer(problem=problem))
    plan = world.reconcile()

    assert plan.outcome == problem
    assert world.phase == "Progressing"
    assert world.workload is None


def test_lost_source_leaves_what_runs() -> None:
    """A deleted source takes nothing down, and replicas still act."""
    world = World()
    world.settle()
    world.offer = Offer(problem=Waiting("ManagedImageNotFound", "There is no ManagedImage api"))
    world.change(replicas=2)
    plan = world.settle()

    assert plan.outcome.reason == "ManagedImageNotFound"
    assert world.status["readyReplicas"] == 2
    assert world.digest == digest(1)


def test_registry_in_error_blocks_what_never_ran() -> None:
    """A digest without a revision waits; what runs stays."""
    world = World()
    world.settle()
    world.registry_error = "Registry acme is in Error"
    world.offer = managed_offer(2, 1)
    plan = world.settle()

    assert isinstance(plan.outcome, Waiting)
    assert plan.outcome.reason == "RegistryNotReady"
    assert plan.outcome.until is not None
    assert world.digest == digest(1)


def test_a_pull_secret_is_part_of_new_revisions_and_rolls_nothing_out_by_itself() -> None:
    """A Registry that begins to keep one must not replace the pods of everybody who uses it."""
    world = World()
    world.settle()
    world.pull_secret = "acme-pull"
    writes = world.writes
    world.settle()
    assert world.writes == writes

    world.change(args=["--other"])
    world.settle()
    assert world.workload is not None
    pods = world.workload["spec"]["template"]["spec"]
    assert pods["imagePullSecrets"] == [{"name": "acme-pull"}]


def test_registry_in_error_does_not_block_what_ran() -> None:
    """A revision that exists needs no registry to be chosen: rollbacks and other arguments go on."""
    world = two_revisions()
    world.registry_error = "Registry acme is in Error"
    world.change(args=["--other"])
    world.settle()
    assert world.told[0] == ("Update", 3, "Promoted")

    world.change(rollbackTo={"revision": 1})
    world.settle()
    assert world.digest == digest(1)


def test_every_offered_digest_is_rejected_and_nothing_runs() -> None:
    """A person must name what may run."""
    world = rolled_back()
    world.change(rollbackTo=None)
    world.status = {"rejected": world.status["rejected"]}
    world.workload, world.offer = None, managed_offer(2)
    plan = world.reconcile()

    assert isinstance(plan.outcome, Stalled)
    assert plan.outcome.reason == "NoAcceptableDigest"
    assert "acceptDigests" in plan.outcome.message


# --- health


def test_deadline() -> None:
    """A rollout without progress is Degraded, its entry Failed, and both end when it recovers."""
    world = two_revisions()
    world.offer = managed_offer(3, 2, 1)
    world.reconcile()
    world.get_stuck()
    world.trouble = "the container ends with exit code 1"
    plan = world.reconcile()

    assert isinstance(plan.outcome, Stalled)
    assert (plan.outcome.reason, world.phase) == ("ProgressDeadlineExceeded", "Degraded")
    assert world.message == "Revision 3 made no progress within 10m: the container ends with exit code 1"
    assert world.told[0] == ("Update", 3, "Failed")
    assert world.history[0].error == world.message
    assert world.status["revision"] == {"current": 3, "stable": 2}

    world.trouble = None
    world.roll_out()
    world.reconcile()

    assert (world.phase, world.told[0]) == ("Healthy", ("Update", 3, "Promoted"))
    assert world.history[0].error is None


def test_rollback_from_a_failed_rollout() -> None:
    """The failed entry says that it was rolled back, and keeps its error."""
    world = two_revisions()
    world.offer = managed_offer(3, 2, 1)
    world.reconcile()
    world.get_stuck()
    world.reconcile()
    world.pass_time()
    world.change(rollbackTo={"revision": 2})
    world.settle()

    assert world.told[:2] == [("Rollback", 2, "Promoted"), ("Update", 3, "RolledBack")]
    assert world.history[1].error is not None
    assert world.phase == "Paused"


def test_lost_pods() -> None:
    """Pods that stop being ready after a rollout are Degraded, and no rollout is made of it."""
    world = World(replicas=2)
    world.settle()
    world.lose_pods()
    world.trouble = "the container crashes"
    plan = world.reconcile()

    assert isinstance(plan.outcome, Waiting)
    assert (plan.outcome.reason, world.phase) == ("PodsNotReady", "Degraded")
    assert world.message == "0 of 2 replicas of revision 1 are ready: the container crashes"
    assert world.told == [("Create", 1, "Promoted")]


def test_pods_that_kubernetes_refuses() -> None:
    """Quota and admission speak through the ReplicaFailure of the workload."""
    world = World()
    world.reconcile()
    assert world.workload is not None
    failure = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota",
    }
    world.workload["status"] = {"observedGeneration": 1, "conditions": [failure]}
    plan = world.reconcile()

    assert (plan.outcome.reason, world.phase) == ("ReplicaFailure", "Degraded")
    assert "exceeded quota" in plan.outcome.message


# --- strangers and drift


@pytest.mark.parametrize("kind", ["Deployment", "Service"])
def test_name_conflict(kind: str) -> None:
    """A stranger's object with our name stops everything before anything is written."""
    world = World(ports=HTTP)
    world.strangers = frozenset({kind})
    plan = world.reconcile()

    assert isinstance(plan.outcome, Stalled)
    assert (plan.outcome.reason, world.phase) == ("NameConflict", "Degraded")
    assert plan.actions.nothing
    assert world.revisions == []


def test_strangers_service_is_no_conflict_without_ports() -> None:
    """Nothing of ours needs the name, and nothing of theirs is deleted."""
    world = World()
    world.strangers = frozenset({"Service"})
    world.settle()

    assert world.phase == "Healthy"


@pytest.mark.parametrize("kind", ["Deployment", "Service"])
def test_children_of_a_deleted_namesake_are_waited_for(kind: str) -> None:
    """After `kubectl replace --force` nobody has to act: Kubernetes collects the old children by itself."""
    world = World(ports=HTTP)
    world.left_over = frozenset({kind})
    plan = world.reconcile()

    assert isinstance(plan.outcome, Waiting)
    assert (plan.outcome.until, world.phase) == (timedelta(seconds=2), "Progressing")
    assert plan.outcome.message.startswith("Still being removed")
    assert plan.outcome.message.endswith(f"{kind} api")
    assert plan.actions.nothing

    world.left_over = frozenset()
    assert isinstance(world.settle().outcome, Settled)


def test_a_stranger_counts_more_than_a_leftover() -> None:
    """As long as a person has to act, that is what is said."""
    world = World(ports=HTTP)
    world.strangers, world.left_over = frozenset({"Service"}), frozenset({"Deployment"})

    assert isinstance(world.reconcile().outcome, Stalled)


@pytest.mark.parametrize("number", range(4))
def test_drift_is_repaired_without_an_entry(number: int) -> None:
    """What somebody edits by hand is put back."""
    world = World(ports=HTTP)
    world.settle()
    assert world.workload is not None
    assert world.service is not None
    container = world.workload["spec"]["template"]["spec"]["containers"][0]
    edits = (
        lambda: container.update(image="nginx"),
        lambda: world.workload["spec"].update(replicas=9),
        lambda: world.workload["spec"].update(paused=True),
        lambda: world.service["spec"].update(selector={"app": "other"}),
    )
    edits[number]()
    world.settle()

    assert world.image == f"{REPOSITORY}@{digest(1)}"
    assert world.workload["spec"]["replicas"] == 1
    assert world.workload["spec"]["paused"] is False
    assert world.service["spec"]["selector"] == {"slipway.dev/deployment": "api"}
    assert world.told == [("Create", 1, "Promoted")]


def test_undone_workload_is_repaired_without_an_entry() -> None:
    """`kubectl rollout undo` on the workload brings old annotations back; they are not news."""
    world = World()
    world.settle()
    old = world.workload
    world.offer = managed_offer(2, 1)
    world.settle()
    world.workload = old
    world.settle()

    assert world.digest == digest(2)
    assert world.told == [("Update", 2, "Promoted"), ("Create", 1, "Promoted")]


def test_deleted_children_come_back() -> None:
    """Workload, Service and revision are made anew, as what they were, even while paused."""
    world = World(ports=HTTP)
    world.settle()
    world.offer = managed_offer(2, 1)
    world.settle()
    world.change(paused=True)
    world.workload = world.service = None
    world.settle()
    world.revisions = [body for body in world.revisions if body["revision"] == 1]
    world.settle()

    assert world.digest == digest(2)
    assert world.service is not None
    assert world.numbers == [1, 2]
    assert len(world.history) == 2


@pytest.mark.parametrize("kind", ["Deployment", "Service"])
def test_children_without_their_label_get_it_back(kind: str) -> None:
    """Without it nobody would hear of their changes; it is no entry in the history."""
    world = World(ports=HTTP)
    world.settle()
    world.unwatched = frozenset({kind})
    world.settle()
    before = world.writes
    world.reconcile()

    assert (world.unwatched, world.writes) == (frozenset(), before)
    assert world.told == [("Create", 1, "Promoted")]


# --- crashes and clocks


def test_crash_between_workload_and_status() -> None:
    """What began is recorded by the next run, as it began, before anything newer."""
    world = World()
    world.settle()
    world.offer = managed_offer(2, 1)
    world.crash_before = 2
    begun = world.now
    with pytest.raises(Crash):
        world.reconcile()
    assert world.digest == digest(2)
    world.pass_time(60)
    world.offer = managed_offer(3, 2, 1)
    world.reconcile()

    assert world.told == [("Update", 3, None), ("Update", 2, "Superseded"), ("Create", 1, "Promoted")]
    assert world.history[1].started_at == begun


def test_crash_of_a_rollback() -> None:
    """The rejection is known whichever write was the last, even when rollbackTo is removed meanwhile."""
    world = two_revisions()
    world.change(rollbackTo={"revision": 1})
    world.crash_before = 2
    with pytest.raises(Crash):
        world.reconcile()
    assert world.digest == digest(1)
    world.revisions = [body for body in world.revisions if body["revision"] == 1]
    world.change(rollbackTo=None)
    world.pass_time()
    world.settle()

    assert world.rejected == {digest(2)}
    assert world.digest == digest(1)


def test_clock_that_was_set_back() -> None:
    """A change is recorded all the same, and no later run repeats it."""
    world = World()
    world.settle()
    world.now = START - timedelta(days=1)
    world.change(replicas=2)
    world.settle()
    before = world.writes
    world.reconcile()

    assert world.told[0] == ("Scale", 1, "Promoted")
    assert world.writes == before


def test_operator_that_renders_differently_rolls_nothing() -> None:
    """The stored template is what runs."""
    world = World()
    world.settle()
    for body in (world.revisions[0]["data"], world.workload["spec"] if world.workload else {}):
        del body["template"]["spec"]["automountServiceAccountToken"]
    before = world.writes
    world.reconcile()

    assert world.writes == before


# --- requests, limits


def test_request_is_handled() -> None:
    """slipway.dev/reconcile gets its answer in the status."""
    world = World()
    world.settle()
    facts = replace(world.facts(), requests=(Request("reconcile", world.now),))
    plan = decide(facts, world.now)

    assert [entry["result"] for entry in plan.status["handledRequests"]] == ["Reconciled"]


@pytest.mark.parametrize("reason", ["NameConflict", "InvalidSpec"])
def test_request_is_handled_once_where_nothing_can_be_done(reason: str) -> None:
    """A stopped Deployment answers slipway.dev/reconcile too, and so does not count it as new for ever."""
    world = World()
    request = Request("reconcile", START + timedelta(seconds=1))
    plan = stop(replace(world.facts(), requests=(request,)), Stalled(reason, "no"))
    (entry,) = plan.status["handledRequests"]

    assert (entry["verb"], entry["at"], entry["result"]) == (
        "reconcile",
        "2026-11-21T09:00:01Z",
        "Reconciled",
    )
    annotations = {"slipway.dev/reconcile": entry["at"]}
    handled = plan.status["handledRequests"]
    assert new_requests(annotations, handled, START, START + timedelta(seconds=2)).new == ()


def test_long_messages_fit() -> None:
    """A long answer of a host must not make the status invalid."""
    world = World()
    plan = stop(world.facts(), Stalled("InvalidSpec", "x" * 10_000))

    assert len(plan.status["message"]) == MESSAGE_LIMIT
    DeploymentStatus.model_validate(plan.status)


def test_history_and_rejections_are_bounded() -> None:
    """50 of each, the newest."""
    world = World(managed_offer(1), revisionHistoryLimit=1)
    world.settle()
    for number in range(2, 53):
        world.offer = managed_offer(number)
        world.change(rollbackTo=None)
        world.reconcile()
        world.change(rollbackTo={"revision": 1})
        world.settle()

    assert len(world.history) == 50
    assert len(world.rejected) == 50
    assert digest(52) in world.rejected
    assert digest(2) not in world.rejected
    DeploymentStatus.model_validate(world.status)


def test_events_tell_what_changed() -> None:
    """One Event per beginning and per end, none when nothing changed."""
    world = two_revisions()
    world.offer = managed_offer(3, 2, 1)
    begun = world.reconcile()
    world.roll_out()
    ended = world.reconcile()

    assert [note.reason for note in begun.events] == ["RevisionCreated"]
    assert [note.reason for note in ended.events] == ["RolloutCompleted"]
    assert world.reconcile().events == ()

    world.change(rollbackTo={"revision": 2})
    assert [note.reason for note in world.reconcile().events] == ["RolledBack", "DigestRejected"]


@pytest.mark.parametrize("reason", ["see https://wiki.example.com/x?id=3", "token=abcdef0123456789 leaked"])
def test_a_reason_with_what_may_be_a_secret_is_told_once_and_without_it(reason: str) -> None:
    """What the status does not show, the children do not show either."""
    world = World()
    world.settle()
    world.offer = managed_offer(2, 1)
    world.settle()
    world.change(rollbackTo={"revision": 1, "reason": reason})
    world.settle()
    writes = world.writes
    world.reconcile()

    assert world.writes == writes
    assert [entry.action for entry in world.history] == ["Rollback", "Update", "Create"]
    assert reason not in str(world.workload) + str(world.revisions)


def test_a_change_that_an_earlier_version_noted_with_a_secret_is_no_new_one() -> None:
    """The note on the workload differs from the history, and is put right with the next write."""
    world = World()
    world.settle()
    assert world.workload is not None
    note = json.loads(world.workload["metadata"]["annotations"]["slipway.dev/change"])
    note["cause"] = "token=abcdef0123456789"
    world.workload["metadata"]["annotations"]["slipway.dev/change"] = json.dumps(note)
    world.settle()
    world.change(replicas=2)
    world.settle()

    assert [entry.action for entry in world.history] == ["Scale", "Create"]


def test_a_revision_gets_back_the_label_that_it_is_watched_by() -> None:
    """Without it nobody would hear that somebody deletes it."""
    world = World()
    world.settle()
    world.unheard = frozenset({1})
    world.settle()

    assert world.unheard == frozenset()

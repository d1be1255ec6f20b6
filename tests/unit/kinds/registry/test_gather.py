from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest

from slipway.api.conditions import Reason
from slipway.engine.outcome import Settled, Stalled, Waiting
from slipway.kinds.context import Context
from slipway.kinds.registry import RegistryKind
from slipway.kinds.registry import gather as module
from slipway.kinds.registry.access import AccessProblem, RegistryAccess
from slipway.kinds.registry.decide import Facts, Seen, decide
from slipway.kinds.registry.gather import RegistryGatherer
from slipway.kinds.registry.pullsecret import docker_config
from slipway.kinds.registry.view import RegistryView, registry_key
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.kube.errors import KubeError
from slipway.oci.credentials import Credential
from slipway.oci.errors import AuthenticationFailed, RateLimited, RegistryError, RegistryUnreachable
from slipway.oci.pool import PooledRegistry
from slipway.oci.sources import CredentialSource, StaticCredential
from tests.support.outside import without_cluster
from tests.unit.engine.support import ManualClock

KEY = registry_key("shop", "acme")
ROBOT = Credential.basic("robot", "correct horse")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Lent:
    """A credential that another one follows when its time is over, as clouds give it."""

    clock: ManualClock
    lifetime: float
    got_at: float | None = None

    async def credential(self) -> Credential:
        """Another one whenever the last one has had its time."""
        if self.renews_in == 0.0:
            self.got_at = self.clock.monotonic()
        return Credential.basic("AWS", f"got at {self.got_at}")

    @property
    def renews_in(self) -> float:
        """Seconds."""
        return 0.0 if self.got_at is None else max(self.got_at + self.lifetime - self.clock.monotonic(), 0.0)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Nobody asks."""
        return ()


@dataclass
class Stage:
    """One Registry, its Secret, and the registry behind it."""

    body: dict[str, Any] | None
    clock: ManualClock
    failure: RegistryError | AccessProblem | None = None
    thorough: list[bool] = field(default_factory=list)
    """Each test of the connection, and whether it looked closely."""

    secret_version: str = "1"
    credential_id: str = "robot"
    forgotten: list[str] = field(default_factory=list)
    source: CredentialSource = field(default_factory=lambda: StaticCredential(ROBOT))
    gatherer: RegistryGatherer = field(init=False)

    # --- in place of the API server

    async def get(self, resource: Any, *_: str) -> dict[str, Any] | None:
        """The Registry; there is no pull Secret."""
        return self.body if resource.plural == "registries" else None

    async def get_metadata(self, *_: Any) -> dict[str, Any]:
        """Of the Secret."""
        return {"metadata": {"uid": "s1", "resourceVersion": self.secret_version}}

    # --- in place of the way to the registry

    async def registry_of(self, _: RegistryView) -> PooledRegistry:
        """Nobody calls it."""
        client: Any = None
        return PooledRegistry(client, client, self.source, self.credential_id, "any")

    def is_ambient(self, _: RegistryView) -> bool:
        """No cloud."""
        return False

    async def look_at(self, *_: Any, thorough: bool) -> Seen:
        """The test itself."""
        self.thorough.append(thorough)
        if self.failure is not None:
            raise self.failure
        return Seen(("Catalog",), 7)

    # --- what a test does

    async def gather(self, after: timedelta = timedelta(0)) -> Facts | None:
        """One run so much later, whose status is written."""
        self.clock.seconds += (after).total_seconds()
        facts = await self.gatherer.gather(KEY)
        if facts is not None and self.body is not None:
            plan = decide(facts, self.clock.now())
            ready = "True" if isinstance(plan.outcome, Settled) else "False"
            conditions = [{"type": "Ready", "status": ready, "reason": "Any", "message": "any"}]
            conditions = [{**one, "lastTransitionTime": "2026-11-21T09:00:00Z"} for one in conditions]
            generation = self.body["metadata"]["generation"]
            status = {**plan.status, "observedGeneration": generation, "conditions": conditions}
            self.body["status"] = status
        return facts

    def restart(self) -> None:
        """Another process, which remembers nothing."""
        self.gatherer = RegistryGatherer(self.gatherer._context)

    @property
    def tests(self) -> int:
        """How often the connection was tested."""
        return len(self.thorough)


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A Registry that is tested once a day, unless something happens."""
    body = {
        "metadata": {
            "name": "acme",
            "namespace": "shop",
            "uid": "u1",
            "resourceVersion": "42",
            "generation": 1,
            "creationTimestamp": "2026-11-21T08:00:00Z",
        },
        "spec": {"url": "https://r.example.com", "interval": "24h", "secretRef": {"name": "robot"}},
    }
    made = Stage(body, ManualClock())
    monkeypatch.setattr(module, "look_at", made.look_at)
    async with without_cluster(clock=made.clock) as context:
        monkeypatch.setattr(type(context.lookups), "forget", lambda _, one: made.forgotten.append(one))
        made.gatherer = RegistryGatherer(_on(made, context))
        yield made


def _on(stage: Stage, context: Context) -> Context:
    return replace(context, kube=cast("KubeClient", stage), registries=cast("RegistryAccess", stage))


async def test_a_new_registry_is_tested_closely_and_then_left_alone(stage: Stage) -> None:
    """Until its interval is over; then the quick test does."""
    await stage.gather()
    await stage.gather(MINUTE)
    assert stage.thorough == [True]

    await stage.gather(DAY)
    assert stage.thorough == [True, False]


async def test_a_changed_secret_is_tested_closely(stage: Stage) -> None:
    """Somebody else may see other things."""
    await stage.gather()
    stage.secret_version = "2"

    await stage.gather(MINUTE)

    assert stage.thorough == [True, True]


async def test_pods_follow_another_credential_within_a_minute(stage: Stage) -> None:
    """Without a request and long before the interval is over: the run that the decision asks for finds it."""
    facts = await stage.gather()
    assert facts is not None
    outcome = decide(facts, stage.clock.now()).outcome
    assert isinstance(outcome, Settled)
    assert outcome.next_check is not None
    assert outcome.next_check <= MINUTE

    deputy = Credential.basic("deputy", "battery staple")
    stage.source, stage.secret_version = StaticCredential(deputy), "2"
    written = await _written(stage, outcome.next_check)

    assert written == docker_config("r.example.com", "", deputy)


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(RegistryUnreachable("no connection"), id="the registry is down"),
        pytest.param(AccessProblem(Waiting(Reason.SECRET_NOT_FOUND, "create it")), id="the Secret is gone"),
        pytest.param(AccessProblem(Stalled(Reason.CREDENTIAL_NOT_BOUND, "bind it")), id="another url"),
    ],
)
async def test_trouble_takes_no_pull_secret_from_the_pods(
    stage: Stage, failure: RegistryError | AccessProblem
) -> None:
    """It stays as it was, until somebody wants none."""
    assert stage.body is not None
    assert await _written(stage, timedelta(0)) is not None
    stage.failure, stage.secret_version = failure, "2"
    facts = await stage.gather(MINUTE)
    assert facts is not None
    assert facts.look is not None
    assert facts.look.result is not None
    assert facts.look.result.trouble is not None
    assert facts.pull is None

    stage.body["spec"]["pullSecret"] = {"enabled": False}
    stage.body["metadata"]["generation"] = 2
    facts = await stage.gather(MINUTE)
    assert facts is not None
    assert facts.pull is not None
    assert facts.pull.wanted is None


async def test_while_it_is_suspended_the_pull_secret_stays(stage: Stage) -> None:
    """Not even a person who wants none gets that done before it goes on."""
    assert stage.body is not None
    await stage.gather()
    stage.body["spec"] |= {"suspend": True, "pullSecret": {"enabled": False}}
    facts = await stage.gather(MINUTE)

    assert facts is not None
    assert facts.pull is None
    assert decide(facts, stage.clock.now()).actions is None


async def test_no_interval_is_shorter_than_the_operators_minimum(stage: Stage) -> None:
    """Whatever the spec says; the minimum is a minute unless a setting says otherwise."""
    assert stage.body is not None
    stage.body["spec"]["interval"] = "1s"
    await stage.gather()
    for _ in range(5 * 60):
        await stage.gather(timedelta(seconds=1))

    assert 5 <= stage.tests <= 1 + 5


async def test_a_registry_that_was_down_is_tested_again_soon(stage: Stage) -> None:
    """In seconds at first, then with longer and longer pauses."""
    stage.failure = RegistryUnreachable("no connection")
    await stage.gather()
    for _ in range(60):
        await stage.gather(timedelta(seconds=1))
    in_a_minute = stage.tests
    for _ in range(60):
        await stage.gather(MINUTE)

    assert 4 <= in_a_minute <= 7
    assert stage.tests <= in_a_minute + 7


async def test_a_wrong_password_is_not_tried_again_until_it_changes(stage: Stage) -> None:
    """Accounts get locked."""
    stage.failure = AuthenticationFailed("check user name and password")
    await stage.gather()
    for _ in range(60):
        await stage.gather(MINUTE)
    assert stage.tests == 1

    stage.secret_version = "2"
    await stage.gather(MINUTE)
    assert stage.tests == 2


async def test_a_registry_that_wants_to_be_left_alone_is(stage: Stage) -> None:
    """As long as it said, and at most an hour."""
    stage.failure = RateLimited("fewer requests", 7200.0)
    await stage.gather()

    await stage.gather(59 * MINUTE)
    assert stage.tests == 1
    await stage.gather(MINUTE)
    assert stage.tests == 2


async def test_after_a_restart_a_connected_registry_waits_for_its_moment(stage: Stage) -> None:
    """And one that was not is tested within about a minute."""
    await stage.gather()
    stage.restart()
    await stage.gather(MINUTE)
    await stage.gather(2 * MINUTE)
    assert stage.tests == 1

    stage.failure = RegistryUnreachable("no connection")
    await stage.gather(DAY)
    stage.restart()
    await stage.gather()
    assert stage.tests == 2
    await stage.gather(70 * timedelta(seconds=1))
    assert stage.tests == 3


async def test_what_a_credential_found_goes_with_it(stage: Stage) -> None:
    """When it is another one, and when the Registry is deleted."""
    await stage.gather()
    stage.secret_version, stage.credential_id = "2", "deputy"
    await stage.gather(MINUTE)
    assert stage.forgotten == ["robot"]

    stage.body = None
    assert await stage.gather(MINUTE) is None
    assert stage.forgotten == ["robot", "deputy"]


async def _written(stage: Stage, after: timedelta) -> bytes | None:
    """What the pull Secret must hold, if it is looked at so much later."""
    facts = await stage.gather(after)
    assert facts is not None
    return facts.pull.wanted if facts.pull is not None else None


async def test_pods_get_another_credential_before_theirs_ends(stage: Stage) -> None:
    """When the cloud's source gives another one, and not before."""
    stage.source = Lent(stage.clock, 8 * 3600)
    first = await _written(stage, timedelta(0))
    assert first is not None
    assert await _written(stage, 8 * HOUR - MINUTE) is None

    second = await _written(stage, MINUTE)
    assert second is not None
    assert second != first

    assert await _written(stage, 8 * HOUR - MINUTE) is None
    assert await _written(stage, MINUTE) not in {None, first, second}


async def test_the_next_run_is_at_the_time_of_the_renewal(stage: Stage) -> None:
    """Nobody else would begin one."""
    assert stage.body is not None
    stage.source = Lent(stage.clock, 2400)
    facts = await stage.gather()

    assert facts is not None
    assert facts.look is not None
    assert facts.look.look_again_at == stage.clock.now() + 40 * MINUTE


async def test_a_credential_without_an_end_is_not_renewed(stage: Stage) -> None:
    """A test would find the same."""
    facts = await stage.gather()
    assert facts is not None
    assert facts.look is not None
    assert facts.look.look_again_at is None

    for _ in range(23):
        await stage.gather(HOUR)
    assert stage.tests <= 2


async def test_a_credential_that_pods_do_not_get_is_not_renewed_for_them(stage: Stage) -> None:
    assert stage.body is not None
    stage.body["spec"]["pullSecret"] = {"enabled": False}
    stage.source = Lent(stage.clock, 600)
    facts = await stage.gather()

    assert facts is not None
    assert facts.look is not None
    assert facts.look.look_again_at is None


async def test_a_cloud_that_does_not_answer_is_asked_each_minute(stage: Stage) -> None:
    """The source then keeps what it has, and wants to be asked again at once."""
    stage.source = Lent(stage.clock, 0)
    for _ in range(120):
        await stage.gather(timedelta(seconds=1))

    assert stage.tests == 2


@pytest.mark.parametrize("product", ["ECR", "ACR", "GAR"])
async def test_after_a_restart_a_credential_that_may_end_is_looked_at_soon(
    stage: Stage, product: str
) -> None:
    """When it ends only the process before knew: within five minutes, and not all in the same moment."""
    assert stage.body is not None
    stage.body["spec"]["type"] = product
    stage.source = Lent(stage.clock, 8 * 3600)
    await stage.gather()
    moments = set()
    for uid in ("u1", "u2", "u3"):
        stage.body["metadata"]["uid"] = uid
        stage.restart()
        facts = await stage.gather()
        assert facts is not None
        assert facts.look is not None
        assert facts.look.look_again_at is not None
        moments.add(facts.look.look_again_at - stage.clock.now())

    assert len(moments) == 3
    assert timedelta(0) < min(moments)
    assert max(moments) <= 5 * MINUTE
    assert stage.tests == 1
    await stage.gather(5 * MINUTE)
    await stage.gather(5 * MINUTE)
    assert stage.tests == 2


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"type": "Harbor"}, id="it has no end"),
        pytest.param({"type": "ECR", "secretRef": None}, id="there is no Secret for pods"),
        pytest.param({"type": "ECR", "pullSecret": {"enabled": False}}, id="pods are given none"),
    ],
)
async def test_after_a_restart_nothing_else_is_looked_at_sooner(stage: Stage, spec: dict[str, Any]) -> None:
    assert stage.body is not None
    stage.body["spec"].update(spec)
    await stage.gather()
    stage.restart()
    facts = await stage.gather(MINUTE)

    assert facts is not None
    assert facts.look is not None
    assert facts.look.look_again_at is None


async def test_what_could_not_be_written_is_found_anew(stage: Stage) -> None:
    """The next run tests, and so has the pull Secret to write."""
    ensure = AsyncMock(side_effect=KubeError("the API server does not answer"))
    children = cast("Children", SimpleNamespace(ensure=ensure))
    kind = RegistryKind(replace(stage.gatherer._context, children=children))
    stage.gatherer = kind._gatherer
    assert await _written(stage, timedelta(0)) is not None
    assert await _written(stage, MINUTE) is None
    stage.secret_version = "2"
    facts = await stage.gather(MINUTE)

    assert facts is not None
    with pytest.raises(KubeError):
        await kind.apply(facts, kind.decide(facts, stage.clock.now()))

    ensure.assert_awaited_once()
    assert await _written(stage, timedelta(seconds=1)) is not None
    assert await _written(stage, MINUTE) is None

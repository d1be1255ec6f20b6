from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.egress import CircuitOpen, ConnectFailed
from slipway.egress.circuit import LONGEST, SHORTEST, THRESHOLD, Circuit, Circuits, Failure

REFUSED = Failure("no connection: Connection refused", ConnectFailed)


def _middle() -> float:
    return 0.5


def _opened(at: float = 0.0) -> Circuit:
    circuit = Circuit(_middle)
    for _ in range(THRESHOLD):
        circuit.fail(at, REFUSED)
    return circuit


def test_a_few_failures_are_borne() -> None:
    """Only five in a row open it; one answer between them begins the count anew."""
    circuit = Circuit(_middle)
    for _ in range(3):
        for _ in range(THRESHOLD - 1):
            circuit.fail(0, REFUSED)
        assert circuit.wait(0) == 0
        circuit.succeed()
    assert _opened().wait(0) == SHORTEST


def test_one_request_finds_out_whether_the_host_is_back() -> None:
    """After the pause the first one goes, all others wait for what it brings."""
    circuit = _opened()

    assert circuit.wait(SHORTEST - 0.1) == pytest.approx(0.1)
    assert circuit.wait(SHORTEST) == 0
    assert circuit.enter()
    assert circuit.wait(SHORTEST + 1) > 0
    circuit.succeed()
    assert circuit.wait(SHORTEST + 1) == 0
    assert not circuit.enter()


def test_a_request_that_finds_out_nothing_lets_another_one() -> None:
    """It was cancelled, or never sent."""
    circuit = _opened()
    circuit.enter()

    circuit.leave()

    assert circuit.wait(SHORTEST) == 0


def test_pauses_grow_to_two_minutes_and_begin_anew() -> None:
    """Twice as long each time that the host is still not back."""
    circuit, moment, pauses = _opened(), 0.0, []
    for _ in range(8):
        pauses.append(circuit.wait(moment))
        moment += pauses[-1]
        circuit.enter()
        circuit.fail(moment, REFUSED)
    assert pauses == [5, 10, 20, 40, 80, LONGEST, LONGEST, LONGEST]

    circuit.succeed()
    for _ in range(THRESHOLD):
        circuit.fail(moment, REFUSED)
    assert circuit.wait(moment) == SHORTEST


def test_what_was_sent_before_it_opened_does_not_count_twice() -> None:
    """Twenty requests under way that fail together are one outage."""
    circuit = _opened()
    for _ in range(20):
        circuit.fail(1.0, REFUSED)

    assert circuit.wait(1.0) == SHORTEST - 1


def test_failures_of_one_address_count_once() -> None:
    """Until the host answers; then they count anew. What still fails when it opened opens it again."""
    circuit = Circuit(_middle)
    for answers in range(2):
        for _ in range(3):
            for number in range(THRESHOLD - 1):
                circuit.fail(0, Failure("status 500", address=f"/{number}"))
        assert circuit.wait(0) == 0
        if not answers:
            circuit.succeed()
    circuit.fail(0, Failure("status 500", address="/last"))
    assert circuit.wait(0) == SHORTEST
    circuit.enter()
    circuit.fail(SHORTEST, Failure("status 500", address="/last"))
    assert circuit.wait(SHORTEST) == 2 * SHORTEST


@given(
    st.lists(
        st.tuples(
            st.floats(min_value=0, max_value=200), st.sampled_from(["enter", "fail", "succeed", "leave"])
        ),
        max_size=60,
    ),
    st.floats(min_value=0, max_value=1),
)
@settings(max_examples=150)
def test_no_history_closes_a_host_for_ever(steps: list[tuple[float, str]], chance: float) -> None:
    """Whatever happened, two minutes later a request may go; and an answer opens the way to all."""
    circuit, moment, in_a_row = Circuit(lambda: chance), 0.0, 0
    for pause, step in steps:
        moment += pause
        if step == "enter" and circuit.wait(moment) == 0:
            circuit.enter()
        elif step == "fail":
            circuit.fail(moment, REFUSED)
            in_a_row += 1
        elif step == "succeed":
            circuit.succeed()
            in_a_row = 0
        elif step == "leave":
            circuit.leave()
        assert 0 <= circuit.wait(moment) <= LONGEST
        assert in_a_row >= THRESHOLD or circuit.wait(moment) == 0
    circuit.leave()
    assert circuit.wait(moment + LONGEST) == 0
    circuit.succeed()
    assert circuit.wait(moment) == 0


def test_each_host_has_a_circuit_of_its_own() -> None:
    """The refusal names the host, what failed last and the time; of hosts that work nothing is kept."""
    circuits = Circuits(_middle)
    for _ in range(THRESHOLD):
        circuits.fail("a", 0, REFUSED)
    circuits.fail("b", 0, REFUSED)

    with pytest.raises(CircuitOpen, match=r"https://a is left alone.*Connection refused") as caught:
        circuits.check("a", lambda: "https://a", 1)
    assert caught.value.retry_after == SHORTEST - 1
    assert caught.value.last is ConnectFailed
    circuits.check("b", lambda: "https://b", 1)
    circuits.succeed("a")
    circuits.check("a", lambda: "https://a", 1)
    assert set(circuits._circuits) == {"b"}


def test_circuits_do_not_pile_up() -> None:
    """Of very many hosts that fail the oldest are forgotten."""
    circuits = Circuits()
    for number in range(5000):
        circuits.fail(number, 0, REFUSED)

    assert len(circuits._circuits) == 4096

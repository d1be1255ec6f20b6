"""The fake nodes and the stages that KWOK plays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from dev.nodes import is_ready, node_names, write_stages
from dev.state import ClusterOptions


def _stages(target: Path, options: ClusterOptions) -> dict[str, Any]:
    write_stages(target, options)
    return {stage["metadata"]["name"]: stage["spec"] for stage in yaml.safe_load_all(target.read_text())}


def test_the_stages_are_filled_in_and_valid_yaml(tmp_path: Path) -> None:
    """Delays in milliseconds, and one expression for what becomes of a pod."""
    options = ClusterOptions(ready_delay=1.5, job_run_time=0.25)

    stages = _stages(tmp_path / "stages.yaml", options)

    assert stages["pod-ready"]["delay"]["durationMilliseconds"] == 1500
    assert stages["job-succeeded"]["delay"]["durationMilliseconds"] == 250
    assert "<<" not in (tmp_path / "stages.yaml").read_text().replace("<<outcome>> is", "")


def test_every_outcome_has_a_stage(tmp_path: Path) -> None:
    """No pod is left waiting for a stage that does not exist; only `pulling` waits, for the puller."""
    stages = _stages(tmp_path / "stages.yaml", ClusterOptions())

    handled = {
        value
        for stage in stages.values()
        for expression in stage["selector"]["matchExpressions"]
        if "slipway.dev/outcome" in expression["key"]
        for value in expression["values"]
    }

    assert handled == {
        *("ready", "succeeded", "failed", "oomkilled", "neverready", "crash", "oom", "fail", "pullfail")
    }


@given(st.integers(min_value=0, max_value=50))
def test_nodes_have_names_of_their_own(count: int) -> None:
    """As many names as nodes."""
    assert len(set(node_names(ClusterOptions(nodes=count)))) == count


def test_a_node_is_ready_when_it_says_so_and_has_no_taint() -> None:
    """New nodes carry a taint until the controllers have seen them Ready."""
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}

    assert is_ready({"spec": {}, "status": ready})
    assert not is_ready({"spec": {"taints": [{"key": "node.kubernetes.io/not-ready"}]}, "status": ready})
    assert not is_ready({"spec": {}})
    assert not is_ready(None)

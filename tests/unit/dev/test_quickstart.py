"""The manifests that the README tells a newcomer to apply."""

from __future__ import annotations

import yaml

from dev.story.scene import QUICKSTART


def test_joined_files_are_four_documents() -> None:
    """`sed … examples/quickstart/*.yaml | kubectl apply -f -` reads all files as one stream."""
    joined = "".join(file.read_text(encoding="utf-8") for file in sorted(QUICKSTART.glob("*.yaml")))
    kinds = [document["kind"] for document in yaml.safe_load_all(joined)]

    assert kinds == ["Deployment", "ManagedImage", "Registry", "Warehouse"]

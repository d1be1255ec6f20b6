from __future__ import annotations

import hashlib

from slipway.build.rebase.documents import Provenance, config_document, manifest_document
from slipway.build.rebase.image import Layer

PROVENANCE = Provenance("registry.test/base:1", "sha256:new", "sha256:source")


def test_documents_have_one_spelling() -> None:
    """Sorted keys, no spaces, UTF-8: the same content has the same digest on every machine."""
    one, other = config_document({"b": "é", "a": 1}), config_document({"a": 1, "b": "é"})
    assert one == other
    assert one.content == '{"a":1,"b":"é"}'.encode()
    assert one.digest == "sha256:" + hashlib.sha256(one.content).hexdigest()
    assert one.size == len(one.content)


def test_annotations_of_layers_stay() -> None:
    """They describe the stored bytes, which stay the same."""
    layer = Layer("sha256:a", 1, "type", "sha256:b", {"toc": "x"})
    manifest = manifest_document(config_document({}), [layer], {})
    assert b'"annotations":{"toc":"x"},"digest":"sha256:a"' in manifest.content


def test_labels_never_name_the_source_build() -> None:
    """Images built on the result inherit its labels, and they are no results of a rebase."""
    assert "sha256:source" not in PROVENANCE.labels.values()
    assert "sha256:source" in PROVENANCE.annotate({}, "").values()


def test_a_time_is_renewed_but_never_added() -> None:
    """An annotation `created` that the source build lacked would be news of ours."""
    created = "org.opencontainers.image.created"
    assert PROVENANCE.annotate({created: "old"}, "new")[created] == "new"
    assert PROVENANCE.annotate({created: "old"}, "")[created] == "old"
    assert created not in PROVENANCE.annotate({}, "new")

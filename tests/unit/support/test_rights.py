"""The table of rights is one that a ClusterRole can be made of."""

from __future__ import annotations

from tests.support.rights import needed_rights


def test_every_row_grants_verbs_on_resources_and_none_grants_everything() -> None:
    """No `*`, and no verb that would let the operator give itself more."""
    rules = needed_rights()

    assert len(rules) > 10
    for rule in rules:
        assert all(rule.values()), rule
        assert not {"*", "escalate", "bind", "impersonate"} & {
            word for words in rule.values() for word in words
        }


def test_secrets_are_read_by_name_and_never_listed() -> None:
    """A list would show those of everybody."""
    verbs = {verb for rule in needed_rights() if "secrets" in rule["resources"] for verb in rule["verbs"]}

    assert "get" in verbs
    assert not verbs & {"list", "watch"}

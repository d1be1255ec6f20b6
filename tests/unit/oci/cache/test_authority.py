from __future__ import annotations

from slipway.oci.cache.authority import Authority, Sight
from tests.unit.engine.support import ManualClock
from tests.unit.oci.cache.support import HOST, digest

SIGHT = Sight(HOST, "shop/api", digest("one"), "alice")


def test_a_sight_lasts_five_minutes() -> None:
    clock = ManualClock()
    authority = Authority(clock, 10)

    authority.grant(SIGHT)
    clock.seconds += 299.9

    assert authority.holds(SIGHT)
    clock.seconds += 0.1
    assert not authority.holds(SIGHT)


def test_another_sight_of_the_same_begins_the_five_minutes_anew() -> None:
    clock = ManualClock()
    authority = Authority(clock, 10)
    authority.grant(SIGHT)
    clock.seconds += 200

    authority.grant(SIGHT)
    clock.seconds += 200

    assert authority.holds(SIGHT)


def test_a_sight_is_of_one_host_repository_digest_and_credential() -> None:
    authority = Authority(ManualClock(), 10)

    authority.grant(SIGHT)

    assert not authority.holds(SIGHT._replace(host="other.example.com"))
    assert not authority.holds(SIGHT._replace(repository="shop/web"))
    assert not authority.holds(SIGHT._replace(digest=digest("two")))
    assert not authority.holds(SIGHT._replace(credential_id="bob"))


def test_the_oldest_sights_make_room() -> None:
    authority = Authority(ManualClock(), 2)
    one, two, three = (SIGHT._replace(digest=digest(name)) for name in ("one", "two", "three"))

    for sight in (one, two, one, three):
        authority.grant(sight)

    assert [authority.holds(sight) for sight in (one, two, three)] == [True, False, True]


def test_sights_that_ended_take_up_no_room() -> None:
    clock = ManualClock()
    authority = Authority(clock, 1000)
    for number in range(100):
        authority.grant(SIGHT._replace(digest=digest(str(number))))
    clock.seconds += 300

    authority.grant(SIGHT)

    assert len(authority) == 1


def test_a_revoked_credential_has_seen_nothing_and_others_have() -> None:
    authority = Authority(ManualClock(), 10)
    authority.grant(SIGHT)
    authority.grant(SIGHT._replace(credential_id="bob"))

    authority.revoke("alice")

    assert not authority.holds(SIGHT)
    assert authority.holds(SIGHT._replace(credential_id="bob"))

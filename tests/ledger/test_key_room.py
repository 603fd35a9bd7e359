"""How many keys one client may use: counted on both stores, now and then, and never by the write itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from structlog.testing import capture_logs

from app.ledger.key_room import COUNT, NAMED, SHARE, KeyRoom, count_keys
from app.ledger.retention import DAY, Retention
from app.ledger.sql import Unit
from app.ledger.store import Store, StoreUnavailable
from tests.ledger.scenes import NOW, draft, lease, passes, refuses

CLIENT = "acme-app"
KEPT = Retention(key_days=7, answer_days=3, reference_days=30, event_days=60)


@dataclass(kw_only=True)
class Database:
    """A store in which every client has filled its room; it does not answer for some."""

    silent: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    async def read(self, unit: Unit[int]) -> int:
        statement, params = next(unit)
        unit.close()
        assert statement is COUNT
        self.asked.append(str(params["client_id"]))
        if self.asked[-1] in self.silent:
            raise StoreUnavailable("canceling statement due to statement timeout")
        most = params["most"]
        assert isinstance(most, int)
        return most


async def use(store: Store, *numbers: int, client: str = CLIENT) -> None:
    for n in numbers:
        await store.accept(draft(n, number=str(n), client=client), passes(), lease())


async def test_keys_are_counted_for_each_client_and_no_further_than_asked(store: Store) -> None:
    await use(store, 1, 2, 3)
    await use(store, 4, client="other-app")
    await store.accept(draft(5, number="5"), refuses(), lease())  # a refusal of ours is kept with its key
    counts = {most: await store.read(count_keys(CLIENT, most=most)) for most in (2, 4, 100)}
    assert counts == {2: 2, 4: 4, 100: 4}
    assert await store.read(count_keys("other-app", most=100)) == 1
    assert await store.read(count_keys("nobody", most=100)) == 0


async def test_a_client_at_its_limit_may_use_no_more_until_keys_are_over(store: Store) -> None:
    room = KeyRoom(store, most=3)
    assert room.take(CLIENT)
    await use(store, 1, 2, 3)
    assert room.take(CLIENT), "not counted yet"
    await room.count()
    assert not room.take(CLIENT)
    assert room.take("other-app")
    await room.count()
    assert not room.take(CLIENT)
    await store.accept(draft(4, number="4"), refuses(), lease())
    await store.write(KEPT.units(now=NOW + 8 * DAY, most=100)["keys"])
    await room.count()
    assert not room.take(CLIENT), "the three are not final, so their keys stay"


async def full_room(store: Store) -> KeyRoom:
    """Counted once its client had as many keys as may be, both of writes that are final."""
    room = KeyRoom(store, most=2)
    for n in (1, 2):
        await store.accept(draft(n, number=str(n)), refuses(), lease())
    room.take(CLIENT)
    await room.count()
    return room


async def test_room_that_became_free_is_found_by_the_next_count(store: Store) -> None:
    room = await full_room(store)
    assert not room.take(CLIENT)
    await store.write(KEPT.units(now=NOW + 8 * DAY, most=100)["keys"])
    await room.count()
    assert room.take(CLIENT)


async def test_a_client_is_counted_again_only_once_it_has_used_its_share(store: Store) -> None:
    room = KeyRoom(store, most=SHARE * 5)
    room.take(CLIENT)
    await room.count()
    await use(store, *range(1, SHARE * 5 + 1))  # by another gateway
    for _ in range(5):
        assert room.take(CLIENT)
        await room.count()
    assert room.take(CLIENT), "not counted yet"
    await room.count()
    assert not room.take(CLIENT)


async def test_a_client_that_was_full_and_asked_no_more_has_room_once_its_keys_are_over(store: Store) -> None:
    room = await full_room(store)
    await room.count()
    await store.write(KEPT.units(now=NOW + 8 * DAY, most=100)["keys"])
    await room.count()
    assert room.take(CLIENT)


async def test_a_client_that_cannot_be_counted_keeps_no_other_from_it_and_has_its_turn_at_the_next_count() -> None:
    database = Database(silent=frozenset({"b"}))
    room = KeyRoom(database, most=5)  # type: ignore[arg-type]
    assert [room.take(one) for one in "abc"] == [True, True, True]
    with capture_logs() as logs:
        await room.count()
    assert sorted(database.asked) == ["a", "b", "c"]
    assert [room.take(one) for one in "abc"] == [False, True, False]
    assert logs == [
        {
            "event": "keys could not be counted",
            "log_level": "error",
            "in_all": 1,
            "clients": ["b"],
            "reason": "canceling statement due to statement timeout",
        }
    ]
    database.silent = frozenset()
    await room.count()
    assert not room.take("b")


async def test_while_the_database_is_away_one_line_is_logged_and_everybody_stays_due() -> None:
    many = frozenset(f"client-{n}" for n in range(3 * NAMED))
    database = Database(silent=many)
    room = KeyRoom(database, most=5)  # type: ignore[arg-type]
    assert all(room.take(one) for one in many)
    with capture_logs() as logs:
        await room.count()
    assert [(line["in_all"], len(line["clients"])) for line in logs] == [(len(many), NAMED)]
    database.silent = frozenset()
    await room.count()
    assert not any(room.take(one) for one in many)

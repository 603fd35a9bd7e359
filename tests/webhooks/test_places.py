"""Places: one endpoint has few, the quick ones more, and those that have not proved themselves never all."""

from __future__ import annotations

from app.delivery.webhooks_places import ALL, OF_ONE, OF_UNPROVEN, Places


def send(places: Places, endpoint: str, *, quick: bool) -> None:
    places.give_back(endpoint, proven=places.take(endpoint), quick=quick)


def test_an_endpoint_begins_with_one_place() -> None:
    places = Places()
    assert places.free("a") == 1
    places.take("a")
    assert (places.free("a"), places.free("b")) == (0, 1)


def test_each_quick_message_doubles_its_places_up_to_a_bound_and_one_failure_takes_them_away() -> None:
    places = Places()
    grown = []
    for _ in range(5):
        send(places, "a", quick=True)
        grown.append(places.free("a"))
    assert grown == [2, 4, OF_ONE, OF_ONE, OF_ONE]
    send(places, "a", quick=False)
    assert places.free("a") == 1


def test_endpoints_that_hang_leave_room_for_those_that_are_proven() -> None:
    places = Places()
    send(places, "proven", quick=True)
    hanging = [f"hanging {n}" for n in range(ALL)]
    taken = [each for each in hanging if places.free(each) and not places.take(each)]
    assert len(taken) == OF_UNPROVEN
    assert (places.free("another"), places.free("proven")) == (0, 2)


def test_however_many_are_proven_there_is_an_end_to_it() -> None:
    places = Places()
    endpoints = [f"proven {n}" for n in range(ALL)]
    for each in endpoints:
        for _ in range(3):
            send(places, each, quick=True)
    while any(places.free(each) for each in endpoints):
        places.take(next(each for each in endpoints if places.free(each)))
    assert sum(places.free(each) for each in endpoints) == 0
    places.give_back(endpoints[0], proven=True, quick=True)
    assert [places.free(each) for each in endpoints[:2]] == [1, 0]


def test_a_place_is_given_back_as_what_it_was_taken_as() -> None:
    places = Places()
    first = places.take("a")
    places.give_back("a", proven=first, quick=True)
    held = [places.take("a"), places.take("a")]
    places.give_back("a", proven=held[0], quick=False)
    assert places.free("a") == 0
    places.give_back("a", proven=held[1], quick=False)
    assert places.free("a") == 1


def test_a_message_that_was_not_sent_says_nothing_of_its_endpoint() -> None:
    places = Places()
    places.give_back("a", proven=places.take("a"), quick=None)
    send(places, "b", quick=True)
    places.give_back("b", proven=places.take("b"), quick=None)
    assert (places.free("a"), places.free("b")) == (1, 2)

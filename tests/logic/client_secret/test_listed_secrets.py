"""What is in the way of the next secret, what an earlier run left behind, and what may be in use: never mixed up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pulumi_unifiedto.client_secret.listed_secrets import StackView, find_obstacle, lost_in_use, orphans
from pulumi_unifiedto.entra.listed_secret import ListedSecret
from pulumi_unifiedto.errors import OrphanedSecret, SecretLimitReached, StateOlderThanEntra

APP = "33333333-3333-3333-3333-333333333333"
LABEL = "crm/prod login"


def listed(key_id: str, display_name: str = "", *, hint: str = "abc") -> ListedSecret:
    return ListedSecret(key_id=key_id, display_name=display_name, hint=hint, ends_at="2027-03-01T00:00:00Z")


def own(generation: int, key_id: str | None = None, *, label: str = LABEL, until: str = "2027-08-20") -> ListedSecret:
    slot = ("blue", "green")[generation % 2]
    return listed(key_id or f"key {generation}", f"{label} {slot} #{generation} until {until}")


def view(
    *in_state: int,
    generation: int,
    registered: tuple[int, ...] = (),
    proven: int | None = None,
    used: tuple[str, ...] | None = None,
) -> StackView:
    """By default the secrets that are registered, and the one proven last, are those that the state was made with."""
    last = max(registered, default=-1) if proven is None else proven
    return StackView(
        application_object_id=APP,
        label=LABEL,
        generation=generation,
        in_state={held: f"key {held}" for held in in_state},
        registered=frozenset(registered),
        used_key_ids=frozenset({f"key {number}" for number in (*registered, last)} if used is None else used),
        proven=last,
    )


BY_HAND = listed("hand", "made by hand")
LAPTOP = listed("laptop", "old laptop")


@pytest.mark.parametrize(
    ("secrets", "known", "planned"),
    [
        pytest.param([], view(generation=-1), 0, id="none at all"),
        pytest.param([own(0)], view(0, generation=0), 1, id="one of ours"),
        pytest.param([BY_HAND], view(generation=-1), 0, id="one made by hand"),
        pytest.param(
            [own(2), own(3)], view(2, 3, generation=3, registered=(3,)), 4, id="two, one of which is replaced"
        ),
        pytest.param([own(2), own(3)], view(2, 3, generation=3), 3, id="the planned one is there already"),
        pytest.param([own(1)], view(generation=1, registered=(0,)), 1, id="one whose value was lost, and room besides"),
    ],
)
def test_there_is_room(secrets: list[ListedSecret], known: StackView, planned: int) -> None:
    assert find_obstacle(secrets, known, planned) is None


@pytest.mark.parametrize(
    ("secrets", "known"),
    [
        pytest.param([BY_HAND, LAPTOP], view(generation=-1), id="two made by hand"),
        pytest.param([own(0), BY_HAND], view(0, generation=0, registered=(0,)), id="ours and one by hand"),
        pytest.param(
            [own(0, label="crm/test login"), BY_HAND], view(generation=0), id="another stack's is not called an orphan"
        ),
        pytest.param(
            [own(0), own(1)], view(0, generation=1, registered=(0, 1)), id="one that the state lost while it is in use"
        ),
    ],
)
def test_an_application_at_its_limit_is_an_obstacle_that_names_every_secret(
    secrets: list[ListedSecret], known: StackView
) -> None:
    error = find_obstacle(secrets, known, 1)
    assert type(error) is SecretLimitReached
    message = str(error)
    for secret in secrets:
        assert f"'{secret.display_name}', key id {secret.key_id}, value begins abc…" in message
        is_ours = secret.key_id in known.in_state.values()
        assert (f"{secret.ends_at} (in this stack's state)" in message) == is_ours or not is_ours
    assert "Nothing was changed." in message
    assert f"az ad app credential delete --id {APP} --key-id <key id>" in message


def test_a_secret_without_a_name_is_told_as_such() -> None:
    message = str(find_obstacle([BY_HAND, listed("k2", hint="")], view(generation=-1), 0))
    assert "(no name), key id k2, value begins ???…" in message


@pytest.mark.parametrize(
    ("lost", "known"),
    [
        pytest.param(own(1), view(0, generation=1, registered=(0,)), id="the answer to its creation was lost"),
        pytest.param(own(1, until="2027-08-21"), view(0, generation=1, registered=(0,)), id="made by an earlier try"),
        pytest.param(
            own(0, "twin"), view(0, generation=0, registered=(0,)), id="made twice, because the provider tried again"
        ),
        pytest.param(own(0, "twin"), view(1, generation=1, registered=(1,)), id="of a generation that is over"),
    ],
)
def test_a_secret_whose_value_was_lost_is_reported_with_the_command_that_removes_it(
    lost: ListedSecret, known: StackView
) -> None:
    held = [own(generation) for generation in known.in_state]
    [reported] = orphans([*held, lost], known)
    error = find_obstacle([*held, lost], known, known.generation + 1 if known.generation in known.in_state else 1)
    assert type(error) is OrphanedSecret
    assert str(error) == str(reported)
    assert lost.display_name in str(error)
    assert f"az ad app credential delete --id {APP} --key-id {lost.key_id} and run again." in str(error)


@pytest.mark.parametrize(
    "other",
    [
        listed("x", f"{LABEL} green #1 until 2027-08-20 (copy)"),
        listed("x", f"{LABEL} green #x until 2027-08-20"),
        listed("x", "until 2027-08-20"),
        own(1, "x", label="crm/prod login2"),
    ],
)
def test_another_secret_is_not_taken_for_one_of_ours(other: ListedSecret) -> None:
    assert orphans([other], view(0, generation=1, registered=(0,))) == []


def test_a_secret_that_a_registration_may_hold_is_never_called_an_orphan() -> None:
    """A refresh that met a passing 404 dropped it from the state."""
    known = view(0, generation=1, registered=(1,))
    assert orphans([own(0), own(1)], known) == []
    assert lost_in_use([own(0), own(1)], known)


def test_a_secret_whose_registration_is_in_doubt_is_never_called_an_orphan() -> None:
    """The answer to the write was lost, and then a refresh dropped the secret from the state."""
    known = view(0, generation=1, registered=(0,), proven=1)
    assert orphans([own(0), own(1)], known) == []
    assert lost_in_use([own(0), own(1)], known)


def test_a_secret_that_lies_between_what_is_on_record_and_what_was_proven_may_be_in_use() -> None:
    """A write of unknown fate, and then a rotation whose write failed for good."""
    known = view(4, 6, generation=6, registered=(4,), proven=6)
    assert orphans([own(4), own(5), own(6)], known) == []


def test_of_two_secrets_of_one_generation_the_registered_one_is_in_use_whichever_the_state_holds() -> None:
    known = view(0, generation=0, registered=(0,), used=("lost",))
    assert orphans([own(0), own(0, "lost")], known) == []


def test_without_a_proof_on_record_no_secret_is_called_an_orphan() -> None:
    known = replace(view(0, generation=1, registered=(0,)), proven=None)
    assert orphans([own(0), own(1)], known) == []


def test_a_lost_secret_that_no_registration_holds_is_not_in_use() -> None:
    assert not lost_in_use([own(0), own(1)], view(0, generation=1, registered=(0,)))
    assert not lost_in_use([own(0)], view(0, generation=1, registered=(1,))), "it was removed at Entra too"


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(view(2, generation=2, registered=(2,)), id="a state restored from a backup"),
        pytest.param(view(generation=-1), id="a stack that begins anew under the same name"),
    ],
)
def test_later_secrets_than_the_state_knows_are_left_to_a_person(known: StackView) -> None:
    secrets = [own(2), own(3)]
    assert orphans(secrets, known) == []
    error = find_obstacle(secrets, known, known.generation + 1)
    assert type(error) is StateOlderThanEntra
    assert "Restore the newest state" in str(error)
    assert "az ad app credential delete" not in str(error)


def test_a_secret_to_be_replaced_may_be_gone_already() -> None:
    """A run removed it, and failed to create the next one; the state still shows it."""
    assert find_obstacle([own(3)], view(2, 3, generation=4, registered=(3,)), 4) is None

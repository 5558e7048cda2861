"""Whether there is room for the next secret, and the facts, without a verdict, where there is none."""

from __future__ import annotations

import pytest

from pulumi_unifiedto.client_secret.in_state import RegistrationInState, SlotInState
from pulumi_unifiedto.client_secret.rotation import NEVER, require_room
from pulumi_unifiedto.entra.listed_secret import ListedSecret
from pulumi_unifiedto.errors import SecretLimitReached

APP = "33333333-3333-3333-3333-333333333333"
LABEL = "crm/prod login"
STARTS_AT, ENDS_AT = "2026-09-02T00:00:00Z", "2027-03-01T00:00:00Z"


def listed(key_id: str, display_name: str = "", *, hint: str = "abc") -> ListedSecret:
    return ListedSecret(key_id=key_id, display_name=display_name, hint=hint, starts_at=STARTS_AT, ends_at=ENDS_AT)


def own(generation: int, key_id: str | None = None, *, label: str = LABEL) -> ListedSecret:
    slot = ("blue", "green")[generation % 2]
    return listed(key_id or f"key {generation}", f"{label} {slot} #{generation} until 2027-08-20")


def state_with(*generations: int) -> dict[str, SlotInState]:
    return {
        ("blue", "green")[generation % 2]: SlotInState(
            generation=generation,
            key_id=f"key {generation}",
            display_name="",
            starts_at=STARTS_AT,
            ends_at=ENDS_AT,
        )
        for generation in generations
    }


def registered(name: str, generation: int) -> RegistrationInState:
    return RegistrationInState(name=name, generation=generation, key_id="" if generation < 0 else f"key {generation}")


BY_HAND = listed("hand", "made by hand", hint="xyz")
LAPTOP = listed("laptop", "old laptop")


def check(
    secrets: list[ListedSecret],
    in_state: dict[str, SlotInState],
    planned: int,
    registrations: list[RegistrationInState] | None = None,
) -> None:
    require_room(
        secrets, application_object_id=APP, in_state=in_state, planned=planned, registrations=registrations or []
    )


@pytest.mark.parametrize(
    ("secrets", "in_state", "planned"),
    [
        pytest.param([], state_with(), 0, id="none at all"),
        pytest.param([own(0)], state_with(0), 1, id="one of ours"),
        pytest.param([BY_HAND], state_with(), 0, id="one made by hand"),
        pytest.param([own(1)], state_with(), 1, id="one whose value was lost"),
        pytest.param([own(2), own(3)], state_with(2, 3), 4, id="two, one of which is replaced"),
        pytest.param([own(2), BY_HAND], state_with(2), 4, id="one made by hand, the other is replaced"),
        pytest.param([own(2), own(3)], state_with(2, 3), 3, id="the planned one exists"),
        pytest.param([own(0), BY_HAND], state_with(0), 0, id="the planned one exists beside one made by hand"),
        pytest.param([own(3)], state_with(2, 3), 4, id="the one to be replaced is gone already"),
    ],
)
def test_there_is_room(secrets: list[ListedSecret], in_state: dict[str, SlotInState], planned: int) -> None:
    check(secrets, in_state, planned)


FULL = pytest.mark.parametrize(
    ("secrets", "in_state", "planned"),
    [
        pytest.param([BY_HAND, LAPTOP], state_with(), 0, id="two made by hand"),
        pytest.param([own(0), BY_HAND], state_with(0), 1, id="ours and one made by hand"),
        pytest.param([own(0, label="crm/test login"), BY_HAND], state_with(), 0, id="another stack's"),
        pytest.param([own(0), own(1)], state_with(0), 1, id="the answer to a creation was lost"),
        pytest.param([own(0), own(0, "twin")], state_with(0), 1, id="the provider created it twice"),
        pytest.param([own(1), own(0, "twin")], state_with(1), 2, id="of a generation that is over"),
        pytest.param([own(0), own(1)], state_with(0), 1, id="a refresh dropped the secret in use from the state"),
        pytest.param([own(2), own(3)], state_with(2), 3, id="a state restored from a backup"),
        pytest.param([own(2), own(3)], state_with(), 0, id="a stack that begins anew under the same name"),
    ],
)


@FULL
def test_without_room_each_secret_s_facts_stand_on_a_line_of_their_own(
    secrets: list[ListedSecret], in_state: dict[str, SlotInState], planned: int
) -> None:
    with pytest.raises(SecretLimitReached) as refused:
        check(secrets, in_state, planned, [registered("login-Production-microsoft_ad", 0)])
    what, *lines = refused.value.what.splitlines()
    assert what == (
        f"Entra has no room for another client secret of the application {APP}: the limit is 2. Nothing was changed. "
        "The application holds:"
    )
    in_stack = {secret["key_id"] for secret in in_state.values()}
    assert lines == [
        f'    {number}. "{secret.display_name}"; key id {secret.key_id}; value begins with {secret.hint}; '
        f"valid from {STARTS_AT} to {ENDS_AT}; {'in' if secret.key_id in in_stack else 'not in'} this stack's state; "
        f"on record with {'login-Production-microsoft_ad' if secret.key_id == 'key 0' else 'no registration'}"
        for number, secret in enumerate(secrets, start=1)
    ]


@FULL
def test_no_secret_is_called_unused_and_no_command_removes_a_particular_one(
    secrets: list[ListedSecret], in_state: dict[str, SlotInState], planned: int
) -> None:
    with pytest.raises(SecretLimitReached) as refused:
        check(secrets, in_state, planned, [registered("login-Production-microsoft_ad", 0)])
    message = str(refused.value)
    assert "az ad app credential delete --id <object id> --key-id <key id>" in message
    assert message.count("--key-id") == message.count("az ad app") == 1
    for verdict in ("unused", "not used", "nothing uses", "orphan", "no longer needed", "can be removed"):
        assert verdict not in message.lower()


def test_a_person_is_told_how_to_find_out_which_secret_customers_sign_in_with() -> None:
    with pytest.raises(SecretLimitReached) as refused:
        check([BY_HAND, LAPTOP], state_with(), 0)
    message = str(refused.value)
    assert "Find out which secret customers sign in with." in message
    assert "compare its first characters with the list" in message
    assert "Entra's sign-in logs" in message
    assert "Run pulumi refresh, and then pulumi up." in message


def test_every_registration_on_record_with_a_secret_is_named() -> None:
    registrations = [registered("a", 0), registered("b", 0), registered("c", 1), registered("new", NEVER)]
    with pytest.raises(SecretLimitReached) as refused:
        check([own(0), BY_HAND], state_with(0), 1, registrations)
    first, second = refused.value.what.splitlines()[1:]
    assert first.endswith("; on record with a, b")
    assert second.endswith("; on record with no registration")


def test_what_graph_does_not_show_is_said_to_be_unknown() -> None:
    bare = ListedSecret(key_id="k", display_name="", hint="", starts_at="", ends_at="")
    assert bare.facts(is_in_state=False, registrations=[]) == (
        "(no name); key id k; first characters not shown; valid from unknown to unknown; not in this stack's state; "
        "on record with no registration"
    )

"""What has to hold after a run that went wrong, and after the one that follows it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from emulator.entra.directory import APPLICATION, Directory, DirectoryObject
from pulumi_unifiedto.errors import CATALOGUE
from rehearsal.results import OperationFailed, Result
from tests.matrix.laboratory import key_ids_in_state
from tests.matrix.watch import active_rows, holdings
from tests.support.stack import RehearsedStack

SUCCESS: Final = "ok"
_KNOWN_CODES: Final = frozenset(kind.code for kind in CATALOGUE)
_IN_NO_STATE: Final = re.compile(r"key id (\S+); .*; not in this stack's state;")
_CONFIGURING: Final = "configure provider 'urn:pulumi:test::unifiedto::pulumi:providers:azuread"
UNCONFIGURED: Final = "plugin"
ORPHAN: Final = "*"
MADE: Final = ("entra.applications", "entra.service_principals", "unifiedto_rows")
"""The emulator's collections of what a stack makes."""
_NAME_FOR_A_MOMENT: Final = "TERRAFORM_UPDATE_"
_CIPHERTEXT: Final = re.compile(r'"ciphertext": "[^"]*"')
_CODE: Final = re.compile(r"\bUNI\d{3}\b")


def outcome_of(operation: Callable[[], Result]) -> str:
    """How a run ended: ``ok``, or the codes of the catalogue in what a user reads as errors, or ``plugin``."""
    try:
        operation()
    except OperationFailed as error:
        words = "\n".join([str(error), *(line for line in error.diagnostics if line.startswith("error:"))])
        codes = sorted(set(_CODE.findall(words)))
        if not codes and _CONFIGURING in words:
            return UNCONFIGURED
        assert codes, f"a failure without words of the catalogue:\n{words}"
        assert set(codes) <= _KNOWN_CODES, f"codes that are in no catalogue: {codes}"
        return "+".join(codes)
    return SUCCESS


def applications(stack: RehearsedStack) -> list[DirectoryObject]:
    """The app registrations that the stack has made, as Entra truly holds them: under its display name, or under the
    one that the azuread provider gives for a moment."""
    names = (stack.config["displayName"], _NAME_FOR_A_MOMENT)
    directory = Directory(stack.emulator.world)
    return directory.find(APPLICATION, lambda resource: str(resource["displayName"]).startswith(names))


def key_ids(application: DirectoryObject) -> set[str]:
    """Of the client secrets that it holds."""
    return {str(entry["keyId"]) for entry in application.resource["passwordCredentials"]}


def follow_up(stack: RehearsedStack, run: Callable[[], Result]) -> str:
    """The next run, without a fault; the marks of the advice that had to be carried out first.

    A run that gives such advice changes nothing, and the advice is taken by its words.
    """
    marks = ""
    for _ in ADVICE:
        before = _everything(stack)
        words = _words_of(run)
        if not words:
            return marks
        given = [code for code in ADVICE if code in words]
        assert len(given) == 1, f"the next run fails, and not with advice that is known here:\n{words}"
        assert _everything(stack) == before, f"the run that ends in {given[0]} changed something"
        mark, carry_out = ADVICE[given[0]]
        assert mark not in marks, f"the advice did not help:\n{words}"
        carry_out(stack, words)
        marks += mark
    run()
    return marks


def remove_orphans(stack: RehearsedStack) -> str:
    """Removes secrets that are in no state, as a person may at any time; their mark, or nothing."""
    in_state = set(key_ids_in_state(stack).values())
    clients = {held.client_id for held in holdings(stack.emulator.world) if held is not None}
    found = [
        (application.id, key_id)
        for application in applications(stack)
        if application.app_id in clients
        for key_id in key_ids(application) - in_state
    ]
    for object_id, key_id in found:
        _remove(stack, object_id, key_id)
    return ORPHAN * bool(found)


def _words_of(run: Callable[[], Result]) -> str:
    try:
        run()
    except OperationFailed as error:
        return "\n".join([str(error), *error.diagnostics])
    return ""


def _make_room(stack: RehearsedStack, words: str) -> None:
    """Of the secrets that are listed, removes the one that no state holds and nobody signs in with, and refreshes."""
    [key_id] = set(_IN_NO_STATE.findall(words))
    [object_id] = [application.id for application in applications(stack) if key_id in key_ids(application)]
    _remove(stack, object_id, key_id)
    stack.refresh()


def _remove(stack: RehearsedStack, object_id: str, key_id: str) -> None:
    assert key_id not in {held.key_id for held in holdings(stack.emulator.world) if held is not None}
    stack.graph("POST", f"/v1.0/applications/{object_id}/removePassword", json={"keyId": key_id})


def _refresh(stack: RehearsedStack, words: str) -> None:
    # A destroy runs no program, hence no hook that could give advice: the provider's own words have to do.
    assert "pulumi refresh" in words or "Request_ResourceNotFound" in words
    stack.refresh()


ADVICE: Final[Mapping[str, tuple[str, Callable[[RehearsedStack, str], None]]]] = {
    "UNI209": ("!", _make_room),
    "UNI219": ("~", _refresh),
    "does not exist or one of its queried reference-property objects": ("~", _refresh),
}
"""What is read in an error to the mark that stands for it in the tables, and how a person carries its advice out."""


def _everything(stack: RehearsedStack) -> tuple[Any, ...]:
    """What the stack has made, by its state, and what both services hold.

    What the engine keeps for itself (dates of writing, components' outputs, the order of resources) does not count.
    """
    recorded = sorted(
        _CIPHERTEXT.sub(
            "", json.dumps([resource.get(key) for key in ("urn", "id", "inputs", "outputs")], sort_keys=True)
        )
        for resource in stack.resources()
        if resource["custom"]
    )
    remote = [document for document in stack.emulator.world.snapshot() if document[0] in MADE]
    return recorded, remote


def assert_in_force(stack: RehearsedStack, generation: int) -> None:
    """The generation's secret is registered everywhere and works, Graph holds what the state holds, and the preview is
    empty."""
    in_state = key_ids_in_state(stack)
    assert max(in_state) == generation, f"the state holds generations {sorted(in_state)}"
    world = stack.emulator.world
    assert len(active_rows(world)) == len(stack.config["registrations"])
    for held in holdings(world):
        assert held is not None
        assert held.is_accepted, held.problem
        assert held.key_id == in_state[generation], "Unified.to does not hold the new secret"
    for declared in stack.config["registrations"]:
        assert stack.sign_in(declared["integrationType"], declared.get("environment", "Production"))["signed_in"]
    [client_id] = {held.client_id for held in holdings(world) if held is not None}
    [application] = [found for found in applications(stack) if found.app_id == client_id]
    assert key_ids(application) == set(in_state.values()), "Microsoft Graph and the state hold different secrets"
    preview = stack.preview()
    assert preview.is_unchanged, f"the preview is not empty: {preview.changes}"
    stack.assert_no_secret_leaked()


def assert_gone(stack: RehearsedStack) -> None:
    """No application and no secret is left, the registration is given up, and another destroy has nothing to do."""
    assert not stack.resources(), "resources are left in the state"
    assert not applications(stack), "an application is left"
    assert not active_rows(stack.emulator.world), "a registration is still active"
    assert stack.destroy().is_unchanged
    stack.assert_no_secret_leaked()

"""The proof of a client secret: how long it tries, when it gives up at once, and that nobody reads the secret."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import msal
import pytest
import requests

from pulumi_unifiedto.client_secret import proof
from pulumi_unifiedto.client_secret.proof import Attempt, ask_for_token, main, prove
from pulumi_unifiedto.entra.cloud import EntraEndpoints
from pulumi_unifiedto.errors import EntraUnreachable, SecretNotAccepted
from pulumi_unifiedto.microsoft_integration import DEFAULT_PROOF_DEADLINE

CLIENT_ID = "22222222-2222-2222-2222-222222222222"
TENANT_ID = "66666666-6666-6666-6666-666666666666"
SECRET = "Zq8~canary-of-the-new-secret"

ACCEPTED = Attempt(error=None, code=None, may_pass=False, correlation_id=None)
TOO_YOUNG = Attempt(error="invalid_client", code=7000215, may_pass=True, correlation_id="c-1")
DISABLED = Attempt(error="unauthorized_client", code=7000112, may_pass=False, correlation_id="c-2")
NO_ANSWER = Attempt(error="ConnectionError", code=None, may_pass=True, correlation_id=None)


class Clock:
    """Time that passes only when somebody sleeps; `waits` lists the seconds of every sleep."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return sum(self.waits)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("tenacity.time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep))
    return clock


def scripted(*attempts: Attempt) -> Callable[[float], Attempt]:
    """Gives the attempts in order, the last one for ever."""
    left = list(attempts)
    return lambda _timeout_s: left.pop(0) if len(left) > 1 else left[0]


def test_a_secret_that_works_at_once_costs_one_request_and_no_wait(clock: Clock) -> None:
    assert prove(scripted(ACCEPTED), client_id=CLIENT_ID, deadline_s=120, sleep=clock.sleep) == 1
    assert clock.waits == []


def test_a_young_secret_is_tried_again_with_growing_waits_of_at_most_eight_seconds(clock: Clock) -> None:
    attempts = [*[TOO_YOUNG] * 7, ACCEPTED]
    assert prove(scripted(*attempts), client_id=CLIENT_ID, deadline_s=120, sleep=clock.sleep) == 8
    assert clock.waits == [0.5, 1, 2, 4, 8, 8, 8]


def test_a_secret_that_entra_refuses_for_eighteen_seconds_is_proven_within_the_usual_deadline(clock: Clock) -> None:
    prove(
        lambda _timeout_s: ACCEPTED if clock.monotonic() >= 18 else TOO_YOUNG,
        client_id=CLIENT_ID,
        deadline_s=DEFAULT_PROOF_DEADLINE,
        sleep=clock.sleep,
    )
    assert clock.monotonic() < 18 + 8


def test_at_the_deadline_the_error_says_how_long_it_took_and_that_unified_heard_nothing(clock: Clock) -> None:
    with pytest.raises(SecretNotAccepted) as failed:
        prove(scripted(TOO_YOUNG), client_id=CLIENT_ID, deadline_s=30, sleep=clock.sleep)
    assert 30 <= clock.monotonic() < 30 + 8
    message = str(failed.value)
    assert f"Entra did not accept the new secret of application {CLIENT_ID} within 32 s." in message
    assert "The new secret was not registered; the previous one stays in use." in message
    assert "(remote code AADSTS7000215 invalid_client, request id c-1)" in message


def test_a_refusal_that_waiting_does_not_change_is_final(clock: Clock) -> None:
    with pytest.raises(SecretNotAccepted) as failed:
        prove(scripted(TOO_YOUNG, DISABLED, ACCEPTED), client_id=CLIENT_ID, deadline_s=120, sleep=clock.sleep)
    assert clock.waits == [0.5]
    message = str(failed.value)
    assert "why: Entra refuses it for a reason that waiting does not change." in message
    assert "next: Look the code up at https://login.microsoftonline.com/error" in message
    assert "the previous one stays in use" in message
    assert "(remote code AADSTS7000112 unauthorized_client, request id c-2)" in message


def test_a_try_may_take_what_is_left_until_the_deadline_from_one_second_to_thirty(clock: Clock) -> None:
    limits: list[float] = []

    def slow(timeout_s: float) -> Attempt:
        limits.append(timeout_s)
        clock.sleep(timeout_s)
        return NO_ANSWER

    with pytest.raises(SecretNotAccepted):
        prove(slow, client_id=CLIENT_ID, deadline_s=62.5, sleep=clock.sleep, monotonic=clock.monotonic)
    assert limits == [30, 30, 1]


def test_an_entra_that_does_not_answer_is_not_blamed_on_the_secret(clock: Clock) -> None:
    with pytest.raises(SecretNotAccepted) as failed:
        prove(scripted(NO_ANSWER), client_id=CLIENT_ID, deadline_s=5, sleep=clock.sleep)
    message = str(failed.value)
    assert "why: Entra gave no usable answer, so it is not known whether the secret works." in message
    assert "HTTPS_PROXY" in message
    assert "(remote code ConnectionError)" in message


# --- one request, through MSAL ---------------------------------------------------------------------------------------


class FakeMsal:
    """Stands in for MSAL: notes how it is built and asked, and answers as scripted."""

    def __init__(self) -> None:
        self.built: list[tuple[str, dict[str, Any]]] = []
        self.scopes: list[list[str]] = []
        self.answer: dict[str, Any] | None = {"access_token": "ey.token.x", "expires_in": 3599}
        self.fault: Exception | None = None

    def application(self, client_id: str, **named: Any) -> FakeMsal:
        self.built.append((client_id, named))
        return self

    def acquire_token_for_client(self, *, scopes: list[str]) -> dict[str, Any] | None:
        self.scopes.append(scopes)
        if self.fault is not None:
            raise self.fault
        return self.answer


@pytest.fixture
def fake_msal(monkeypatch: pytest.MonkeyPatch) -> FakeMsal:
    fake = FakeMsal()
    monkeypatch.setattr(msal, "ConfidentialClientApplication", fake.application)
    return fake


def ask(*, instance_discovery: bool = True) -> Attempt:
    return ask_for_token(
        f"https://login.microsoftonline.com/{TENANT_ID}",
        "https://graph.microsoft.com/.default",
        CLIENT_ID,
        SECRET,
        instance_discovery=instance_discovery,
        timeout_s=30,
    )


def refusal(code: int, error: str = "invalid_client") -> dict[str, Any]:
    """A refusal as Entra words it; its description quotes what was sent, here to see that nobody repeats it."""
    return {
        "error": error,
        "error_description": f"AADSTS{code}: refused, sent {SECRET}. Trace ID: t Correlation ID: c-1",
        "error_codes": [code],
        "correlation_id": "c-1",
    }


def test_a_token_proves_the_secret(fake_msal: FakeMsal) -> None:
    assert ask() == ACCEPTED
    ((client_id, named),) = fake_msal.built
    assert client_id == CLIENT_ID
    assert named["authority"] == f"https://login.microsoftonline.com/{TENANT_ID}"
    assert named["client_credential"] == SECRET
    assert fake_msal.scopes == [["https://graph.microsoft.com/.default"]]


@pytest.mark.parametrize(("wanted", "given"), [(True, None), (False, False)])
def test_the_authority_is_looked_up_at_microsoft_unless_it_is_an_emulator(
    wanted: bool, given: bool | None, fake_msal: FakeMsal
) -> None:
    ask(instance_discovery=wanted)
    assert fake_msal.built[0][1]["instance_discovery"] is given


def test_each_try_asks_anew_because_msal_remembers_a_refusal_for_a_minute(fake_msal: FakeMsal) -> None:
    ask()
    ask()
    assert len(fake_msal.built) == 2


@pytest.mark.parametrize(
    ("code", "error", "may_pass"),
    [
        (7000215, "invalid_client", True),
        (700016, "unauthorized_client", True),
        (90033, "temporarily_unavailable", True),
        (90055, "invalid_request", True),
        (500011, "invalid_resource", True),
        (1, "temporarily_unavailable", True),
        (7000112, "unauthorized_client", False),
        (90002, "invalid_request", False),
        (7000216, "invalid_client", False),
        (53003, "interaction_required", False),
    ],
)
def test_a_refusal_is_told_apart_by_its_code(code: int, error: str, may_pass: bool, fake_msal: FakeMsal) -> None:
    fake_msal.answer = refusal(code, error)
    assert ask() == Attempt(error=error, code=code, may_pass=may_pass, correlation_id="c-1")


@pytest.mark.parametrize(
    ("answer", "error"), [({}, "unknown"), (None, "unknown"), ({"error": "invalid_client"}, "invalid_client")]
)
def test_a_refusal_without_a_code_is_final(answer: Any, error: str, fake_msal: FakeMsal) -> None:
    fake_msal.answer = answer
    assert ask() == Attempt(error=error, code=None, may_pass=False, correlation_id=None)


@pytest.mark.parametrize(
    "fault",
    [
        requests.ConnectionError(f"refused {SECRET}"),
        requests.Timeout(f"late {SECRET}"),
        msal.exceptions.MsalServiceError(error="server_error", error_description=f"503 {SECRET}"),
        ValueError(f"no endpoints {SECRET}"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_on_the_way_may_pass_and_only_its_kind_is_kept(fault: Exception, fake_msal: FakeMsal) -> None:
    fake_msal.fault = fault
    assert ask() == Attempt(error=type(fault).__name__, code=None, may_pass=True, correlation_id=None)


@pytest.fixture
def silent_host() -> Iterator[str]:
    """A server of this computer that accepts connections and never says a word: host and port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_accepts_and_stays_silent_does_not_hold_a_try_past_its_time(silent_host: str) -> None:
    started = time.monotonic()
    attempt = ask_for_token(
        f"https://{silent_host}/{TENANT_ID}",
        f"https://{silent_host}/.default",
        CLIENT_ID,
        SECRET,
        instance_discovery=False,
        timeout_s=0.1,
    )
    assert time.monotonic() - started < 5
    assert attempt.error is not None
    assert attempt.may_pass


# --- the command as pulumi-command runs it ---------------------------------------------------------------------------

ENVIRONMENT = {
    "UNIFIEDTO_PROOF_TENANT_ID": TENANT_ID,
    "UNIFIEDTO_PROOF_CLIENT_ID": CLIENT_ID,
    "UNIFIEDTO_PROOF_CLIENT_SECRET": SECRET,
    "UNIFIEDTO_PROOF_DEADLINE_S": "0",
}


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What the command printed; the secret is in none of it."""

    def read() -> str:
        captured = capsys.readouterr()
        text = captured.out + captured.err
        assert SECRET not in text
        assert "canary" not in text
        return text

    yield read
    assert SECRET not in "".join(sys.argv)


def test_a_proven_secret_prints_one_line_and_succeeds(fake_msal: FakeMsal, printed: Callable[[], str]) -> None:
    assert main(ENVIRONMENT) == 0
    line = printed()
    assert line.startswith(f"Entra accepted the client secret of {CLIENT_ID} at ")
    proven_at = datetime.fromisoformat(line.rsplit(" ", 1)[1].strip())
    assert abs(datetime.now(timezone.utc) - proven_at) < timedelta(minutes=1)
    assert fake_msal.built[0][1]["authority"] == f"https://login.microsoftonline.com/{TENANT_ID}"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refusal(7000215), "UNI308 Entra did not accept the new secret"),
        (refusal(7000112, "unauthorized_client"), "AADSTS7000112 unauthorized_client"),
    ],
)
def test_a_secret_that_is_not_proven_fails_with_the_catalogue_s_words(
    answer: dict[str, Any], words: str, fake_msal: FakeMsal, printed: Callable[[], str]
) -> None:
    fake_msal.answer = answer
    assert main(ENVIRONMENT) == 1
    assert words in printed()


def test_a_fault_on_the_way_fails_with_its_kind_alone(fake_msal: FakeMsal, printed: Callable[[], str]) -> None:
    fake_msal.fault = requests.ConnectionError(f"refused while sending {SECRET}")
    assert main(ENVIRONMENT) == 1
    assert "remote code ConnectionError" in printed()


def test_an_emulator_s_endpoints_are_used_without_asking_microsoft(
    fake_msal: FakeMsal, printed: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = EntraEndpoints(login="https://localhost:8443", graph="https://localhost:8443")
    monkeypatch.setattr(proof, "entra_endpoints", lambda _environment, timeout_s: here)
    assert main({**ENVIRONMENT, "ARM_METADATA_HOSTNAME": "localhost:8443"}) == 0
    assert fake_msal.built[0][1]["authority"] == f"https://localhost:8443/{TENANT_ID}"
    assert fake_msal.built[0][1]["instance_discovery"] is False
    assert fake_msal.scopes == [["https://localhost:8443/.default"]]
    printed()


def test_a_metadata_host_that_stays_silent_does_not_hold_the_run_past_its_deadline(
    printed: Callable[[], str], silent_host: str
) -> None:
    started = time.monotonic()
    assert main({**ENVIRONMENT, "ARM_METADATA_HOSTNAME": silent_host}) == 1
    assert time.monotonic() - started < 5
    assert "UNI310 Entra cannot be reached" in printed()


def test_a_cloud_that_cannot_be_reached_fails_with_the_catalogue_s_words(
    printed: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_environment: Any, timeout_s: float) -> EntraEndpoints:
        raise EntraUnreachable(endpoint="https://localhost:8443/metadata/endpoints", reason="ConnectError")

    monkeypatch.setattr(proof, "entra_endpoints", unreachable)
    assert main(ENVIRONMENT) == 1
    assert "UNI310 Entra cannot be reached at https://localhost:8443/metadata/endpoints" in printed()

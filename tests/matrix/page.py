"""The committed pages: written from outcomes, and read back as what the tests expect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.matrix.crashes import LEFT_OVER, SCENARIOS, Crash
from tests.matrix.faults import FAULTS, NOT_APPLICABLE, Call
from tests.matrix.recovery import ORPHAN, SUCCESS, UNCONFIGURED

_DOCS: Final = Path(__file__).parents[2] / "docs"
FAULT_PAGE: Final = _DOCS / "fault-matrix.md"
CRASH_PAGE: Final = _DOCS / "crash-matrix.md"

FaultOutcomes = Mapping[tuple[Call, str], str]
CrashOutcomes = Mapping[Crash, str]

_SERVICES: Final = {"entra": "Entra", "graph": "Graph", "unifiedto": "Unified.to"}
_ORDINALS: Final = {1: "1st", 2: "2nd", 3: "3rd"}

_FAULTS_INTRODUCTION: Final = f"""# What a fault does to a rotation

Made by `make matrix`; `make test` runs a part of the cases again, in which every call and every fault occurs at least
twice, and compares. The runs are Pulumi's, with the stand-ins for its plugins. Each row is a request that a rotation
makes, recorded from one without a fault: the slot of the oldest secret is emptied and filled again, the new secret is
proven and registered. Each column is a fault that the request meets. *Once / as long*: how `pulumi up` ends when the
fault happens to that request alone, and when every request to the same route meets it from then on until the run ends.
One outcome alone: the run sends no such request again, so that both are the same run.

| outcome | the run ... |
| --- | --- |
| `{SUCCESS}` | succeeds: the request was repeated, or is not what the run depends on |
| `UNI...` | fails with this error of the [catalogue](errors.md); where the azuread provider failed (UNI312 and \
others), its own words stand beside it |
| `{UNCONFIGURED}` | fails in the azuread plugin's own words: the engine cannot configure it, before the program has \
asked for anything |
| `...!` | and leaves a secret at Entra that is in no state and takes the second place: the next run lists both and \
changes nothing (UNI209), and the one after it succeeds when that secret was removed and the stack refreshed |
| `...~` | and the removal of the oldest secret was carried out without the run knowing: the next run says so and \
changes nothing (UNI219), and the one after `pulumi refresh` succeeds |
| `{NOT_APPLICABLE}` | a stale answer to a request that reads nothing |

In every case, after every request: the secret that Unified.to holds is one that Entra accepts, and the application has
two secrets at most. At the end: the next run without the fault (where the first succeeded: the same run) has registered
the new secret, a sign-in works, Entra holds the secrets of the state and no others, the next preview is empty, and no
secret stands in the state, in what was printed, or in a request to a service that it is not meant for.

*500 after*, *reset after*, *half a body* and *not JSON* answer a request that was carried out. *Time-out* answers
nothing; *stale read* answers as before the last write.
"""

_CRASHES_INTRODUCTION: Final = f"""# What a killed run leaves behind

Made by `make matrix`; `make test` runs a part of the cases again, in which every kind of boundary and every scenario
occurs, and compares. The CLI and the plugins that it started are killed (SIGKILL) at every boundary of an operation:
before and after each call of a provider, and before and after the service carries out each request, which is not
answered then. Resources are worked on one at a time. Then the same operation runs again, once the lock that the killed
run left behind is given up, as `pulumi cancel` does. Boundaries between which nothing durable changed, neither in the
state nor at a service, are one crash, because all else dies with the processes; one of them stands for all.

| outcome | the next run succeeds ... |
| --- | --- |
| `{SUCCESS}` | and nothing of the crash is left |
| `{SUCCESS}!` | once a secret was removed that is in no state and takes the second place, and the stack refreshed: a \
run lists both and changes nothing (UNI209) |
| `{SUCCESS}~` | after `pulumi refresh`: what was being deleted is gone and the state still has it; a run says so \
(UNI219, or the azuread provider's own words in a `destroy`, which runs no program) and changes nothing |
| `{SUCCESS}{ORPHAN}` | and a secret is left that is in no state and in nobody's way yet: the rotation that needs its \
place lists it (UNI209) |
| `{SUCCESS}{LEFT_OVER}` | and an app registration without a secret is left that is in no state, as Pulumi's warning \
of an interrupted creation says |

In every case, after every request: while the registration is active, the secret that Unified.to holds is one that Entra
accepts, and no application has more than two secrets. At the end the stack is as it should be, the next preview is
empty (after `destroy`: nothing is left to destroy), and no secret is where it does not belong.
"""


def fault_page(outcomes: FaultOutcomes) -> str:
    """The page of the fault matrix."""
    calls = list(dict.fromkeys(call for call, _ in outcomes))
    lines = [
        _FAULTS_INTRODUCTION,
        _counted(part for outcome in outcomes.values() for part in outcome.split(" / ") if part != NOT_APPLICABLE),
        "",
        _row(["asked by", "service", "request", *FAULTS]),
        _row(["---"] * (3 + len(FAULTS))),
    ]
    for call in calls:
        request = f"`{call.method} {call.route}` {_ORDINALS.get(call.nth, f'{call.nth}th')}"
        lines.append(
            _row([call.asked_by, _SERVICES[call.service], request, *(outcomes[call, fault] for fault in FAULTS)])
        )
    return "\n".join(lines) + "\n"


def crash_page(outcomes: CrashOutcomes) -> str:
    """The page of the crash matrix."""
    lines = [_CRASHES_INTRODUCTION, _counted(outcomes.values())]
    for scenario in SCENARIOS:
        lines += ["", f"## {scenario}", "", _row(["killed at", "nth", "outcome"]), _row(["---"] * 3)]
        lines += [
            _row([f"`{crash.boundary}`", str(crash.nth), outcome])
            for crash, outcome in outcomes.items()
            if crash.scenario == scenario
        ]
    return "\n".join(lines) + "\n"


def _counted(outcomes: Iterable[str]) -> str:
    counted = Counter(outcomes)
    shown = ", ".join(f"`{outcome}` {number}" for outcome, number in counted.most_common())
    return f"{sum(counted.values())} cases: {shown}."


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("| \n").split("|")]


def expected_faults(page: str | None = None) -> dict[tuple[Call, str], str]:
    """What the committed page says; empty where there is none."""
    text = _read(FAULT_PAGE) if page is None else page
    services = {shown: service for service, shown in _SERVICES.items()}
    names: list[str] = []
    expected: dict[tuple[Call, str], str] = {}
    for line in text.splitlines():
        if line.startswith("| asked by |"):
            names = _cells(line)[3:]
        elif names and not line.startswith("| ---"):
            asked_by, service, request, *outcomes = _cells(line)
            method, route, nth = request.replace("`", "").split(" ")
            call = Call(services[service], method, route, int(nth.rstrip("sthndr")), asked_by)
            expected.update({(call, fault): outcome for fault, outcome in zip(names, outcomes, strict=True)})
    return expected


def expected_crashes(page: str | None = None) -> dict[Crash, str]:
    """What the committed page says; empty where there is none."""
    text = _read(CRASH_PAGE) if page is None else page
    scenario = ""
    expected: dict[Crash, str] = {}
    for line in text.splitlines():
        if line.startswith("## "):
            scenario = line.removeprefix("## ")
        elif scenario and line.startswith("| `"):
            boundary, nth, outcome = _cells(line)
            expected[Crash(scenario, boundary.strip("`"), int(nth))] = outcome
    return expected


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""

"""The page of benchmarks: every number on it was measured in the run that wrote it."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tools.bench.api_calls import SERVICES, Counted
from tools.bench.life import CLOCK_SCALE, PROPAGATION_S
from tools.bench.sign_ins import SignIns
from tools.bench.timings import BARE, ONE, RUNS, TWENTY, Spread, Timings

PICTURE = "sign-ins.svg"


@dataclass(frozen=True)
class Report:
    """All that one run of the benchmarks measured. ``plugins``: which ones, to what a reader calls the
    tools of the runs with them."""

    measured_at: datetime
    cores: int
    plugins: Mapping[str, str]
    calls: Mapping[str, Sequence[Counted]]
    timings: Sequence[Timings]
    sign_ins: SignIns
    one_secret: SignIns

    @property
    def faults(self) -> list[str]:
        """What must not be: requests beyond a limit, sign-ins refused because of a rotation."""
        found = [
            f"{plugins}: {run.title}: {kind}: {excess}"
            for plugins, runs in self.calls.items()
            for run in runs
            for kind, excess in run.excess.items()
        ]
        if self.sign_ins.refused:
            found.append(f"{len(self.sign_ins.refused)} sign-ins were refused: {dict(self.sign_ins.reasons)}")
        return found

    def page(self) -> str:
        """The page in Markdown."""
        return "\n".join([*self._heading(), *self._api_calls(), *self._time(), *self._sign_ins()]) + "\n"

    def _heading(self) -> Iterator[str]:
        yield "# Benchmarks"
        yield ""
        yield (
            f"Made by `make bench` on {self.measured_at:%Y-%m-%d %H:%M} UTC with Python {platform.python_version()} on "
            f"{self.cores} cores, against the local emulator, with {' and '.join(self.plugins.values())}. Everything "
            "here was measured in that run. Seconds depend on the computer; counts and ratios hardly do."
        )
        yield ""

    # --- API calls ---------------------------------------------------------------------------------------------------

    def _api_calls(self) -> Iterator[str]:
        yield "## API calls"
        yield ""
        yield "Counted in the emulator's journal. *Read back* is the list after a PUT."
        yield ""
        for plugins, runs in self.calls.items():
            yield f"With {self.plugins[plugins]}:"
            yield ""
            yield from _table(
                ["run", *reversed(SERVICES.values())],
                [[run.title, *(_kinds(run.calls[service]) for service in reversed(SERVICES))] for run in runs],
            )
        yield (
            "The list of a whole environment is read until a page comes back empty, so that each environment takes two "
            "requests in a refresh and in a preview of new registrations. The refresh reads one authorization URL for "
            "each registration besides, because "
            "lists mask secrets and the URL is where customers are really sent. The names of environments and "
            "types are asked for only where a row is missing, to say why."
        )
        yield ""

    # --- time --------------------------------------------------------------------------------------------------------

    def _time(self) -> Iterator[str]:
        yield "## Time"
        yield ""
        yield (
            "Seconds, as median (least to greatest). *azuread resources alone* declares the same app registration, "
            "service principal and one secret, and nothing else. The three programs take turns within each round, and "
            "ratios are taken within a round, so that what else the computer does meets all of them alike."
        )
        yield ""
        for timings in self.timings:
            yield f"With {self.plugins[timings.plugins]}, {timings.rounds} rounds:"
            yield ""
            yield from _table(
                ["run", BARE, ONE, TWENTY, "1 registration to azuread alone", "20 registrations to 1"],
                [
                    [
                        run,
                        *(_seconds(timings.spread(program, run)) for program in (BARE, ONE, TWENTY)),
                        _ratio(timings.ratio(ONE, BARE, run)),
                        _ratio(timings.ratio(TWENTY, ONE, run)),
                    ]
                    for run in RUNS
                ],
            )
        yield (
            "What the whole program adds is mostly the start of two Python processes: Pulumi's provider of dynamic "
            "resources in each run, and the proof where a secret is new. The stand-ins need no start "
            "and do not wait as the azuread plugin does, which makes their ratios to the azuread "
            "resources alone as large as they can be."
        )
        yield ""

    # --- sign-ins ----------------------------------------------------------------------------------------------------

    def _sign_ins(self) -> Iterator[str]:
        measured, timeline, naive = self.sign_ins, self.sign_ins.timeline, self.one_secret
        outcomes = [run.outcome for run in timeline.runs]
        least, most = PROPAGATION_S
        yield "## Sign-ins under rotation"
        yield ""
        yield (
            "Two threads sign in without pause, each time from the authorization URL to the exchange of the code, with "
            "whatever client id and secret the emulated Unified.to holds at that moment. Meanwhile the secret is "
            "rotated: on time, up to three months late, forced, forced twice in a row, and through every failure "
            f"listed in the picture. A new secret works {least} to {most} s after its creation, each after a time of "
            f"its own. The emulated clock runs {CLOCK_SCALE:g} times as fast as the computer's; the proof waits in "
            "seconds of the computer's."
        )
        yield ""
        yield f"![Timeline of slots, proofs, registrations, runs and sign-ins]({PICTURE})"
        yield ""
        yield from _table(
            ["", "two slots and a proof (this package)", "one secret, replaced and registered at once"],
            [
                ["rotations", str(measured.rotations), str(naive.rotations)],
                ["sign-ins tried", f"{len(measured.attempts):,}", f"{len(naive.attempts):,}"],
                [
                    "**refused because of a rotation**",
                    f"**{len(measured.refused)}**",
                    f"{len(naive.refused):,} ({_reasons(naive)})",
                ],
                ["refused because the script let the secret expire", f"{len(measured.expired):,}", "0"],
                [
                    "longest time between two successful sign-ins",
                    _milliseconds(measured.longest_gap_s),
                    _milliseconds(naive.longest_gap_s),
                ],
                ["one sign-in, median", _milliseconds(measured.median_s), _milliseconds(naive.median_s)],
                ["runs: done / failed / killed", " / ".join(str(outcomes.count(o)) for o in _OUTCOMES), "all done"],
                [
                    "secrets that Entra refused at first, so that the proof waited",
                    f"{timeline.proven_later} of {len({proof.generation for proof in timeline.proofs})}",
                    "no proof",
                ],
                ["most secrets that the app held at once", str(timeline.most_secrets_at_once), "2"],
                ["real time", f"{measured.duration_s:.0f} s", f"{naive.duration_s:.0f} s"],
            ],
        )
        yield (
            "The second column is the control: the same customers, clock and delays, so that refused sign-ins are seen "
            "where there are some. Expired are the sign-ins between the end of a secret that nobody rotated for 400 "
            "days and the registration of its successor by the first run after that. The longest time between two "
            "successful sign-ins is not zero because customers, emulator and runs share the computer's cores."
        )
        yield ""
        yield (
            "Not shown by this measurement: the emulated Entra accepts a secret from one instant on, everywhere at "
            "once. Of the real one it is only known that it takes seconds."
        )


_OUTCOMES = ("done", "failed", "killed")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _kinds(counted: Mapping[str, int]) -> str:
    if not counted:
        return "none"
    return ", ".join(f"{number} {kind}" for kind, number in counted.items())


def _seconds(spread: Spread) -> str:
    return f"{spread.median:.2f} ({spread.least:.2f} to {spread.greatest:.2f})"


def _ratio(spread: Spread) -> str:
    return f"x {spread.median:.1f} ({spread.least:.1f} to {spread.greatest:.1f})"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def _reasons(measured: SignIns) -> str:
    return ", ".join(f"{number} x {reason}" for reason, number in measured.reasons.items())

"""``command:local:Command`` as the components declare it: a ``create`` command that an interpreter runs, without a log.

Source: observed in ``provider/pkg/provider/local`` of pulumi/pulumi-command 1.2.1, and the plugin itself beside this.
"""

from __future__ import annotations

import secrets
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rehearsal.plugins.contract import CheckFailure, CheckResult, DiffResult, ProviderError, ReadResult, Target
from rehearsal.plugins.values import UNKNOWN, Props, differences, unwrap

_TYPE: Final = "command:local:Command"
_INPUTS: Final = frozenset(["create", "environment", "interpreter", "logging"])
_SIGNALS: Final = {2: "interrupt", 9: "killed", 15: "terminated"}
_ADVICE: Final = "Next: install the real plugins and run with PLUGINS=real."


class CommandProvider:
    """Runs commands with an environment, in a directory."""

    package = "command"
    accepts_secrets = True

    def __init__(self, environment: Mapping[str, str], directory: Path) -> None:
        self._environment = dict(environment)
        self._directory = directory
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()

    def configure(self, config: Props) -> None:
        """The package has no configuration."""

    def check(self, target: Target, new_inputs: Props) -> CheckResult:
        """Refuse what no component declares."""
        if target.type != _TYPE:
            raise ProviderError(f"The stand-in for the command plugin has {_TYPE} only, not {target.type}. {_ADVICE}")
        failures = [
            CheckFailure(key, f"the stand-in for the command plugin does not have {key}. {_ADVICE}")
            for key in sorted(new_inputs.keys() - _INPUTS)
        ]
        if new_inputs.get("logging") != "none":
            reason = f'the stand-in for the command plugin has the value "none" only. {_ADVICE}'
            failures.append(CheckFailure("logging", reason))
        return CheckResult(dict(new_inputs), failures)

    def diff(self, target: Target, old_inputs: Props, old_outputs: Props, new_inputs: Props) -> DiffResult:
        """Any changed input is an update."""
        return DiffResult(differences(unwrap(old_inputs), unwrap(new_inputs)))

    def create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """Run the command."""
        return target.name + secrets.token_hex(4), self._outputs(inputs, preview=preview)

    def update(
        self, target: Target, resource_id: str, old_outputs: Props, new_inputs: Props, *, preview: bool
    ) -> Props:
        """Run the command again."""
        return self._outputs(new_inputs, preview=preview)

    def read(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> ReadResult:
        """There is nothing to look at: the state stands."""
        return ReadResult(resource_id, outputs, inputs)

    def delete(self, target: Target, resource_id: str, outputs: Props) -> None:
        """There is nothing to delete."""

    def invoke(self, token: str, args: Props) -> Props:
        """Functions of the package are refused."""
        raise ProviderError(f"The stand-in for the command plugin does not have the function {token}. {_ADVICE}")

    def cancel(self) -> None:
        """Kill the commands that run, as the plugin does. What they started themselves is waited for, as there."""
        with self._lock:
            for process in self._running:
                process.kill()

    def close(self) -> None:
        """Nobody waits for the commands that run any more: the CLI was killed."""
        self.cancel()

    def _outputs(self, inputs: Props, *, preview: bool) -> Props:
        if preview:
            return {**inputs, "stdout": UNKNOWN, "stderr": UNKNOWN}
        given = unwrap(inputs)
        command = given["create"]
        arguments = [*(given.get("interpreter") or ["/bin/sh", "-c"]), command]
        stdout = stderr = ""
        try:
            code, stdout, stderr = self._execute(arguments, {**self._environment, **(given.get("environment") or {})})
            status = _status(code)
        except OSError as error:
            status = _not_started(arguments[0], error)
        if status:
            raise ProviderError(f'{status}: running "{command}":\n{stdout}{stderr}')
        return {**inputs, "stdout": stdout.removesuffix("\n"), "stderr": stderr.removesuffix("\n")}

    def _execute(self, arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
        """Exit code, standard output and error of a command."""
        with self._lock:
            process = subprocess.Popen(
                arguments,
                cwd=self._directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
            self._running.add(process)
        try:
            stdout, stderr = process.communicate()
        finally:
            with self._lock:
                self._running.discard(process)
        return process.returncode, stdout, stderr


def _status(code: int) -> str:
    """How a process ended, as Go words it; nothing where it ended well."""
    if code >= 0:
        return f"exit status {code}" if code else ""
    return f"signal: {_SIGNALS.get(-code, f'signal {-code}')}"


def _not_started(program: str, error: OSError) -> str:
    """Why a program could not be started, as Go words it."""
    if "/" in program or not isinstance(error, FileNotFoundError):
        return f"fork/exec {program}: {(error.strerror or str(error)).lower()}"
    return f'exec: "{program}": executable file not found in $PATH'

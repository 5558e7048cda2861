"""``command:local:Command`` with a ``create`` command, as pulumi-command 1.2.1 has it.

Source: observed in ``provider/pkg/provider/local`` of pulumi/pulumi-command 1.2.1, and the plugin itself beside this.
"""

from __future__ import annotations

import secrets
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from rehearsal.plugins.contract import (
    CheckFailure,
    CheckResult,
    DiffResult,
    Log,
    ProviderError,
    ReadResult,
    Target,
)
from rehearsal.plugins.values import UNKNOWN, Props, contains_unknown, differences, equal, unwrap

_TYPE: Final = "command:local:Command"
_INPUTS: Final = frozenset(["create", "triggers", "environment", "stdin", "interpreter", "logging"])
_OF_THE_PLUGIN: Final = frozenset(["update", "delete", "dir", "assetPaths", "archivePaths", "addPreviousOutputInEnv"])
_LOG_EVERYTHING: Final = "stdoutAndStderr"
_SIGNALS: Final = {2: "interrupt", 9: "killed", 15: "terminated"}
_ADVICE: Final = "Next: install the real plugins and run with PLUGINS=real."

OnLine = Callable[[str, str], None]
"""Called with ``stdout`` or ``stderr`` and one line, its line break included."""


class CommandProvider:
    """Runs commands with an environment, in a directory."""

    package = "command"
    accepts_secrets = True

    def __init__(self, environment: Mapping[str, str], directory: Path, log: Log) -> None:
        self._environment = dict(environment)
        self._directory = directory
        self._log = log
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()

    def configure(self, config: Props) -> None:
        """The package has no configuration."""

    def check(self, target: Target, new_inputs: Props) -> CheckResult:
        """Refuse other resources of the package, and properties that the stand-in or the plugin does not know."""
        if target.type != _TYPE:
            raise ProviderError(f"The stand-in for the command plugin has {_TYPE} only, not {target.type}. {_ADVICE}")
        failures = [
            CheckFailure(key, f"the stand-in for the command plugin does not have {key}. {_ADVICE}")
            for key in sorted(_OF_THE_PLUGIN & new_inputs.keys())
        ]
        failures += [
            CheckFailure(key, f"Unrecognized field '{key}' on 'local.CommandInputs'")
            for key in sorted(new_inputs.keys() - _INPUTS - _OF_THE_PLUGIN)
        ]
        return CheckResult(dict(new_inputs), failures)

    def diff(self, target: Target, old_inputs: Props, old_outputs: Props, new_inputs: Props) -> DiffResult:
        """Any changed input is an update; so is a changed trigger, for which the SDK has the engine replace."""
        changes = differences(unwrap(old_inputs), unwrap(new_inputs))
        return DiffResult(changes, frozenset({"triggers"} & changes.keys()))

    def create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """Run the command."""
        resource_id = target.name + secrets.token_hex(4)
        if preview:
            return resource_id, {**inputs, "stdout": UNKNOWN, "stderr": UNKNOWN}
        return resource_id, self._outputs(target, inputs, {})

    def update(
        self, target: Target, resource_id: str, old_outputs: Props, new_inputs: Props, *, preview: bool
    ) -> Props:
        """Run the command again; it finds in its environment what it said before.

        A preview takes what it said for unknown where an input that was there before changes or is unknown itself.
        """
        previous = {name: str(unwrap(old_outputs.get(name)) or "") for name in ("stdout", "stderr")}
        if not preview:
            return self._outputs(target, new_inputs, previous)
        is_known = not contains_unknown(new_inputs) and all(
            name in new_inputs and equal(unwrap(new_inputs[name]), unwrap(old_outputs[name]))
            for name in _INPUTS & old_outputs.keys()
        )
        return {**new_inputs, **(previous if is_known else {"stdout": UNKNOWN, "stderr": UNKNOWN})}

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

    def _outputs(self, target: Target, inputs: Props, previous: Mapping[str, str]) -> Props:
        if inputs.get("create") is None:
            return {**inputs, "stdout": previous.get("stdout", ""), "stderr": previous.get("stderr", "")}
        variables = {f"PULUMI_COMMAND_{name.upper()}": said for name, said in previous.items() if said}
        stdout, stderr = self._run(target, unwrap(inputs), variables)
        return {**inputs, "stdout": stdout, "stderr": stderr}

    def _run(self, target: Target, inputs: Props, variables: Mapping[str, str]) -> tuple[str, str]:
        command = str(inputs["create"])
        arguments = [*(inputs.get("interpreter") or ["/bin/sh", "-c"]), command]
        environment = {**self._environment, **(inputs.get("environment") or {}), **variables}
        logging = inputs.get("logging", _LOG_EVERYTHING)
        lines: dict[str, list[str]] = {"stdout": [], "stderr": [], "both": []}

        def on_line(stream: str, line: str) -> None:
            lines[stream].append(line)
            lines["both"].append(line)
            if logging in (stream, _LOG_EVERYTHING):
                self._log(target.urn, line.rstrip("\n"))

        try:
            status = _status(self._execute(arguments, environment, inputs.get("stdin") or "", on_line))
        except OSError as error:
            status = _not_started(arguments[0], error)
        if status:
            raise ProviderError(f"{status}: running {_quoted(command)}:\n{''.join(lines['both'])}")
        return "".join(lines["stdout"]).removesuffix("\n"), "".join(lines["stderr"]).removesuffix("\n")

    def _execute(self, arguments: Sequence[str], environment: Mapping[str, str], stdin: str, on_line: OnLine) -> int:
        with self._lock:
            process = subprocess.Popen(
                arguments,
                cwd=self._directory,
                env=environment,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
            self._running.add(process)
        try:
            readers = [_Reader("stdout", process.stdout, on_line), _Reader("stderr", process.stderr, on_line)]
            if process.stdin is not None:
                try:
                    process.stdin.write(stdin)
                    process.stdin.close()
                except BrokenPipeError:
                    pass  # the command does not read its input
            for reader in readers:
                reader.join()
            return process.wait()
        finally:
            with self._lock:
                self._running.discard(process)


class _Reader(threading.Thread):
    """Reads one stream to its end."""

    def __init__(self, name: str, stream: IO[str] | None, on_line: OnLine) -> None:
        super().__init__(daemon=True)
        self._stream_name = name
        self._stream = stream
        self._on_line = on_line
        self.start()

    def run(self) -> None:
        """Hand on each line as it comes."""
        for line in self._stream or ():
            self._on_line(self._stream_name, line)


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


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'

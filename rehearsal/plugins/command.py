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
from rehearsal.plugins.values import UNKNOWN, Props, differences, unwrap

_TYPE: Final = "command:local:Command"
_INPUTS: Final = frozenset(["create", "triggers", "environment", "stdin", "interpreter", "logging"])
_OF_THE_PLUGIN: Final = frozenset(["update", "delete", "dir", "assetPaths", "archivePaths", "addPreviousOutputInEnv"])
_LOG_EVERYTHING: Final = "stdoutAndStderr"
_LOGGING: Final = ("stdout", "stderr", _LOG_EVERYTHING, "none")
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
            CheckFailure(key, f'Unrecognized field "{key}"')
            for key in sorted(new_inputs.keys() - _INPUTS - _OF_THE_PLUGIN)
        ]
        logging = unwrap(new_inputs.get("logging", _LOG_EVERYTHING))
        if logging is not UNKNOWN and logging not in _LOGGING:
            failures.append(CheckFailure("logging", f"expected one of {', '.join(_LOGGING)}"))
        return CheckResult(dict(new_inputs), failures)

    def diff(self, target: Target, old_inputs: Props, old_outputs: Props, new_inputs: Props) -> DiffResult:
        """Any changed input is an update, a changed trigger a replacement."""
        changes = differences(unwrap(old_inputs), unwrap(new_inputs))
        return DiffResult(changes, frozenset(path for path in changes if path.startswith("triggers")))

    def create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """Run the command."""
        resource_id = target.name + secrets.token_hex(4)
        return resource_id, self._outputs(target, inputs, {}, preview=preview)

    def update(
        self, target: Target, resource_id: str, old_outputs: Props, new_inputs: Props, *, preview: bool
    ) -> Props:
        """Run the command again; it finds in its environment what it said before."""
        previous = {
            variable: said
            for variable, name in (("PULUMI_COMMAND_STDOUT", "stdout"), ("PULUMI_COMMAND_STDERR", "stderr"))
            if (said := str(unwrap(old_outputs.get(name)) or ""))
        }
        return self._outputs(target, new_inputs, previous, preview=preview)

    def read(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> ReadResult:
        """There is nothing to look at: the state stands."""
        return ReadResult(resource_id, outputs, inputs)

    def delete(self, target: Target, resource_id: str, outputs: Props) -> None:
        """There is nothing to delete."""

    def invoke(self, token: str, args: Props) -> Props:
        """Functions of the package are refused."""
        raise ProviderError(f"The stand-in for the command plugin does not have the function {token}. {_ADVICE}")

    def cancel(self) -> None:
        """Kill the commands that run, as the plugin does."""
        with self._lock:
            for process in self._running:
                process.kill()

    def close(self) -> None:
        """Nothing is held."""

    def _outputs(self, target: Target, inputs: Props, previous: Mapping[str, str], *, preview: bool) -> Props:
        if preview:
            return {**inputs, "stdout": UNKNOWN, "stderr": UNKNOWN}
        if inputs.get("create") is None:
            return {**inputs, "stdout": previous.get("PULUMI_COMMAND_STDOUT", ""), "stderr": ""}
        stdout, stderr = self._run(target, unwrap(inputs), previous)
        return {**inputs, "stdout": stdout, "stderr": stderr}

    def _run(self, target: Target, inputs: Props, previous: Mapping[str, str]) -> tuple[str, str]:
        command = str(inputs["create"])
        arguments = [*(inputs.get("interpreter") or ["/bin/sh", "-c"]), command]
        given = {key: str(value) for key, value in (inputs.get("environment") or {}).items()}
        logging = inputs.get("logging", _LOG_EVERYTHING)
        lines: dict[str, list[str]] = {"stdout": [], "stderr": [], "both": []}

        def on_line(stream: str, line: str) -> None:
            lines[stream].append(line)
            lines["both"].append(line)
            if logging in (stream, _LOG_EVERYTHING):
                self._log(target.urn, line.rstrip("\n"))

        try:
            code = self._execute(
                arguments, {**self._environment, **given, **previous}, inputs.get("stdin") or "", on_line
            )
        except OSError as error:
            raise ProviderError(f"{error}: running {_quoted(command)}:\n") from None
        if code != 0:
            raise ProviderError(f"{_status(code)}: running {_quoted(command)}:\n{''.join(lines['both'])}")
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
    """As Go words how a process ended."""
    return f"exit status {code}" if code > 0 else f"signal: {_SIGNALS.get(-code, f'signal {-code}')}"


_SIGNALS: Final = {2: "interrupt", 9: "killed", 15: "terminated"}


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'

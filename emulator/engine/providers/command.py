"""``command:local:Command``, as pulumi-command 1.2.1 has it.

Source: observed in ``provider/pkg/provider/local`` of pulumi/pulumi-command 1.2.1, and the plugin itself driven by
engine 3.260. Asset and archive paths are refused.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Protocol

from emulator.engine.providers.base import (
    CheckFailure,
    CheckResult,
    DiffResult,
    ProviderError,
    ReadResult,
    Surroundings,
    Target,
)
from emulator.engine.values import UNKNOWN, Props, Value, changed_keys, unwrap

_TYPE = "command:local:Command"
_INPUTS = frozenset(
    [
        "create",
        "update",
        "delete",
        "triggers",
        "environment",
        "stdin",
        "dir",
        "interpreter",
        "logging",
        "addPreviousOutputInEnv",
    ]
)
_UNMODELLED = frozenset(["assetPaths", "archivePaths"])
_LOG_EVERYTHING = "stdoutAndStderr"
_LOGGING = ("stdout", "stderr", _LOG_EVERYTHING, "none")


OnLine = Callable[[str, str], None]
"""Called with ``stdout`` or ``stderr`` and one line, its line break included."""


class RunProcess(Protocol):
    """Runs a process to its end; a seam for callers that have a quicker way to the same. Raises OSError."""

    def __call__(
        self, arguments: Sequence[str], environment: Mapping[str, str], directory: str, stdin: str, on_line: OnLine
    ) -> int:
        """The exit code, negative for a signal."""


class CommandProvider:
    """Runs commands with the rehearsal's environment, in the project's directory unless ``dir`` says otherwise."""

    accepts_secrets = True
    supports_preview = True

    def __init__(self, surroundings: Surroundings, run_process: RunProcess | None = None) -> None:
        self._surroundings = surroundings
        self._run_process = run_process or _run_process

    def check(self, target: Target, old_inputs: Props, new_inputs: Props) -> CheckResult:
        """Refuse other resources of the package, unknown properties and what is not modelled."""
        if target.type != _TYPE:
            raise ProviderError(
                f"{target.type} is not modelled by the embedded engine; of this package only {_TYPE} is"
            )
        failures = [
            CheckFailure(key, "asset and archive paths are not modelled by the embedded engine")
            for key in sorted(_UNMODELLED & new_inputs.keys())
        ]
        failures += [
            CheckFailure(key, f'Unrecognized field "{key}"')
            for key in sorted(new_inputs.keys() - _INPUTS - _UNMODELLED)
        ]
        logging = unwrap(new_inputs.get("logging", _LOG_EVERYTHING))
        if logging is not UNKNOWN and logging not in _LOGGING:
            failures.append(CheckFailure("logging", f"expected one of {', '.join(_LOGGING)}"))
        return CheckResult(dict(new_inputs), failures)

    def diff(
        self, target: Target, resource_id: str, old_inputs: Props, old_outputs: Props, new_inputs: Props
    ) -> DiffResult:
        """Any changed input is an update, a changed trigger a replacement."""
        keys = changed_keys(old_inputs, new_inputs)
        return DiffResult(bool(keys), ["triggers"] if "triggers" in keys else [], keys)

    def create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """Run ``create``."""
        resource_id = target.name + secrets.token_hex(4)
        if preview:
            return resource_id, {**inputs, "stdout": UNKNOWN, "stderr": UNKNOWN}
        stdout, stderr = self._run(inputs.get("create"), inputs, "", "")
        return resource_id, {**inputs, "stdout": stdout, "stderr": stderr}

    def update(
        self,
        target: Target,
        resource_id: str,
        old_inputs: Props,
        old_outputs: Props,
        new_inputs: Props,
        *,
        preview: bool,
    ) -> Props:
        """Run ``update``, or ``create`` where there is none."""
        if preview:
            return {**new_inputs, "stdout": UNKNOWN, "stderr": UNKNOWN}
        command = new_inputs.get("update", new_inputs.get("create"))
        stdout, stderr = self._run(command, new_inputs, *_previous(old_outputs))
        return {**new_inputs, "stdout": stdout, "stderr": stderr}

    def read(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> ReadResult:
        """There is nothing to look at: the state stands."""
        return ReadResult(resource_id, outputs, inputs)

    def delete(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> None:
        """Run ``delete`` if there is one."""
        self._run(outputs.get("delete"), outputs, *_previous(outputs))

    def invoke(self, token: str, args: Props) -> Props:
        """Functions of the package are refused."""
        raise ProviderError(f"the function {token} is not modelled by the embedded engine")

    def close(self) -> None:
        """Nothing is held."""

    def _run(self, command: Value, inputs: Props, stdout: str, stderr: str) -> tuple[str, str]:
        if command is None:
            return stdout, stderr
        plain: Props = unwrap(inputs)
        text = str(unwrap(command))
        arguments = [*(plain.get("interpreter") or ["/bin/sh", "-c"]), text]
        environment = {**self._surroundings.env, **{k: str(v) for k, v in (plain.get("environment") or {}).items()}}
        if plain.get("addPreviousOutputInEnv", True):
            environment.update({k: v for k, v in _previous_variables(stdout, stderr).items() if v})
        directory = os.path.join(self._surroundings.project_dir, plain.get("dir") or "")
        return self._execute(
            arguments, text, environment, directory, plain.get("stdin") or "", plain.get("logging", _LOG_EVERYTHING)
        )

    def _execute(
        self, arguments: list[str], text: str, environment: dict[str, str], directory: str, stdin: str, logging: str
    ) -> tuple[str, str]:
        lines: dict[str, list[str]] = {"stdout": [], "stderr": [], "both": []}

        def on_line(stream: str, line: str) -> None:
            lines[stream].append(line)
            lines["both"].append(line)
            if logging in (stream, _LOG_EVERYTHING):
                self._surroundings.report("info", line.rstrip("\n"))

        try:
            code = self._run_process(arguments, environment, directory, stdin, on_line)
        except OSError as error:
            raise ProviderError(f"{error}: running {_quoted(text)}:\n") from None
        if code != 0:
            raise ProviderError(f"{_status(code)}: running {_quoted(text)}:\n{''.join(lines['both'])}")
        return "".join(lines["stdout"]).removesuffix("\n"), "".join(lines["stderr"]).removesuffix("\n")


def _run_process(
    arguments: Sequence[str], environment: Mapping[str, str], directory: str, stdin: str, on_line: OnLine
) -> int:
    process = subprocess.Popen(
        arguments,
        cwd=directory,
        env=environment,
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
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


def _previous(outputs: Props) -> tuple[str, str]:
    return str(unwrap(outputs.get("stdout")) or ""), str(unwrap(outputs.get("stderr")) or "")


def _previous_variables(stdout: str, stderr: str) -> dict[str, str]:
    return {"PULUMI_COMMAND_STDOUT": stdout, "PULUMI_COMMAND_STDERR": stderr}


def _status(code: int) -> str:
    return f"exit status {code}" if code > 0 else f"signal: {-code}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'

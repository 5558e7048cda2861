"""A stack of a project, worked on by Pulumi's own engine through the Automation API.

Backend, home, settings and passphrase lie in the rehearsal's state directory. The program runs in this process, so no
language host is needed; the CLI works in a directory of its own, so nothing is written beside the user's project.
"""

from __future__ import annotations

import functools
import logging
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pulumi import automation

from rehearsal.checkpoint import checkpoint, mend, workers
from rehearsal.environment import process_environment, refuse_remote_addresses, rehearsal_environment
from rehearsal.events import MARKUP, Listener
from rehearsal.passphrase import rehearsal_passphrase
from rehearsal.plugins.choice import Plugins
from rehearsal.plugins.server import attached
from rehearsal.processes import CommandFailed, InterruptibleCommand, end_leftovers, run_mark
from rehearsal.program import printed_to, run_program
from rehearsal.results import (
    ConfigValue,
    Diagnostic,
    OnMessage,
    OnStep,
    OperationFailed,
    OutputValue,
    RehearsalError,
    Result,
)

_LAUNCHER: Final = "pulumi-resource-pulumi-python"
"""The executable that the engine starts for dynamic providers (documented: it looks for it on PATH)."""

_PROCESS: Final = threading.RLock()
"""Held by the operation that runs: the SDK and the environment are the process's own."""

_T = TypeVar("_T")

# When an operation fails, the CLI ends while the program still waits for it, and the SDK's server logs that at length.
# What failed has been told by then.
logging.getLogger("grpc._server").setLevel(logging.CRITICAL)


class Stack:
    """One stack of one project.

    ``project_dir``: where ``Pulumi.yaml`` and the program lie. ``state_dir``: where the stack is kept. ``cli``: the
    Pulumi CLI. ``env``: what the rehearsal adds to the environment; the caller's variables that name an account are
    taken away. ``config``: values of the stack, keys without ``:`` belong to the project. ``python``: the
    interpreter of dynamic providers.
    """

    def __init__(
        self,
        project_dir: Path,
        name: str,
        state_dir: Path,
        *,
        cli: Path,
        plugins: Plugins,
        env: Mapping[str, str] | None = None,
        config: Mapping[str, ConfigValue] | None = None,
        on_step: OnStep | None = None,
        on_message: OnMessage | None = None,
        python: str = sys.executable,
    ) -> None:
        self.project_dir = project_dir.resolve()
        self.name = name
        self.state_dir = state_dir.resolve()
        self.environment = rehearsal_environment({**(env or {}), **run_mark(self.state_dir)})
        self.config = dict(config or {})
        self._project: dict[str, Any] = _project_settings(self.project_dir)
        self._cli = cli
        self._plugins = plugins
        self._on_step = on_step
        self._on_message = on_message
        self._python = python
        self._opened: automation.Stack | None = None
        self._work = self.state_dir / "work"

    # --- operations --------------------------------------------------------------------------------------------------

    def up(self, **options: Any) -> Result:
        """Run the program and make the world as it says. ``options``: as of ``automation.Stack.up``."""
        return self._operate("up", options)

    def preview(self, **options: Any) -> Result:
        """Say what :meth:`up` would do; sends no write. ``options``: as of ``automation.Stack.preview``."""
        return self._operate("preview", options)

    def refresh(self, **options: Any) -> Result:
        """Take what the providers report into the state. ``options``: as of ``automation.Stack.refresh``."""
        return self._operate("refresh", options)

    def destroy(self, **options: Any) -> Result:
        """Delete every resource of the stack. ``options``: as of ``automation.Stack.destroy``."""
        return self._operate("destroy", options)

    def outputs(self) -> dict[str, OutputValue]:
        """The stack's outputs on record, secret ones in clear."""
        with self._session() as stack:
            values = _failing(lambda: automation.Stack.outputs(stack))
        return {name: OutputValue(value.value, bool(value.secret)) for name, value in values.items()}

    def export(self) -> dict[str, Any]:
        """What ``pulumi stack export`` prints, secrets encrypted."""
        exported: dict[str, Any] = yaml.load(self.run("stack", "export"), _LOADER)  # noqa: S506 - a safe one
        return exported

    def import_(self, deployment: Mapping[str, Any]) -> None:
        """Takes over what :meth:`export` gave, as ``pulumi stack import`` does."""
        with self._session() as stack:
            state = automation.Deployment(deployment["version"], deployment["deployment"])
            _failing(lambda: stack.import_stack(state))

    def run(self, *arguments: str) -> str:
        """Runs another command of the CLI on this stack; what it prints. Raises OperationFailed."""
        with self._session() as stack:
            command = [*arguments, "--stack", self.name]
            workspace = stack.workspace
            answer = _failing(
                lambda: workspace.pulumi_command.run(command, workspace.work_dir, dict(workspace.env_vars))
            )
        return answer.stdout

    def recover(self) -> str:
        """Ends and mends what a run that was killed has left; what was mended in one sentence, or nothing.

        Each operation does so first. Raises RehearsalError where the state cannot be mended.
        """
        end_leftovers(self.state_dir)
        return "" if workers(self.state_dir) else mend(self._checkpoint)

    # --- pieces ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _session(self) -> Iterator[automation.Stack]:
        with _PROCESS, process_environment(self.environment):
            if self._opened is None:
                mended = self.recover()
                if mended and self._on_message is not None:
                    self._on_message(Diagnostic("warning", mended))
                self._opened = self._open()
            yield self._opened

    def _open(self) -> automation.Stack:
        for directory in ("home", "backend", "work", "bin"):
            (self.state_dir / directory).mkdir(parents=True, exist_ok=True)
        _write(self._work / "Pulumi.yaml", yaml.safe_dump(self._project, sort_keys=False))
        command = f'#!/bin/sh\nexec {shlex.quote(self._python)} -u -m pulumi.dynamic "$@"\n'
        _write(self.state_dir / "bin" / _LAUNCHER, command, mode=0o700)
        workspace = automation.LocalWorkspace(
            work_dir=str(self._work),
            program=lambda: run_program(self.project_dir),
            env_vars=self._of_the_cli(),
            secrets_provider="passphrase",
            pulumi_command=_command(self._cli),
        )
        if not self._checkpoint.exists():
            _failing(lambda: workspace.create_stack(self.name))
        return _Stack(self.name, workspace)

    @property
    def _checkpoint(self) -> Path:
        return checkpoint(self.state_dir, self._project["name"], self.name)

    @property
    def directories(self) -> list[Path]:
        """Where the CLI finds the launcher of dynamic providers, and the real plugins if they are used."""
        return [self.state_dir / "bin", *self._plugins.directories]

    def places(self) -> dict[str, str]:
        """The variables that point a CLI at this stack's backend and home; they hold no secret."""
        return {
            # Without the attributes that Go CDK keeps in a file beside each other one: it does not write those in one
            # step, and a state beside half of one cannot be loaded ("EOF").
            "PULUMI_BACKEND_URL": f"{(self.state_dir / 'backend').as_uri()}?metadata=skip",
            "PULUMI_HOME": str(self.state_dir / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    def _of_the_cli(self) -> dict[str, str]:
        """What the CLI has in its environment on top of the program."""
        return {
            **self.places(),
            "PATH": os.pathsep.join([*map(str, self.directories), self.environment.get("PATH", "")]),
            "PULUMI_CONFIG_PASSPHRASE": rehearsal_passphrase(self.state_dir),
        }

    def _write_config(self, stack: automation.Stack) -> None:
        """Writes the settings that the CLI reads: what stays the same keeps its ciphertexts' salt."""
        path = self._work / f"Pulumi.{self.name}.yaml"
        settings = yaml.load(path.read_text("utf-8"), _LOADER) if path.exists() else {}  # noqa: S506
        config = {key if ":" in key else f"{self._project['name']}:{key}": value for key, value in self.config.items()}
        refuse_remote_addresses(
            self.environment, {**_values_of(self._project), **{key: value.value for key, value in config.items()}}
        )
        settings["config"] = {key: value.value for key, value in config.items() if not value.secret}
        _write(path, yaml.safe_dump(settings))
        for key, value in config.items():
            if value.secret:
                stack.set_config(key, automation.ConfigValue(value.value, secret=True))

    def _operate(self, operation: str, options: dict[str, Any]) -> Result:
        started = time.monotonic()
        listener = Listener(self._on_step, self._on_message)
        with self._session() as stack, attached(self._plugins.stand_ins(self.environment, self.project_dir)) as debug:
            _failing(lambda: self._write_config(stack))
            env = dict(stack.workspace.env_vars)
            stack.workspace.env_vars = {**env, "PULUMI_DEBUG_PROVIDERS": debug} if debug else env
            try:
                with printed_to(listener.on_line):
                    self._unlocked(
                        stack, lambda: getattr(stack, operation)(color="never", on_event=listener.on_event, **options)
                    )
            except automation.errors.CommandError as error:
                result = listener.result(time.monotonic() - started)
                raise _failed(error, result) from None
            finally:
                stack.workspace.env_vars = env
        return listener.result(time.monotonic() - started)

    def _unlocked(self, stack: automation.Stack, work: Callable[[], object]) -> None:
        """Works, again where the lock was left behind by a CLI that was killed: nobody else can release it."""
        try:
            work()
        except automation.errors.ConcurrentUpdateError:
            at_work = workers(self.state_dir)
            if at_work:
                process = f" (process {at_work[0]})" if at_work[0] else ""
                raise RehearsalError(
                    f"Another run works on this stack{process}. Nothing was done.\n"
                    "Next: wait until it has ended, or end it with `make down`; then run the same again."
                ) from None
            stack.cancel()
            work()


class _Stack(automation.Stack):
    """A stack that is there, whose commands all name it, and whose events tell its outputs and history.

    So the CLI need not be started to select it, nor three times after each operation.
    """

    def __init__(self, name: str, workspace: automation.Workspace) -> None:
        self.name = name
        self.workspace = workspace

    def outputs(self) -> automation.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:
        return automation.UpdateSummary("", datetime.now(timezone.utc), "", {}, {}, "")


@functools.cache
def _command(cli: Path) -> InterruptibleCommand:
    """The CLI, asked for its version once."""
    return InterruptibleCommand(cli)


def _failing(call: Callable[[], _T]) -> _T:
    try:
        return call()
    except automation.errors.CommandError as error:
        raise _failed(error, Result()) from None


def _failed(error: automation.errors.CommandError, result: Result) -> OperationFailed:
    """The failure of an operation, from what the CLI told and printed."""
    answer = error.__cause__.answer if isinstance(error.__cause__, CommandFailed) else None
    stderr = answer.stderr if answer is not None else str(error)
    told = [message.text for message in result.messages if message.severity == "error"]
    words = "\n".join(told) or MARKUP.sub("", stderr).strip().removeprefix("error: ")
    return OperationFailed(words, result, answer.code if answer is not None else 0, stderr)


def _project_settings(directory: Path) -> dict[str, Any]:
    """The project's ``Pulumi.yaml``, for another directory: its program stays where it is."""
    path = directory / "Pulumi.yaml"
    try:
        content = yaml.load(path.read_text("utf-8"), _LOADER)  # noqa: S506
    except FileNotFoundError:
        raise RehearsalError(f"There is no project in {directory}: {path} is missing.") from None
    content.pop("stackConfigDir", None)
    content["main"] = str(directory)
    return dict(content)


def _values_of(project: Mapping[str, Any]) -> dict[str, Any]:
    """What the ``config`` block of a Pulumi.yaml sets by itself."""
    declared = project.get("config") or {}
    return {
        key: entry.get("value", entry.get("default")) if isinstance(entry, dict) else entry
        for key, entry in declared.items()
    }


_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where it is built in: ten times as fast."""


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    """Writes a file that is whole at every moment; leaves one alone that holds the text already."""
    if path.exists() and path.read_text("utf-8") == text:
        return
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, "utf-8")
    beside.chmod(mode)
    beside.replace(path)

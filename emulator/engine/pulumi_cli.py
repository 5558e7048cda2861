"""Pulumi itself as the engine of a rehearsal, driven through its Automation API.

Backend, home, settings and passphrase lie in the rehearsal's state directory, and the stack is worked on from a
directory made there, whose ``Pulumi.yaml`` points at the program: nothing is written beside the user's own project.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pulumi import automation

from emulator.engine.environment import process_environment, refuse_remote_addresses, rehearsal_environment
from emulator.engine.interface import (
    ConfigValue,
    EngineError,
    OnEvent,
    OnMessage,
    OutputValue,
    Result,
    StepEvent,
)
from emulator.engine.journal import OperationJournal
from emulator.engine.passphrase import rehearsal_passphrase
from emulator.engine.processes import InterruptibleCommand, end_leftovers, run_mark
from emulator.engine.project import Project, StackSettings, resolve_config
from emulator.engine.secrets import PassphraseSecrets
from emulator.engine.urns import is_provider_type, urn_name

MINIMUM_VERSION = (3, 219, 0)
"""The first whose Python language host has error hooks (documented: its changelog)."""
_PLUGINS = {"azuread": "pulumi-azuread", "command": "pulumi-command"}
_PULUMI_SITE = "https://get.pulumi.com"
_CONNECT_TIMEOUT_S = 5.0
_VERSION_TIMEOUT_S = 30.0
_INSTALL_TIMEOUT_S = 600.0
_LONGEST_REASON = 300
_MARKUP = re.compile(r"<\{%.*?%\}>")
_NOISE = re.compile(r"^using pulumi-resource-\S+ from \$PATH")


# --- which engine


@dataclass(frozen=True)
class EngineChoice:
    """``name``: ``pulumi`` or ``embedded``. ``reason``: one sentence for the user. ``root``: where an installed CLI
    lies, ``plugins``: where its plugins do; None for what the caller has."""

    name: str
    reason: str
    root: Path | None = None
    plugins: Path | None = None

    @property
    def obstacle(self) -> str:
        """The reason without its conclusion: why Pulumi is not used."""
        return self.reason.partition(", so the embedded engine is used")[0] + "."


def find_pulumi(state_dir: Path, *, may_install: bool = False) -> EngineChoice:
    """Which engine a rehearsal uses on this machine, and why.

    Pulumi if it is on PATH and new enough, has its azuread and command plugins, and if those can be told to trust the
    emulator's certificate. With ``may_install`` what is missing is installed from Pulumi's own site, below
    ``state_dir``.
    """
    if not sys.platform.startswith("linux"):
        return EngineChoice(
            "embedded",
            "The azuread plugin trusts a certificate of one's own on Linux only, so the embedded engine is used here.",
        )
    installed = state_dir.resolve() / "pulumi-cli"
    if shutil.which("pulumi") is not None:
        return _judge("pulumi", None, installed, may_install=may_install)
    if (installed / "bin" / "pulumi").exists():
        return _judge(str(installed / "bin" / "pulumi"), installed, installed, may_install=may_install)
    if not may_install:
        return EngineChoice("embedded", "Pulumi is not on PATH, so the embedded engine is used.")
    if not _site_answers():
        return EngineChoice(
            "embedded", "Pulumi is not on PATH and get.pulumi.com cannot be reached, so the embedded engine is used."
        )
    try:
        automation.PulumiCommand.install(root=str(installed))
    except (OSError, subprocess.SubprocessError) as error:
        return EngineChoice(
            "embedded", f"Pulumi could not be installed ({type(error).__name__}), so the embedded engine is used."
        )
    return _judge(str(installed / "bin" / "pulumi"), installed, installed, may_install=may_install)


def _judge(command: str, root: Path | None, installed: Path, *, may_install: bool) -> EngineChoice:
    version = _version_of(command)
    where = "on PATH" if root is None else f"in {root}"
    if version is None:
        return EngineChoice(
            "embedded", f"The pulumi {where} does not tell its version, so the embedded engine is used."
        )
    shown = ".".join(map(str, version))
    if version < MINIMUM_VERSION:
        needed = ".".join(map(str, MINIMUM_VERSION))
        return EngineChoice(
            "embedded", f"Pulumi {shown} {where} is older than {needed}, so the embedded engine is used."
        )
    used = f"Pulumi {shown} {where} is used."
    if not _missing_in(_callers_plugins()):
        return EngineChoice("pulumi", used, root)
    own_plugins = installed / "plugins"
    missing = _missing_in(own_plugins)
    if missing:
        obstacle = _install(command, installed, missing) if may_install else "are not installed"
        if obstacle:
            return EngineChoice(
                "embedded",
                f"Pulumi {shown} is {where}, but its plugins {' and '.join(missing)} {obstacle}, so the embedded "
                "engine is used.",
            )
    return EngineChoice("pulumi", used, root, own_plugins)


def _install(command: str, home: Path, plugins: Sequence[str]) -> str:
    """Installs plugins below a directory, through whatever proxy the caller has; why that failed, else nothing."""
    if not _site_answers():
        return f"are not installed and {urlsplit(_PULUMI_SITE).hostname} cannot be reached"
    environment = {**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    for name in plugins:
        try:
            subprocess.run(
                [command, "plugin", "install", "resource", name, f"v{_plugin_version(name)}"],
                env=environment,
                capture_output=True,
                text=True,
                timeout=_INSTALL_TIMEOUT_S,
                check=True,
            )
        except subprocess.CalledProcessError as failed:
            said = " ".join(str(failed.stderr).split())[-_LONGEST_REASON:]
            return f"could not be installed ({name}: {said or f'exit code {failed.returncode}'})"
        except (OSError, subprocess.SubprocessError) as fault:
            return f"could not be installed ({name}: {type(fault).__name__})"
    return ""


def _version_of(command: str) -> tuple[int, ...] | None:
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(
            [command, "version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_S,
            env=environment,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", answer.stdout.strip())
    return tuple(int(part) for part in match.groups()) if match else None


def _site_answers() -> bool:
    try:
        request = urllib.request.Request(_PULUMI_SITE, method="HEAD")
        with urllib.request.urlopen(request, timeout=_CONNECT_TIMEOUT_S):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _callers_plugins() -> Path:
    home = os.environ.get("PULUMI_HOME")
    return (Path(home) if home else Path.home() / ".pulumi") / "plugins"


def _plugin_version(name: str) -> str:
    return metadata.version(_PLUGINS[name])


def _is_on_path(name: str) -> bool:
    return shutil.which(f"pulumi-resource-{name}") is not None


def _missing_in(plugins: Path) -> list[str]:
    """The plugins that are neither on PATH nor in a directory."""
    return [
        name
        for name in _PLUGINS
        if not _is_on_path(name) and not (plugins / f"resource-{name}-v{_plugin_version(name)}").is_dir()
    ]


# --- the engine


class PulumiEngine:
    """Operations on one stack of one project, carried out by the Pulumi CLI.

    Arguments as of :class:`emulator.engine.embedded.EmbeddedEngine`; ``root``: directory of an installed CLI, None
    for the one on PATH; ``plugins``: of its plugins, None for the caller's. The program and its dynamic providers run
    under the interpreter that runs this engine.
    """

    name = "pulumi"

    def __init__(
        self,
        project_dir: Path | str,
        stack: str,
        state_dir: Path | str,
        *,
        env: Mapping[str, str] | None = None,
        config: Mapping[str, ConfigValue] | None = None,
        passphrase: str | None = None,
        on_event: OnEvent | None = None,
        on_message: OnMessage | None = None,
        parallel: int | None = None,
        root: Path | None = None,
        plugins: Path | None = None,
    ) -> None:
        self.project = Project.load(Path(project_dir).resolve())
        self.stack = stack
        self.state_dir = Path(state_dir).resolve()
        self._given_config = dict(config or {})
        self._on_event = on_event
        self._on_message = on_message
        self._parallel = parallel
        self._root = root
        self._plugins = plugins or _callers_plugins()
        self._home = self.state_dir / "pulumi" / "home"
        self._backend = self.state_dir / "pulumi" / "backend"
        self._work = self.state_dir / "pulumi" / "work"
        passphrase = passphrase or rehearsal_passphrase(self.state_dir)
        self._secrets = PassphraseSecrets(passphrase, self._settings().secrets_state())
        self._environment = self._rehearsal_environment(env or {}, passphrase)
        self._opened: automation.Stack | None = None

    def _rehearsal_environment(self, given: Mapping[str, str], passphrase: str) -> dict[str, str]:
        own = {
            **run_mark(self.state_dir),
            "PULUMI_BACKEND_URL": self._backend.as_uri(),
            "PULUMI_HOME": str(self._home),
            "PULUMI_CONFIG_PASSPHRASE": passphrase,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_PYTHON_CMD": sys.executable,
        }
        if all(_is_on_path(name) for name in _PLUGINS):
            own["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
        environment = rehearsal_environment({**given, **own})
        directories = [str(Path(sys.executable).parent), environment.get("PATH", "")]
        if self._root is not None:
            directories.insert(0, str(self._root / "bin"))
        return {**environment, "PATH": os.pathsep.join(directories)}

    # --- operations

    def up(self) -> Result:
        """Run the program and make the world as it says."""
        return self._operate(lambda stack, **options: stack.up(**options))

    def preview(self) -> Result:
        """Say what :meth:`up` would do; sends no write."""
        return self._operate(lambda stack, **options: stack.preview(**options), keeps_outputs=False)

    def refresh(self, *, clear_pending_creates: bool = False) -> Result:
        """Take what the providers report into the state."""
        return self._operate(
            lambda stack, **options: stack.refresh(clear_pending_creates=clear_pending_creates, **options)
        )

    def destroy(self) -> Result:
        """Delete every resource of the stack."""
        return self._operate(lambda stack, **options: stack.destroy(**options), keeps_outputs=False)

    def outputs(self) -> dict[str, OutputValue]:
        """The stack's outputs on record."""
        with self._session() as stack:
            return _outputs(stack)

    def export(self) -> dict[str, Any]:
        """What ``pulumi stack export`` prints, secrets encrypted."""
        with self._session() as stack:
            command = stack.workspace.pulumi_command
            answer = command.run(["stack", "export", "--stack", self.stack], str(self._work), {})
        exported: dict[str, Any] = yaml.safe_load(answer.stdout)
        return exported

    def set_config(self, values: Mapping[str, ConfigValue]) -> None:
        """Keep configuration values for this stack."""
        self._settings().update(self.project.name, values, self._secrets)

    # --- pieces

    def _settings(self) -> StackSettings:
        return StackSettings(self.state_dir / f"Pulumi.{self.stack}.yaml")

    def _resolve_settings(self) -> None:
        """Write the settings that the CLI reads: what is stored, and on top what this object was given."""
        stored = self._settings().values(self._secrets)
        given = {
            key if ":" in key else f"{self.project.name}:{key}": value for key, value in self._given_config.items()
        }
        values = {**stored, **given}
        refuse_remote_addresses(self._environment, resolve_config(self.project, self.stack, values))
        StackSettings(self._work / f"Pulumi.{self.stack}.yaml").replace(values, self._secrets)

    @contextmanager
    def _session(self) -> Iterator[automation.Stack]:
        with process_environment(self._environment):
            if self._opened is None:
                end_leftovers(self.state_dir)
                self._prepare()
                self._opened = automation.create_or_select_stack(
                    self.stack,
                    work_dir=str(self._work),
                    opts=automation.LocalWorkspaceOptions(
                        pulumi_home=str(self._home),
                        secrets_provider="passphrase",
                        pulumi_command=InterruptibleCommand(root=str(self._root) if self._root else None),
                    ),
                )
            yield self._opened

    def _prepare(self) -> None:
        for directory in (self._home, self._backend, self._work):
            directory.mkdir(parents=True, exist_ok=True)
        plugins = self._home / "plugins"
        if self._plugins.is_dir() and (plugins.is_symlink() or not plugins.exists()):
            plugins.unlink(missing_ok=True)  # it may lead to others, or to where there is nothing any more
            plugins.symlink_to(self._plugins)
        self._write_project()

    def _write_project(self) -> None:
        """The project with absolute paths: its program stays where it is, its interpreter is this one."""
        content = yaml.safe_load((self.project.directory / "Pulumi.yaml").read_text(encoding="utf-8"))
        options: dict[str, Any] = {"toolchain": "pip"}
        if sys.prefix != sys.base_prefix:
            options["virtualenv"] = sys.prefix
        content["runtime"] = {"name": "python", "options": options}
        content["main"] = str(self.project.program)
        content.pop("stackConfigDir", None)
        text = yaml.safe_dump(content, sort_keys=False)
        path = self._work / "Pulumi.yaml"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")

    def _operate(self, operation: Callable[..., Any], *, keeps_outputs: bool = True) -> Result:
        self._resolve_settings()
        started = time.monotonic()
        listener = _Listener(OperationJournal(self._on_event, self._on_message))
        try:
            with self._session() as stack:
                options: dict[str, Any] = {"color": "never", "on_event": listener.on_event}
                if self._parallel is not None:
                    options["parallel"] = self._parallel
                failure: str | None = None
                outputs = None
                try:
                    outputs = getattr(self._unlocked(stack, lambda: operation(stack, **options)), "outputs", None)
                except automation.errors.ConcurrentUpdateError:
                    failure = (
                        f"the stack {self.stack} is currently locked by another operation; wait until it has ended"
                    )
                except automation.errors.CommandError as error:
                    failure = _failure_of(error)
                values = _output_values(outputs) if outputs is not None else _outputs(stack) if keeps_outputs else {}
        except automation.errors.CommandError as error:
            raise EngineError(_failure_of(error), listener.journal.diagnostics) from None
        result = listener.result(values)
        result.duration_s = time.monotonic() - started
        if failure is not None:
            words = "\n".join(listener.journal.errors) or failure or "the operation failed"
            raise EngineError(words, result.diagnostics, result)
        return result

    def _unlocked(self, stack: automation.Stack, run: Callable[[], Any]) -> Any:
        """Runs, again where the lock was left behind by a CLI that was killed: nobody else can release it."""
        try:
            return run()
        except automation.errors.ConcurrentUpdateError:
            locks = list((self._backend / ".pulumi" / "locks").rglob("*.json"))
            if not locks or not all(map(_is_abandoned, locks)):
                raise
            stack.cancel()
            return run()


def _is_abandoned(lock: Path) -> bool:
    """Whether a lock file of the CLI names a process of this computer that has ended.

    Source: observed in ``pkg/backend/diy/lock.go`` of pulumi/pulumi 3.260.
    """
    try:
        content = json.loads(lock.read_text(encoding="utf-8"))
        if content["hostname"] != socket.gethostname():
            return False
        os.kill(int(content["pid"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return False


def _failure_of(error: automation.errors.CommandError) -> str:
    """The CLI's own words, without the command's output, which may be long."""
    text = str(error)
    marker = "\n stderr: "
    if marker in text:
        text = text.split(marker, 1)[1]
    return _MARKUP.sub("", text).strip().removeprefix("error: ")


def _outputs(stack: automation.Stack) -> dict[str, OutputValue]:
    return _output_values(stack.outputs())


def _output_values(outputs: Mapping[str, automation.OutputValue]) -> dict[str, OutputValue]:
    return {name: OutputValue(value.value, bool(value.secret)) for name, value in outputs.items()}


class _Listener:
    """Turns the CLI's event log into steps and messages."""

    def __init__(self, journal: OperationJournal) -> None:
        self.journal = journal
        self._changes: dict[str, int] = {}
        self._begun: dict[tuple[str, str], StepEvent] = {}
        self._traceback: list[str] = []
        self._lock = threading.Lock()

    def on_event(self, event: automation.EngineEvent) -> None:
        """One event of the log."""
        with self._lock:
            if event.resource_pre_event is not None:
                self._step(event.resource_pre_event.metadata, "started")
            elif event.res_outputs_event is not None:
                self._step(event.res_outputs_event.metadata, "done")
            elif event.res_op_failed_event is not None:
                self._step(event.res_op_failed_event.metadata, "failed")
            elif event.diagnostic_event is not None:
                self._message(event.diagnostic_event)
            elif event.summary_event is not None:
                self._changes = {str(_word(op)): count for op, count in event.summary_event.resource_changes.items()}

    def _step(self, step: Any, status: str) -> None:
        if is_provider_type(step.type) and urn_name(step.urn).startswith("default"):
            return
        op = str(_word(step.op))
        key = (step.urn, op)
        keys = tuple(sorted(step.diffs or ()))
        event = StepEvent(op, step.urn, step.type, urn_name(step.urn), status, keys)
        if status == "started":
            self._begun[key] = event
        elif self._begun.pop(key, None) is None and self._begun.pop((step.urn, "refresh"), None) is None:
            return  # the second report of one step: a component's outputs after the component itself
        self.journal.step(event, counted=False, shown=True)

    def _message(self, diagnostic: Any) -> None:
        text = _MARKUP.sub("", diagnostic.message).rstrip("\n")
        severity = diagnostic.severity.split("#", 1)[0]
        if _NOISE.match(text) or text in ("update failed", "preview failed"):
            return
        # The language host reports its traceback line by line; an error that begins like one is a dynamic provider's.
        if severity != "error" and self._is_interruption(text):
            return
        if severity == "error":
            self.journal.error(text.removeprefix("error: "))
        else:
            self.journal.message(severity, text)

    def _is_interruption(self, line: str) -> bool:
        """True for lines of the traceback that the language host prints when a failed step makes the CLI stop it."""
        if line.startswith("Traceback (most recent call last):") or (self._traceback and line.startswith(" ")):
            self._traceback.append(line)
            return True
        lines, self._traceback = self._traceback, []
        if lines and line != "KeyboardInterrupt":
            for kept in lines:
                self.journal.message("info", kept)
            return False
        return bool(lines) or line == "During handling of the above exception, another exception occurred:"

    def result(self, outputs: dict[str, OutputValue]) -> Result:
        """The account, with the CLI's own counts. Components report no end of their own, so they end here."""
        with self._lock:
            for event in list(self._begun.values()):
                ended = StepEvent(event.op, event.urn, event.type, event.name, "done", event.diff_keys)
                self.journal.step(ended, counted=False, shown=True)
            self._begun.clear()
            result = self.journal.result(outputs)
            result.changes = {op: count for op, count in self._changes.items() if count}
            return result


def _word(op: Any) -> Any:
    return getattr(op, "value", op)

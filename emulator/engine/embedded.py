"""The embedded deployment engine: Pulumi's behaviour for rehearsals and tests, with nothing but Python.

It runs a project's own ``__main__.py``, keeps a checkpoint that Pulumi can read, and refuses what it does not model and
every address that is not on loopback. For real deployments use Pulumi.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from emulator.engine.environment import refuse_remote_addresses, rehearsal_environment
from emulator.engine.hooks import Hooks
from emulator.engine.interface import ConfigValue, EngineError, OnEvent, OnMessage, OutputValue, Result
from emulator.engine.journal import OperationJournal
from emulator.engine.monitor import LogSink, ResourceMonitor
from emulator.engine.operation import Operation
from emulator.engine.passphrase import rehearsal_passphrase
from emulator.engine.processes import run_mark
from emulator.engine.program import ProgramRun, run_program
from emulator.engine.project import Project, StackConfig, StackSettings, resolve_config
from emulator.engine.providers.base import Provider, ProviderFactory, Surroundings
from emulator.engine.providers.command import CommandProvider
from emulator.engine.providers.dynamic import DynamicProcess, DynamicProvider
from emulator.engine.refresh import Refresh
from emulator.engine.registry import ProviderRegistry
from emulator.engine.secrets import PassphraseSecrets, WrongPassphraseError
from emulator.engine.state import Deployment, OnBoundary, Snapshot, StateFile
from emulator.engine.urns import ROOT_STACK_TYPE, provider_type
from emulator.engine.values import Props, contains_secret, unwrap

DEFAULT_PARALLEL = 16
_DYNAMIC_PACKAGE = "pulumi-python"


class EmbeddedEngine:
    """Operations on one stack of one project.

    ``project_dir``: where ``Pulumi.yaml`` lies. ``state_dir``: where checkpoint, settings, lock and passphrase are
    kept. ``env``: what the rehearsal adds to the environment; the caller's variables that name an account are taken
    away (:func:`rehearsal_environment`). ``config``: values for this object, on top of the stored ones.
    ``on_boundary``: called with a name before and after each provider call and remote request, and around each state
    write. ``parallel``: how many provider calls run side by side. ``dynamic_provider_port``: an already running
    ``pulumi.dynamic`` process. ``providers``: factories by package, replacing or adding to the built-in ones.
    """

    name = "embedded"

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
        on_boundary: OnBoundary | None = None,
        parallel: int = DEFAULT_PARALLEL,
        dynamic_provider_port: int | None = None,
        providers: Mapping[str, ProviderFactory] | None = None,
    ) -> None:
        self.project = Project.load(Path(project_dir).resolve())
        self.stack = stack
        self.state_dir = Path(state_dir).resolve()
        self._environment = rehearsal_environment({**(env or {}), **run_mark(self.state_dir)})
        self._given_config = dict(config or {})
        self._on_event = on_event
        self._on_message = on_message
        self._on_boundary = on_boundary
        self._parallel = parallel
        self._dynamic_provider_port = dynamic_provider_port
        self._extra_providers = dict(providers or {})
        self._settings = StackSettings(self.state_dir / f"Pulumi.{stack}.yaml")
        self._path = self.state_dir / f"{stack}.json"
        state = StateFile.secrets_state(self._path) or self._settings.secrets_state()
        self._secrets = PassphraseSecrets(passphrase or rehearsal_passphrase(self.state_dir), state)
        self._qualified_stack = f"organization/{self.project.name}/{stack}"

    # --- operations

    def up(self) -> Result:
        """Run the program and make the world as it says."""
        with self._lock():
            return self._run_program(dry_run=False)

    def preview(self) -> Result:
        """Say what :meth:`up` would do; sends no write and takes no lock."""
        return self._run_program(dry_run=True)

    def refresh(self, *, clear_pending_creates: bool = False) -> Result:
        """Read every resource and take what is found into the state."""
        with self._lock():
            journal, config, base = self._begin()
            file = self._file()
            file.verify_passphrase()
            if clear_pending_creates:
                base.pending_operations = [item for item in base.pending_operations if item.type != "creating"]
            with self._operation(journal, config, Snapshot(base, None), dry_run=True) as (operation, _):
                refreshed = Refresh(operation, journal, self._parallel).run(base)
            creations = [item for item in refreshed.pending_operations if item.type == "creating"]
            file.write(Deployment(refreshed.resources, creations), "the refreshed state")
            return self._finish(journal, _stack_outputs(refreshed))

    def destroy(self) -> Result:
        """Delete every resource of the stack, dependents first. The program does not run."""
        with self._lock():
            journal, config, base = self._begin()
            file = self._file()
            file.verify_passphrase()
            self._warn_of_pending(base, journal)
            snapshot = Snapshot(base, file)
            with self._operation(journal, config, snapshot, dry_run=False) as (operation, _):
                operation.delete_unregistered()
            return self._finish(journal, {})

    def outputs(self) -> dict[str, OutputValue]:
        """The stack's outputs on record."""
        file = self._file()
        outputs = _stack_outputs(file.load())
        if contains_secret(outputs):
            file.verify_passphrase()
        return _output_values(outputs)

    def export(self) -> dict[str, Any]:
        """The checkpoint as ``pulumi stack export`` prints it, secrets encrypted."""
        return self._file().export()

    def set_config(self, values: Mapping[str, ConfigValue]) -> None:
        """Keep configuration values in the state directory, secret ones encrypted."""
        with self._lock():
            self._settings.update(self.project.name, values, self._secrets)

    # --- pieces

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.state_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.state_dir / f"{self.stack}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise EngineError(
                f"the stack {self.stack} is currently locked by another operation; wait until it has ended"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def _file(self) -> StateFile:
        return StateFile(self._path, self._qualified_stack, self._secrets, self._on_boundary)

    def _begin(self) -> tuple[OperationJournal, StackConfig, Deployment]:
        self._secrets.prepare()
        journal = OperationJournal(self._on_event, self._on_message)
        try:
            stored = self._settings.values(self._secrets)
        except WrongPassphraseError:
            raise EngineError(f"The passphrase does not open the settings of stack {self.stack}") from None
        config = resolve_config(self.project, self.stack, {**stored, **self._given_config})
        refuse_remote_addresses(self._environment, config)
        return journal, config, self._file().load()

    def _run_program(self, *, dry_run: bool) -> Result:
        journal, config, base = self._begin()
        if not dry_run:
            self._warn_of_pending(base, journal)
        previous = list(base.resources)
        snapshot = Snapshot(base, None if dry_run else self._file())
        with self._operation(journal, config, snapshot, dry_run=dry_run) as (operation, hooks):
            failure = run_program(
                ProgramRun(
                    project=self.project,
                    stack=self.stack,
                    config=config,
                    environment=self._environment,
                    dry_run=dry_run,
                    monitor=ResourceMonitor(
                        operation, hooks, previous, self._qualified_stack, self._file().verify_passphrase
                    ),
                    engine=LogSink(journal.message),
                    parallel=self._parallel,
                    report=journal.message,
                    interrupted=lambda: _interrupt(operation, hooks),
                )
            )
            if failure is not None and not journal.errors:
                journal.error(failure)
            outputs = operation.finish()
        return self._finish(journal, {} if dry_run else outputs)

    @contextmanager
    def _operation(
        self, journal: OperationJournal, config: StackConfig, snapshot: Snapshot, *, dry_run: bool
    ) -> Iterator[tuple[Operation, Hooks]]:
        early = self._early_dynamic_process(snapshot.base, journal)
        surroundings = self._surroundings(journal)
        registry = ProviderRegistry(self._factories(early), surroundings, self._on_boundary)
        hooks = Hooks(dry_run=dry_run, report=journal.message)
        operation = Operation(
            stack=self.stack,
            project=self.project.name,
            config=config,
            snapshot=snapshot,
            providers=registry,
            hooks=hooks,
            journal=journal,
            dry_run=dry_run,
            parallel=self._parallel,
        )
        try:
            yield operation, hooks
        finally:
            registry.close()
            hooks.close()
            for process in early:
                process.stop()

    def _surroundings(self, journal: OperationJournal) -> Callable[[Props], Surroundings]:
        def make(config: Props) -> Surroundings:
            return Surroundings(
                env=self._environment,
                config=config,
                project=self.project.name,
                project_dir=self.project.directory,
                report=journal.message,
                on_boundary=self._on_boundary,
            )

        return make

    def _early_dynamic_process(self, base: Deployment, journal: OperationJournal) -> list[DynamicProcess]:
        """The process that dynamic resources of the state will need, started while the program is being read."""
        if self._dynamic_provider_port is not None or _DYNAMIC_PACKAGE in self._extra_providers:
            return []
        wanted = provider_type(_DYNAMIC_PACKAGE)
        if not any(state.type == wanted for state in base.resources):
            return []
        return [DynamicProcess(self._surroundings(journal)({}))]

    def _factories(self, early: list[DynamicProcess]) -> dict[str, ProviderFactory]:
        def dynamic(surroundings: Surroundings) -> Provider:
            process = early.pop() if early else None
            return DynamicProvider(surroundings, self._dynamic_provider_port, process)

        return {
            "azuread": _azuread,
            "command": CommandProvider,
            _DYNAMIC_PACKAGE: dynamic,
            **self._extra_providers,
        }

    def _warn_of_pending(self, base: Deployment, journal: OperationJournal) -> None:
        if not base.pending_operations:
            return
        pending = dict.fromkeys((item.resource.urn, item.type) for item in base.pending_operations)
        listed = "".join(f"  * {urn}, interrupted while {operation}\n" for urn, operation in pending)
        journal.message(
            "warning",
            f"Attempting to deploy or update resources with {len(pending)} pending operations from previous "
            f"deployment.\n{listed}These resources are in an unknown state because the engine was interrupted while "
            "waiting for changes to these resources to complete. A refresh takes what is really there into the state; "
            "one that clears pending creations also forgets the creations listed here.",
        )

    def _finish(self, journal: OperationJournal, outputs: Props) -> Result:
        result = journal.result(_output_values(outputs))
        if journal.errors:
            raise EngineError("\n".join(journal.errors), journal.diagnostics, result)
        return result


def _interrupt(operation: Operation, hooks: Hooks) -> None:
    operation.refuse("The operation was interrupted: nothing more is begun.")
    hooks.close()


def _azuread(surroundings: Surroundings) -> Provider:
    from emulator.engine.providers.azuread import AzureAdProvider  # noqa: PLC0415 - its HTTP client takes 0.1 s to import

    return AzureAdProvider(surroundings)


def _stack_outputs(deployment: Deployment) -> Props:
    for state in deployment.resources:
        if state.type == ROOT_STACK_TYPE:
            return state.outputs
    return {}


def _output_values(outputs: Props) -> dict[str, OutputValue]:
    return {key: OutputValue(unwrap(value), contains_secret(value)) for key, value in outputs.items()}

"""Decides and does: turns registrations into steps, steps into provider calls, and both into state.

The rules are Pulumi's, down to their order. Source: observed in ``step_generator.go``, ``step.go``,
``step_executor.go`` and ``deployment_executor.go`` under ``pkg/resource/deploy`` of pulumi/pulumi 3.260.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from emulator.engine.goal import AliasSpec, Goal
from emulator.engine.graph import deletion_batches, depending_on, transitive_dependencies
from emulator.engine.hooks import Hooks
from emulator.engine.interface import StepEvent
from emulator.engine.journal import OperationJournal
from emulator.engine.paths import contains, parse_path
from emulator.engine.project import StackConfig
from emulator.engine.providers.base import CheckFailure, DiffResult, PartialFailureError, ProviderError
from emulator.engine.registry import ProviderClient, ProviderRegistry, without_ignored
from emulator.engine.state import ResourceState, Snapshot, mark_secret_outputs, now_text
from emulator.engine.urns import (
    ROOT_STACK_TYPE,
    is_default_provider,
    is_provider_type,
    make_urn,
    package_of,
    plain_type,
    provider_id,
    provider_type,
    provider_urn,
    qualified_type,
    urn_name,
)
from emulator.engine.values import UNKNOWN, Props, Value, changed_keys, contains_secret, equal


class OperationStoppedError(Exception):
    """The operation has failed already; nothing more is begun."""


class _RefusedError(Exception):
    """A registration cannot be carried out; its errors are in the journal."""


@dataclass
class _Step:
    """One step of a chain. ``logical`` steps are counted; ``apply`` raises ProviderError to fail."""

    op: str
    urn: str
    logical: bool
    apply: Callable[[], None]
    diff_keys: list[str]


class Operation:
    """One run of a program against a checkpoint: an update, a preview, or the deletions of a destroy.

    Registrations may come from several threads. Planning is serial, as in Pulumi; provider calls run side by side.
    """

    def __init__(
        self,
        *,
        stack: str,
        project: str,
        config: StackConfig,
        snapshot: Snapshot,
        providers: ProviderRegistry,
        hooks: Hooks,
        journal: OperationJournal,
        dry_run: bool,
        parallel: int,
    ) -> None:
        self._stack = stack
        self._project = project
        self._config = config
        self._snapshot = snapshot
        self._providers = providers
        self._hooks = hooks
        self._journal = journal
        self._dry_run = dry_run
        self._slots = threading.Semaphore(max(parallel, 1))
        self._planning = threading.RLock()
        self._stopped = threading.Event()
        self._base = list(snapshot.base.resources)
        self._olds = {state.urn: state for state in self._base if not state.delete}
        self._news: dict[str, ResourceState] = {}
        self._origins: dict[str, tuple[ResourceState | None, str]] = {}
        self._goals: dict[str, Goal] = {}
        self._urns: set[str] = set()
        self._aliased: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        self._sames: set[str] = set()
        self._creates: set[str] = set()
        self._updates: set[str] = set()
        self._replaces: set[str] = set()
        self._deletes: set[str] = set()
        self._condemned: set[ResourceState] = set()
        self._default_providers: dict[tuple[str, str], str] = {}
        self._stack_outputs: tuple[str, Props] | None = None

    # --- registrations

    def register(self, goal: Goal) -> ResourceState:
        """Plan and carry out one registration; its new state.

        Raises OperationStoppedError if this or another step failed; the reason is in the journal.
        """
        with self._planning:
            self._require_running()
            try:
                provider = self._provider_reference(goal)
                state, steps = self._plan(goal, provider)
            except ProviderError as error:
                self._fail(str(error))
                raise OperationStoppedError from None
            except _RefusedError:
                self._stopped.set()
                raise OperationStoppedError from None
        with self._slots:
            self._execute(steps)
        return state

    def register_outputs(self, urn: str, outputs: Props) -> None:
        """The outputs of a component, or of the stack, which are kept until the end of the operation."""
        if qualified_type(urn) == ROOT_STACK_TYPE:
            self._stack_outputs = (urn, outputs)
            return
        with self._planning:
            self._require_running()
            state = self._news.get(urn)
            if state is None:
                self._fail(f"cannot complete a resource '{urn}' whose registration isn't pending")
                raise OperationStoppedError
            state.outputs = outputs
            old, operation = self._origins[urn]
        self._run_component_hooks(state, old, operation)
        if not self._dry_run and (old is None or not equal(old.outputs, outputs)):
            self._snapshot.write(f"outputs of {state.label}")

    def _run_component_hooks(self, state: ResourceState, old: ResourceState | None, operation: str) -> None:
        kind = {"create": "AfterCreate", "update": "AfterUpdate"}.get(operation)
        if state.custom or kind is None:
            return
        try:
            self._hooks.run(kind, state.hooks.get(kind, []), state, old if operation == "update" else None)
        except ProviderError as error:
            self._fail(str(error))

    def new_state(self, urn: str) -> ResourceState | None:
        """The state that this operation gave a resource."""
        return self._news.get(urn)

    def _require_running(self) -> None:
        if self._stopped.is_set():
            raise OperationStoppedError

    def refuse(self, message: str) -> None:
        """End the operation before it does anything more."""
        if not self._stopped.is_set():
            self._fail(message)

    def _fail(self, message: str) -> None:
        self._journal.error(message)
        self._stopped.set()

    @property
    def has_failed(self) -> bool:
        """True once anything failed."""
        return self._stopped.is_set() or bool(self._journal.errors)

    # --- providers

    def _provider_reference(self, goal: Goal) -> str:
        return self.default_provider(package_of(goal.type), goal.version) if goal.custom else ""

    def default_provider(self, package: str, version: str) -> str:
        """The reference of a package's default provider, registered on first use."""
        with self._planning:
            known = self._default_providers.get((package, version))
            if known is not None:
                return known
            inputs: Props = self._config.for_package(package)
            name = "default"
            if version:
                name = f"default_{version.replace('.', '_').replace('-', '_').replace('+', '_')}"
                inputs = {"__internal": {}, **inputs, "version": version}
            goal = Goal(provider_type(package), name, True, inputs)
            state, steps = self._plan(goal, "")
            self._execute(steps)
            reference = f"{state.urn}::{state.id}"
            self._default_providers[package, version] = reference
            return reference

    def client(self, reference: str) -> ProviderClient:
        """The provider behind a reference; raises ProviderError if there is none."""
        urn, id_ = provider_urn(reference), provider_id(reference)
        candidates = [self._news.get(urn), self._olds.get(urn), *(state for state in self._base if state.urn == urn)]
        for state in candidates:
            if state is not None and state.id == id_:
                package = plain_type(urn).removeprefix(provider_type(""))
                return self._providers.get(reference, package, state.inputs)
        raise ProviderError(f"could not find provider {reference} in the state")

    # --- planning

    def _plan(self, goal: Goal, provider: str) -> tuple[ResourceState, list[_Step]]:
        if goal.parent and goal.parent not in self._urns:
            raise ProviderError(f"could not find parent resource {goal.parent}")
        self._inherit(goal)
        urn = goal.urn(self._stack, self._project)
        if urn in self._urns:
            raise ProviderError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        self._urns.add(urn)
        self._goals[urn] = goal
        old = self._old_resource(urn, goal)
        new = self._new_state(urn, goal, provider, old)
        if is_provider_type(goal.type):
            return new, self._plan_provider(goal, new, old)
        client = self.client(provider) if goal.custom else None
        return new, self._plan_resource(goal, new, old, client)

    def _inherit(self, goal: Goal) -> None:
        parent = self._goals.get(goal.parent)
        if parent is None:
            return
        goal.deleted_with = goal.deleted_with or parent.deleted_with
        goal.protect = parent.protect if goal.protect is None else goal.protect
        goal.retain_on_delete = parent.retain_on_delete if goal.retain_on_delete is None else goal.retain_on_delete

    def _new_state(self, urn: str, goal: Goal, provider: str, old: ResourceState | None) -> ResourceState:
        return ResourceState(
            urn=urn,
            type=goal.type,
            custom=goal.custom,
            inputs=goal.inputs,
            parent=goal.parent,
            provider=provider,
            dependencies=goal.dependencies,
            property_dependencies=goal.property_dependencies,
            protect=bool(goal.protect),
            retain_on_delete=bool(goal.retain_on_delete),
            deleted_with=goal.deleted_with,
            additional_secret_outputs=goal.additional_secret_outputs,
            custom_timeouts=goal.custom_timeouts,
            ignore_changes=goal.ignore_changes,
            replace_on_changes=goal.replace_on_changes,
            hooks=goal.hooks,
            created=old.created if old is not None else "",
            modified=old.modified if old is not None else "",
            source_position=goal.source_position,
        )

    def _plan_provider(self, goal: Goal, new: ResourceState, old: ResourceState | None) -> list[_Step]:
        # Default providers are internal: neither shown nor counted, and without plugin calls of their own.
        outputs = {key: value for key, value in goal.inputs.items() if key != "__internal"}
        if old is None:
            self._creates.add(new.urn)
            return [
                _Step("create", new.urn, True, lambda: self._keep_provider(new, None, str(uuid.uuid4()), outputs), [])
            ]
        if changed_keys(old.inputs, goal.inputs):
            self._updates.add(new.urn)
            return [_Step("update", new.urn, True, lambda: self._keep_provider(new, old, old.id, outputs), [])]
        self._sames.add(new.urn)
        return [_Step("same", new.urn, True, lambda: self._same(new, old), [])]

    def _keep_provider(self, new: ResourceState, old: ResourceState | None, id_: str, outputs: Props) -> None:
        now = now_text()
        new.id, new.outputs, new.created, new.modified = id_, outputs, new.created or now, now
        self._remember(new, old, "create" if old is None else "update")
        self._snapshot.end(new, done=[] if old is None else [old], new=new)

    def _plan_resource(
        self, goal: Goal, new: ResourceState, old: ResourceState | None, client: ProviderClient | None
    ) -> list[_Step]:
        urn = new.urn
        inputs = goal.inputs
        if old is not None:
            inputs = without_ignored(inputs, old.inputs, goal.ignore_changes)
        is_recreation = urn in self._deletes
        if client is not None:
            if is_recreation or old is None:
                inputs = self._checked(client, new, {}, goal.inputs)
            else:
                inputs = self._checked(client, new, old.inputs, inputs)
            new.inputs = inputs
        if is_recreation and old is not None:
            self._deletes.discard(urn)
            self._replaces.add(urn)
            return [self._replace_step(new, []), self._create_step(new, old, is_replacement=True, keeps_old=False)]
        if old is None:
            self._creates.add(urn)
            return [self._create_step(new, None)]
        diff = self._diff(goal, new, old, inputs, client)
        return self._plan_from_diff(goal, new, old, client, diff)

    def _checked(self, client: ProviderClient, new: ResourceState, old_inputs: Props, new_inputs: Props) -> Props:
        result = client.check(new.urn, old_inputs, new_inputs)
        if result.failures:
            for failure in result.failures:
                self._journal.error(_failure_text(new, failure, result.inputs))
            raise _RefusedError
        return result.inputs

    def _diff(
        self, goal: Goal, new: ResourceState, old: ResourceState, inputs: Props, client: ProviderClient | None
    ) -> DiffResult:
        if new.deleted_with and new.deleted_with in self._replaces:
            return DiffResult(True, ["deletedWith"])
        if bool(old.provider) != bool(new.provider):
            return DiffResult(True, ["provider"])
        if client is None:
            keys = changed_keys(old.inputs, inputs) if not equal(old.inputs, inputs) else []
            return DiffResult(not equal(old.inputs, inputs), [], keys)
        return client.diff(new.urn, old.id, old.inputs, old.outputs, inputs, goal.ignore_changes)

    def _plan_from_diff(
        self,
        goal: Goal,
        new: ResourceState,
        old: ResourceState,
        client: ProviderClient | None,
        diff: DiffResult,
    ) -> list[_Step]:
        diff = _with_replace_on_changes(diff, goal.replace_on_changes, bool(old.init_errors))
        if (diff.changes or old.pending_replacement) and (diff.is_replacement or old.pending_replacement):
            return self._plan_replacement(goal, new, old, client, diff)
        if diff.changes or old.init_errors:
            self._updates.add(new.urn)
            return [_Step("update", new.urn, True, lambda: self._update(new, old, client), diff.diff_keys)]
        self._sames.add(new.urn)
        return [_Step("same", new.urn, True, lambda: self._same(new, old), [])]

    def _plan_replacement(
        self,
        goal: Goal,
        new: ResourceState,
        old: ResourceState,
        client: ProviderClient | None,
        diff: DiffResult,
    ) -> list[_Step]:
        urn = new.urn
        if new.protect and old.protect:
            self._journal.error(
                f'unable to replace resource "{urn}"\nas it is currently marked for protection. To unprotect the '
                "resource, remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`"
            )
            if not self._dry_run:
                raise _RefusedError
        self._replaces.add(urn)
        if client is not None:
            # The old inputs do not carry over to a new resource, so it is checked as if it had none.
            new.inputs = self._checked(client, new, {}, goal.inputs)
        keys = diff.diff_keys or diff.replaces
        delete_first = diff.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        if not delete_first:
            create = self._create_step(new, old, is_replacement=True, keeps_old=True, diff_keys=keys)
            return [create, self._replace_step(new, keys)]
        steps = self._condemn_dependents(old)
        if not old.pending_replacement:
            self._deletes.add(old.urn)
            steps.append(self._delete_replaced_step(old))
        create = self._create_step(new, old, is_replacement=True, keeps_old=False, diff_keys=keys)
        return [*steps, self._replace_step(new, keys), create]

    def _condemn_dependents(self, root: ResourceState) -> list[_Step]:
        """Deletions of the dependents that a replacement of ``root`` would replace too, dependents first."""
        steps = []
        affected = self._dependent_replacements(root)
        affected += [state for state in self._olds.values() if state.deleted_with == root.urn and state not in affected]
        for state in reversed(affected):
            if state in self._condemned:
                continue
            self._deletes.add(state.urn)
            self._condemned.add(state)
            if state.delete:
                # What an earlier replacement could not delete: it has no second half that would take its place.
                steps.append(_Step("delete", state.urn, True, self._deletion(state, is_replaced=False), []))
                continue
            if state.protect:
                self._journal.error(
                    f'unable to replace resource "{state.urn}" as part of replacing "{root.urn}" as it is currently '
                    "marked for protection. To unprotect the resource, remove the `protect` flag from the resource in "
                    "your Pulumi program and run `pulumi up`, or use the command:\n"
                    f"`pulumi state unprotect '{state.urn}'`"
                )
                raise _RefusedError
            steps.append(self._delete_replaced_step(state))
        return steps

    def _dependent_replacements(self, root: ResourceState) -> list[ResourceState]:
        replaced = {root.urn}
        affected = []
        already_seen = self._creates | self._sames | self._updates | self._deletes | self._replaces
        for state in depending_on(root, self._base, already_seen):
            if self._would_be_replaced(state, replaced):
                affected.append(state)
                replaced.add(state.urn)
        return affected

    def _would_be_replaced(self, state: ResourceState, replaced: set[str]) -> bool:
        """Ask the provider with every input unknown that comes from a replaced resource."""
        if not state.custom or state.external or is_provider_type(state.type):
            return False
        if state.deleted_with and state.deleted_with in replaced:
            return True
        inputs: Props = dict(state.inputs)
        depends = False
        for key in inputs:
            if not replaced.isdisjoint(state.property_dependencies.get(key, [])):
                inputs[key] = UNKNOWN
                depends = True
        if not depends:
            return False
        client = self.client(state.provider)
        diff = client.diff(state.urn, state.id, state.inputs, state.outputs, inputs, state.ignore_changes)
        return _with_replace_on_changes(diff, state.replace_on_changes, False).is_replacement

    # --- aliases

    def _old_resource(self, urn: str, goal: Goal) -> ResourceState | None:
        if urn in self._aliased:
            raise ProviderError(
                f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN '{self._aliased[urn]}'"
            )
        old = self._olds.get(urn)
        if old is not None:
            return old
        for alias in self._candidate_aliases(goal):
            old = self._olds.get(alias)
            if old is None or alias == urn:
                continue
            if alias in self._urns or alias in self._aliased:
                claimed = self._aliased.get(alias, urn)
                raise ProviderError(
                    f"Duplicate resource alias '{alias}' applied to resource with URN '{urn}' conflicting "
                    f"with resource with URN '{claimed}'"
                )
            self._aliased[alias] = urn
            self._aliases[urn] = alias
            self._snapshot.add_alias(alias, urn)
            return old
        return None

    def _candidate_aliases(self, goal: Goal) -> list[str]:
        own = [self._alias_urn(spec, goal) for spec in goal.aliases]
        inherited = []
        parent_alias = self._aliases.get(goal.parent)
        if parent_alias is not None:
            parent_name = urn_name(goal.parent)
            former = [(goal.type, goal.name), *((plain_type(urn), urn_name(urn)) for urn in own)]
            for type_, name in former:
                former_name = name
                if name.startswith(parent_name):
                    former_name = urn_name(parent_alias) + name[len(parent_name) :]
                inherited.append(make_urn(self._stack, self._project, parent_alias, type_, former_name))
        return list(dict.fromkeys([*own, *inherited]))

    def _alias_urn(self, spec: AliasSpec, goal: Goal) -> str:
        if spec.urn:
            return spec.urn
        parent = self._aliases.get(spec.parent, spec.parent) if spec.parent else goal.parent
        if spec.no_parent:
            parent = ""
        return make_urn(
            spec.stack or self._stack,
            spec.project or self._project,
            parent,
            spec.type or goal.type,
            spec.name or goal.name,
        )

    # --- steps

    def _execute(self, steps: list[_Step]) -> None:
        for step in steps:
            self._require_running()
            try:
                self._execute_one(step)
            except ProviderError as error:
                self._fail(str(error))
                raise OperationStoppedError from None

    def _execute_one(self, step: _Step) -> None:
        shown = not is_default_provider(step.urn)
        counted = shown and step.logical

        def event(status: str) -> StepEvent:
            return StepEvent(
                step.op, step.urn, plain_type(step.urn), urn_name(step.urn), status, tuple(sorted(step.diff_keys))
            )

        self._journal.step(event("started"), counted=counted, shown=shown)
        try:
            step.apply()
        except ProviderError:
            self._journal.step(event("failed"), counted=False, shown=shown)
            raise
        self._journal.step(event("done"), counted=counted, shown=shown)

    def _remember(self, new: ResourceState, old: ResourceState | None, operation: str) -> None:
        mark_secret_outputs(new)
        self._origins[new.urn] = (old, operation)
        self._news[new.urn] = new

    def _same(self, new: ResourceState, old: ResourceState) -> None:
        # The new inputs are stored, the old outputs stay: what the provider calls no change may still be spelt
        # differently.
        new.id, new.outputs = old.id, old.outputs
        self._remember(new, old, "same")
        self._snapshot.end(new, done=[old], new=new, write=not self._dry_run and _must_write(old, new))

    def _replace_step(self, new: ResourceState, keys: list[str]) -> _Step:
        return _Step("replace", new.urn, True, lambda: None, keys)

    def _create_step(
        self,
        new: ResourceState,
        old: ResourceState | None,
        *,
        is_replacement: bool = False,
        keeps_old: bool = False,
        diff_keys: list[str] | None = None,
    ) -> _Step:
        op = "create-replacement" if is_replacement else "create"
        return _Step(op, new.urn, not is_replacement, lambda: self._create(new, old, keeps_old), diff_keys or [])

    def _create(self, new: ResourceState, old: ResourceState | None, keeps_old: bool) -> None:
        self._hooks.run("BeforeCreate", new.hooks.get("BeforeCreate", []), new, None)
        if not self._dry_run:
            self._snapshot.begin(new, "creating")
        try:
            if new.custom:
                client = self.client(new.provider)
                new.id, new.outputs = self._hooks.attempt(
                    "create",
                    new.hooks.get("OnError", []),
                    new,
                    None,
                    lambda: client.create(new.urn, new.inputs, preview=self._dry_run),
                )
        except PartialFailureError as error:
            new.id, new.outputs, new.init_errors = error.resource_id, error.outputs, error.reasons
            self._created(new, old, keeps_old)
            raise
        except ProviderError:
            self._snapshot.end(new, write=not self._dry_run)
            raise
        self._created(new, old, keeps_old)
        if new.custom:
            self._run_after("AfterCreate", new, None)

    def _created(self, new: ResourceState, old: ResourceState | None, keeps_old: bool) -> None:
        new.created = new.modified = now_text()
        if old is not None and keeps_old:
            old.delete = True
        self._remember(new, None if old is None else old, "create")
        done = [old] if old is not None and old.pending_replacement else []
        self._snapshot.end(new, done=done, new=new, write=not self._dry_run)

    def _run_after(self, kind: str, new: ResourceState, old: ResourceState | None) -> None:
        # The resource is as it should be; a failing hook afterwards fails the operation but not the step.
        try:
            self._hooks.run(kind, new.hooks.get(kind, []), new, old)
        except ProviderError as error:
            self._fail(str(error))

    def _update(self, new: ResourceState, old: ResourceState, client: ProviderClient | None) -> None:
        new.id, new.created, new.modified = old.id, old.created, old.modified
        self._hooks.run("BeforeUpdate", new.hooks.get("BeforeUpdate", []), new, old)
        if not self._dry_run:
            self._snapshot.begin(new, "updating")
        try:
            if client is not None:
                new.outputs = self._hooks.attempt(
                    "update",
                    new.hooks.get("OnError", []),
                    new,
                    old,
                    lambda: client.update(new.urn, old.id, old.inputs, old.outputs, new.inputs, preview=self._dry_run),
                )
                new.modified = now_text()
        except PartialFailureError as error:
            # The resource does not have the new inputs yet, so the old ones stay on record.
            new.inputs, new.outputs, new.init_errors = old.inputs, error.outputs, error.reasons
            self._remember(new, old, "update")
            self._snapshot.end(new, done=[old], new=new, write=not self._dry_run)
            raise
        except ProviderError:
            self._snapshot.end(new, write=not self._dry_run)
            raise
        self._remember(new, old, "update")
        self._snapshot.end(new, done=[old], new=new, write=not self._dry_run)
        if new.custom:
            self._run_after("AfterUpdate", new, old)

    def _delete_replaced_step(self, old: ResourceState) -> _Step:
        return _Step(
            "delete-replaced", old.urn, False, lambda: self._delete(old, keeps_record=True, is_replaced=True), []
        )

    def _delete(self, old: ResourceState, *, keeps_record: bool, is_replaced: bool) -> None:
        """Delete what a state describes. ``keeps_record``: the state stays, marked as to be created again."""
        self._hooks.run("BeforeDelete", old.hooks.get("BeforeDelete", []), None, old)
        if old.protect and not is_replaced:
            raise _ProtectedError(old.urn)
        if not self._dry_run:
            self._snapshot.begin(old, "deleting")
        try:
            if self._must_be_deleted(old):
                client = self.client(old.provider)
                self._hooks.attempt(
                    "delete",
                    old.hooks.get("OnError", []),
                    None,
                    old,
                    lambda: client.delete(old.urn, old.id, old.inputs, old.outputs),
                )
        except ProviderError:
            self._snapshot.end(old, write=not self._dry_run)
            raise
        if keeps_record:
            old.pending_replacement = True
        self._snapshot.end(old, done=[] if old.pending_replacement else [old], write=not self._dry_run)
        self._run_after_delete(old)

    def _must_be_deleted(self, old: ResourceState) -> bool:
        if self._dry_run or not old.custom or is_provider_type(old.type) or old.external or old.retain_on_delete:
            return False
        return old.deleted_with not in self._deletes

    def _run_after_delete(self, old: ResourceState) -> None:
        try:
            self._hooks.run("AfterDelete", old.hooks.get("AfterDelete", []), None, old)
        except ProviderError as error:
            self._fail(str(error))

    # --- the end of an operation

    def delete_unregistered(self) -> None:
        """Delete what the program did not register, and what replacements left behind, dependents first."""
        with self._planning:
            if self._stopped.is_set():
                return
            steps = self._deletion_steps()
        spared: set[ResourceState] = set()
        for batch in deletion_batches(steps.keys(), self._base):
            for state in batch:
                if self._stopped.is_set():
                    return
                if state in spared:
                    continue
                try:
                    self._execute_one(steps[state])
                except _ProtectedError as error:
                    self._journal.error(str(error))
                    spared |= transitive_dependencies(state, self._base)
                except ProviderError as error:
                    self._fail(str(error))

    def _deletion_steps(self) -> dict[ResourceState, _Step]:
        registered = self._sames | self._updates | self._replaces | self._creates
        steps: dict[ResourceState, _Step] = {}
        for state in self._base:
            if state in self._condemned and state.delete:
                continue
            if state.delete:
                self._deletes.add(state.urn)
                steps[state] = _Step("delete-replaced", state.urn, False, self._deletion(state, is_replaced=True), [])
            elif self._aliased.get(state.urn, state.urn) not in registered:
                self._deletes.add(state.urn)
                if state.pending_replacement:
                    steps[state] = _Step("remove-pending-replace", state.urn, False, self._forgetting(state), [])
                else:
                    steps[state] = _Step("delete", state.urn, True, self._deletion(state, is_replaced=False), [])
        return steps

    def _deletion(self, state: ResourceState, *, is_replaced: bool) -> Callable[[], None]:
        return lambda: self._delete(state, keeps_record=False, is_replaced=is_replaced)

    def _forgetting(self, state: ResourceState) -> Callable[[], None]:
        return lambda: self._snapshot.end(state, done=[state], write=not self._dry_run)

    def finish(self) -> Props:
        """Store the stack's outputs and return them; after a failure the old ones that were not given again stay."""
        if self._stack_outputs is None:
            return {}
        urn, outputs = self._stack_outputs
        state = self._news.get(urn)
        if state is None:
            return outputs
        old = self._olds.get(urn)
        if self.has_failed and old is not None:
            outputs = {**old.outputs, **outputs}
        state.outputs = outputs
        if not self._dry_run and (old is None or not equal(old.outputs, outputs)):
            self._snapshot.write("outputs of the stack")
        return outputs


class _ProtectedError(ProviderError):
    def __init__(self, urn: str) -> None:
        super().__init__(
            f'resource "{urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove '
            "the `protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n"
            f"`pulumi state unprotect '{urn}'`"
        )


def _failure_text(state: ResourceState, failure: CheckFailure, inputs: Props) -> str:
    if not failure.property:
        return f"{state.type} resource '{state.name}' has a problem: {failure.reason}"
    value = _shown(inputs.get(failure.property))
    subject = f"{state.type} resource '{state.name}': property {failure.property} value {value}"
    return f"{subject} has a problem: {failure.reason}"


def _shown(value: Value) -> str:
    # Pulumi itself prints the value here, a secret's too; a rehearsal must not.
    return "[secret]" if contains_secret(value) else f"{{{value}}}"


def _with_replace_on_changes(diff: DiffResult, replace_on_changes: list[str], has_init_errors: bool) -> DiffResult:
    if not diff.changes and not has_init_errors:
        return diff
    patterns = [path for path in map(parse_path, replace_on_changes) if path is not None]
    replaces = list(diff.replaces)
    for key in diff.diff_keys:
        path = parse_path(key)
        if path is not None and key not in replaces and any(contains(pattern, path) for pattern in patterns):
            replaces.append(key)
    return DiffResult(diff.changes, replaces, diff.diff_keys, diff.delete_before_replace)


def _must_write(old: ResourceState, new: ResourceState) -> bool:
    """True if a step that changed nothing still changed what is on record.

    Pulumi leaves changes of some options unwritten until the operation ends; what is on record then is the same.
    """
    return not (
        old.urn == new.urn
        and old.type == new.type
        and old.custom == new.custom
        and old.custom_timeouts == new.custom_timeouts
        and old.retain_on_delete == new.retain_on_delete
        and old.provider == new.provider
        and old.parent == new.parent
        and old.deleted_with == new.deleted_with
        and old.protect == new.protect
        and old.hooks == new.hooks
        and old.ignore_changes == new.ignore_changes
        and old.replace_on_changes == new.replace_on_changes
        and old.additional_secret_outputs == new.additional_secret_outputs
        and old.aliases == new.aliases
        and old.init_errors == new.init_errors
        and sorted(old.dependencies) == sorted(new.dependencies)
        and equal(old.inputs, new.inputs)
        and equal(old.outputs, new.outputs)
    )

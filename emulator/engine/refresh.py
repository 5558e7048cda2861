"""Refresh: every resource is read, and what the providers report becomes the state.

Source: observed in ``RefreshStep`` (``step.go``) and ``rebuildBaseState`` (``deployment_executor.go``) of
pulumi/pulumi 3.260.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from emulator.engine.interface import StepEvent
from emulator.engine.journal import OperationJournal
from emulator.engine.operation import Operation
from emulator.engine.providers.base import ProviderError
from emulator.engine.state import Deployment, ResourceState, mark_secret_outputs, now_text
from emulator.engine.urns import is_default_provider, is_provider_type
from emulator.engine.values import equal


class Refresh:
    """One refresh of a deployment. ``operation`` lends it the providers of the state."""

    def __init__(self, operation: Operation, journal: OperationJournal, parallel: int) -> None:
        self._operation = operation
        self._journal = journal
        self._parallel = parallel

    def run(self, base: Deployment) -> Deployment:
        """Read every resource; the new deployment. A read that fails is an error in the journal and changes nothing."""
        with ThreadPoolExecutor(max_workers=max(self._parallel, 1)) as executor:
            refreshed = list(executor.map(self._refresh, base.resources))
        present = [state for state in refreshed if state is not None]
        return Deployment(_with_repaired_references(present), base.pending_operations)

    def _refresh(self, old: ResourceState) -> ResourceState | None:
        shown = not is_default_provider(old.urn)
        try:
            new, op, keys = self._read(old)
        except ProviderError as error:
            self._journal.step(_event("refresh", old, "failed"), counted=False, shown=shown)
            self._journal.error(str(error))
            return old
        self._journal.step(_event(op, old, "done", keys), counted=shown, shown=shown)
        return new

    def _read(self, old: ResourceState) -> tuple[ResourceState | None, str, list[str]]:
        if not old.custom or is_provider_type(old.type) or old.pending_replacement:
            return old, "same", []
        client = self._operation.client(old.provider)
        live = client.read(old.urn, old.id, old.inputs, old.outputs)
        if not live.id:
            return None, "delete", []
        inputs = old.inputs if live.inputs is None else live.inputs
        new = old.clone(id=live.id, inputs=inputs, outputs=live.outputs, init_errors=[])
        mark_secret_outputs(new)
        if not (equal(inputs, old.inputs) and equal(new.outputs, old.outputs)):
            new.modified = now_text()
        # What an update of an unchanged program would do now, seen from the other side.
        diff = client.diff(new.urn, new.id, new.inputs, new.outputs, old.inputs, old.ignore_changes)
        return new, "update" if diff.changes else "same", diff.diff_keys


def _event(op: str, state: ResourceState, status: str, keys: list[str] | None = None) -> StepEvent:
    return StepEvent(op, state.urn, state.type, state.name, status, tuple(sorted(keys or [])))


def _with_repaired_references(resources: list[ResourceState]) -> list[ResourceState]:
    """Without references to resources that are gone; a child of a lost parent has no parent any more.

    The comment at ``undangleParentResources`` moves it up to the parent's parent, but that function never sees the
    parents that are gone, so what it does is this.
    """
    present: set[str] = set()
    repaired = []
    for state in resources:
        parent = state.parent if state.parent in present else ""
        properties = {
            key: kept
            for key, urns in state.property_dependencies.items()
            if (kept := [urn for urn in urns if urn in present])
        }
        if parent != state.parent or properties != state.property_dependencies or not state.references() <= present:
            state = state.clone(  # noqa: PLW2901 - the repaired state takes the place of the old one
                parent=parent,
                dependencies=[urn for urn in state.dependencies if urn in present],
                property_dependencies=properties,
                deleted_with=state.deleted_with if state.deleted_with in present else "",
            )
        present.add(state.urn)
        repaired.append(state)
    return repaired

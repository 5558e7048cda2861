"""Who depends on whom in a checkpoint, which lists its resources in dependency order.

Source: observed in ``pkg/resource/graph/dependency_graph.go`` of pulumi/pulumi 3.260.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from emulator.engine.state import ResourceState


def depending_on(
    root: ResourceState, resources: Sequence[ResourceState], ignore: Collection[str]
) -> list[ResourceState]:
    """All resources after ``root`` that directly or indirectly depend on it, in dependency order; children do not
    count."""
    dependents: list[ResourceState] = []
    needed = {root.urn}
    position = next((index for index, state in enumerate(resources) if state is root), len(resources))
    for candidate in resources[position + 1 :]:
        if candidate.urn not in ignore and not needed.isdisjoint(candidate.references()):
            dependents.append(candidate)
            needed.add(candidate.urn)
    return dependents


def _direct_dependencies(index: int, resources: Sequence[ResourceState]) -> list[ResourceState]:
    state = resources[index]
    urns = state.references()
    found = []
    for candidate in resources[:index]:
        if candidate.urn == state.parent:
            found.append(candidate)
        elif candidate.urn in urns:
            found.append(candidate)
            if not candidate.custom:
                found += [other for other in resources[:index] if _is_below(other, candidate.urn, resources)]
    return found


def _is_below(state: ResourceState, ancestor: str, resources: Sequence[ResourceState]) -> bool:
    parents = {other.urn: other.parent for other in resources}
    parent = state.parent
    while parent:
        if parent == ancestor:
            return True
        parent = parents.get(parent, "")
    return False


def deletion_batches(
    condemned: Collection[ResourceState], resources: Sequence[ResourceState]
) -> list[list[ResourceState]]:
    """The condemned resources in batches to be deleted one after the other: dependents and children first."""
    remaining = set(condemned)
    needs = {
        state: [need for need in _direct_dependencies(index, resources) if need in remaining]
        for index, state in enumerate(resources)
        if state in remaining
    }
    batches: list[list[ResourceState]] = []
    while remaining:
        batch = [
            state for state in resources if state in remaining and not any(need in remaining for need in needs[state])
        ]
        batches.append(batch)
        remaining.difference_update(batch)
    return batches[::-1]


def transitive_dependencies(state: ResourceState, resources: Sequence[ResourceState]) -> set[ResourceState]:
    """Everything that must outlive ``state``: its parent, provider and dependencies, and theirs."""
    found: set[ResourceState] = set()
    queue = [state]
    positions = {item: index for index, item in enumerate(resources)}
    while queue:
        current = queue.pop()
        if current not in positions:
            continue
        for need in _direct_dependencies(positions[current], resources):
            if need not in found:
                found.add(need)
                queue.append(need)
    return found

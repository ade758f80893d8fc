"""Which resources a `select` matches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from iamfix.model import Place
from iamfix.render import Scope
from iamfix.wanted import details_for
from iamfix.world import Resource, World, resources_of


def matching(
    world: World, kind_name: str, select: str, place: Place, scope: Scope, region: str | None, ignored: set[str]
) -> Iterator[Resource]:
    """Yield the resources for which `select` holds; the addresses of those that others own go to `ignored`.

    Raises InputError, AwsError.
    """
    kind = world.kinds[kind_name]

    def holds(resource: Resource) -> bool:
        return scope.child({}, resource).holds(select, place)

    matches = [resource for resource in resources_of(world, kind_name, region) if holds(resource)]
    names = frozenset(resource.name for resource in matches)
    touched = frozenset().union(*(resource.touched for resource in matches))
    if world.closer(kind_name, names, region, touched):
        # What matched by a report that may be hours old must match by how it looks now.
        there = world.all(kind_name, region)
        matches = [resource for resource in matches if resource.name in there and holds(resource)]
        names = frozenset(resource.name for resource in matches)
    if matches and (details := details_for(kind, ())):
        # Whose they are may be told by what is read one by one, such as tags.
        world.look(kind_name, names, region, details)
    for resource in matches:
        if kind.owner(resource.name, world.get(kind_name, resource.name, region)):
            ignored.add(world.address(kind_name, resource.name, region))
        else:
            yield replace(resource, among=names)

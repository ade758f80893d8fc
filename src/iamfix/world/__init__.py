"""An account's world: how every resource looks, observed in bulk when first asked for, and changed by the fold.

A world starts as what is observed. Planning puts into it what each task will make of a resource, so that the next task
sees the account as it will be then. `world.py` is the world and `part.py` what it knows of one kind in one place;
changes see it from a `Spot`, templates as a `Resource`.
"""

from iamfix.world.resource import Resource, names_of, resources_of
from iamfix.world.spot import Spot
from iamfix.world.world import World

__all__ = ["Resource", "Spot", "World", "names_of", "resources_of"]

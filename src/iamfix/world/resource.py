"""Resources as templates see them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from iamfix.fields import FACTS, derived_of, fields_of
from iamfix.kinds.protocol import Kind
from iamfix.model import UNREAD, AwsError, Json
from iamfix.wanted import details_for
from iamfix.world.spot import Spot
from iamfix.world.world import World

_TOLD = ("arn", "owned_by", "protected")


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as templates see it: `name` and its fields, in their JSON form. Details are read when touched.

    What a kind tells without asking AWS comes with them: `arn` (or null), `owned_by` (which AWS service or other tool
    it belongs to, or null), and `protected` (the inventory protects it, or iamfix itself runs as it). `resource` is all
    of it, for variables that are made of whatever resource is looked at.
    """

    world: World
    kind: str
    region: str | None
    name: str
    among: frozenset[str] | None = None
    """Those with which its details are read, as they are now; None: with all, and a report will do."""
    touched: set[str] = field(default_factory=set, compare=False)
    """The fields that were asked for."""

    def field(self, field: str) -> Json:
        """Return a field's value, or what follows from fields.

        Raises:
            KeyError: the kind has no such field.
            AwsError: AWS refused to tell it.
        """
        if (fact := derived_of(self.world.kinds[self.kind].State).get(field)) is not None:
            self.touched.update(fact.details)
            if self.among is not None:
                self.world.look(self.kind, self.among, self.region, fact.details)
            state = self.world.all(self.kind, self.region, fact.details)[self.name]
            return FACTS.plain(getattr(state, field))
        spec = fields_of(self.world.kinds[self.kind].State)[field]
        self.touched.add(field)
        if (value := self.world.value(self.kind, self.region, self.name, field, self.among)) is UNREAD:
            raise self._untold(field)
        return spec.codec.plain(value)

    def _untold(self, field: str) -> AwsError:
        """Return the refusal for a field that was asked for and not told: no condition may take that for empty."""
        module = self.world.kinds[self.kind]
        own = fields_of(module.State)[field].reads
        service, operation = next((one for one in module.READS if one[1] in own), module.READS[0])
        return AwsError(service, operation, "NotTold", f"AWS does not tell {field} of {self.name}.", self.region)

    def __getitem__(self, field: str) -> Json:
        if field == "name":
            return self.name
        if field == "resource":
            return self
        if field not in _TOLD or field in fields_of(self.world.kinds[self.kind].State):
            return self.field(field)
        module = self.world.kinds[self.kind]
        if field == "owned_by":
            return module.owner(self.name, self.world.all(self.kind, self.region, details_for(module, ()))[self.name])
        state = self.world.all(self.kind, self.region)[self.name]
        arn = module.arn(self.name, state, Spot(self.world, self.region))
        if field == "arn" or arn is None:
            return arn if field == "arn" else False
        return self.world.account.protects(arn) or _runs_as(self.world.principal, arn)

    def keys(self) -> list[str]:
        return names_of(self.world.kinds[self.kind])


def names_of(kind: Kind) -> list[str]:
    """Return what a resource of a kind has in an expression."""
    return ["name", "resource", *_TOLD, *fields_of(kind.State), *derived_of(kind.State)]


def _runs_as(principal: str | None, arn: str) -> bool:
    """Tell whether an ARN is that of a principal, or of the role behind its session (whose ARN lacks the path)."""
    if principal is None or ":assumed-role/" not in principal:
        return arn == principal
    return ":role/" in arn and arn.rpartition("/")[2] == principal.split("/")[1]


def resources_of(
    world: World, kind: str, region: str | None = None, *, live: bool = False, only: Collection[str] | None = None
) -> Iterator[Resource]:
    """Yield every resource of a kind as templates see it, by name, or `only` those of some names.

    `live`: what reports tell will not do; details are then read of those that are yielded.
    """
    names = sorted(name for name in world.all(kind, region) if only is None or name in only)
    among = frozenset(names) if live else None
    for name in names:
        yield Resource(world, kind, region, name, among)

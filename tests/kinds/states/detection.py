"""Random States of the kinds that find and report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iamfix.kinds import access_analyzer
from iamfix.kinds.access_analyzer import Criterion
from iamfix.model import Call
from tests.kinds.states.iam import tags

_texts = st.lists(st.sampled_from(("999999999999", "888888888888")), min_size=1).map(
    lambda found: tuple(sorted(set(found)))
)
_criteria = st.builds(Criterion, eq=_texts) | st.builds(Criterion, exists=st.booleans())
_filters = st.dictionaries(st.sampled_from(("principal.AWS", "isPublic")), _criteria, min_size=1)

STATES: Mapping[str, st.SearchStrategy[Any]] = {
    "access_analyzer": st.builds(
        access_analyzer.State, type=st.just("ACCOUNT"), unused_access_age=st.just(90),
        archive_rules=st.dictionaries(st.sampled_from(("partner", "known")), _filters), tags=tags, status=st.none(),
        status_reason=st.none(), managed_by=st.none(), created=st.none(),
    ),
}  # fmt: skip

NAMES: Mapping[str, str] = {}
SURROUNDINGS: tuple[Call, ...] = ()

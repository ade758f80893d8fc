"""The fields of a kind's `State`: how each is written in a playbook, compared, merged, shown and taken back.

A kind declares its fields with `asked` (a playbook may set them) and `seen` (only read), as `declared.py` has it.
Everything the core does to a State, it does through the `Codec` of each field (`values.py` says what one has;
`codecs.py` and `documents.py` have them), so that it needs to know no kind.
"""

from iamfix.fields.codecs import FLAG, FOLDED_TAGS, NUMBER, OPTIONAL_TEXT, SET, TAGS, TEXT, Map, Scalar, Set
from iamfix.fields.declared import (
    Derived,
    FieldSpec,
    asked,
    derived,
    derived_of,
    differences,
    fields_of,
    from_plain,
    seen,
    to_plain,
)
from iamfix.fields.documents import DOCUMENT, DOCUMENTS, FACTS, IDENTITY, TRUST, Facts, PolicyDocument
from iamfix.fields.values import PLAIN, Asked, Codec, Context, Exact, FieldError, GivenWhole, Partial

__all__ = [
    "DOCUMENT", "DOCUMENTS", "FACTS", "FLAG", "FOLDED_TAGS", "IDENTITY", "NUMBER", "OPTIONAL_TEXT", "PLAIN", "SET",
    "TAGS", "TEXT", "TRUST", "Asked", "Codec", "Context", "Derived", "Exact", "Facts", "FieldError", "FieldSpec",
    "GivenWhole", "Map", "Partial", "PolicyDocument", "Scalar", "Set", "asked", "derived", "derived_of", "differences",
    "fields_of", "from_plain", "seen", "to_plain",
]  # fmt: skip

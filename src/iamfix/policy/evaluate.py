"""Whether a request is allowed: AWS's evaluation logic over all layers of policies, three-valued.

Sources: IAM User Guide, reference_policies_evaluation-logic (with _policy-eval-denyallow, _policy-eval-basics and
-cross-account), access_policies_boundaries; Organizations User Guide, orgs_manage_policies_scps_evaluation and
orgs_manage_policies_rcps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from iamfix.policy.compiled import CompiledDocument, Layer, Statement, compile_document
from iamfix.policy.decision import Decision, StatementRef, layer_name
from iamfix.policy.document import Document
from iamfix.policy.json_text import DocumentError
from iamfix.policy.logic import FALSE, TRUE, Answer, all_of, any_of
from iamfix.policy.principals import Grant, PrincipalElement
from iamfix.policy.rcp_reach import rcps_apply
from iamfix.policy.request import Request

__all__ = ["Policies", "Source", "compile_policies", "evaluate"]


@dataclass(frozen=True, slots=True)
class Source:
    """A compiled document and where it stands: its layer, its number in it (from 0), its level for SCPs and RCPs."""

    layer: Layer
    document: int
    compiled: CompiledDocument
    level: int | None = None

    def ref(self, statement: Statement) -> StatementRef:
        """Where one of its statements stands."""
        return StatementRef(self.layer, self.document, statement.index, statement.sid, self.level)


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies that bear on a principal and a resource, compiled; made by `compile_policies`.

    Attributes:
        identity: of the user (its groups' included) or the role.
        boundary: the permissions boundary: none or one.
        session: session policies; None: the session has none.
        resource: the policy of the resource, for `sts:AssumeRole*` the trust policy: none or one.
        scps: of the principal's account, by level from the root down; None: no SCP bears on it.
        rcps: of the resource's account, likewise.
        management_account: the organization's management account, which SCPs and RCPs leave alone.
    """

    identity: tuple[Source, ...] = ()
    boundary: tuple[Source, ...] = ()
    session: tuple[Source, ...] | None = None
    resource: tuple[Source, ...] = ()
    scps: tuple[tuple[Source, ...], ...] | None = None
    rcps: tuple[tuple[Source, ...], ...] | None = None
    management_account: str | None = None


def compile_policies(
    *,
    identity: Iterable[Document] = (),
    boundary: Document | None = None,
    session: Sequence[Document] | None = None,
    resource: Document | None = None,
    scps: Sequence[Sequence[Document]] | None = None,
    rcps: Sequence[Sequence[Document]] | None = None,
    management_account: str | None = None,
) -> Policies:
    """Compile all policies, once, to evaluate many requests against them.

    A resource policy is a trust policy when its document was parsed as one (`Document.parse(..., trust=True)`).

    Raises:
        DocumentError: a document is not of the policy grammar; the message says which.
    """
    resource_layer: Layer = "trust_policy" if resource is not None and resource.trust else "resource_policy"
    return Policies(
        identity=_compiled("identity_policy", identity),
        boundary=_compiled("boundary", () if boundary is None else (boundary,)),
        session=None if session is None else _compiled("session_policy", session),
        resource=_compiled(resource_layer, () if resource is None else (resource,)),
        scps=None if scps is None else tuple(_compiled("scp", docs, level) for level, docs in enumerate(scps)),
        rcps=None if rcps is None else tuple(_compiled("rcp", docs, level) for level, docs in enumerate(rcps)),
        management_account=management_account,
    )


def _compiled(layer: Layer, documents: Iterable[Document], level: int | None = None) -> tuple[Source, ...]:
    result: list[Source] = []
    for index, document in enumerate(documents):
        try:
            result.append(Source(layer, index, compile_document(document, layer), level))
        except DocumentError as error:
            name = layer_name(layer)
            where = name if name.startswith("the ") else f"{name} {index + 1}"
            at = "" if level is None else f" at level {level + 1}"
            raise DocumentError(f"{where}{at}: {error}") from None
    return tuple(result)


def evaluate(policies: Policies, request: Request) -> Decision:
    """Decide one request.

    An explicit deny in any layer that bears on the request wins. Else every SCP level, and then the layers as
    `_allowed` says, must allow it. What hangs on context keys that are not known is `unknown`; a decision that is not
    `unknown` holds for every context that completes the given one.
    """
    if request.action_lower == "sts:getcalleridentity":
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
        return Decision("allowed", "GetCallerIdentity needs no permission and cannot be denied")
    principal = request.principal
    exempt = principal.service_linked
    bound_by_scps = (
        policies.scps is not None
        and principal.in_account
        and not exempt
        and (policies.management_account is None or principal.account != policies.management_account)
    )
    scps = policies.scps if bound_by_scps and policies.scps is not None else ()
    bound_by_rcps = (
        policies.rcps is not None
        and not exempt
        and rcps_apply(request.action_lower, request.resource)
        and (policies.management_account is None or request.resource_account != policies.management_account)
    )
    rcps = policies.rcps if bound_by_rcps and policies.rcps is not None else ()
    own = (
        (policies.identity, policies.boundary, policies.session or ())
        if principal.in_account and principal.kind != "root"
        else ()
    )

    denying: list[str] = []
    bounded = bool(policies.boundary)
    resource = () if _keeps_bucket_policy(request) else policies.resource
    for sources in (*own, resource, *scps, *rcps):
        for source in sources:
            for statement in source.compiled.denies:
                about = True if statement.principal is None else _denies(statement, request, bounded)
                if about is False:
                    continue
                applies = statement.applies(request, denying)
                if applies and about:
                    ref = source.ref(statement)
                    return Decision("explicit_deny", f"denied by {ref}", ref)
                if about is None and applies is not False:
                    denying.append(USER_ID)

    answer = _allowed(policies, scps, request)
    if answer.value is False and not denying:
        return Decision("implicit_deny", answer.reason)
    if answer.value and not denying:
        reason = answer.reason or f"allowed by {answer.statement}"
        return Decision("allowed", reason, answer.statement)
    keys = _distinct(denying, answer.keys if answer.value is None else ())
    return Decision("unknown", f"hangs on context keys that are not given: {', '.join(keys)}", None, keys)


def _distinct(*groups: Iterable[str]) -> tuple[str, ...]:
    """The keys of all groups, sorted, each once; case does not tell keys apart."""
    by_lower = {key.lower(): key for group in groups for key in group}
    return tuple(by_lower[lowered] for lowered in sorted(by_lower))


USER_ID = "aws:userid"
_BUCKET_POLICY = frozenset(("s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"))


def _keeps_bucket_policy(request: Request) -> bool:
    """Whether the request is the bucket owner's root user's for the bucket's policy, which the policy cannot refuse.

    Only the organization's policies (and those of VPC endpoints) can. Source: S3 API Reference, PutBucketPolicy.
    """
    principal = request.principal
    return (
        principal.kind == "root"
        and request.action_lower in _BUCKET_POLICY
        and request.resource_account == principal.account
    )


def _denies(statement: Statement, request: Request, bounded: bool) -> bool | None:
    """Whether a Deny of a resource's policy is about the request's principal; None where its unique id is not known.

    A NotPrincipal spares nobody who has a permissions boundary (access_policies_boundaries).
    """
    element, principal = statement.principal, request.principal
    if element is None:
        return True
    userid = request.context.get(USER_ID, request.missing) if element.ids else ()
    if not statement.not_principal:
        return element.names(principal) is not None or element.named_by_id(principal, userid)
    if bounded and principal.kind in ("user", "role", "session"):
        return True
    spared = element.exempts(principal, userid)
    return None if spared is None else not spared


def _allowed(policies: Policies, scps: Sequence[tuple[Source, ...]], request: Request) -> Answer:
    """Whether the layers together allow the request, no deny counted.

    Same account: the identity or the resource policy allows it. What the resource policy grants the caller directly
    (user, session, everyone) is not limited by boundary and session policy; what it grants the role behind a session
    is; what it grants the account delegates to the identity policies. Trust policies and key policies must allow in
    any case. Across accounts: both sides must allow. Without an account: the resource's policy alone decides.
    """
    principal = request.principal
    if request.action_lower == "sts:assumerole" and principal.kind == "root":
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        return Answer(False, None, (), "the root user cannot assume a role")
    if request.action_lower == "sts:getsessiontoken" and principal.kind in ("user", "root"):
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
        return Answer(True, None, (), "GetSessionToken needs no permission")
    trust = request.enters_role
    granted = _grants(policies.resource, request)
    any_grant = any_of(granted["direct"], granted["limited"], granted["account"])
    if not principal.in_account:
        return any_grant.or_reason(f"{_resource_words(request)} does not allow it")

    levels = [
        _any_allow(level, request).or_reason(f"no service control policy at level {number + 1} allows it")
        for number, level in enumerate(scps)
    ]
    identity, boundary, session = _own_answers(policies, request)
    resource_words = _resource_words(request)
    if request.action_lower == "sts:assumeroot":
        # The organization's trusted access stands for the member account's consent; no policy of a resource is asked
        # (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html).
        return all_of(*levels, identity, boundary, session)
    if request.cross_account:
        return all_of(
            *levels,
            identity,
            boundary,
            session,
            any_grant.or_reason(f"{resource_words} does not allow it across accounts"),
        )
    if trust or request.uses_key or (policies.resource and request.action_lower.startswith("kms:")):
        # Without permission from the key policy, IAM policies that allow have no effect, and every key has one
        # (https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html); so has every role its own.
        identity = all_of(granted["account"].or_reason(f"{resource_words} does not allow it"), identity)
    decided = any_of(
        all_of(identity, boundary, session),
        granted["direct"],
        all_of(granted["limited"], boundary, session),
    )
    return all_of(*levels, decided)


def _resource_words(request: Request) -> str:
    if request.enters_role:
        return "the role's trust policy"
    return "the key's policy" if request.uses_key else "the resource policy"


def _own_answers(policies: Policies, request: Request) -> tuple[Answer, Answer, Answer]:
    """What the principal's own policies, boundary and session policies allow."""
    kind = request.principal.kind
    if kind == "root":
        free = Answer(True, None, (), "the root user may do everything in its account")
        return free, TRUE, TRUE
    identity = _any_allow(policies.identity, request).or_reason("no identity policy allows it")
    boundary = session = TRUE
    if policies.boundary:
        boundary = _any_allow(policies.boundary, request).or_reason("the permissions boundary does not allow it")
    if policies.session is not None:
        session = _any_allow(policies.session, request).or_reason("the session policy does not allow it")
    elif kind == "federated_user":
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
        session = Answer(False, None, (), "a federated user session without session policy has no permissions")
    return identity, boundary, session


def _any_allow(sources: Iterable[Source], request: Request) -> Answer:
    """Whether a statement of the sources allows the request."""
    hangs_on: list[str] = []
    for source in sources:
        for statement in source.compiled.allows:
            if statement.applies(request, hangs_on):
                return Answer(True, source.ref(statement))
    return Answer(None, None, tuple(hangs_on)) if hangs_on else FALSE


def _grants(sources: tuple[Source, ...], request: Request) -> dict[Grant, Answer]:
    """What the resource's policy allows, by the way in which it names the principal."""
    result: dict[Grant, Answer] = {"direct": FALSE, "limited": FALSE, "account": FALSE}
    for source in sources:
        for statement in source.compiled.allows:
            element = statement.principal
            if element is None:
                continue
            for grant, sure in _named(statement, element, request):
                if result[grant].value:
                    continue
                hangs_on: list[str] = [] if sure else [USER_ID]
                applies = statement.applies(request, hangs_on)
                if applies and sure:
                    result[grant] = Answer(True, source.ref(statement))
                elif applies is not False:
                    result[grant] = Answer(None, None, (*result[grant].keys, *hangs_on))
    return result


def _named(statement: Statement, element: PrincipalElement, request: Request) -> Iterator[tuple[Grant, bool]]:
    """Yield how an Allow of a resource's policy names the principal, and whether that is sure."""
    principal = request.principal
    grant = element.names(principal)
    by_id: bool | None = False
    if element.ids:
        by_id = element.named_by_id(principal, request.context.get(USER_ID, request.missing))
    if statement.not_principal:
        if grant is None and by_id is not True:
            yield "direct", by_id is False
        return
    if grant is not None:
        yield grant, True
    if by_id is not False:
        yield "direct" if principal.kind == "user" else "limited", by_id is True

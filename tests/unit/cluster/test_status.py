"""What an answer means, over a table of the API server's real sentences."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.cluster.call import Answer, Call
from odh_nim.cluster.status import Again, outcome_of
from odh_nim.domain import errors

CREATE = Call("create Secret/key in team-a", "POST", "/x", idempotent=False, stores=True)
GET = Call("get Secret/key in team-a", "GET", "/x")


@dataclass
class Row:
    code: int
    error: type[errors.ClusterError]
    says: str = ""
    again: Again = Again.NEVER
    reason: str = ""
    message: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    call: Call = CREATE


TABLE = {
    "login expired": Row(401, errors.UnauthorizedError, "expired", reason="Unauthorized"),
    "RBAC in a project": Row(
        403,
        errors.ForbiddenError,
        "user bob may not create secrets in project team-a",
        reason="Forbidden",
        message='secrets is forbidden: User "bob" cannot create resource "secrets" in API group '
        '"" in the namespace "team-a"',
    ),
    "RBAC in the cluster, with a group": Row(
        403,
        errors.ForbiddenError,
        "user vera may not list inferenceservices.serving.kserve.io.",
        message='inferenceservices.serving.kserve.io is forbidden: User "vera" cannot list '
        'resource "inferenceservices" in API group "serving.kserve.io" at the cluster scope',
    ),
    "RBAC on a path": Row(
        403,
        errors.ForbiddenError,
        "user vera may not get /metrics",
        message='forbidden: User "vera" cannot get path "/metrics"',
    ),
    "impersonation": Row(
        403,
        errors.ForbiddenError,
        "user bob may not act in the name of others.",
        message='users "alice" is forbidden: User "bob" cannot impersonate resource "users" in API '
        'group "" at the cluster scope',
    ),
    "impersonation for one verb": Row(
        403,
        errors.ForbiddenError,
        "user bob may not act in the name of others.",
        message='nodes is forbidden: User "bob" cannot impersonate-on:user-info:list resource '
        '"nodes" in API group "" at the cluster scope',
    ),
    "an admission plugin": Row(
        403,
        errors.ForbiddenError,
        'violates PodSecurity "restricted:latest"',
        message='pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot',
    ),
    "quota of one thing": Row(
        403,
        errors.QuotaExceededError,
        "the quota gpus is used up (requests.nvidia.com/gpu: 8 of 8 used, 2 more wanted)",
        message='pods "x" is forbidden: exceeded quota: gpus, requested: '
        "requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=8, limited: "
        "requests.nvidia.com/gpu=8",
    ),
    "quota of two things": Row(
        403,
        errors.QuotaExceededError,
        "count/secrets: 5 of 5 used, 1 more wanted; requests.storage: 1Ti of 1Ti used, 70Gi more",
        message='persistentvolumeclaims "x" is forbidden: exceeded quota: q, requested: '
        "count/secrets=1,requests.storage=70Gi, used: count/secrets=5,requests.storage=1Ti, "
        "limited: count/secrets=5,requests.storage=1Ti",
    ),
    "terminating, by cause": Row(
        403,
        errors.NamespaceTerminatingError,
        "being deleted",
        message='secrets "key" is forbidden: unable to create new content in namespace team-a '
        "because it is being terminated",
        details={"causes": [{"reason": "NamespaceTerminating", "field": "metadata.namespace"}]},
    ),
    "terminating, by words alone": Row(
        403,
        errors.NamespaceTerminatingError,
        message="unable to create new content in namespace t because it is being terminated",
    ),
    "no such object": Row(
        404,
        errors.NotFoundError,
        'secrets "key" not found',
        reason="NotFound",
        message='secrets "key" not found',
        details={"name": "key", "kind": "secrets"},
    ),
    "no such type": Row(
        404,
        errors.KindNotServedError,
        "does not serve",
        reason="NotFound",
        message="the server could not find the requested resource",
    ),
    "name taken": Row(
        409,
        errors.AlreadyExistsError,
        "exists already",
        reason="AlreadyExists",
        message='secrets "key" already exists',
    ),
    "name of an object that is going": Row(
        409,
        errors.AlreadyExistsError,
        "still being deleted",
        reason="AlreadyExists",
        message='object is being deleted: secrets "key" already exists',
    ),
    "changed meanwhile": Row(
        409,
        errors.ConflictError,
        "changed or replaced meanwhile",
        reason="Conflict",
        message='Operation cannot be fulfilled on secrets "key": the object has been modified; '
        "please apply your changes to the latest version and try again",
    ),
    "precondition": Row(
        409,
        errors.ConflictError,
        "changed or replaced meanwhile",
        reason="Conflict",
        message="Precondition failed: UID in precondition: a, UID in object meta: b",
    ),
    "precondition on the version": Row(
        409,
        errors.ConflictError,
        "changed or replaced meanwhile",
        reason="Conflict",
        message='Operation cannot be fulfilled on ConfigMap "x": the ResourceVersion in the '
        "precondition (1) does not match the ResourceVersion in record (455). The object might "
        "have been modified",
    ),
    "somebody else's field": Row(
        409,
        errors.ConflictError,
        ".data.key belongs to kubectl",
        reason="Conflict",
        message='Apply failed with 1 conflict: conflict with "kubectl" using v1: .data.key',
        details={
            "causes": [
                {
                    "reason": "FieldManagerConflict",
                    "message": 'conflict with "kubectl" using v1',
                    "field": ".data.key",
                }
            ]
        },
    ),
    "quota counted at once": Row(
        409,
        errors.BusyError,
        again=Again.ALWAYS,
        reason="Conflict",
        message='Operation cannot be fulfilled on resourcequotas "q": the object has been modified',
        details={"name": "q", "kind": "resourcequotas"},
    ),
    "too old": Row(410, errors.ExpiredError, reason="Expired"),
    "invalid fields": Row(
        422,
        errors.RejectedError,
        "spec.minReplicas: must not be negative; spec.model: Required value.",
        reason="Invalid",
        message="InferenceService is invalid: [a, b]",
        details={
            "causes": [
                {"field": "spec.minReplicas", "message": "must not be negative"},
                {"field": "spec.model", "message": "Required value"},
            ]
        },
    ),
    "immutable": Row(
        422,
        errors.RejectedError,
        "field is immutable when `immutable` is set",
        reason="Invalid",
        message='ConfigMap "x" is invalid: data: Forbidden: field is immutable when `immutable` '
        "is set",
    ),
    "bad request": Row(
        400, errors.RejectedError, "strict decoding error", message="strict decoding error: x"
    ),
    "a webhook's denial": Row(
        403,
        errors.RejectedError,
        "no such runtime (refused by isvc.validator).",
        message='admission webhook "isvc.validator" denied the request: no such runtime',
    ),
    "a webhook's denial without a reason": Row(
        400,
        errors.RejectedError,
        "gave no reason",
        message='admission webhook "w" denied the request without explanation',
    ),
    "a policy's denial": Row(
        422,
        errors.RejectedError,
        "no latest tags (refused by tags).",
        reason="Invalid",
        message="pods \"x\" is forbidden: ValidatingAdmissionPolicy 'tags' with binding 'b' "
        "denied request: no latest tags",
    ),
    "a webhook that is gone": Row(
        500,
        errors.ServerError,
        "connection refused",
        again=Again.ALWAYS,
        message='Internal error occurred: failed calling webhook "w": connection refused',
    ),
    "an internal error": Row(500, errors.ServerError, "etcd", message="etcd is unhappy"),
    "busy": Row(429, errors.BusyError, "busy", again=Again.ALWAYS),
    "unavailable, reading": Row(503, errors.BusyError, again=Again.IDEMPOTENT, call=GET),
    "unavailable, writing": Row(503, errors.ServerError, again=Again.IDEMPOTENT),
    "timeout of a gateway": Row(504, errors.ServerError, again=Again.IDEMPOTENT),
    "bad gateway": Row(502, errors.ServerError, again=Again.IDEMPOTENT),
    "a redirect": Row(302, errors.ServerError, "redirect"),
    "a teapot": Row(418, errors.RejectedError, "418"),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_each_answer_becomes_its_error(row: Row) -> None:
    """F1, F3, F4, F8-F14."""
    body = {
        "kind": "Status",
        "code": row.code,
        "reason": row.reason,
        "message": row.message,
        "details": row.details,
    }
    answer = Answer(row.code, "application/json", None, json.dumps(body).encode())

    outcome = outcome_of(answer, row.call)

    assert type(outcome.error) is row.error
    assert row.says in str(outcome.error)
    assert outcome.error.status == row.code
    assert outcome.error.operation == row.call.operation
    assert outcome.again is row.again


def test_an_unknown_path_is_an_unknown_type() -> None:
    """F14."""
    outcome = outcome_of(Answer(404, "text/plain", None, b"404 page not found\n"), GET)

    assert type(outcome.error) is errors.KindNotServedError


def test_the_wait_of_a_status_counts_where_the_header_gives_none() -> None:
    """F4."""
    body = b'{"kind": "Status", "details": {"retryAfterSeconds": 7}}'

    assert outcome_of(Answer(429, "application/json", None, body), GET).retry_after == 7
    assert outcome_of(Answer(429, "application/json", 2, body), GET).retry_after == 2


def test_text_of_the_server_is_cut_and_cleaned() -> None:
    """I7."""
    message = "a\x1b[31mred\nline nvapi-canary-canary " + "x" * 5000
    body = json.dumps({"kind": "Status", "message": message}).encode()

    text = str(outcome_of(Answer(500, "application/json", None, body), GET).error)

    assert "\x1b" not in text
    assert "\n" not in text
    assert "canary" not in text
    assert len(text) < 600


@given(
    code=st.integers(300, 599),
    body=st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["kind", "message", "reason", "details", "causes", "field", "name"]
                ),
                inner,
                max_size=4,
            )
        ),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_any_answer_becomes_an_error_of_the_tree(code: int, body: bytes) -> None:
    """I7."""
    for call in (GET, CREATE):
        outcome = outcome_of(Answer(code, "application/json", None, body), call)

        assert isinstance(outcome.error, errors.ClusterError)
        assert str(outcome.error).isprintable()

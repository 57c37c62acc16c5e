"""The common failures of a NIM in plain words: sign, cause, action; pure."""

from odh_nim.deployment.explain_exit import explain_exit, explain_start
from odh_nim.deployment.explain_place import explain_place, explain_refusal, explain_service
from odh_nim.deployment.explain_pull import explain_pull
from odh_nim.deployment.explanation import Explanation
from odh_nim.deployment.observed import Observed
from odh_nim.domain.manifest import Manifest


def explain(seen: Observed) -> tuple[Explanation, ...]:
    """Say why a deployment does not become ready; nothing where no failure is recognised.

    Only pods of the newest specification count: older ones tell of something that is over.
    """
    found = [_explain_pod(seen, pod) for pod in seen.current_pods]
    if seen.service is not None:
        found.append(explain_refusal(seen))
        found.append(explain_service(seen.service, has_pods=bool(seen.current_pods)))
    # Replicas fail alike: the first one says it for all.
    by_code: dict[str, Explanation] = {}
    for one in found:
        if one is not None:
            by_code.setdefault(one.code, one)
    return tuple(by_code.values())


def _explain_pod(seen: Observed, pod: Manifest) -> Explanation | None:
    return (
        explain_place(seen, pod)
        or explain_pull(seen, pod)
        or explain_start(pod)
        or explain_exit(seen, pod)
    )

"""What is stored of keys, as it goes over the wire: never a key."""

from collections.abc import Iterable

from odh_nim.deployment import DeploymentView
from odh_nim.domain.errors import OdhNimError
from odh_nim.domain.finding import Finding
from odh_nim.keys import KeySecretsState, PairKind
from odh_nim.web.schemas_keys import ForeignSecretOut, KeyCheckOut, KeyOut, KeyUserOut
from odh_nim.web.views import findings_out


def key_out(
    state: KeySecretsState,
    *,
    deployment: str | None,
    users: Iterable[DeploymentView],
    missing: Iterable[str],
) -> KeyOut:
    """Show what is stored, who uses it, and the rights that are missing to change it."""
    lacking = list(missing)
    return KeyOut(
        project=state.namespace,
        deployment=deployment,
        kind=state.kind.value,
        agree=state.kind is PairKind.OURS,
        key_secret=state.key_secret,
        pull_secret=state.pull_secret,
        since=state.since,
        checked_at=state.checked_at,
        expires=state.expires,
        revision=state.revision,
        foreign=[ForeignSecretOut(name=found.name, seems=found.seems) for found in state.foreign],
        users=[
            KeyUserOut(name=one.name, display_name=one.display_name, stopped=one.stopped)
            for one in users
        ],
        can_change=not lacking,
        missing=lacking,
    )


def check_out(
    state: str,
    *,
    notice: str | None = None,
    error: OdhNimError | None = None,
    notices: Iterable[Finding] = (),
    pulls: Iterable[Finding] = (),
) -> KeyCheckOut:
    """Show the answer about a key."""
    return KeyCheckOut.model_validate(
        {
            "state": state,
            "notice": notice,
            "message": error.message if error else "",
            "remedy": error.remedy if error else "",
            "notices": findings_out(notices),
            "pulls": findings_out(pulls),
        }
    )

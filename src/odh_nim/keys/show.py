"""What is known of a key without the key: state, times, users, and what to do about it."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from odh_nim.domain.finding import Finding, Severity
from odh_nim.keys.pair import KeySecretsState, PairKind
from odh_nim.keys.read import SecretReader, read_pair
from odh_nim.keys.rotate import newer_half
from odh_nim.keys.rotated import Rotated
from odh_nim.keys.users import Users, UsersCluster, find_users

_WARN_DAYS: Final = 14


class ShowCluster(SecretReader, UsersCluster, Protocol):
    """The calls that showing needs."""


@dataclass(frozen=True)
class KeyReport:
    """A key as it is shown; nothing here is secret."""

    state: KeySecretsState
    deployment: str | None
    users: Users
    rotated_at: str | None
    days_left: int | None
    findings: tuple[Finding, ...]

    @property
    def agree(self) -> bool | None:
        """Whether both Secrets hold one and the same key; None where there are not two of ours."""
        if self.state.kind is PairKind.OURS:
            return True
        return False if self.state.kind is PairKind.DIFFERING else None

    @property
    def pending(self) -> tuple[str, ...]:
        """The deployments that still run with the key before."""
        return tuple(user.name for user in self.users.of_this if user.restart_pending)

    @property
    def looks_copied(self) -> bool:
        """Whether it seems to be a copy of an administrator's key of the old integration."""
        return any(one.is_copy for one in self.state.foreign)


async def describe_key(
    cluster: ShowCluster, namespace: str, deployment: str | None = None, *, today: date
) -> KeyReport:
    """Read what is stored, and who uses it.

    Raises:
        ForbiddenError: The caller may not read the Secrets, or not list the deployments.

    """
    pair = await read_pair(cluster, namespace, deployment)
    state, rotated = pair.state(), Rotated.of(pair.key or pair.pull)
    users = await find_users(cluster, namespace, (state.key_secret, state.pull_secret), rotated)
    days = days_left(state.expires, today)
    return KeyReport(
        state,
        deployment,
        users,
        rotated.at,
        days,
        tuple(_findings(state, deployment, users, days, resumable=newer_half(pair) is not None)),
    )


def days_left(expires: str | None, today: date) -> int | None:
    """Count the days until a noted end; None where none is noted, or the note is no day."""
    try:
        return (date.fromisoformat(expires or "") - today).days
    except ValueError:
        return None


def expiry_finding(days: int | None, expires: str | None, subject: str) -> Finding | None:
    """Warn two weeks before a noted end."""
    if days is None or days > _WARN_DAYS:
        return None
    when = f"in {days} day{'s' if days != 1 else ''}" if days > 0 else "today"
    text = f"The key ends {when}" if days >= 0 else f"The key ended {-days} days ago"
    return Finding(
        Severity.WARNING,
        "key-expires",
        subject,
        f"{text} ({expires}, as it was noted).",
        "Make a new one at NVIDIA and replace it with `odh-nim keys rotate`.",
    )


def _findings(
    state: KeySecretsState,
    deployment: str | None,
    users: Users,
    days: int | None,
    *,
    resumable: bool,
) -> list[Finding]:
    option = f" --deployment {deployment}" if deployment else ""
    where = f"-n {state.namespace}{option}"
    found: list[Finding] = []
    if ending := expiry_finding(days, state.expires, f"Secret/{state.key_secret}"):
        found.append(ending)
    if state.kind is PairKind.DIFFERING:
        found.append(_differs(state, where, resumable=resumable))
    if state.kind is PairKind.INCOMPLETE:
        found.append(_incomplete(state, where, resumable=resumable))
    found += [
        Finding(
            Severity.WARNING,
            "key-foreign",
            f"Secret/{one.name}",
            f"It {one.seems}. It is neither changed nor used.",
            "Give deployments own keys, or migrate the project: odh-nim upgrade migrate.",
        )
        for one in state.foreign
    ]
    behind = [user.name for user in users.of_this if user.restart_pending]
    if behind:
        found.append(
            Finding(
                Severity.WARNING,
                "restart-pending",
                ", ".join(behind),
                "Running with the key before the last rotation.",
                f"Restart: odh-nim keys rotate {where} --resume",
            )
        )
    return found


def _differs(state: KeySecretsState, where: str, *, resumable: bool) -> Finding:
    return Finding(
        Severity.ERROR,
        "key-differs",
        f"Secret/{state.pull_secret}",
        "The two Secrets do not hold the same key: pods may pull with one and start with the "
        "other.",
        _repair(where, resumable=resumable),
    )


def _incomplete(state: KeySecretsState, where: str, *, resumable: bool) -> Finding:
    missing = " and ".join(f"Secret/{name}" for name in state.missing)
    return Finding(
        Severity.ERROR,
        "key-incomplete",
        missing,
        "It is missing: pods that start now wait for it.",
        _repair(where, resumable=resumable),
    )


def _repair(where: str, *, resumable: bool) -> str:
    if resumable:
        return f"Finish the rotation that was interrupted: odh-nim keys rotate {where} --resume"
    return f"Give the key once more: odh-nim keys set {where} --replace"

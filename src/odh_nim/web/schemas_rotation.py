"""Replacing a key on the wire."""

from typing import Annotated, Literal, Self

from pydantic import Field, RootModel, model_validator

from odh_nim.web.schemas import FindingOut, ObjectName, SecretText, Wire
from odh_nim.web.schemas_deploy import FailedOut
from odh_nim.web.schemas_deployments import ExplanationOut
from odh_nim.web.schemas_keys import Day


class RotationUserOut(Wire):
    """A deployment that a rotation would restart; `warning` says what that costs."""

    name: str
    image: str
    stopped: bool
    restart_pending: bool | None
    warning: str


class RotationPlanOut(Wire):
    """Who uses the key; `resumable` says that an earlier rotation is not finished."""

    users: list[RotationUserOut]
    not_rotated: list[str]
    resumable: bool


class RotationIn(Wire):
    """A new key; with `resume` an earlier rotation is finished, with the key that is stored.

    Without `restart` pods keep the old key until they start again. Without `wait` nobody looks
    whether the new pods come up.
    """

    key: SecretText | None = None
    resume: bool = False
    deployment: ObjectName | None = None
    restart: bool = True
    wait: bool = True
    skip_check: bool = False
    skip_pull_check: bool = False
    pull_always: bool = False
    expires: Day | None = None

    @model_validator(mode="after")
    def _key_or_resume(self) -> Self:
        if (self.key is None) != self.resume:
            raise ValueError("a key or resume")
        return self


class RotationStepOut(Wire):
    """What is being done."""

    type: Literal["step"]
    text: str


class RotationNewsOut(Wire):
    """How the restart of one deployment goes."""

    type: Literal["news"]
    deployment: str
    text: str


class RestartOut(Wire):
    """What became of one deployment; `oldServes` says that a pod with the old key still serves."""

    type: Literal["deployment"]
    name: str
    word: Literal[
        "restarted", "requested", "current", "stopped", "operator", "gone", "failed", "late",
        "skipped",
    ]  # fmt: skip
    good: bool
    message: str
    old_serves: bool
    explanations: list[ExplanationOut]


class RotationDoneOut(Wire):
    """The key is replaced; `failed` do not run with it, `pending` were not restarted."""

    type: Literal["done"]
    change: Literal["created", "replaced", "repaired", "unchanged"]
    failed: list[str]
    pending: list[str]
    not_rotated: list[str]
    notices: list[FindingOut]


class RotationEventOut(
    RootModel[
        Annotated[
            RotationStepOut | RotationNewsOut | RestartOut | RotationDoneOut | FailedOut,
            Field(discriminator="type"),
        ]
    ]
):
    """One event of the stream; the last one is `done` or `failed`."""

"""The options of `odh-nim deploy`: what a person may say about a deployment."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

import click

from odh_nim.cli.common import timeout_option
from odh_nim.cli.key_input import key_file_option

R = TypeVar("R")

DRY_RUNS: Final = ("client", "server")


@dataclass(frozen=True)
class DeployOptions:
    """The options as they were typed; nothing is checked yet."""

    model: str
    name: str | None = None
    display_name: str = ""
    description: str = ""
    gpus: int | None = None
    cpu: str | None = None
    memory: str | None = None
    shm_size: str | None = None
    hardware_profile: str | None = None
    node_selector: tuple[str, ...] = ()
    tolerations: tuple[str, ...] = ()
    run_as_user: int | None = None
    storage: str | None = None
    storage_class: str | None = None
    access_mode: str | None = None
    replicas: int = 1
    strategy: str = "auto"
    pin: bool = False
    env: tuple[str, ...] = ()
    env_file: str | None = None
    args: tuple[str, ...] = ()
    protocol: str | None = None
    expose: bool = False
    ingress_host: str | None = None
    ingress_class: str | None = None
    route_timeout: int | None = None
    auth: bool = False
    tokens: tuple[str, ...] = ()
    key_file: str | None = None
    own_key: bool = False
    no_key: bool = False
    skip_pull_check: bool = False
    request_id: str | None = None
    dry_run: str | None = None
    wait: bool = True
    within: float = 1800


def _text(*names: str, metavar: str, help: str) -> Callable[..., Any]:  # noqa: A002 - click's word
    return click.option(*names, metavar=metavar, help=help)


def _many(*names: str, metavar: str, help: str) -> Callable[..., Any]:  # noqa: A002 - as above
    return click.option(*names, metavar=metavar, multiple=True, help=help)


def _flag(*names: str, help: str) -> Callable[..., Any]:  # noqa: A002 - as above
    return click.option(*names, is_flag=True, help=help)


_WHAT: Final = (
    _text("--name", metavar="NAME", help="Name of the deployment.  [default: from the model]"),
    click.option("--display-name", metavar="TEXT", default="", help="Name that pages show."),
    click.option("--description", metavar="TEXT", default="", help="What it is for."),
    click.option(
        "--protocol",
        type=click.Choice(["http", "grpc"]),
        help="What clients speak.  [default: http, where the model speaks it]",
    ),
    _flag("--pin", help="Pin the image to its digest, where the catalogue knows it."),
)
_COMPUTE: Final = (
    click.option(
        "--gpus", "--gpu", "gpus", type=int, metavar="N", help="GPUs of a replica.  [default: 1]"
    ),
    _text("--cpu", metavar="QUANTITY", help="CPUs of a replica.  [default: 2]"),
    _text("--memory", metavar="QUANTITY", help="Memory of a replica.  [default: 8Gi]"),
    _text("--shm-size", metavar="QUANTITY", help="Shared memory.  [default: 2Gi]"),
    click.option("--replicas", type=int, default=1, metavar="N", help="Pods that serve it."),
    _text(
        "--hardware-profile",
        metavar="[PROJECT/]NAME",
        help="Hardware profile of Open Data Hub, in place of the options above.",
    ),
    _many("--node-selector", metavar="LABEL=VALUE", help="Only nodes with this label."),
    _many(
        "--toleration",
        "tolerations",
        metavar="KEY[=VALUE][:EFFECT]",
        help="Also nodes with this taint.",
    ),
    click.option("--run-as-user", type=int, metavar="UID", help="User inside the container."),
    click.option(
        "--strategy",
        type=click.Choice(["auto", "rolling-update", "recreate"]),
        default="auto",
        show_default=True,
        help="How a changed pod is replaced; auto looks at the free GPUs.",
    ),
)
_STORAGE: Final = (
    _text(
        "--storage",
        metavar="SIZE|pvc:NAME[/FOLDER]",
        help="Size of a new claim for the weights, or one that is there.  [default: as the "
        "weights need]",
    ),
    _text("--storage-class", metavar="NAME", help="Class of the new claim."),
    click.option(
        "--access-mode",
        type=click.Choice(["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"]),
        help="Access mode of the new claim.  [default: ReadWriteOnce]",
    ),
)
_CONTAINER: Final = (
    _many("--env", metavar="NAME=VALUE", help="Variable of the container."),
    _text(
        "--env-file",
        metavar="FILE",
        help="YAML list of variables, as in a pod; valueFrom stays as it is.",
    ),
    _many("--arg", "args", metavar="TEXT", help="Argument of the container."),
)
_ACCESS: Final = (
    _flag("--expose", help="Make it reachable from outside the cluster."),
    _text("--ingress-host", metavar="HOST", help="Host outside, on plain Kubernetes."),
    _text("--ingress-class", metavar="NAME", help="Ingress class, on plain Kubernetes."),
    click.option(
        "--route-timeout", type=int, metavar="SECONDS", help="How long a route waits for an answer."
    ),
    _flag("--auth", help="Let only callers in who have a token."),
    _many("--token", "tokens", metavar="NAME", help="Make an access token of this name."),
)
_KEY: Final = (
    key_file_option,
    _flag("--own-key", help="Give this deployment a key of its own, not the project's."),
    _flag("--no-key", help="Refer to no key at all."),
    _flag("--skip-pull-check", help="Do not ask whether the key may pull the image."),
)
_RUN: Final = (
    _text("--request-id", metavar="ID", help="Finish what the run with this id began."),
    click.option(
        "--dry-run",
        is_flag=False,
        flag_value="server",
        type=click.Choice(DRY_RUNS),
        help="Write nothing: print the plan, checked by the API server (server, when no value is "
        "given) or not (client).",
    ),
    click.option(
        "--wait/--no-wait", default=True, show_default=True, help="Follow it until it is ready."
    ),
)


def deploy_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add all options; the command gets them as `options`."""

    @functools.wraps(command)
    def with_options(**typed: Any) -> R:
        chosen = {field.name: typed.pop(field.name) for field in fields(DeployOptions)}
        return command(options=DeployOptions(**chosen), **typed)

    groups = (*_WHAT, *_COMPUTE, *_STORAGE, *_CONTAINER, *_ACCESS, *_KEY, *_RUN)
    for option in reversed((*groups, timeout_option("30m"))):
        option(with_options)
    return click.argument("model", metavar="MODEL[:TAG]")(with_options)

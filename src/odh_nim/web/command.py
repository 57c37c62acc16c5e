"""The command that does what the page is about to do; a key is never in it."""

import shlex
from collections.abc import Iterator

from odh_nim.deployment.rules_text import looks_secret
from odh_nim.web.schemas_deploy import DeployIn, EnvIn, ExistingStorageIn, TolerationIn

_SHOWN_AS = "REDACTED"


def deploy_command(wanted: DeployIn, project: str, *, model: str, tag: str, name: str) -> str:
    """Write the command line of a request."""
    words = ["odh-nim", "deploy", f"{model}:{tag}", "-n", project, "--name", name]
    words += [word for option in _options(wanted) for word in option]
    command = shlex.join(words)
    variables = [one.name for one in wanted.env if one.value_from is not None]
    if variables:
        return f"{command} --env-file FILE  # with {', '.join(variables)}"
    return command


def _options(wanted: DeployIn) -> Iterator[tuple[str, ...]]:
    texts = {
        "--display-name": wanted.display_name,
        "--description": wanted.description,
        "--protocol": wanted.protocol and wanted.protocol.value,
        "--gpus": wanted.gpus,
        "--cpu": wanted.cpu,
        "--memory": wanted.memory,
        "--shm-size": wanted.shm_size,
        "--run-as-user": wanted.run_as_user,
        "--ingress-host": wanted.ingress_host,
        "--ingress-class": wanted.ingress_class,
        "--route-timeout": wanted.route_timeout,
        "--replicas": wanted.replicas if wanted.replicas != 1 else None,
        "--strategy": {"RollingUpdate": "rolling-update", "Recreate": "recreate"}.get(
            wanted.strategy
        ),
    }
    for option, value in texts.items():
        if value not in (None, ""):
            yield option, str(value)
    flags = {
        "--expose": wanted.expose,
        "--auth": wanted.auth,
        "--pin": wanted.pin,
        "--own-key": wanted.key == "own",
        "--no-key": wanted.key == "none",
        "--skip-pull-check": wanted.skip_pull_check,
    }
    yield from ((option,) for option, given in flags.items() if given)
    yield from _storage(wanted)
    yield from _lists(wanted)


def _storage(wanted: DeployIn) -> Iterator[tuple[str, ...]]:
    storage = wanted.storage
    if isinstance(storage, ExistingStorageIn):
        folder = f"/{storage.sub_path}" if storage.sub_path else ""
        yield "--storage", f"pvc:{storage.claim}{folder}"
        return
    if storage.size:
        yield "--storage", storage.size
    if storage.storage_class:
        yield "--storage-class", storage.storage_class
    if storage.access_mode != "ReadWriteOnce":
        yield "--access-mode", storage.access_mode


def _lists(wanted: DeployIn) -> Iterator[tuple[str, ...]]:
    if (profile := wanted.hardware_profile) is not None:
        place = f"{profile.project}/" if profile.project else ""
        yield "--hardware-profile", f"{place}{profile.name}"
    for name, value in wanted.node_selector.items():
        yield "--node-selector", f"{name}={value}"
    for toleration in wanted.tolerations:
        yield "--toleration", _taint(toleration)
    for variable in wanted.env:
        if variable.value_from is None:
            yield "--env", _assignment(variable)
    for argument in wanted.args:
        yield "--arg", argument
    for token in wanted.tokens:
        yield "--token", token


def _assignment(variable: EnvIn) -> str:
    shown = _SHOWN_AS if looks_secret(variable.name) else variable.value or ""
    return f"{variable.name}={shown}"


def _taint(toleration: TolerationIn) -> str:
    value = f"={toleration.value or ''}" if toleration.operator == "Equal" else ""
    effect = f":{toleration.effect}" if toleration.effect else ""
    return f"{toleration.key or ''}{value}{effect}"

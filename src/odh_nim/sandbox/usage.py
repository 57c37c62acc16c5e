"""How a person uses a running sandbox: variables, keys, kubeconfigs."""

import shlex
from pathlib import Path

from odh_nim.domain.errors import InputError
from odh_nim.manifests.yaml import load_yaml
from odh_nim.sandbox.controlplane.parts import PAGE
from odh_nim.sandbox.kubeconfigs import merge_into
from odh_nim.sandbox.layout import Layout, write_private
from odh_nim.sandbox.page import USER, page_address
from odh_nim.sandbox.state import State
from odh_nim.sandbox.users import USERS


def environment_of(layout: Layout, state: State, user: str) -> dict[str, str]:
    """Give the variables that point commands at the sandbox, as one of its users.

    Raises:
        InputError: There is no such user.

    """
    names = [each.name for each in USERS]
    if user not in names:
        raise InputError(
            f"The sandbox has no user {user!r}.", remedy=f"Take one of {', '.join(names)}."
        )
    return {
        "KUBECONFIG": str(layout.kubeconfig(user)),
        "ODH_NIM_NGC_URL": state.addresses["ngc"],
        "ODH_NIM_REGISTRY_URL": state.addresses["registry"],
        "ODH_NIM_APPLICATIONS_NAMESPACE": state.applications_namespace,
    }


def write_keys(layout: Layout) -> None:
    """Write each dummy key into a file, so that it never has to be typed into a command."""
    from odh_nim.sandbox.nvidia import DUMMY_KEYS  # noqa: PLC0415 - with the web framework

    for key in DUMMY_KEYS:
        write_private(layout.key_file(key.name), key.value + "\n")


def add_contexts(layout: Layout, path: Path) -> list[str]:
    """Add every user's context to a kubeconfig; give the contexts' names.

    Raises:
        SandboxError: The file is no kubeconfig.

    """
    kubeconfigs = [
        load_yaml(layout.kubeconfig(user.name).read_text(encoding="utf-8")) for user in USERS
    ]
    merge_into(path, kubeconfigs)
    return [kubeconfig["current-context"] for kubeconfig in kubeconfigs]


def usage_of(layout: Layout, state: State) -> str:
    """Write what a newcomer needs: the page, users, keys, first commands."""
    from odh_nim.sandbox.nvidia import DUMMY_KEYS  # noqa: PLC0415 - with the web framework

    key = shlex.quote(str(layout.key_file("good")))
    users = [f"  {user.name:<14}{user.about}" for user in USERS]
    keys = [f"  {key.name:<14}{key.about}" for key in DUMMY_KEYS]
    lines = [
        f"The sandbox is up. It plays {state.variant}, for four users:",
        *users,
        "",
        "Point this shell at it as alice (--user names another):",
        '  eval "$(odh-nim sandbox env)"',
        "",
        "Then deploy a model:",
        f"  odh-nim keys set -n team-a --key-file {key}",
        "  odh-nim deploy meta/llama-3.1-8b-instruct -n team-a",
        "  odh-nim deployments list -n team-a",
        "",
        f"Keys to try, one file each in {layout.keys}:",
        *keys,
        "",
        "`odh-nim sandbox status` shows the parts, `odh-nim sandbox down` stops them.",
        *_page_lines(layout, state),
    ]
    return "\n".join(lines)


def _page_lines(layout: Layout, state: State) -> list[str]:
    """Write how to begin in the browser: last, where the eye is."""
    if PAGE not in state.addresses:
        return []
    from odh_nim.sandbox.nvidia import dummy_key  # noqa: PLC0415 - with the web framework

    return [
        "",
        "Or deploy a model in the browser; when a key is asked for, this dummy is a good one:",
        f"  {dummy_key('good').value}",
        "",
        f"Open as {USER} (works once; `odh-nim sandbox status` shows the next address):",
        f"  {page_address(layout)}",
    ]

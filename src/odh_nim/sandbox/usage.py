"""How a person uses a running sandbox: variables, keys, kubeconfigs."""

from odh_nim.domain.errors import InputError
from odh_nim.sandbox.layout import Layout, write_private
from odh_nim.sandbox.nvidia.dummy_keys import DUMMY_KEYS
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
    for key in DUMMY_KEYS:
        write_private(layout.key_file(key.name), key.value + "\n")

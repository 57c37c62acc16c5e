from pathlib import Path

import pytest

from odh_nim.sandbox.controlplane.parts import API_SERVER, ETCD, KSERVE, PARTS, build_parts
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.programs import Programs

LAYOUT = Layout(Path("/somewhere"))
BUILT = build_parts(Programs(Path("/bin-folder")), LAYOUT, {API_SERVER: 20001, KSERVE: 20002})


def test_every_part_is_described() -> None:
    assert tuple(BUILT) == PARTS


def test_store_has_no_port_that_another_user_could_read_secrets_from() -> None:
    listening = [flag for flag in BUILT[ETCD].arguments if flag.startswith("--listen-")]

    assert len(listening) == 2
    assert all("=unix://" in flag for flag in listening)


def test_socket_of_the_store_is_named_without_a_folder() -> None:
    """A socket's path may have about 100 bytes, a home folder may be longer."""
    servers = [flag for flag in BUILT[API_SERVER].arguments if flag.startswith("--etcd-servers")]

    assert servers == ["--etcd-servers=unix://client.sock:1"]
    assert BUILT[API_SERVER].folder == BUILT[ETCD].folder == LAYOUT.data


def test_api_server_listens_on_loopback() -> None:
    assert "--bind-address=127.0.0.1" in BUILT[API_SERVER].arguments
    assert "--secure-port=20001" in BUILT[API_SERVER].arguments


@pytest.mark.parametrize("part", ["kube-controller-manager", "kube-scheduler"])
def test_controllers_have_no_port(part: str) -> None:
    assert "--secure-port=0" in BUILT[part].arguments

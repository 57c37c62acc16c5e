import socket

import pytest

from odh_nim.domain.errors import SandboxError
from odh_nim.sandbox.ports import choose_ports, is_free


def test_chosen_ports_are_free_and_all_different() -> None:
    names = [f"part-{number}" for number in range(50)]

    chosen = choose_ports(names)

    assert list(chosen) == names
    assert len(set(chosen.values())) == 50
    assert all(is_free(port) for port in chosen.values())


def test_port_of_the_last_run_is_taken_again() -> None:
    before = choose_ports(("a", "b"))

    assert choose_ports(("a", "b"), before) == before


def test_port_that_somebody_else_took_is_replaced() -> None:
    before = choose_ports(("a", "b"))
    with socket.socket() as other:
        other.bind(("127.0.0.1", before["a"]))
        other.listen()

        after = choose_ports(("a", "b"), before)

    assert after["a"] != before["a"]
    assert after["b"] == before["b"]


def test_no_free_port_is_an_error_and_no_endless_search() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        with pytest.raises(SandboxError, match="No free port"):
            choose_ports(("a",), among=range(taken, taken + 1))

import stat
from pathlib import Path

import pytest

from odh_nim.cluster import load_kubeconfig
from odh_nim.domain.errors import SandboxError
from odh_nim.manifests.yaml import load_yaml
from odh_nim.sandbox.certificates import Authority
from odh_nim.sandbox.kubeconfigs import build_kubeconfig, merge_into, write_kubeconfig
from odh_nim.sandbox.users import SYSTEM, USERS, ensure_tokens, read_tokens

SERVER = "https://127.0.0.1:23456"
CA = Authority("test").pem


@pytest.mark.parametrize("user", USERS, ids=lambda user: str(user.name))
def test_kubeconfig_is_private_and_starts_in_the_users_project(
    tmp_path: Path, user: object
) -> None:
    """R-EXT-07."""
    person = next(each for each in USERS if each == user)
    path = tmp_path / "user.yaml"

    write_kubeconfig(path, build_kubeconfig(person, "token", server=SERVER, ca_pem=CA))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    config = load_kubeconfig(path=str(path), environ={})
    assert (config.server, config.namespace) == (SERVER, person.namespace)


def test_file_that_others_could_read_is_replaced_by_a_private_one(tmp_path: Path) -> None:
    path = tmp_path / "user.yaml"
    path.write_text("old")
    path.chmod(0o644)

    write_kubeconfig(path, build_kubeconfig(USERS[0], "token", server=SERVER, ca_pem=CA))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_tokens_stay_and_each_user_has_an_own_one(tmp_path: Path) -> None:
    first = ensure_tokens(tmp_path / "tokens.csv")

    assert ensure_tokens(tmp_path / "tokens.csv") == first == read_tokens(tmp_path / "tokens.csv")
    assert len(set(first.values())) == len(USERS) + 1


def test_only_the_sandbox_itself_is_beyond_all_rules() -> None:
    """An administrator's rights come from a role, as on a real cluster."""
    masters = [user for user in (SYSTEM, *USERS) if "system:masters" in user.groups]

    assert masters == [SYSTEM]


def test_merging_keeps_what_the_person_had_and_replaces_an_earlier_sandbox(tmp_path: Path) -> None:
    path = tmp_path / "kube" / "config"
    path.parent.mkdir()
    path.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: work\n"
        "contexts: [{name: work, context: {cluster: work, user: me}}]\n"
        "clusters: [{name: work, cluster: {server: https://work}}]\n"
        "users: [{name: me, user: {token: mine}}]\n"
    )
    old, new = (
        build_kubeconfig(USERS[1], token, server=SERVER, ca_pem=CA) for token in ("old", "new")
    )

    merge_into(path, [old])
    merge_into(path, [new])

    merged = load_yaml(path.read_text())
    assert merged["current-context"] == "work"
    assert merged["users"] == [
        {"name": "me", "user": {"token": "mine"}},
        {"name": "odh-nim-sandbox-alice", "user": {"token": "new"}},
    ]
    assert [context["name"] for context in merged["contexts"]] == ["work", "odh-nim-sandbox-alice"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_merging_into_nothing_gives_a_usable_kubeconfig(tmp_path: Path) -> None:
    path = tmp_path / "kube" / "config"

    merge_into(path, [build_kubeconfig(USERS[1], "token", server=SERVER, ca_pem=CA)])

    assert load_kubeconfig(path=str(path), environ={}).namespace == "team-a"


def test_file_that_is_no_kubeconfig_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("- just\n- a list\n")

    with pytest.raises(SandboxError, match="is no kubeconfig"):
        merge_into(path, [build_kubeconfig(USERS[1], "token", server=SERVER, ca_pem=CA)])

    assert path.read_text() == "- just\n- a list\n"


def test_link_to_a_kubeconfig_elsewhere_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("apiVersion: v1\nkind: Config\n")
    link = tmp_path / "config"
    link.symlink_to(target)

    merge_into(link, [build_kubeconfig(USERS[1], "token", server=SERVER, ca_pem=CA)])

    assert link.is_symlink()
    assert "odh-nim-sandbox-alice" in target.read_text()

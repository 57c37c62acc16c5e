from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odh_nim.cluster import load_kubeconfig
from odh_nim.domain.errors import KubeconfigError

CANARY = "canary-of-a-token"


def kubeconfig(
    *contexts: str, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Write one cluster and one user, and a context of each name."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster or {"server": "https://api.test:6443"}}],
        "users": [{"name": "u", "user": {"token": CANARY} if user is None else user}],
        "contexts": [
            {"name": name, "context": {"cluster": "c", "user": "u", "namespace": f"ns-{name}"}}
            for name in contexts or ("one",)
        ],
        "current-context": (contexts or ("one",))[0],
    }


def write(file: Path, content: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return file


def test_the_current_context_is_used(tmp_path: Path) -> None:
    file = write(tmp_path / "config", kubeconfig("one", "two"))

    config = load_kubeconfig(path=file, environ={})

    assert (config.server, config.namespace, config.context) == (
        "https://api.test:6443",
        "ns-one",
        "one",
    )
    assert config.token == CANARY
    assert CANARY not in repr(config)


def test_another_context_can_be_named(tmp_path: Path) -> None:
    file = write(tmp_path / "config", kubeconfig("one", "two"))

    assert load_kubeconfig(path=file, context="two", environ={}).namespace == "ns-two"


def test_an_unknown_context_names_the_nearest(tmp_path: Path) -> None:
    """I7."""
    file = write(tmp_path / "config", kubeconfig("production", "staging"))

    with pytest.raises(KubeconfigError, match="Did you mean production"):
        load_kubeconfig(path=file, context="prodution", environ={})


def test_the_home_folder_is_the_last_place_looked_at(tmp_path: Path) -> None:
    write(tmp_path / ".kube" / "config", kubeconfig("home"))

    assert load_kubeconfig(environ={"HOME": str(tmp_path)}).context == "home"


def test_the_first_of_several_files_wins(tmp_path: Path) -> None:
    first = kubeconfig("one")
    second = kubeconfig("two", cluster={"server": "https://other.test"})
    second["contexts"][0]["context"]["cluster"] = "c"
    files = [write(tmp_path / "a", first), tmp_path / "missing", write(tmp_path / "b", second)]
    environ = {"KUBECONFIG": ":".join(str(file) for file in files)}

    assert load_kubeconfig(environ=environ).context == "one"
    # Its cluster has the same name in both files.
    two = load_kubeconfig(environ=environ, context="two")
    assert (two.server, two.namespace) == ("https://api.test:6443", "ns-two")


def test_paths_start_beside_their_file(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    write(folder / "ca.pem", "authority")
    write(folder / "token", "secret-word")
    file = write(
        folder / "config",
        kubeconfig(
            cluster={"server": "https://api.test", "certificate-authority": "ca.pem"},
            user={"tokenFile": "token"},
        ),
    )

    config = load_kubeconfig(path=file, environ={})

    assert config.ca_data == b"authority"
    assert config.token_file == folder / "token"


def test_data_goes_before_a_file(tmp_path: Path) -> None:
    data = b64encode(b"inside").decode()
    cluster = {
        "server": "https://api.test",
        "certificate-authority": "missing.pem",
        "certificate-authority-data": data,
    }
    file = write(tmp_path / "config", kubeconfig(cluster=cluster))

    assert load_kubeconfig(path=file, environ={}).ca_data == b"inside"


def test_the_users_own_impersonation_and_the_options(tmp_path: Path) -> None:
    file = write(tmp_path / "config", kubeconfig(user={"as": "a", "as-groups": ["g", "h"]}))

    own = load_kubeconfig(path=file, environ={})
    asked = load_kubeconfig(path=file, environ={}, as_user="b", as_groups=("i",))

    assert (own.as_user, own.as_groups) == ("a", ("g", "h"))
    assert (asked.as_user, asked.as_groups) == ("b", ("i",))


def test_a_program_is_found_beside_the_file_or_in_the_path(tmp_path: Path) -> None:
    def program(command: str) -> dict[str, Any]:
        return {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": command,
                "args": ["a"],
                "env": [{"name": "X", "value": "y"}],
                "provideClusterInfo": True,
                "interactiveMode": "Never",
            }
        }

    beside = write(tmp_path / "a", kubeconfig(user=program("./login")))
    in_path = write(tmp_path / "b", kubeconfig(user=program("login")))

    plugin = load_kubeconfig(path=beside, environ={"PATH": "/bin"}).exec_plugin
    other = load_kubeconfig(path=in_path, environ={}).exec_plugin

    assert plugin is not None
    assert other is not None
    assert plugin.command == str(tmp_path / "login")
    assert plugin.environment == {"PATH": "/bin", "X": "y"}
    assert plugin.cluster == {"server": "https://api.test:6443"}
    assert other.command == "login"


INCOMPLETE: dict[str, tuple[Any, str]] = {
    "no YAML": ("a: [", "is no YAML, line"),
    "a YAML with tabs": (f"a:\n\t- {CANARY}", "is no YAML, line 2"),
    "a list": ([], "is no kubeconfig|no kubeconfig"),
    "another kind": ({"kind": "Secret"}, "is no kubeconfig"),
    "nothing in it": ("", "There is no kubeconfig"),
    "no current context": (kubeconfig() | {"current-context": ""}, "has no current context"),
    "clusters as text": (kubeconfig() | {"clusters": "c"}, "clusters in .* is no list"),
    "a cluster without a name": (kubeconfig() | {"clusters": [{}]}, "has no name"),
    "no such cluster": (kubeconfig() | {"clusters": []}, "names the cluster 'c'"),
    "no such user": (kubeconfig() | {"users": []}, "names the user 'u'"),
    "no server": (kubeconfig(cluster={"x": 1}), "has no server"),
    "a server without https": (
        kubeconfig(cluster={"server": "http://api.test"}),
        "is not https",
    ),
    "a server that is a path": (kubeconfig(cluster={"server": "api.test"}), "no https address"),
    "a server with a login": (
        kubeconfig(cluster={"server": f"https://u:{CANARY}@api.test"}),
        "carries more than",
    ),
    "a bad port": (kubeconfig(cluster={"server": "https://api.test:abc"}), "is no address"),
    "a missing authority": (
        kubeconfig(cluster={"server": "https://a.test", "certificate-authority": "/no/ca.pem"}),
        "certificate-authority /no/ca.pem cannot be read: No such file",
    ),
    "an authority that is no base64": (
        kubeconfig(cluster={"server": "https://a.test", "certificate-authority-data": "%"}),
        "is no base64",
    ),
    "an authority, and not to be checked": (
        kubeconfig(
            cluster={
                "server": "https://a.test",
                "certificate-authority-data": "aaaa",
                "insecure-skip-tls-verify": True,
            }
        ),
        "contradicts",
    ),
    "a check switched off by a text": (
        kubeconfig(cluster={"server": "https://a.test", "insecure-skip-tls-verify": "false"}),
        "neither true nor false",
    ),
    "half a certificate": (
        kubeconfig(user={"client-certificate-data": "aaaa"}),
        "has no client-key",
    ),
    "a token that is a number": (kubeconfig(user={"token": 12}), "token .* is no text"),
    "a provider of the past": (
        kubeconfig(user={"auth-provider": {"name": "gcp"}}),
        "auth-provider",
    ),
    "a password": (kubeconfig(user={"username": "u", "password": CANARY}), "username"),
    "a program of another version": (
        kubeconfig(user={"exec": {"apiVersion": "v9", "command": "x"}}),
        "a version",
    ),
    "a proxy of another kind": (
        kubeconfig(cluster={"server": "https://a.test", "proxy-url": f"ftp://u:{CANARY}@p"}),
        "The proxy's address",
    ),
    "groups that are no list": (kubeconfig(user={"as": "a", "as-groups": "g"}), "no list of names"),
}


@pytest.mark.parametrize("case", INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_what_cannot_be_used_is_said_in_one_line(tmp_path: Path, case: tuple[Any, str]) -> None:
    """I7, I3."""
    content, says = case
    file = write(tmp_path / "config", content)

    with pytest.raises(KubeconfigError, match=says) as failure:
        load_kubeconfig(path=file, environ={})

    assert "\n" not in str(failure.value)
    assert CANARY not in str(failure.value)
    assert failure.value.exit_code == 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """I7."""
    with pytest.raises(KubeconfigError, match="There is no kubeconfig /nowhere"):
        load_kubeconfig(path="/nowhere", environ={})
    with pytest.raises(KubeconfigError, match="which KUBECONFIG names"):
        load_kubeconfig(environ={"KUBECONFIG": "/nowhere"})
    with pytest.raises(KubeconfigError, match="There is no kubeconfig"):
        load_kubeconfig(environ={"HOME": str(tmp_path)}, service_account=tmp_path)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    """I7."""
    file = write(tmp_path / "config", "x" * 17_000_000)

    with pytest.raises(KubeconfigError, match="too large"):
        load_kubeconfig(path=file, environ={})


def test_a_group_needs_a_user(tmp_path: Path) -> None:
    file = write(tmp_path / "config", kubeconfig())

    with pytest.raises(KubeconfigError, match="only together with a user"):
        load_kubeconfig(path=file, environ={}, as_groups=("g",))


def service_account(folder: Path) -> Path:
    for name, text in {"token": "t1", "ca.crt": "authority", "namespace": "team-a"}.items():
        write(folder / name, text)
    return folder


POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def test_a_pod_uses_its_own_account(tmp_path: Path) -> None:
    environ = POD | {"HOME": str(tmp_path), "HTTPS_PROXY": "http://proxy.test:1"}

    config = load_kubeconfig(environ=environ, service_account=service_account(tmp_path / "sa"))

    assert config.server == "https://10.0.0.1:443"
    assert (config.namespace, config.ca_data) == ("team-a", b"authority")
    assert config.token_file == tmp_path / "sa" / "token"
    assert config.proxy is None


def test_a_pod_without_a_token_still_passes_others_on(tmp_path: Path) -> None:
    """R-EXT-05."""
    folder = service_account(tmp_path / "sa")
    (folder / "token").unlink()

    config = load_kubeconfig(environ=POD | {"HOME": str(tmp_path)}, service_account=folder)

    assert config.token_file is None


def test_a_pod_without_the_authority_is_told_so(tmp_path: Path) -> None:
    """I7."""
    with pytest.raises(KubeconfigError, match="no ServiceAccount folder"):
        load_kubeconfig(environ=POD | {"HOME": str(tmp_path)}, service_account=tmp_path / "sa")


def test_a_kubeconfig_goes_before_the_pods_account(tmp_path: Path) -> None:
    write(tmp_path / ".kube" / "config", kubeconfig("mine"))
    folder = service_account(tmp_path / "sa")

    config = load_kubeconfig(environ=POD | {"HOME": str(tmp_path)}, service_account=folder)

    assert config.context == "mine"


def test_without_credentials_nothing_of_them_is_left(tmp_path: Path) -> None:
    """R-EXT-05."""
    user = {
        "token": CANARY,
        "client-certificate-data": b64encode(b"c").decode(),
        "client-key-data": b64encode(b"k").decode(),
        "as": "a",
    }
    config = load_kubeconfig(path=write(tmp_path / "config", kubeconfig(user=user)), environ={})

    bare = config.without_credentials()

    assert (bare.token, bare.client_certificate, bare.as_user) == (None, None, None)
    assert bare.identity_required
    assert bare.server == config.server


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    content=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["clusters", "contexts", "users", "current-context", "name", "cluster", "user"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
def test_any_file_gives_a_connection_or_one_line(tmp_path: Path, content: Any) -> None:
    """I7."""
    file = write(tmp_path / "config", yaml.safe_dump(content))

    with pytest.raises(KubeconfigError) as failure:
        load_kubeconfig(path=file, environ={})

    assert str(failure.value).isprintable()

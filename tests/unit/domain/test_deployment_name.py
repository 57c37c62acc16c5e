import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.domain.deployment_name import check_deployment_name, check_namespace, propose_name
from odh_nim.domain.errors import InvalidNameError
from odh_nim.sandbox.nvidia.seeds import read_seed

MODELS = sorted({seed.name for seed in read_seed()})
NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
# A project's name; with 52 characters and more there is no room for any deployment.
NAMESPACES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,49}[a-z0-9])?", fullmatch=True)


KSERVE = [f"kserve-{server}" for server in ("tritonserver", "mlserver", "huggingfaceserver")]


def valid(name: str, namespace: str) -> bool:
    """Say the rules once more, in other words."""
    return (
        NAME.fullmatch(name) is not None
        and len(name) <= 53
        and len(f"{name}-{namespace}") <= 63
        and len(name) + len(namespace) <= 52
        and name not in KSERVE
    )


def test_catalogue_has_names_that_are_no_deployment_names() -> None:
    """R-DEP-11; F37: 65 of 186."""
    assert len(MODELS) == 186
    assert sum(NAME.fullmatch(name) is None for name in MODELS) == 65


@given(st.sampled_from(MODELS), NAMESPACES)
def test_proposal_for_every_model_is_valid_in_every_project(model: str, namespace: str) -> None:
    """R-DEP-11; F37."""
    proposed = propose_name(model, namespace)

    assert len(proposed) <= 30
    assert valid(proposed, namespace)
    check_deployment_name(proposed, namespace)


@given(st.text(max_size=80), NAMESPACES)
def test_proposal_for_any_text_is_valid(text: str, namespace: str) -> None:
    """R-DEP-11."""
    check_deployment_name(propose_name(text, namespace), namespace)


@given(
    st.sampled_from(["kserve-tritonserver-x", *KSERVE]),
    st.integers(1, 51),
)
def test_proposal_cut_short_is_no_name_of_kserve(model: str, length: int) -> None:
    """R-DEP-11."""
    check_deployment_name(propose_name(model, "n" * length), "n" * length)


@given(st.from_regex(r"[a-z]([-a-z0-9]{0,60}[a-z0-9])?", fullmatch=True), NAMESPACES)
def test_check_agrees_with_the_rules(name: str, namespace: str) -> None:
    """R-DEP-11; F51."""
    if valid(name, namespace):
        check_deployment_name(name, namespace)
        return
    with pytest.raises(InvalidNameError) as refused:
        check_deployment_name(name, namespace)
    assert propose_name(name, namespace) in refused.value.remedy


@pytest.mark.parametrize(
    ("name", "namespace", "message"),
    [
        ("", "team-a", "a letter first"),
        ("1llama", "team-a", "a letter first"),
        ("-llama", "team-a", "a letter first"),
        ("llama-", "team-a", "no dash at the end"),
        ("Llama", "team-a", "lower case letters"),
        ("llama.1", "team-a", "lower case letters"),
        ("llama_1", "team-a", "lower case letters"),
        ("llama\n", "team-a", "lower case letters"),
        ("lläma", "team-a", "lower case letters"),
        ("llama/x", "team-a", "lower case letters"),
        ("a" * 54, "t", "54 characters, at most 53"),
        ("a" * 40, "t" * 23, "64 characters of a host name, at most 63"),
        ("a" * 40, "t" * 13, "53 characters together, KServe serves at most 52"),
        ("kserve-tritonserver", "team-a", "KServe's own model servers"),
    ],
)
def test_each_limit_has_its_own_message(name: str, namespace: str, message: str) -> None:
    """R-DEP-11; UI-12."""
    with pytest.raises(InvalidNameError, match=message) as refused:
        check_deployment_name(name, namespace)

    assert refused.value.exit_code == 2
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("name", "namespace"),
    [("a", "t"), ("a" * 51, "t"), ("a" * 40, "t" * 12), ("llama-3-1-8b", "team-a"), ("a1", "0")],
)
def test_names_at_the_limits_are_taken(name: str, namespace: str) -> None:
    """R-DEP-11."""
    check_deployment_name(name, namespace)


@pytest.mark.parametrize(
    ("model", "proposed"),
    [
        ("llama-3.1-8b-instruct", "llama-3-1-8b-instruct"),
        ("Llama 3.1  8B", "llama-3-1-8b"),
        ("riva_translate_4b_instruct", "riva-translate-4b-instruct"),
        ("3d-model", "nim-3d-model"),
        ("llama-3.3-nemotron-super-49b-healthcare-text2sql-v1.0", "llama-3-3-nemotron-super-49b-h"),
        ("kserve-tritonserver", "nim-kserve-tritonserver"),
        ("日本", "nim"),
        ("", "nim"),
    ],
)
def test_proposals_are_readable(model: str, proposed: str) -> None:
    assert propose_name(model, "team-a") == proposed


@pytest.mark.parametrize(
    ("namespace", "message"),
    [
        ("", "lower case letters"),
        ("Team", "lower case letters"),
        ("team.a", "lower case letters"),
        ("team\n", "lower case letters"),
        ("../team", "lower case letters"),
        ("t" * 64, "at most 63"),
        ("kube-system", "system namespaces"),
        ("kube-public", "system namespaces"),
        ("openshift", "system namespaces"),
        ("openshift-ingress", "system namespaces"),
        ("opendatahub", "applications namespace"),
    ],
)
def test_namespaces_that_are_no_projects_are_refused(namespace: str, message: str) -> None:
    """R-DEP-11; S17."""
    with pytest.raises(InvalidNameError, match=message):
        check_namespace(namespace, applications_namespace="opendatahub")


@pytest.mark.parametrize("namespace", ["team-a", "t" * 63, "0", "openshiftish", "kubeflow"])
def test_other_namespaces_are_projects(namespace: str) -> None:
    check_namespace(namespace, applications_namespace="opendatahub")

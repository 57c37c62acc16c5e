from dataclasses import replace

import pytest

from odh_nim.domain.deployment_spec import EnvVar, ExistingClaim, NewClaim
from odh_nim.manifests.access import build_token_objects
from odh_nim.manifests.claim import build_claim
from odh_nim.manifests.exposure import build_ingress
from odh_nim.manifests.inference_service import build_inference_service
from odh_nim.manifests.shipped import controlplane_folder, read_shipped
from support.plans import spec


def test_new_claim_is_as_asked_for() -> None:
    """R-DEP-13."""
    storage = NewClaim("1.5Ti", storage_class="fast", access_mode="ReadWriteMany")

    built = build_claim(spec(storage=storage), request_id="r-1")

    assert built["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "1.5Ti"}},
        "storageClassName": "fast",
    }


def test_clusters_default_class_is_left_to_the_cluster() -> None:
    """R-DEP-13: an empty name would mean no class at all."""
    assert "storageClassName" not in build_claim(spec(), request_id="r-1")["spec"]
    empty = build_claim(spec(storage=NewClaim("1Gi", storage_class="")), request_id="r-1")
    assert empty["spec"]["storageClassName"] == ""


def test_existing_claim_is_never_built() -> None:
    """R-DEP-14."""
    with pytest.raises(AssertionError):
        build_claim(spec(storage=ExistingClaim("a")), request_id="r-1")


def test_deployment_without_tokens_still_lets_a_token_be_added() -> None:
    """R-DEP-22."""
    kinds = [item["kind"] for item in build_token_objects(spec(auth=True), request_id="r-1")]

    assert kinds == ["ServiceAccount", "Role", "RoleBinding"]
    assert build_token_objects(spec(tokens=("a",)), request_id="r-1") == []


def test_ingress_leads_to_the_predictor_under_a_name_that_kserve_does_not_use() -> None:
    """R-EXT-03, R-DEP-22."""
    built = build_ingress(
        spec(expose=True), host="demo.example.com", request_id="r-1", ingress_class="nginx"
    )

    assert built["metadata"]["name"] == "demo-external"
    assert built["spec"]["ingressClassName"] == "nginx"
    (rule,) = built["spec"]["rules"]
    assert rule["host"] == "demo.example.com"
    backend = rule["http"]["paths"][0]["backend"]
    assert backend == {"service": {"name": "demo-predictor", "port": {"number": 80}}}


def test_ingress_without_a_host_answers_for_every_name() -> None:
    built = build_ingress(spec(expose=True), host=None, request_id="r-1")

    assert "host" not in built["spec"]["rules"][0]
    assert "ingressClassName" not in built["spec"]


def test_variables_keep_their_order_and_their_references() -> None:
    """R-DEP-21."""
    reference = {"configMapKeyRef": {"name": "settings", "key": "level"}}
    variables = (EnvVar("B", "2"), EnvVar("A", value_from=reference), EnvVar("C"))

    built = build_inference_service(spec(env=variables), request_id="r-1")

    assert built["spec"]["predictor"]["model"]["env"] == [
        {"name": "B", "value": "2"},
        {"name": "A", "valueFrom": reference},
        {"name": "C", "value": ""},
    ]


def test_other_gpu_resources_are_asked_for_by_their_name() -> None:
    """R-DEP-19."""
    chosen = spec()
    mig = replace(chosen.resources, gpu_resource="nvidia.com/mig-1g.10gb", gpus=3)

    built = build_inference_service(replace(chosen, resources=mig), request_id="r-1")

    limits = built["spec"]["predictor"]["model"]["resources"]["limits"]
    assert limits == {"cpu": "2", "memory": "8Gi", "nvidia.com/mig-1g.10gb": "3"}


def test_shipped_files_are_found() -> None:
    assert "kind: Kustomization" in read_shipped("base/kustomization.yaml")
    assert (controlplane_folder() / "kubernetes" / "go.mod").is_file()
    with pytest.raises(FileNotFoundError):
        read_shipped("base/no-such-file.yaml")

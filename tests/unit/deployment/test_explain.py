"""The common failures, told from what kubelets, schedulers and KServe really write."""

import pytest

from odh_nim.deployment.explain import explain
from odh_nim.deployment.observed import Observed
from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.kubelet.behaviour import FAILURES
from odh_nim.sandbox.kubelet.pull import refusal_text
from support.pods import event, pod, replica_set, running, service, unschedulable, waits

IMAGE = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.4.403"
BACK_OFF = f'Back-off pulling image "{IMAGE}"'


def codes(*pods: Manifest, **parts: object) -> list[str]:
    seen = Observed(service(), pods, [replica_set(1)], **parts)  # type: ignore[arg-type]  # passed through
    return [one.code for one in explain(seen)]


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 451])
def test_refused_pull_is_told_by_its_status_and_not_by_the_tag(status: int) -> None:
    """R-EXT-02; F18; UI-35."""
    text = f"{BACK_OFF}: ErrImagePull: {refusal_text(IMAGE, status)}"

    [found] = explain(Observed(service(), [waits("ImagePullBackOff", text)], [replica_set(1)]))

    assert found.code == f"pull-{status}"
    assert found.fatal is (status != 429)
    assert found.action
    assert found.evidence.startswith("Back-off")


def test_pull_without_any_key_says_so() -> None:
    text = refusal_text(IMAGE, 401, anonymous=True)

    [found] = explain(Observed(service(), [waits("ImagePullBackOff", text)], [replica_set(1)]))

    assert "without a key" in found.cause


def test_first_refusal_may_be_a_slip() -> None:
    [found] = explain(
        Observed(service(), [waits("ErrImagePull", refusal_text(IMAGE, 401))], [replica_set(1)])
    )

    assert not found.fatal


def test_older_kubelet_tells_the_cause_in_its_events_only() -> None:
    one = waits("ImagePullBackOff", BACK_OFF)
    told = event(one, "Failed", f'Failed to pull image "{IMAGE}": {refusal_text(IMAGE, 403)}')

    assert codes(one, events=[told]) == ["pull-403"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("tls: failed to verify certificate: x509: certificate signed by unknown", "certificate"),
        ("dial tcp: lookup nvcr.io: no such host", "network"),
        ("write /var/lib/containerd: no space left on device", "node-disk"),
        ("no match for platform in manifest", "pull-architecture"),
        ("something new", "pull"),
    ],
)
def test_other_pull_failures(text: str, code: str) -> None:
    """UI-35."""
    assert codes(waits("ImagePullBackOff", f"{BACK_OFF}: {text}")) == [code]


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("oom", "oom"),
        ("exit-zero", "key-missing"),
        ("permission-denied", "cache-read-only"),
        ("key-refused", "key-refused"),
        ("wrong-profile", "wrong-profile"),
        ("disk-full", "claim-full"),
        ("certificate", "certificate"),
        ("crash", "crash"),
    ],
)
def test_ended_process_is_told_by_its_last_lines(behaviour: str, code: str) -> None:
    """R-EXT-02; UI-35."""
    failure = FAILURES[behaviour]
    ended = {"exitCode": failure.exit_code, "reason": failure.reason}
    one = waits("CrashLoopBackOff", "back-off 10s", last=ended, restarts=3)
    logs = {one["metadata"]["name"]: ["INFO nim: starting", *failure.log]}

    [found] = explain(Observed(service(), [one], [replica_set(1)], logs=logs))

    assert found.code == code
    assert found.fatal


def test_exit_without_an_error_and_without_a_word_is_a_missing_key() -> None:
    """R-EXT-02: one NIM ends with 0 where it finds no key."""
    ended = {"exitCode": 0, "reason": "Completed"}

    assert codes(waits("CrashLoopBackOff", last=ended, restarts=2)) == ["exit-zero"]


def test_container_without_its_secret_is_told() -> None:
    text = 'secret "nvidia-nim-secrets" not found'

    assert codes(waits("CreateContainerConfigError", text)) == ["key-missing"]


def test_model_that_outlives_its_startup_probe_is_slow() -> None:
    one = running(last={"exitCode": 137, "reason": "Error"}, restarts=1)
    told = event(one, "Killing", "Container kserve-container failed startup probe, will be …")

    assert codes(one, events=[told]) == ["slow-start"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("0/3 nodes are available: 3 Insufficient nvidia.com/gpu.", "gpu-none"),
        ("0/3 nodes are available: 1 Insufficient nvidia.com/mig-1g.5gb.", "gpu-none"),
        ("0/3 nodes are available: 3 Insufficient memory.", "compute-none"),
        ("0/3 nodes are available: 3 node(s) had untolerated taint {x: y}.", "node-none"),
        (
            "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
            "node-none",
        ),
        ("pod has unbound immediate PersistentVolumeClaims.", "claim-pending"),
        ('persistentvolumeclaim "models" not found', "claim-missing"),
        ("0/3 nodes are available: 1 node(s) had volume node affinity conflict.", "claim-node"),
    ],
)
def test_pod_without_a_place(message: str, code: str) -> None:
    """R-EXT-02; F17, F18; UI-35."""
    assert codes(unschedulable(message)) == [code]


def test_pending_claim_is_told_in_the_words_of_the_storage() -> None:
    """F17; UI-35."""
    one = unschedulable("pod has unbound immediate PersistentVolumeClaims.")
    one["spec"]["volumes"] = [{"persistentVolumeClaim": {"claimName": "models"}}]
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "models"}}
    told = event(claim, "ProvisioningFailed", 'storageclass "fast" not found')

    [found] = explain(Observed(service(), [one], [replica_set(1)], [told]))

    assert (found.code, found.subject) == ("claim-pending", "PersistentVolumeClaim/models")
    assert found.evidence == 'storageclass "fast" not found'


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('pods "x" is forbidden: exceeded quota: gpus, requested: …', "quota"),
        ('admission webhook "policy" denied the request: no', "webhook"),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest": …', "pod-security"),
        (
            "pods is forbidden: unable to validate against any security context constraint",
            "pod-security",
        ),
    ],
)
def test_pod_that_is_never_made(message: str, code: str) -> None:
    """R-EXT-02; F10, F12; UI-35."""
    newest = replica_set(2)
    told = [event(replica_set(1), "FailedCreate", "old"), event(newest, "FailedCreate", message)]

    seen = Observed(service(), [], [replica_set(1), newest], told)

    assert [one.code for one in explain(seen)] == [code]


def test_missing_runtime_is_read_from_the_last_failure() -> None:
    """R-EXT-02: no condition is False."""
    failure = {"reason": "NoSupportingRuntime", "message": "no runtime"}
    broken = service(status={"modelStatus": {"lastFailureInfo": failure}})

    [found] = explain(Observed(broken))

    assert (found.code, found.fatal) == ("runtime", True)


def test_condition_that_kserve_cannot_reconcile_is_passed_on() -> None:
    broken = service(reason="ReconcileFailed")

    assert [one.code for one in explain(Observed(broken))] == ["reconcile"]


def test_evicted_pod_and_failed_mount() -> None:
    gone = pod()
    gone["status"] |= {"reason": "Evicted", "message": "low on memory"}
    stuck = waits("ContainerCreating")

    assert codes(gone) == ["evicted"]
    assert codes(stuck, events=[event(stuck, "FailedMount", "Multi-Attach error")]) == [
        "claim-mount"
    ]


def test_healthy_pods_and_old_ones_have_nothing_to_explain() -> None:
    """R-EXT-02."""
    old = waits("ImagePullBackOff", refusal_text(IMAGE, 401), revision=1)
    new = running(revision=2)

    seen = Observed(service(), [old, new], [replica_set(1), replica_set(2)])

    assert explain(seen) == ()


def test_replicas_that_fail_alike_are_told_once_and_texts_are_cleaned() -> None:
    text = refusal_text(IMAGE, 451) + "\x1b[31m\u202e"
    pods = [waits("ImagePullBackOff", text, suffix=one) for one in ("aaaaa", "bbbbb")]

    [found] = explain(Observed(service(), pods, [replica_set(1)]))

    assert found.subject == "Pod/llama-predictor-1-aaaaa"
    assert "\x1b" not in found.evidence
    assert "\u202e" not in found.evidence

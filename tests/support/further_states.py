"""States of old clusters that nobody recorded: one line each, made of a recorded one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from support.old_cluster_edits import (
    MAIN,
    Edit,
    account,
    config_map,
    copied,
    encoded,
    every,
    merge,
    model,
    namespace,
    no_controller,
    pull,
    replica_set,
    webhook,
    with_also,
    without,
)
from support.old_deployments import secret
from support.upgrade_cluster import CLUSTER_CRD, NIM_FIELD, definition

ACCOUNT = f"Account/{MAIN}/odh-nim-account"
CATALOG = f"ConfigMap/{MAIN}/odh-nim-account-cm"
ACCESS = f"Secret/{MAIN}/nvidia-nim-access"
APPS = f"ConfigMap/{MAIN}/odh-enabled-applications-config"
IMAGES = f"ConfigMap/{MAIN}/nvidia-nim-images-data"
CONTROLLER = f"Deployment/{MAIN}/odh-model-controller"
DSC, DSCI = "DataScienceCluster/default-dsc", "DSCInitialization/default-dsci"
NEIGHBOURS, OFFLINE = "mixed/non-nim-neighbours", "mixed/airgapped-admin-configmap"
COPIES = ("Secret/leftover/nvidia-nim-secrets", "Secret/leftover/ngc-secret")
WRITTEN = [{"manager": "nim-account-controller", "fieldsV1": {"f:data": {}}}]
EDITED = [*WRITTEN, {"manager": "kubectl-edit", "fieldsV1": {"f:data": {}}}]
REPLACED = [{"manager": "kubectl-replace", "fieldsV1": {"f:data": {}}}]
GOING = "2026-01-01T00:00:00Z"
# The configuration names the copy.
POINTS = {f"OdhDashboardConfig/{MAIN}/odh-dashboard-config": "patch"}
WEBHOOKS_NAME = "ValidatingWebhookConfiguration/validating.odh-model-controller.opendatahub.io"
WEBHOOKS = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": WEBHOOKS_NAME.partition("/")[2]},
    "webhooks": [
        webhook("validating.isvc.odh-model-controller.opendatahub.io", "/validate-isvc"),
        webhook(
            "validating.nim.account.odh-model-controller.opendatahub.io",
            "/validate-nim-opendatahub-io-v1-account",
        ),
    ],
}
CONTROLLER_ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "odh-model-controller-role"},
    "rules": [{"apiGroups": ["serving.kserve.io"], "resources": ["x"], "verbs": ["get"]}],
}
RIGHTS = (
    f"Role/{MAIN}/nim-account-access",
    f"RoleBinding/{MAIN}/nim-account-access-binding",
    "ClusterRole/account-editor-role",
    "ClusterRole/account-viewer-role",
)


def children(space: str, name: str = "odh-nim-account") -> tuple[str, ...]:
    """Name an Account and what belongs to it."""
    return (
        f"Account/{space}/{name}",
        f"ConfigMap/{space}/{name}-cm",
        f"Template/{space}/{name}-template",
        f"Secret/{space}/{name}-pull",
    )


def all_of(fate: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, fate)


@dataclass(frozen=True)
class State:
    """`fates` are those that differ from the recorded state; `left` and `saved` what is said."""

    base: str
    edit: Edit
    fates: Mapping[str, str] = field(default_factory=dict)
    left: str = ""
    saved: int = 0


HELD = "Account/team-retail/odh-nim-account"
STATES = {
    # ── Accounts ─────────────────────────────────────────────────────────────────────────────
    "second Account with a name of its own": State(
        "gen2b", account(MAIN, "my-nim"), all_of("delete", *children(MAIN, "my-nim"))
    ),
    "Account of a project whose pull Secret a ReplicaSet at zero names": State(
        "gen2b",
        every(account("doc-search", "nim"), with_also(replica_set("doc-search", "nim-pull"))),
        all_of("keep", *children("doc-search", "nim"), DSC),
        left="DataScienceCluster/default-dsc: waits for Account/doc-search/nim",
    ),
    "key Secret of an Account with a name that an admin chose": State(
        "gen2b",
        every(
            with_also(secret("my-key", MAIN, {"api_key": "x"})),
            merge(ACCOUNT, spec={"apiKeySecret": {"name": "my-key"}}),
        ),
        {f"Secret/{MAIN}/my-key": "keep"},
    ),
    "deletion of an Account that nobody serves": State(
        "gen2b",
        every(no_controller, merge(ACCOUNT, metadata={"deletionTimestamp": GOING})),
        # The controller's own Deployment is what was taken away.
    ),
    "the same, with its pull Secret in use": State(
        "gen2b",
        every(
            no_controller,
            merge(ACCOUNT, metadata={"deletionTimestamp": GOING}),
            with_also(replica_set(MAIN, "odh-nim-account-pull")),
        ),
        all_of("keep", *children(MAIN), ACCESS, DSC),
        left="waits for",
    ),
    "foreign finalizer before ours, and no controller": State(
        "gen2b",
        every(
            no_controller,
            merge(
                ACCOUNT,
                metadata={
                    "finalizers": ["a.example/x", "runtimes.opendatahub.io/nim-cleanup-finalizer"]
                },
            ),
        ),
        {ACCOUNT: "patch", ACCESS: "keep", DSC: "keep"},
        left="a finalizer that is not ours: a.example/x",
    ),
    "catalogue of an Account in a project that is being deleted": State(
        "gen2b",
        every(
            no_controller,
            with_also(namespace("ending", deletionTimestamp=GOING)),
            account("ending", "nim"),
            merge("ConfigMap/ending/nim-cm", metadata={"managedFields": EDITED}),
        ),
        all_of("delete", *children("ending", "nim")),
    ),
    # ── Catalogues ───────────────────────────────────────────────────────────────────────────
    "catalogue that an admin edited": State(
        "gen2b", merge(CATALOG, metadata={"managedFields": EDITED}), POINTS, saved=1
    ),
    "catalogue that an admin replaced": State(
        "gen2b", merge(CATALOG, metadata={"managedFields": REPLACED}), POINTS, saved=1
    ),
    "catalogue with an entry under another key": State(
        "gen2b", merge(CATALOG, data={"ours": model("llama")}), POINTS, saved=1
    ),
    "catalogue that an admin made immutable": State(
        OFFLINE, merge(CATALOG, immutable=True), {CATALOG: "delete"}, saved=1
    ),
    "catalogue as the controller wrote it": State(
        "gen2b", merge(CATALOG, metadata={"managedFields": WRITTEN})
    ),
    # ── Keys ─────────────────────────────────────────────────────────────────────────────────
    "admin's key changed by hand, its pull Secret not yet": State(
        NEIGHBOURS, merge(ACCESS, data={"api_key": encoded("nvapi-another")})
    ),
    "admin's key changed everywhere": State(
        NEIGHBOURS,
        every(
            merge(ACCESS, data={"api_key": encoded("nvapi-another")}),
            merge(
                f"Secret/{MAIN}/odh-nim-account-pull",
                data={".dockerconfigjson": pull("x", "nvapi-another")["data"][".dockerconfigjson"]},
            ),
        ),
        all_of("keep", *COPIES),
    ),
    "admin's key with a field more, immutable": State(
        "gen2b", merge(ACCESS, data={"note": encoded("mine")}, immutable=True)
    ),
    "admin's key with its label in another case": State(
        "gen1",
        merge(ACCESS, metadata={"labels": {"opendatahub.io/dashboard": "True"}}),
        {ACCESS: "keep"},
    ),
    "admin's key that a Pod reads": State(
        "gen2b",
        with_also(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "reader", "namespace": MAIN},
                "spec": {"containers": [], "volumes": [{"secret": {"secretName": ACCESS[31:]}}]},
            }
        ),
        {ACCESS: "keep"},
    ),
    "copy whose name a Pod of another project uses": State(
        NEIGHBOURS, with_also(replica_set("elsewhere", "ngc-secret"))
    ),
    "copy with the mark of the newer dashboard in another case": State(
        NEIGHBOURS,
        merge(COPIES[0], metadata={"labels": {"opendatahub.io/managed": "True"}}),
        {COPIES[0]: "keep"},
    ),
    # ── Decoys ───────────────────────────────────────────────────────────────────────────────
    "leftover that somebody labels as his": State(
        "gen1", merge(IMAGES, metadata={"labels": {"app": "mine"}}), {IMAGES: "keep"}
    ),
    "models with one entry that is none": State(
        "gen1", merge(IMAGES, data={"notes": "mine"}), {IMAGES: "keep"}
    ),
    "children of another kind Account": State(
        "gen2b",
        with_also(
            config_map(
                "odh-nim-account-cm",
                {},
                namespace="support-bot",
                ownerReferences=[
                    {"apiVersion": "iam.example/v1", "kind": "Account", "name": "a", "uid": "uid-1"}
                ],
            )
        ),
    ),
    "CronJob and Job of the same names in a project": State(
        "gen1",
        every(
            copied(f"CronJob/{MAIN}/nvidia-nim-periodic-validator", "x", "nim-pilot"),
            copied(
                f"Job/{MAIN}/nvidia-nim-periodic-validator-28912320",
                "nvidia-nim-periodic-validator-1",
                "nim-pilot",
            ),
        ),
    ),
    "role that somebody has added a rule to": State(
        "gen3",
        every(
            no_controller,
            without(DSC, DSCI),
            merge("ClusterRole/account-editor-role", rules=[{"apiGroups": [""], "verbs": ["get"]}]),
        ),
        all_of("delete", *RIGHTS[:2], RIGHTS[3]),
    ),
    # ── The cluster ──────────────────────────────────────────────────────────────────────────
    "newer controller, and the webhook entry it does not know": State(
        "gen2b",
        every(
            account("team", "nim"),
            merge(
                CONTROLLER,
                spec={"template": {"spec": {"containers": [{"name": "manager", "image": "new"}]}}},
            ),
            with_also(CONTROLLER_ROLE, WEBHOOKS, namespace("team")),
        ),
        {WEBHOOKS_NAME: "patch"} | all_of("delete", *children("team", "nim")),
    ),
    "Pod of a validator whose Job is gone": State(
        "gen1",
        every(
            without(
                f"CronJob/{MAIN}/nvidia-nim-periodic-validator",
                f"Job/{MAIN}/nvidia-nim-periodic-validator-job-custom-run",
                f"Job/{MAIN}/nvidia-nim-periodic-validator-28912320",
            ),
            merge(
                f"Pod/{MAIN}/nvidia-nim-periodic-validator-job-custom-run-4xq8n",
                metadata={
                    "ownerReferences": None,
                    "labels": {"parent": "nvidia-nim-periodic-validator"},
                },
            ),
        ),
    ),
    "models of the release of one day": State(
        "gen1",
        copied(IMAGES, "nvidia-nim-data"),
        {f"ConfigMap/{MAIN}/nvidia-nim-data": "delete"},
    ),
    "air gap with a configuration already": State(
        OFFLINE,
        with_also(config_map("odh-nim-config", {"nimConfig": "a: 1"}, namespace=MAIN)),
        {CATALOG: "delete", f"ConfigMap/{MAIN}/odh-nim-config": "patch"},
        saved=1,
    ),
    "no DataScienceCluster, no operator": State(
        "gen3", every(no_controller, without(DSC, DSCI)), all_of("delete", *RIGHTS)
    ),
    "two DataScienceClusters": State("gen2b", copied(DSC, "second"), {DSC: "keep"}),
    "DataScienceCluster of version 1 alone": State(
        "gen2b", with_also(definition(CLUSTER_CRD, "v1", nim=NIM_FIELD))
    ),
    "generation 1 on a current operator": State(
        "gen1", with_also(definition(CLUSTER_CRD, "v1", "v2", nim=NIM_FIELD)), {DSC: "patch"}
    ),
    "immutable list of tiles": State(
        "gen1", merge(APPS, immutable=True), {APPS: "keep"}, left="immutable"
    ),
    "two products side by side": State(
        "gen1",
        every(
            without(DSCI),
            with_also(namespace("opendatahub")),
            copied(IMAGES, "nvidia-nim-images-data", "opendatahub"),
        ),
        {"ConfigMap/opendatahub/nvidia-nim-images-data": "delete"},
    ),
}

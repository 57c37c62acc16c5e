"""A model deployment: plan, preflight, deploy, follow, list, stop, delete."""

from odh_nim.deployment.checks.gpus import GpuReport, NodeGpus
from odh_nim.deployment.claims import ClaimView, list_claims
from odh_nim.deployment.delete import delete
from odh_nim.deployment.delete_plan import DeletePlan, Kept, plan_delete
from odh_nim.deployment.edit import EditPlan, ObjectPatch, key_secrets_of, plan_edit, with_strategy
from odh_nim.deployment.edit_apply import apply_edit, check_edit_writes
from odh_nim.deployment.edit_change import EditChange
from odh_nim.deployment.explanation import Explanation
from odh_nim.deployment.extract import DeploymentObjects, extract_spec, other_users, read_objects
from odh_nim.deployment.follow import Progress, follow
from odh_nim.deployment.inspect import (
    EventView,
    deployment_events,
    deployment_logs,
    read_status,
)
from odh_nim.deployment.listing import get_deployment, list_deployments
from odh_nim.deployment.plan import Plan, plan_deployment
from odh_nim.deployment.preflight import Preflight, preflight
from odh_nim.deployment.reference import ObjectReference
from odh_nim.deployment.remainder import (
    Remainder,
    Remainders,
    delete_remainder,
    find_remainders,
)
from odh_nim.deployment.restart import (
    RestartOptions,
    RestartOutcome,
    RestartWord,
    restart_deployments,
)
from odh_nim.deployment.restart_plan import RestartStep, plan_restarts
from odh_nim.deployment.rules_storage import default_claim_size
from odh_nim.deployment.status import Phase, PodStatus, Status, StatusWord
from odh_nim.deployment.surroundings import Surroundings, read_surroundings
from odh_nim.deployment.switch import start, stop
from odh_nim.deployment.view import DeploymentView, Endpoint
from odh_nim.deployment.workflow import Action, Deployed, Step, deploy

__all__ = [
    "Action",
    "ClaimView",
    "DeletePlan",
    "Deployed",
    "DeploymentObjects",
    "DeploymentView",
    "EditChange",
    "EditPlan",
    "Endpoint",
    "EventView",
    "Explanation",
    "GpuReport",
    "Kept",
    "NodeGpus",
    "ObjectPatch",
    "ObjectReference",
    "Phase",
    "Plan",
    "PodStatus",
    "Preflight",
    "Progress",
    "Remainder",
    "Remainders",
    "RestartOptions",
    "RestartOutcome",
    "RestartStep",
    "RestartWord",
    "Status",
    "StatusWord",
    "Step",
    "Surroundings",
    "apply_edit",
    "check_edit_writes",
    "default_claim_size",
    "delete",
    "delete_remainder",
    "deploy",
    "deployment_events",
    "deployment_logs",
    "extract_spec",
    "find_remainders",
    "follow",
    "get_deployment",
    "key_secrets_of",
    "list_claims",
    "list_deployments",
    "other_users",
    "plan_delete",
    "plan_deployment",
    "plan_edit",
    "plan_restarts",
    "preflight",
    "read_objects",
    "read_status",
    "read_surroundings",
    "restart_deployments",
    "start",
    "stop",
    "with_strategy",
]

"""A model deployment: plan, preflight, deploy, follow, list, stop, delete."""

from odh_nim.deployment.checks.gpus import GpuReport, NodeGpus
from odh_nim.deployment.claims import ClaimView, list_claims
from odh_nim.deployment.delete import delete
from odh_nim.deployment.delete_plan import DeletePlan, Kept, plan_delete
from odh_nim.deployment.explanation import Explanation
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
    "DeploymentView",
    "Endpoint",
    "EventView",
    "Explanation",
    "GpuReport",
    "Kept",
    "NodeGpus",
    "ObjectReference",
    "Phase",
    "Plan",
    "PodStatus",
    "Preflight",
    "Progress",
    "Remainder",
    "Remainders",
    "Status",
    "StatusWord",
    "Step",
    "Surroundings",
    "default_claim_size",
    "delete",
    "delete_remainder",
    "deploy",
    "deployment_events",
    "deployment_logs",
    "find_remainders",
    "follow",
    "get_deployment",
    "list_claims",
    "list_deployments",
    "plan_delete",
    "plan_deployment",
    "preflight",
    "read_status",
    "read_surroundings",
    "start",
    "stop",
]

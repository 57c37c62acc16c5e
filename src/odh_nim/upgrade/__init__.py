"""Find, migrate and clear away what four generations of the old integration left."""

from odh_nim.upgrade.apply import REVOKE, Options, Report, apply_upgrade
from odh_nim.upgrade.backup import Backup
from odh_nim.upgrade.make_plan import make_plan, plan_upgrade
from odh_nim.upgrade.plan import Action, Facts, Item, Plan, Role, Step, Subject
from odh_nim.upgrade.record import Record, read_record
from odh_nim.upgrade.run import Outcome, Result
from odh_nim.upgrade.view import Consents

__all__ = [
    "REVOKE",
    "Action",
    "Backup",
    "Consents",
    "Facts",
    "Item",
    "Options",
    "Outcome",
    "Plan",
    "Record",
    "Report",
    "Result",
    "Role",
    "Step",
    "Subject",
    "apply_upgrade",
    "make_plan",
    "plan_upgrade",
    "read_record",
]

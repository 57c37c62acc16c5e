"""What of a plan may be done when a person agreed to an older one; pure."""

from dataclasses import replace

from odh_nim.upgrade.make_plan import make_plan
from odh_nim.upgrade.plan import Action, Item, Plan, Role
from odh_nim.upgrade.view import Consents, View


def keep_to_saved(view: View, plan: Plan, saved: Plan | None) -> tuple[list[Item], list[str]]:
    """Give what is due of both plans, and say what is due of the new one alone.

    What the saved plan only names, as the kind itself, is done with a consent of this run. An
    Account stays if what must be saved before it goes is not in the saved plan.
    """
    due = list(plan.due())
    if saved is None:
        return due, []
    agreed = {_deed(item) for item in saved.due()}
    named = {_target(item) for item in saved.items if saved.complete}
    bare = replace(view, consents=Consents(former_keys=view.consents.former_keys))
    without_consents = {_deed(item) for item in make_plan(bare).due()}
    chosen = [
        item
        for item in due
        if _deed(item) in agreed or (_target(item) in named and _deed(item) not in without_consents)
    ]
    unsaved = _accounts_that_need_saving(due, chosen)
    chosen = [item for item in chosen if not unsaved & {item.subject.uid, item.account}]
    return chosen, [
        f"{item.subject}: not in the saved plan; make a new one"
        for item in due
        if item not in chosen
    ]


def _target(item: Item) -> tuple[str, str]:
    return str(item.subject), item.subject.uid


def _deed(item: Item) -> tuple[str, str, Action]:
    return str(item.subject), item.subject.uid, item.action


def _accounts_that_need_saving(due: list[Item], chosen: list[Item]) -> set[str]:
    saves = [item for item in due if item.action is Action.SAVE]
    left_out = [item for item in due if item not in chosen]
    if any(item.role is Role.CONFIGURATION for item in left_out):
        return {item.account for item in saves}
    return {item.account for item in saves if item in left_out}

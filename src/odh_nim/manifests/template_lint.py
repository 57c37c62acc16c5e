"""The rules of a right NIM runtime Template: the object itself and the metadata of its runtime.

Every rule has an id: `M…` must hold, `S…` should. What it is for stands beside it, in the words
that a reader of a finding needs. The rules of the runtime's spec are in `template_lint_spec`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import SERVING_RUNTIMES, TEMPLATES
from odh_nim.manifests.template_lint_spec import SPEC_RULES
from odh_nim.manifests.template_view import Rule, TemplateView, mapping

# Of objects in a cluster; a manifest that carries them cannot be applied, or is deleted with its
# owner.
_OF_THE_CLUSTER: Final = (
    "namespace", "ownerReferences", "uid", "resourceVersion", "creationTimestamp", "generation",
    "managedFields", "selfLink",
)  # fmt: skip
# The inner name of the runtime that the old integration generated.
_OLD_RUNTIME: Final = "nvidia-nim-runtime"


def lint_templates(templates: Sequence[Manifest]) -> list[Finding]:
    """Check Templates, and that the runtimes inside have names of their own."""
    views = [TemplateView(template) for template in templates]
    findings = [
        _finding(rule, view)
        for view in views
        for rule in (*OBJECT_RULES, *SPEC_RULES)
        if not rule.holds(view)
    ]
    counts = Counter(view.runtime_name for view in views)
    findings += [
        _finding(_UNIQUE, view)
        for view in views
        if counts[view.runtime_name] > 1 or view.runtime_name in ("", _OLD_RUNTIME)
    ]
    return sorted(findings, key=lambda finding: (finding.subject, finding.code))


def _finding(rule: Rule, view: TemplateView) -> Finding:
    must = rule.id.startswith("M")
    return Finding(
        Severity.ERROR if must else Severity.WARNING,
        rule.id,
        f"Template/{view.name or '?'}",
        f"{'must' if must else 'should'}: {rule.text}.",
        remedy="Correct it in the Template, or install the shipped one again.",
    )


def _is_json_list_with(text: Any, word: str) -> bool:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return False
    return isinstance(found, list) and word in found


def _has_name_and_kind(view: TemplateView) -> bool:
    found = (view.template.get("apiVersion"), view.template.get("kind"))
    return found == (TEMPLATES.api_version, TEMPLATES.kind) and view.name in (
        names.HTTP_TEMPLATE,
        names.GRPC_TEMPLATE,
    )


def _has_one_runtime(view: TemplateView) -> bool:
    objects = view.template.get("objects")
    return (
        isinstance(objects, list)
        and len(objects) == 1
        and (view.runtime.get("apiVersion"), view.runtime.get("kind"))
        == (SERVING_RUNTIMES.api_version, SERVING_RUNTIMES.kind)
    )


def _is_no_cluster_object(view: TemplateView) -> bool:
    return all(
        "status" not in manifest
        and not set(_OF_THE_CLUSTER) & set(mapping(manifest.get("metadata")))
        for manifest in (view.template, view.runtime)
    )


def _has_no_parameters(view: TemplateView) -> bool:
    return "parameters" not in view.template and not any(
        "${" in text for text in _texts(view.template)
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


_UNIQUE: Final = Rule(
    "M10",
    "the runtime inside has a name of its own: the dashboard knows a Template by it",
    lambda view: True,  # noqa: ARG005 - decided over all Templates
)

OBJECT_RULES: Final = (
    Rule("M01", "it is a Template under one of our two names", _has_name_and_kind),
    Rule(
        "M02",
        f"label {names.DASHBOARD_LABEL} is true: the dashboard lists by it",
        lambda view: view.labels.get(names.DASHBOARD_LABEL) == "true",
    ),
    Rule(
        "M03",
        f"label {names.OOTB_LABEL} is true: else it goes when custom runtimes are off",
        lambda view: view.labels.get(names.OOTB_LABEL) == "true",
    ),
    Rule(
        "M04",
        f"annotation {names.API_PROTOCOL} is REST or gRPC, as its name says",
        lambda view: view.annotations.get(names.API_PROTOCOL) == view.protocol.api_protocol,
    ),
    Rule(
        "M05",
        f"annotation {names.MODEL_SERVING_SUPPORT} is a JSON list with single",
        lambda view: _is_json_list_with(
            view.annotations.get(names.MODEL_SERVING_SUPPORT), "single"
        ),
    ),
    Rule("M06", "it holds one object, a ServingRuntime", _has_one_runtime),
    Rule("M07", "it carries nothing that a cluster writes", _is_no_cluster_object),
    Rule("M08", "it has no parameters: the dashboard never runs the processor", _has_no_parameters),
    Rule(
        "S01",
        f"annotation {names.MODEL_TYPE} is a JSON list with generative",
        lambda view: _is_json_list_with(view.annotations.get(names.MODEL_TYPE), "generative"),
    ),
    Rule(
        "S02",
        f"annotation {names.DISPLAY_NAME} names it in the settings",
        lambda view: bool(view.annotations.get(names.DISPLAY_NAME)),
    ),
    Rule(
        "S03",
        "the runtime inside has the Template's name",
        lambda view: view.runtime_name == view.name,
    ),
    Rule(
        "M11",
        f"the runtime's label {names.DASHBOARD_LABEL} is true",
        lambda view: view.runtime_labels.get(names.DASHBOARD_LABEL) == "true",
    ),
    Rule(
        "M12",
        f"the runtime's annotation {names.NIM_RUNTIME} is true: metrics go by it",
        lambda view: view.runtime_annotations.get(names.NIM_RUNTIME) == "true",
    ),
    Rule(
        "M13",
        f"the runtime's annotation {names.RECOMMENDED_ACCELERATORS} is a JSON list with "
        f"{names.GPU_RESOURCE}",
        lambda view: _is_json_list_with(
            view.runtime_annotations.get(names.RECOMMENDED_ACCELERATORS), names.GPU_RESOURCE
        ),
    ),
    Rule(
        "M14",
        f"the runtime's annotation {names.DISPLAY_NAME} is set: deployments show it",
        lambda view: bool(view.runtime_annotations.get(names.DISPLAY_NAME)),
    ),
)

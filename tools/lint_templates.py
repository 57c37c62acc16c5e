"""Checks the shipped Templates against every rule; exits 1 where one does not hold."""

import sys
from pathlib import Path

from odh_nim.manifests.template_lint import lint_templates
from odh_nim.manifests.yaml import load_all

RUNTIMES = Path(__file__).parents[1] / "config" / "runtimes"


def main() -> int:
    """Print every finding."""
    templates = [
        template
        for path in sorted(RUNTIMES.glob("*-template.yaml"))
        for template in load_all(path.read_text(encoding="utf-8"))
    ]
    findings = lint_templates(templates)
    for finding in findings:
        print(f"{finding.code} {finding}", file=sys.stderr)
    return 1 if findings or not templates else 0


if __name__ == "__main__":
    sys.exit(main())

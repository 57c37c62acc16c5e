"""Whatever a catalogue or a cluster says is text: none of it runs or becomes markup (S13)."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from support.web_answers import answer, change, details, hang, listing, row
from support.web_payloads import PAYLOADS

TEXTS = ("displayName", "shortDescription", "publisher", "familyTitle", "protocolReason")
ALARM = "window.__alarm = 0; for (const f of ['alert', 'confirm', 'prompt', 'print'])"
ALARM += " window[f] = () => { window.__alarm += 1; };"
INTRUDERS = "main script, main iframe, main object, main embed, main svg[onload], main [onerror]"


def poison(body: dict[str, Any]) -> None:
    """Put a payload into every text of every model, and into tags, keys and findings."""
    while len(body["items"]) < len(PAYLOADS):
        body["items"] += [dict(one) for one in body["items"]]
    body["items"] = body["items"][: len(PAYLOADS)]
    for place, (model, payload) in enumerate(zip(body["items"], PAYLOADS, strict=True)):
        model.update(dict.fromkeys(TEXTS, payload), key=f"model-{place}", tags=[payload, "1.0.0"])
        model["gpu"] = None
    body["broken"] = [{"key": payload, "reason": payload} for payload in PAYLOADS]


def is_unharmed(page: Page) -> None:
    page.wait_for_timeout(100)
    assert page.evaluate("window.__alarm") == 0
    assert page.locator(INTRUDERS).count() == 0
    assert page.locator("main a[href^='javascript:' i], main a[href^='data:' i]").count() == 0


def test_no_payload_of_a_catalogue_runs(open_page: Callable[..., Page]) -> None:
    """R-UI-15; threat of a hostile catalogue."""
    page = open_page()
    page.add_init_script(ALARM)
    change(page, "/models", poison)
    page.goto("/models")
    expect(page.get_by_role("listitem").first).to_be_visible()
    page.get_by_role("button", name="Which, and why").click()
    is_unharmed(page)

    following = page.get_by_role("button", name="Go to next page")
    seen = 0
    while True:
        seen += page.get_by_role("list").last.get_by_role("listitem").count()
        is_unharmed(page)
        if following.is_disabled():
            break
        following.click()
    assert seen > 0

    for place in range(0, len(PAYLOADS), 5):
        page.evaluate(f"history.pushState(null, '', '/models/model-{place}')")
        page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
        expect(page.get_by_role("grid")).to_be_visible()
        is_unharmed(page)
    page.goto("/deploy?model=model-3")
    expect(page.get_by_label("Tag of")).to_be_visible()
    is_unharmed(page)


def test_no_payload_of_a_cluster_runs(open_page: Callable[..., Page]) -> None:
    """Names cannot hold markup; texts, logs and events of a pod can."""
    page = open_page()
    page.add_init_script(ALARM)
    rows = [
        row(f"d-{place}", displayName=text, message=text, model=text, tag=text, externalUrl=text)
        for place, text in enumerate(PAYLOADS)
    ]
    answer(page, "/deployments", listing(rows))
    page.goto("/deployments")
    expect(page.get_by_role("grid")).to_be_visible()
    is_unharmed(page)

    one = "/projects/team-a/deployments/d-1"
    text = "\n".join(PAYLOADS)
    why = [
        {"code": f"c-{place}", "subject": payload, "cause": payload, "action": payload,
         "raw": payload, "fatal": True}
        for place, payload in enumerate(PAYLOADS)
    ]  # fmt: skip
    address = [{"kind": "external", "protocol": "http", "url": p, "note": p} for p in PAYLOADS]
    answer(
        page,
        one,
        details("d-1", explanations=why, yaml=text, endpoints=address, displayName=text),
    )
    hang(page, f"{one}/status")
    for tab in ("overview", "endpoints", "yaml"):
        page.goto(f"/deployments/team-a/d-1?tab={tab}")
        expect(page.get_by_role("tabpanel")).to_be_visible()
        is_unharmed(page)

"""A list of 2,000 deployments is read, searched and left without waiting."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from support.web_answers import answer, listing, row

MANY = 2000


def test_list_of_2000_deployments_is_searched_at_once(
    open_page: Callable[..., Page], record_property: Callable[[str, object], None]
) -> None:
    """R-UI-09."""
    page = open_page()
    answer(page, "/deployments", listing([row(f"model-{i:04}") for i in range(MANY)]))
    page.goto("/deployments")
    expect(page.get_by_text(f"{MANY} of {MANY} deployments")).to_be_visible()
    assert page.get_by_role("row").count() < 60

    took = page.evaluate(
        """async () => {
          const field = document.querySelector('input[aria-label="Search deployments"]');
          const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
          const start = performance.now();
          set.call(field, 'model-1999');
          field.dispatchEvent(new Event('input', { bubbles: true }));
          while (document.querySelectorAll('tbody tr').length !== 1) {
            await new Promise(requestAnimationFrame);
          }
          return performance.now() - start;
        }"""
    )

    record_property("milliseconds of a search", took)
    expect(page.get_by_role("link", name="The model-1999")).to_be_visible()


def test_catalogue_is_filtered_while_it_is_typed(open_page: Callable[..., Page]) -> None:
    """R-UI-02; UI-01."""
    page = open_page()
    page.goto("/models")
    page.get_by_label("Search models").fill("embed")

    expect(page.get_by_role("status").filter(has_text="models")).not_to_contain_text("186 of 186")
    expect(page).to_have_url("/models?q=embed")
    page.reload()
    expect(page.get_by_label("Search models")).to_have_value("embed")

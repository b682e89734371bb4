// Rows that are chosen together: how many they are, all of a page at once, and all that fit, of whatever page.

// The boxes are called `id`, as the form's fields: that hides the form's own property.
const idOf = (form) => form.getAttribute("id");
const boxesOf = (form) => [...document.querySelectorAll(`input[type=checkbox][form="${form}"]`)];

/** How many rows a form is about, and whether they are all that fit. */
export function chosen(bar) {
  const all = bar.querySelector("input[name=all]:checked");
  const ticked = boxesOf(idOf(bar)).filter((box) => box.checked).length;
  return { count: all ? Number(all.value) : ticked, isAll: Boolean(all) };
}

function show(form) {
  const bar = document.querySelector(`[data-bulk][id="${form}"]`);
  if (!bar) return;
  const boxes = boxesOf(form);
  const ticked = boxes.filter((box) => box.checked).length;
  const everywhere = bar.querySelector("input[name=all]");
  // All that fit are meant only as long as all of this page are.
  if (everywhere && ticked < boxes.length) everywhere.checked = false;
  const count = bar.querySelector("[data-count]");
  count.textContent = ticked === 0 ? "" : count.dataset.count.replace("#", chosen(bar).count);
  const all = document.querySelector(`[data-all="${form}"]`);
  if (all) Object.assign(all, { checked: ticked > 0 && ticked === boxes.length, indeterminate: ticked > 0 && ticked < boxes.length });
}

/** Follows all boxes of the page, also of those that come later. */
export function follow() {
  document.addEventListener("change", ({ target }) => {
    if (target.matches?.("[data-bulk] input[name=all]")) {
      if (target.checked) for (const box of boxesOf(idOf(target.form))) box.checked = true;
      show(idOf(target.form));
    } else if (target.dataset?.all) {
      for (const box of boxesOf(target.dataset.all)) box.checked = target.checked;
      show(target.dataset.all);
    } else if (target.matches?.("input[type=checkbox][form]")) {
      show(target.getAttribute("form"));
    }
  });
  const showAll = () => document.querySelectorAll("[data-bulk]").forEach((bar) => show(idOf(bar)));
  document.addEventListener("htmx:after:settle", showAll);
  showAll();
}

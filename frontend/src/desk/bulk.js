// Rows that are chosen together: how many they are, and all of a page at once.

const boxesOf = (form) => [...document.querySelectorAll(`input[type=checkbox][form="${form}"]`)];

function show(form) {
  const bar = document.getElementById(form);
  if (!bar) return;
  const boxes = boxesOf(form);
  const ticked = boxes.filter((box) => box.checked).length;
  const count = bar.querySelector("[data-count]");
  count.textContent = ticked === 0 ? "" : count.dataset.count.replace("#", ticked);
  const all = document.querySelector(`[data-all="${form}"]`);
  if (all) Object.assign(all, { checked: ticked > 0 && ticked === boxes.length, indeterminate: ticked > 0 && ticked < boxes.length });
}

/** Follows all boxes of the page, also of those that come later. */
export function follow() {
  document.addEventListener("change", ({ target }) => {
    if (target.dataset?.all) {
      for (const box of boxesOf(target.dataset.all)) box.checked = target.checked;
      show(target.dataset.all);
    } else if (target.matches?.("input[type=checkbox][form]")) {
      show(target.getAttribute("form"));
    }
  });
  const showAll = () => document.querySelectorAll("[data-bulk]").forEach((bar) => show(bar.id));
  document.addEventListener("htmx:after:settle", showAll);
  showAll();
}

// A script as a form beside its text. The text is the one truth: what the form did comes back as a new text, which goes into the
// editor; what was typed there makes a new form. The texts before are kept, so that what the form did can be undone.
import { toast } from "./dialogs.js";

/** So many acts of the form can be undone. */
const MOST_UNDONE = 50;
const KEPT = "callstead-script-view";

/** The editor whose texts these are: another page has another one. */
let editor = null;
/** The text of the form that was shown last, as an element: each answer brings a new one. */
let shown = null;
let before = [];

const textarea = () => document.querySelector("#field-content");
const sheet = () => document.querySelector("#sheet");
const openForm = () => document.querySelector("#sheet [data-step-form]");
const stored = () => { try { return localStorage.getItem(KEPT); } catch { return null; } };
const store = (view) => { try { localStorage.setItem(KEPT, view); } catch { /* A browser that keeps nothing shows the form first. */ } };

export const isFormShown = () => document.querySelector("#view-form")?.hidden === false;

/** Whether something was typed into the open step that is not in the text yet. */
export function isHalfTyped() {
  const form = openForm();
  if (!form) return false;
  const isChanged = (field) => {
    if (field.tagName === "SELECT") {
      const usual = [...field.options].find((option) => option.defaultSelected) ?? field.options[0];
      return field.selectedOptions[0] !== usual;
    }
    if (field.type === "checkbox") return field.checked !== field.defaultChecked;
    return field.type !== "hidden" && "defaultValue" in field && field.value !== field.defaultValue;
  };
  return "changed" in form.dataset || [...form.elements].some(isChanged);
}

/** Says that the open step is to be finished first, and shows it. */
export function finishFirst() {
  toast(editor.dataset.finish);
  show("form");
  openForm().querySelector("textarea, select, input:not([type=hidden])")?.focus();
}

/** Shows the form or the text. */
export function show(view) {
  const isForm = view === "form";
  document.querySelector("#view-form").hidden = !isForm;
  document.querySelector("#view-text").hidden = isForm;
  for (const button of document.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === view));
  if (isForm && shown?.value !== textarea().value) document.querySelector("#sheet-again")?.requestSubmit();
  offerUndo();
}

/** The card of the step that has this line of the text, if the form is shown. */
export function cardAt(line) {
  if (!isFormShown()) return null;
  return [...document.querySelectorAll("#sheet [data-from]")].find(({ dataset }) => Number(dataset.from) <= line && line < Number(dataset.to));
}

const offerUndo = () => {
  const button = document.querySelector("[data-undo]");
  if (button) button.hidden = !before.length || !isFormShown();
};

function undo() {
  textarea().value = before.pop();
  document.querySelector("#sheet-again").requestSubmit();
  offerUndo();
}

/** Takes over the text that has come with a new form, and goes to what was changed. */
function takeOver() {
  const text = sheet()?.querySelector("[data-script-text]");
  if (!text || text === shown) return;
  shown = text;
  if (text.value !== textarea().value) {
    before = [...before, textarea().value].slice(-MOST_UNDONE);
    textarea().value = text.value;
  }
  offerUndo();
  const now = sheet().querySelector("[data-now]");
  if (!now || !isFormShown()) return;
  (now.querySelector("[data-step-form] :is(textarea, select, input:not([type=hidden]))") ?? now).focus({ preventScroll: true });
  now.scrollIntoView({ block: "nearest" });
}

/** Begins with an editor that has just come. */
function begin() {
  const here = document.querySelector(".editor");
  if (here === editor) return;
  editor = here;
  before = [];
  if (!editor) return;
  shown = sheet().querySelector("[data-script-text]");
  show(editor.dataset.begin === "text" ? "text" : stored() ?? "form");
}

/** Shows the fields that belong to what is chosen. */
function decide(select) {
  for (const field of select.form.querySelectorAll("[data-only]")) field.hidden = !field.dataset.only.split(" ").includes(select.value);
}

function oneMore(button) {
  const parts = button.closest("[data-parts]");
  const part = parts.querySelector("template").content.cloneNode(true);
  parts.dataset.count = Number(parts.dataset.count ?? parts.querySelectorAll("[data-part]").length) + 1;
  // The last number that was given, and not the count: parts go, too.
  for (const field of part.querySelectorAll("[name]")) field.name = field.name.replace("-new-", `-${100 + Number(parts.dataset.count)}-`);
  button.parentElement.before(part);
  button.parentElement.previousElementSibling.querySelector("input")?.focus();
}

function oneLess(button) {
  const parts = button.closest("[data-parts]");
  button.form.dataset.changed = "";
  button.closest("[data-part]").remove();
  parts.querySelector("[data-more]").focus();
}

/** Follows all editors, also those that come later. */
export function followForms() {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("button");
    if (!button) return;
    const { dataset } = button;
    if (dataset.view) {
      store(dataset.view);
      show(dataset.view);
    } else if ("undo" in dataset) undo();
    else if ("more" in dataset) oneMore(button);
    else if ("less" in dataset) oneLess(button);
  });
  document.addEventListener("change", ({ target }) => {
    if (target.matches?.("[data-decides]")) decide(target);
  });
  // What was typed into the text is the browser's to undo.
  document.addEventListener("input", ({ target }) => {
    if (target === textarea()) before = [];
  });
  for (const name of ["htmx:after:swap", "htmx:after:settle"]) {
    document.addEventListener(name, () => {
      begin();
      takeOver();
    });
  }
  begin();
}

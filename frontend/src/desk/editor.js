// The editor of scripts: numbers of lines beside the text, marks where it has faults, and ways to a line from wherever it is named.
// Text that is not saved is not left without asking.
import { ask } from "./dialogs.js";
import { cardAt, finishFirst, isHalfTyped, show } from "./sheet.js";

const editor = () => document.querySelector("#editor");
const textIn = (form) => form?.elements.content;

const faulty = () => new Set([...document.querySelectorAll("#faults [data-fault]")].map(({ dataset }) => Number(dataset.fault)));

/** Writes the numbers of the lines, those with a fault marked. */
function number(lines) {
  const text = document.getElementById(lines.dataset.lines);
  const count = text.value.split("\n").length;
  const marks = faulty();
  const state = `${count}:${[...marks].join()}`;
  if (lines.dataset.state !== state) {
    lines.dataset.state = state;
    const numbers = document.createDocumentFragment();
    for (let line = 1; line <= count; line += 1) {
      if (marks.has(line)) {
        const mark = document.createElement("b");
        mark.textContent = line;
        numbers.append(mark, "\n");
      } else {
        numbers.append(`${line}\n`);
      }
    }
    lines.replaceChildren(numbers);
  }
  lines.scrollTop = text.scrollTop;
}

const numberAll = () => document.querySelectorAll("[data-lines]").forEach(number);
const linesOf = (text) => document.querySelector(`[data-lines="${text.id}"]`);

/** Shows the step that has this line. */
function goToStep(card) {
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

/** Puts the cursor there and shows it. */
function goTo(line, column = 1) {
  const text = textIn(editor());
  if (!text) return;
  show("text");
  number(linesOf(text));
  const before = text.value.split("\n").slice(0, line - 1).join("\n").length;
  const start = before + (line > 1 ? 1 : 0);
  const end = text.value.indexOf("\n", start);
  text.focus();
  text.setSelectionRange(start + Math.max(0, column - 1), end < 0 ? text.value.length : end);
  text.scrollTop = Math.max(0, line - 4) * parseFloat(getComputedStyle(text).lineHeight);
  text.scrollIntoView({ block: "nearest" });
}

/** Whether something was typed that leaving would lose. */
function isUnsaved() {
  const text = textIn(editor());
  if (!text || text.readOnly) return false;
  return isHalfTyped() || "unsaved" in editor().dataset || text.value !== text.defaultValue;
}

/** Asks before `event` goes on, unless there is nothing to lose. */
async function guard(event, goOn) {
  if (!isUnsaved()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await ask(editor().dataset.leave))) return;
  const text = textIn(editor());
  text.value = text.defaultValue;
  document.querySelector("#sheet")?.replaceChildren();
  delete editor().dataset.unsaved;
  goOn();
}

/** The drawing that was shown last, whose it is, and where its reader had moved it. */
let drawn = null;
let drawnFor = null;
let place = null;

function centre(drawing, step) {
  const [inner, outer] = [step.getBoundingClientRect(), drawing.getBoundingClientRect()];
  drawing.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
  drawing.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

/** Shows of a new drawing the step that the script is at, or what was seen of the one before, or where the script begins. */
function showDrawing() {
  const drawing = document.querySelector("#drawing [data-drawing]");
  if (!drawing) return;
  if (drawnFor !== editor()) place = null;
  const isNew = drawing !== drawn;
  [drawn, drawnFor] = [drawing, editor()];
  const here = drawing.querySelector(".here");
  if (here) centre(drawing, here);
  else if (isNew && place) drawing.scrollTo(place);
  else if (isNew) centre(drawing, drawing.querySelector(".start"));
}

/** Shows what was said last, and the drawing. */
function showLatest() {
  for (const talk of document.querySelectorAll("#chat .talk")) talk.scrollTop = talk.scrollHeight;
  showDrawing();
}

/** Follows all editors, also those that come later. */
export function edit() {
  document.addEventListener("input", ({ target }) => {
    if (target.name !== "content" || !target.matches("textarea")) return;
    const lines = linesOf(target);
    if (lines) number(lines);
  });
  document.addEventListener("scroll", ({ target }) => {
    if (target === drawn) place = { left: target.scrollLeft, top: target.scrollTop };
    const lines = target.id && linesOf(target);
    if (lines) lines.scrollTop = target.scrollTop;
  }, { capture: true });
  document.addEventListener("click", (event) => {
    const place = event.target.closest?.("[data-line], [data-text-line]");
    if (place) {
      const { line, textLine, column = 1 } = place.dataset;
      const card = line && cardAt(Number(line));
      return card ? goToStep(card) : goTo(Number(line ?? textLine), Number(column));
    }
    if (event.target.closest?.("[data-take=field-content]")) show("text");
    const link = event.target.closest?.("a[href]");
    if (link && !link.getAttribute("href").startsWith("#")) guard(event, () => link.click());
  }, { capture: true });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form === editor() && isHalfTyped()) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return finishFirst();
    }
    const isHarmless = form === editor() || form.hasAttribute("hx-post") || form.method === "dialog" || form.closest("dialog");
    const { submitter } = event;
    if (!isHarmless) guard(event, () => form.requestSubmit(submitter ?? undefined));
  }, { capture: true });
  // A text that is missing cannot be said to be so where it is hidden.
  document.addEventListener("invalid", ({ target }) => {
    if (target === textIn(editor())) show("text");
  }, { capture: true });
  window.addEventListener("beforeunload", (event) => {
    if (isUnsaved()) event.preventDefault();
  });
  for (const name of ["htmx:after:swap", "htmx:after:settle"]) {
    document.addEventListener(name, () => {
      numberAll();
      showLatest();
    });
  }
  numberAll();
  showDrawing();
}

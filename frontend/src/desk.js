// The script of the desk's pages. htmx sends links and forms without loading the page anew; here is what it leaves to the page:
// questions before something is destroyed, what went wrong, and a log-in that does not lose what was typed.
import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
import { ask, logIn, toast } from "./desk/dialogs.js";
import { chosen, follow } from "./desk/bulk.js";
import { bring } from "./desk/needs.js";
import { followAgentCalls } from "./desk/agent_call.js";
import { followSupervision } from "./desk/supervision.js";
import { offerCopying } from "./desk/copy.js";
import { edit } from "./desk/editor.js";
import { followForms } from "./desk/sheet.js";
import { follow as followVoices } from "./desk/listen.js";

const problemOf = async (ctx) => {
  try {
    return JSON.parse(ctx.text ?? (await ctx.response.raw.text()));
  } catch {
    return {};
  }
};

/** What is asked before a form is sent: the words stand in it, or in what was chosen in it; `#` is how many rows are chosen. */
const question = (form) => {
  if (form.dataset.bulk === undefined) return form.dataset.confirm;
  const { count, isAll } = chosen(form);
  const words = form.querySelector("select[name=act]").selectedOptions[0]?.dataset.confirm;
  return count === 0 ? undefined : (words ?? (isAll ? form.dataset.confirmAll : undefined))?.replace("#", count);
};

// A destructive act asks first. What brings a file is the browser's own business.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.submitter?.dataset.plain !== undefined) return event.stopImmediatePropagation();
  const words = question(form);
  if (!words || form.dataset.sure) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await ask(words))) return;
  form.dataset.sure = "yes";
  form.requestSubmit(event.submitter ?? undefined);
  delete form.dataset.sure;
}, { capture: true });

document.addEventListener("htmx:response:error", async ({ detail: { ctx } }) => {
  const status = ctx.response?.status;
  const problem = await problemOf(ctx);
  if (status === 401) return logIn();
  if (status !== 422) toast(problem.detail ?? document.body.dataset.failed);
});
// A page that follows what happens comes back by itself, unless nobody is logged in any more.
document.addEventListener("htmx:error", ({ target }) => {
  if (!target.matches?.("[hx-sse\\:connect]")) toast(document.body.dataset.offline);
});
// Whoever leaves ends what they follow: a stream that the browser breaks off is said to have failed.
window.addEventListener("pagehide", () => {
  for (const followed of document.querySelectorAll("[hx-sse\\:connect]")) followed.dispatchEvent(new Event("htmx:abort"));
});
document.addEventListener("htmx:sse:error", ({ detail }) => { if (detail.status === 401) logIn(); });

// Who follows a link by keyboard or screen reader goes on at the new page's content.
document.addEventListener("htmx:after:settle", ({ target }) => {
  if (target === document.body) document.querySelector("#content")?.focus({ preventScroll: true });
  document.querySelector("[data-focus] :is(textarea, select, input:not([type=hidden]))")?.focus();
});

// What was said of one file says nothing of the next.
document.addEventListener("change", ({ target }) => {
  if (target.dataset?.clears) document.getElementById(target.dataset.clears).replaceChildren();
});

// "Take that": what somebody else has stored comes into the field.
document.addEventListener("click", ({ target }) => {
  const { take, value } = target.closest?.("[data-take]")?.dataset ?? {};
  if (!take) return;
  const field = document.getElementById(take);
  if (field.type === "checkbox") field.checked = value === "true";
  else field.value = value;
  field.focus();
  target.closest(".theirs").remove();
});

follow();
bring();
followAgentCalls();
followSupervision();
offerCopying();
edit();
followForms();
followVoices();

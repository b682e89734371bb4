// The script of the desk's pages. htmx sends links and forms without loading the page anew; here is what it leaves to the page:
// questions before something is destroyed, what went wrong, and a log-in that does not lose what was typed.
import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
import { ask, logIn, toast } from "./desk/dialogs.js";
import { follow } from "./desk/bulk.js";
import { bring } from "./desk/needs.js";
import { followAgentCalls } from "./desk/agent_call.js";
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

// A destructive act asks first; the words stand in the form, or in what was chosen in it.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const words = form.dataset.confirm ?? form.querySelector("select[name=act]")?.selectedOptions[0]?.dataset.confirm;
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
document.addEventListener("htmx:sse:error", ({ detail }) => { if (detail.status === 401) logIn(); });

// Who follows a link by keyboard or screen reader goes on at the new page's content.
document.addEventListener("htmx:after:settle", ({ target }) => {
  if (target === document.body) document.querySelector("#content")?.focus({ preventScroll: true });
  document.querySelector("[data-focus] :is(textarea, select, input:not([type=hidden]))")?.focus();
});

// "Take that": what somebody else has stored comes into the field.
document.addEventListener("click", ({ target }) => {
  const { take, value } = target.closest?.("[data-take]")?.dataset ?? {};
  if (!take) return;
  const field = document.getElementById(take);
  field.value = value;
  field.focus();
  target.closest(".theirs").remove();
});

follow();
bring();
followAgentCalls();
offerCopying();
edit();
followForms();
followVoices();

// The dialog of a call with the agent: opens it, and loads what makes the call (livekit-client, above all) when it begins.
import { toast } from "./dialogs.js";

/** The call that is going on. @type {{end: () => Promise<void>} | undefined} */
let call;

/** Follows all such links and buttons of the page, also those that come later. */
export function followAgentCalls() {
  document.addEventListener("htmx:after:settle", () => {
    // On another page nobody could end the call any more.
    if (!document.getElementById("agent-call")) void end();
    open();
  });
  document.addEventListener("click", ({ target }) => {
    const act = target.closest?.("#agent-call [data-act]")?.dataset.act;
    if (act === "start" || act === "start-typing") void begin(target.closest("#agent-call"), act === "start");
  });
  // A dialog's own events do not bubble.
  document.addEventListener("close", ({ target }) => {
    if (target.id !== "dialog") return;
    void end();
    document.getElementById("in-dialog").replaceChildren();
  }, { capture: true });
  window.addEventListener("pagehide", () => void end());
}

function open() {
  const dialog = document.getElementById("dialog");
  if (dialog && !dialog.open && dialog.querySelector("#agent-call")) dialog.showModal();
}

async function begin(section, withMicrophone) {
  const buttons = section.querySelectorAll("[data-part=begin] button");
  buttons.forEach((button) => { button.disabled = true; });
  try {
    const { AgentCall } = await import(section.dataset.program);
    await end();
    call = new AgentCall(section);
    await call.start(withMicrophone);
  } catch {
    toast(document.body.dataset.offline);
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

async function end() {
  const going = call;
  call = undefined;
  await going?.end();
}

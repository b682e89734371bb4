// The buttons of a call that goes on: listen in, take over, give back. What enters the room (livekit-client, above all) is loaded
// when it is first wanted; whoever is in there stays in while the page's parts are swapped, and leaves with the page.

/** Whoever is in the room. @type {import("../supervision.js").Supervision | undefined} */
let visit;
/** One thing at a time. A button that is disabled meanwhile would lose the focus. */
let isBusy = false;

export function followSupervision() {
  document.addEventListener("htmx:after:settle", look);
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("#supervision [data-act], #scene [data-act]");
    const section = document.getElementById("supervision");
    if (button && section) void act(button, section);
  });
  window.addEventListener("pagehide", () => visit?.leave());
}

/** Another call's page, or none: nobody could leave the room any more. */
function look() {
  const section = document.getElementById("supervision");
  if (section && section.dataset.address === visit?.address) return visit.show(section);
  visit?.leave();
  visit = undefined;
}

async function act(button, section) {
  if (isBusy) return;
  isBusy = true;
  try {
    const { Supervision } = await import(section.dataset.program);
    // The page was left meanwhile: nobody could leave the room any more.
    if (!section.isConnected) return;
    visit ??= new Supervision(section);
    await visit.act(button.dataset.act);
  } catch {
    section.querySelector("[data-part=state]").textContent = section.dataset.failed;
  } finally {
    isBusy = false;
  }
}

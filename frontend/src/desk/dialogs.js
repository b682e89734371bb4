// What the page asks and says by itself.

/** Whether the reader agrees. */
export async function ask(words) {
  const dialog = document.querySelector("#ask");
  dialog.querySelector("#ask-words").textContent = words;
  dialog.returnValue = "no";
  dialog.showModal();
  await new Promise((resume) => { dialog.addEventListener("close", resume, { once: true }); });
  return dialog.returnValue === "yes";
}

/** Says something that goes away by itself, or when it is pressed. */
export function toast(words) {
  const line = document.createElement("p");
  line.className = "toast";
  line.textContent = words;
  line.addEventListener("click", () => line.remove());
  document.querySelector("#toasts").append(line);
  setTimeout(() => line.remove(), 12_000);
}

/** Lets the reader log in again on this very page, so that nothing typed on it is lost. */
export function logIn() {
  const dialog = document.querySelector("#log-in");
  if (dialog.open) return;
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector("[role=alert]");
  dialog.querySelector("[data-close]").onclick = () => dialog.close();
  form.onsubmit = async (event) => {
    event.preventDefault();
    const { email, password, code } = Object.fromEntries(new FormData(form));
    const body = JSON.stringify({ email, password, ...(code && { code }) });
    const headers = { "content-type": "application/json" };
    const answer = await fetch("/api/session", { method: "POST", headers, body }).catch(() => undefined);
    if (answer?.ok) {
      await renew();
      form.reset();
      problem.hidden = true;
      dialog.close();
      return;
    }
    const { type = "", detail } = await answer?.json().catch(() => ({})) ?? {};
    const kind = type.slice(type.lastIndexOf(":") + 1);
    problem.textContent = dialog.getAttribute(`data-${kind}`) ?? detail ?? document.body.dataset.offline;
    problem.hidden = false;
    if (kind.endsWith("code") || kind === "code-needed") form.elements.code.focus();
  };
  dialog.showModal();
}

/** Forms carry a token of the session: those on this page get the new one's. */
async function renew() {
  const { token } = await (await fetch("/desk/form-token", { headers: { accept: "application/json" } })).json();
  for (const field of document.querySelectorAll("input[name=token]")) field.value = token;
}

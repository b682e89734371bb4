// Buttons that copy a command, a link or a secret.

const SHOWN_MS = 2000;

/** Offers them where the browser lets a page write to the clipboard: pages of a trustworthy origin. */
export function offerCopying() {
  const offer = () => document.querySelectorAll("[data-copy]").forEach((button) => { button.hidden = !navigator.clipboard; });
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const words = button.textContent;
    if (words === document.body.dataset.copied) return;
    button.textContent = document.body.dataset.copied;
    setTimeout(() => { button.textContent = words; }, SHOWN_MS);
  });
  document.addEventListener("htmx:after:settle", offer);
  offer();
}

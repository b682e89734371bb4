/** Buttons that copy what stands in their `data-copy`, also those that come later. */
export function followCopying() {
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.copied;
    } catch {
      // Browsers let only pages of a trustworthy origin do that: then it is there to be chosen and copied by hand.
      getSelection().selectAllChildren(button.previousElementSibling);
    }
  });
}

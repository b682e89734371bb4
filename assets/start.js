// Keeps the start page true: asks /api/health, and takes the live part of the page anew when something changed.
"use strict";

const WHILE_STARTING_MS = 1000;
const OTHERWISE_MS = 5000;

let known = null;

async function look() {
  const live = document.getElementById("live");
  let wait = OTHERWISE_MS;
  try {
    const health = await (await fetch("/api/health", { cache: "no-store" })).json();
    const now = JSON.stringify(health);
    const starting = health.status === "starting";
    if (starting || health.status !== live.dataset.status || (known !== null && now !== known)) {
      await renew(live);
    }
    known = now;
    wait = starting ? WHILE_STARTING_MS : OTHERWISE_MS;
    document.getElementById("lost").hidden = true;
  } catch {
    document.getElementById("lost").hidden = false;
    wait = WHILE_STARTING_MS;
  }
  setTimeout(look, wait);
}

// Only what differs is replaced, so that a screen reader is told of changes and nothing else.
async function renew(live) {
  const html = await (await fetch("/", { cache: "no-store", headers: { Accept: "text/html" } })).text();
  const page = new DOMParser().parseFromString(html, "text/html");
  const fresh = page.getElementById("live");
  // Somebody has logged in in another window, and is at home elsewhere.
  if (!fresh) return location.reload();
  document.title = page.title;
  const status = live.querySelector(".status");
  const freshStatus = fresh.querySelector(".status");
  if (status.innerHTML !== freshStatus.innerHTML) {
    status.className = freshStatus.className;
    status.innerHTML = freshStatus.innerHTML;
  }
  freshStatus.remove();
  if (live.dataset.status !== fresh.dataset.status || live.querySelectorAll(".card").length !== fresh.children.length) {
    live.querySelectorAll(".card").forEach((card) => card.remove());
    live.append(...fresh.children);
    offerCopying(live);
  }
  live.dataset.status = fresh.dataset.status;
}

function offerCopying(part) {
  // Browsers let only pages of a trustworthy origin write to the clipboard.
  if (!navigator.clipboard) return;
  for (const button of part.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      const words = button.textContent;
      button.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = words; }, 2000);
    });
  }
}

offerCopying(document);
look();

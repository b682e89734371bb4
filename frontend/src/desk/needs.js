// What few pages need is brought when one of them comes: `data-needs` has the addresses of a script and of its styles.

const brought = new Set();

function put(address) {
  if (brought.has(address)) return;
  brought.add(address);
  const isStyle = address.endsWith(".css");
  const element = document.createElement(isStyle ? "link" : "script");
  if (isStyle) Object.assign(element, { rel: "stylesheet", href: address });
  else element.src = address;
  document.head.append(element);
}

/** Brings what this page needs, and what the next ones will. */
export function bring() {
  const look = () => document.querySelectorAll("[data-needs]").forEach(({ dataset }) => dataset.needs.split(" ").forEach(put));
  document.addEventListener("htmx:after:settle", look);
  look();
}

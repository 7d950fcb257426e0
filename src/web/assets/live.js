// Keeps the marked parts of a page as they are on the server, without a reload. Without this script the page is read anew by hand.
"use strict";

const parts = () => document.querySelectorAll("[data-live]");
const PAUSE_MS = 2000;
let waiting = false;

async function renew() {
  waiting = false;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelectorAll("[data-live]");
  const old = parts();
  if (fresh.length !== old.length) return;
  old.forEach((part, at) => {
    if (part.innerHTML === fresh[at].innerHTML) return;
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const opened = [...part.querySelectorAll("details")].map((details) => details.open);
    part.replaceChildren(...fresh[at].childNodes);
    part.querySelectorAll("details").forEach((details, which) => { details.open = opened[which] ?? details.open; });
    if (focused) part.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  });
  document.documentElement.dataset.renewed = String(Number(document.documentElement.dataset.renewed ?? 0) + 1);
}

if (parts().length > 0) {
  new EventSource("/live").addEventListener("changed", () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => renew().catch(() => {}), PAUSE_MS);
  });
}

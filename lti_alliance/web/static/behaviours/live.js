// Keeps one named block of a page up to date: asks the page itself for the block alone until the
// server marks it settled. Asks often at first, then less and less, and never in a hidden tab.

import { bind } from "./main.js";

const [FIRST_MS, SLOWEST_MS] = [700, 20_000];

export default function live(element) {
  let wait = FIRST_MS;
  const isSettled = () => element.querySelector("[data-settled]") !== null;

  async function look() {
    if (!document.hidden) {
      try {
        const answer = await fetch(window.location.href, {
          headers: { "X-Fragment": element.dataset.block },
        });
        if (answer.status === 401) return;
        if (answer.ok) show(await answer.text());
      } catch {
        // Offline: the page says what it knew, and asks again later.
      }
    }
    wait = Math.min(wait * 1.4, SLOWEST_MS);
    schedule();
  }

  function show(html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    const key = (root) => root.querySelector("[data-state-key]")?.dataset.stateKey;
    // An unchanged sentence is left alone, so that a screen reader does not hear it again.
    if (key(fresh.content) === key(element)) return;
    // Nor is a part in which somebody is busy taken away from under them.
    if (element.contains(document.activeElement)) return;
    element.replaceChildren(fresh.content);
    bind(element);
  }

  function schedule() {
    if (!isSettled()) window.setTimeout(look, wait);
  }

  schedule();
}

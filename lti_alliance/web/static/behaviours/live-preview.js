// Shows what a form would make a second after typing stops, as its button does without scripts.

import { bind } from "./main.js";

export default function livePreview(form) {
  const shown = document.getElementById(form.dataset.preview);
  let [timer, asked] = [0, 0];
  async function look() {
    const mine = ++asked;
    const body = new FormData(form);
    body.set("step", "check");
    const asking = { method: "POST", body, headers: { "X-Fragment": shown.dataset.block } };
    const answer = await fetch(form.action, asking).catch(() => null);
    // Refused is shown as well: it says what is wrong with what was typed.
    if (mine !== asked || ![200, 422].includes(answer?.status)) return;
    shown.innerHTML = await answer.text();
    bind(shown);
  }
  form.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(look, 1000);
  });
}

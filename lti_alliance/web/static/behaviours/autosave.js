// Saves a form while it is being filled in: two seconds after the last change, when a field is
// left, and when the page goes away. What the server refuses or never hears stays on the page.

import { inWords } from "./local-time.js";

const [PAUSE_MS, RETRY_MS] = [2_000, 10_000];
const KEEPALIVE_BYTES = 60_000;

function isChanged(field) {
  if (field.type === "radio" || field.type === "checkbox") {
    return field.checked !== field.defaultChecked;
  }
  return field.type !== "hidden" && "defaultValue" in field && field.value !== field.defaultValue;
}

export default function autosave(form) {
  const status = document.getElementById("save-state");
  const version = form.elements.namedItem("saved_version");
  const saveButton = form.querySelector("[data-save]");
  const url = saveButton.formAction;
  let timer;
  let saving = null;
  let isStopped = false;

  const isDirty = () => form.dataset.unsaved !== undefined;

  function say(sentence, { isTrouble = false, links = [] } = {}) {
    status.dataset.state = isTrouble ? "trouble" : "";
    status.replaceChildren(sentence, ...links);
  }

  function changed() {
    form.dataset.unsaved = "";
    if (isStopped) return;
    if (status.dataset.state !== "trouble") say(status.dataset.unsaved);
    plan(PAUSE_MS);
  }

  function plan(delay) {
    window.clearTimeout(timer);
    timer = window.setTimeout(save, delay);
  }

  function save() {
    window.clearTimeout(timer);
    if (!isDirty() || isStopped || saving) return saving;
    delete form.dataset.unsaved;
    saving = send().finally(() => {
      saving = null;
      if (isDirty() && status.dataset.state !== "trouble") plan(PAUSE_MS);
    });
    return saving;
  }

  async function send() {
    if (status.dataset.state !== "trouble") say(status.dataset.saving);
    try {
      const answer = await post();
      if (answer.ok) accepted(await answer.json());
      else await refused(answer);
    } catch {
      failed(navigator.onLine ? status.dataset.trouble : status.dataset.offline);
    }
  }

  function post({ keepalive = false } = {}) {
    return fetch(url, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json" },
      keepalive,
    });
  }

  function accepted(saved) {
    version.value = saved.saved_version;
    status.dataset.state = "";
    if (!isDirty()) {
      say(status.dataset.saved.replace("{time}", inWords(new Date(saved.saved_at), "clock")));
    }
  }

  async function refused(answer) {
    if (answer.status === 401) return stop(status.dataset.signedOut);
    const { error, message } = await answer.json().catch(() => ({}));
    if (answer.status === 409 && error === "work.stale") {
      return stop(status.dataset.stale, [compare(), newer()]);
    }
    if (answer.status === 409) return stop(status.dataset.closed, [newer()]);
    return answer.status === 422 ? failed(message ?? status.dataset.trouble, null) : failed(status.dataset.trouble);
  }

  function failed(sentence, retryAfter = RETRY_MS) {
    form.dataset.unsaved = "";
    say(sentence, { isTrouble: true });
    if (retryAfter !== null) plan(retryAfter);
  }

  function stop(sentence, links = []) {
    isStopped = true;
    form.dataset.unsaved = "";
    say(sentence, { isTrouble: true, links });
  }

  function compare() {
    // The ordinary way to save, without scripts, answers a conflict with a page of both versions.
    const onclick = () => form.requestSubmit(saveButton);
    const className = "button button-second button-small";
    const textContent = status.dataset.compare;
    const button = document.createElement("button");
    return Object.assign(button, { type: "button", className, textContent, onclick });
  }

  function newer() {
    const looks = { href: window.location.href, textContent: status.dataset.newer };
    return Object.assign(document.createElement("a"), looks);
  }

  // Somebody may have begun before this script arrived, or the browser filled the form in again.
  if ([...form.elements].some(isChanged)) changed();
  form.addEventListener("input", changed);
  form.addEventListener("focusout", () => save());
  form.addEventListener("submit", (event) => {
    window.clearTimeout(timer);
    if (!navigator.onLine) {
      // The browser's own error page would take the place of what was written.
      event.preventDefault();
      failed(status.dataset.offline);
      return;
    }
    if (!saving) return;
    // A save under way would make the submission start from an old version: it goes first.
    event.preventDefault();
    const { submitter } = event;
    saving.finally(() => form.requestSubmit(submitter));
  });
  window.addEventListener("online", () => save());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) save();
  });
  window.addEventListener("pagehide", () => {
    if (!isDirty() || isStopped || saving) return;
    const size = new Blob([new URLSearchParams(new FormData(form))]).size;
    post({ keepalive: size < KEEPALIVE_BYTES }).catch(() => {});
    form.dataset.left = "";
  });
  window.addEventListener("pageshow", (event) => {
    // The last save went out unheard, so the version that this page knows is an old one.
    if (event.persisted && form.dataset.left !== undefined) window.location.reload();
  });
}

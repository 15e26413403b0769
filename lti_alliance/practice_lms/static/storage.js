// Keeps launch data for the tool (lti.put_data, lti.get_data), each tool's apart from others'.
const MOST_KEYS = 500;
const MOST_CHARACTERS = 4096;
const LATE_MS = 3000;
const { toolOrigin, storageFrame, storageAnswers } =
  document.querySelector("[data-tool-origin]").dataset;
const tool = new URL(toolOrigin).origin;
const prefix = `lti:${document.body.dataset.platform}:${tool}:`;

function ownKeys() {
  return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
}

function put(key, value) {
  if (value === null || value === undefined || value === "") {
    localStorage.removeItem(prefix + key);
    return { key, value: null };
  }
  const others = ownKeys().filter((each) => each !== prefix + key);
  const used = others.reduce(
    (sum, each) => sum + each.length - prefix.length + localStorage.getItem(each).length, 0);
  if (others.length >= MOST_KEYS || used + key.length + String(value).length > MOST_CHARACTERS) {
    return { error: { code: "storage_exhaustion", message: "no room left" } };
  }
  localStorage.setItem(prefix + key, value);
  return { key, value };
}

function answerTo(message) {
  const subject = message.subject ?? message.messageType;
  if (subject === "lti.capabilities") {
    const frame = storageFrame === "_parent" ? {} : { frame: storageFrame };
    const stored = ["lti.get_data", "lti.put_data"].map((each) => ({ subject: each, ...frame }));
    return { supported_messages: [{ subject: "lti.capabilities" }, { subject: "lti.frameResize" }, ...stored] };
  }
  if (subject !== "lti.put_data" && subject !== "lti.get_data") return null;
  if (!message.key || !message.message_id) {
    return { error: { code: "bad_request", message: "key and message_id are needed" } };
  }
  if (subject === "lti.put_data") return put(message.key, message.value);
  return { key: message.key, value: localStorage.getItem(prefix + message.key) };
}

addEventListener("message", (event) => {
  if (event.origin !== tool || !event.source) return;
  let message = event.data;
  if (typeof message === "string") {
    try { message = JSON.parse(message); } catch { return; }
  }
  if (!message || typeof message !== "object") return;
  const answer = answerTo(message);
  if (answer === null || storageAnswers === "never") return;
  const subject = message.subject ?? message.messageType;
  const reply = { subject: `${subject}.response`, message_id: message.message_id, ...answer };
  // The tool's page may have gone on by then: what comes too late must change nothing.
  setTimeout(() => event.source?.postMessage(reply, event.origin), storageAnswers === "late" ? LATE_MS : 0);
});

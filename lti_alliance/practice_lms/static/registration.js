// Goes on when the tool's registration page says that it has finished (org.imsglobal.lti.close).
const frame = document.querySelector("iframe.tool");
const done = document.querySelector("a[data-done]");

addEventListener("message", (event) => {
  if (event.source !== frame.contentWindow) return;
  if (event.origin !== new URL(frame.dataset.toolOrigin).origin) return;
  let message = event.data;
  if (typeof message === "string") {
    try { message = JSON.parse(message); } catch { return; }
  }
  if (message?.subject === "org.imsglobal.lti.close") location.assign(done.href);
});

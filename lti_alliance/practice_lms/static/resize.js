// Gives the tool's frame the height that the tool asks for (lti.frameResize).
const frames = document.querySelectorAll("iframe.tool");

addEventListener("message", (event) => {
  for (const frame of frames) {
    const ours = event.source === frame.contentWindow;
    if (!ours || event.origin !== new URL(frame.dataset.toolOrigin).origin) continue;
    let message = event.data;
    if (typeof message === "string") {
      try { message = JSON.parse(message); } catch { return; }
    }
    if (message?.subject !== "lti.frameResize") continue;
    const height = Math.min(Math.max(Number.parseInt(message.height, 10) || 1, 1), 20000);
    frame.style.minBlockSize = "0";
    frame.style.blockSize = `${height}px`;
    event.source.postMessage(
      { subject: "lti.frameResize.response", message_id: message.message_id }, event.origin);
  }
});

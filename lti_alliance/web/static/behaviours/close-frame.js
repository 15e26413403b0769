// Lets an LMS close the frame or tab in which the tool was registered
// (Dynamic Registration 1.0 section 3.7). Who opened it is not known, so no data goes along.

export default function closeFrame(element) {
  const button = element.querySelector("button");
  const opener = window.opener ?? (window.parent === window ? null : window.parent);
  if (!button || !opener) return;
  button.hidden = false;
  button.onclick = () => opener.postMessage({ subject: "org.imsglobal.lti.close" }, "*");
}

// Keeps the secret of a login with the platform (lti.put_data), or gets it back (lti.get_data):
// LTI Client Side postMessages. It decides nothing: whatever goes wrong, the form goes on without.

const CAPABILITIES_MS = 400;
const ANSWER_MS = 1000;

export default async function platformStorage(form) {
  // Coming back by the back button must not use up what was used before.
  if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") return;
  const { origin, key, secret, goesOn } = form.dataset;
  try {
    const frame = await storageFrame(form.dataset.frame);
    if (goesOn) {
      await ask(frame, origin, { subject: "lti.put_data", key, value: secret });
      window.location.replace(goesOn);
      return;
    }
    const { value } = await ask(frame, origin, { subject: "lti.get_data", key });
    form.elements.secret.value = value ?? "";
    // It has served; nobody waits for the answer.
    ask(frame, origin, { subject: "lti.put_data", key, value: null }).catch(() => {});
  } catch { /* No storage, no answer, or a refusal. */ }
  form.requestSubmit();
}

async function storageFrame(named) {
  const around = window.parent === window ? window.opener : window.parent;
  // This carries no secret, and who the parent is is not known: its answer only names a frame,
  // and what is sent there is for one origin alone.
  const told = await ask(around, "*", { subject: "lti.capabilities" }, CAPABILITIES_MS).catch(() => null);
  const offers = told?.supported_messages;
  const offer = Array.isArray(offers) && offers.find((each) => each?.subject === "lti.put_data");
  const name = offer && offer.frame ? offer.frame : named;
  try {
    if (name !== "_parent" && around.frames[name].postMessage) return around.frames[name];
  } catch { /* The frame is not there, as in Canvas's rich text editor. */ }
  return around;
}

function ask(frame, origin, message, patience = ANSWER_MS) {
  const message_id = crypto.getRandomValues(new Uint32Array(4)).join("-");
  return new Promise((resolve, reject) => {
    const end = (settle, value) => {
      clearTimeout(timer);
      window.removeEventListener("message", hear);
      settle(value);
    };
    const hear = ({ source, origin: from, data }) => {
      if (source !== frame || (origin !== "*" && from !== origin)) return;
      if (data?.subject !== `${message.subject}.response` || data.message_id !== message_id) return;
      end(data.error ? reject : resolve, data);
    };
    const timer = setTimeout(end, patience, reject);
    window.addEventListener("message", hear);
    frame.postMessage({ ...message, message_id }, origin);
  });
}

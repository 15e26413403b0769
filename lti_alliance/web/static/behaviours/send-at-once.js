// Sends a form as soon as its page is there; without scripts its button does.

export default function sendAtOnce(form) {
  // Coming back by the back button must not send it again.
  const [navigation] = performance.getEntriesByType("navigation");
  if (navigation?.type === "back_forward") return;
  form.requestSubmit();
}

// A second click on the same form sends nothing; coming back to the page makes it usable again.

export default function submitOnce(form) {
  let sent = false;
  const mark = (state) => {
    sent = state;
    for (const button of form.querySelectorAll("button")) {
      button.toggleAttribute("data-sent", state);
      button.ariaDisabled = state || null;
    }
  };
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (sent) event.preventDefault();
    else mark(true);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) mark(false);
  });
}

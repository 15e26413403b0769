// Asks before a page with unsaved work is left; the browser words the question.

export default function confirmLeave(form) {
  form.addEventListener("input", () => {
    form.dataset.unsaved ??= "";
  });
  form.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) delete form.dataset.unsaved;
  });
  window.addEventListener("beforeunload", (event) => {
    if (form.dataset.unsaved !== undefined) event.preventDefault();
  });
}

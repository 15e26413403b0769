// Lets a date be chosen in the reader's own zone; what is sent stays in UTC, as without scripts.

export default function localDeadline(input) {
  const sent = document.createElement("input");
  sent.type = "hidden";
  sent.name = input.name;
  sent.value = input.value;
  if (input.value) {
    const moment = new Date(`${input.value}Z`);
    const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
    input.value = local.toISOString().slice(0, 16);
  }
  input.removeAttribute("name");
  input.after(sent);
  input.addEventListener("input", () => {
    sent.value = input.value ? new Date(input.value).toISOString().slice(0, 16) : "";
  });
  const zone = document.getElementById(input.dataset.zone);
  zone.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll("_", " ");
}

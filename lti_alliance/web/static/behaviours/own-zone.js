// Offers the names of time zones, and proposes the browser's own where nobody has said one: the
// times of the page, in UTC until then, are written on that clock and stay the same moments.

export default function ownZone(input) {
  const names = Intl.supportedValuesOf?.("timeZone") ?? [];
  input.list?.replaceChildren(...["UTC", ...names].map((name) => new Option(name, name)));
  // A browser that brings back what was typed before brings the times back as well.
  if (input.dataset.open === undefined || input.value !== input.defaultValue) return;
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (own && own !== input.value) propose(own, input);
}

function propose(zone, input) {
  input.value = zone;
  for (const element of document.querySelectorAll("[data-in-zone]")) {
    element[element.matches("input") ? "value" : "textContent"] = zone;
  }
  for (const field of document.querySelectorAll("input[type=datetime-local]")) {
    if (!field.value) continue;
    const moment = new Date(`${field.value}Z`);
    const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
    field.value = local.toISOString().slice(0, 16);
  }
}

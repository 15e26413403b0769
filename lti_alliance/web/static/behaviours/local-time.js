// Shows a moment in the reader's own zone; without scripts it stays in UTC, with the zone named.

const STYLES = {
  full: { dateStyle: "medium", timeStyle: "short" },
  clock: { timeStyle: "short" },
  day: { dateStyle: "medium" },
};

export function inWords(moment, style) {
  return new Intl.DateTimeFormat(document.documentElement.lang, STYLES[style]).format(moment);
}

export default function localTime(element) {
  const moment = new Date(element.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  element.title = element.textContent;
  element.textContent = inWords(moment, element.dataset.style);
}

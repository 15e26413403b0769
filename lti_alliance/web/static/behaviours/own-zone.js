// Proposes the reader's own time zone where none was chosen.

export default function ownZone(input) {
  if (input.value && input.value !== "UTC") return;
  input.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

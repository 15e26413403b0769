// After a step the focus goes to the list of faults, or to the heading of the new page.

export default function focusFirst(body) {
  const faults = body.querySelector("[data-first-focus]");
  const heading = body.querySelector("main h1");
  const isOwnStep = document.referrer.startsWith(window.location.origin);
  if (faults) faults.focus();
  else if (isOwnStep && heading && !window.location.hash) heading.focus({ preventScroll: true });
}

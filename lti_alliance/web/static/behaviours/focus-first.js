// After a step the focus goes to the list of faults, or to the heading of the new page. A page
// that a launch leads to does not bind this: the focus stays where the course page has it.

export default function focusFirst(body) {
  const faults = body.querySelector("[data-first-focus]");
  const heading = body.querySelector("main h1");
  if (faults) faults.focus();
  else if (heading && !window.location.hash) heading.focus({ preventScroll: true });
}

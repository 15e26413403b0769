// Takes the words that are selected in a text over into a field.

export default function quoteSelection(field) {
  const text = document.getElementById(field.dataset.from);
  document.addEventListener("selectionchange", () => {
    const selection = document.getSelection();
    if (!selection.rangeCount || selection.isCollapsed || !text.contains(selection.anchorNode)) return;
    // The numbers of marks stand in the text and are not part of it.
    const copy = selection.getRangeAt(0).cloneContents();
    for (const number of copy.querySelectorAll("sup")) number.remove();
    const words = copy.textContent.trim();
    if (!words || !text.contains(selection.focusNode)) return;
    field.value = words;
    const details = field.closest("details");
    if (details) details.open = true;
  });
}

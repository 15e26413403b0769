// Turns the phrases that can be ticked into buttons that insert them where the comment is written.

export default function insertPhrase(group) {
  const into = document.getElementById(group.dataset.into);
  group.querySelector(".hint")?.remove();
  for (const choice of group.querySelectorAll("label.choice")) {
    const button = document.createElement("button");
    const textContent = choice.textContent.trim();
    Object.assign(button, { type: "button", className: "button button-second button-phrase", textContent });
    button.addEventListener("click", () => {
      const before = into.value.slice(0, into.selectionEnd).trimEnd();
      const after = into.value.slice(into.selectionEnd);
      into.value = (before ? `${before} ` : "") + button.textContent + after;
      into.dispatchEvent(new Event("input", { bubbles: true }));
      into.focus();
    });
    choice.replaceWith(button);
  }
}

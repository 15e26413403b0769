// Chooses a level by its number while one of the levels has the focus.

export default function numberKeys(group) {
  group.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !/^[0-9]$/.test(event.key)) return;
    const choice = group.querySelector(`input[type=radio][value="${event.key}"]`);
    if (!choice) return;
    event.preventDefault();
    choice.focus();
    choice.click();
  });
}

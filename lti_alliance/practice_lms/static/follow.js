// Keeps the grades on the page up to date with the gradebook, every second and a half.
const PAUSE_MS = 1500;

function write(place, cell) {
  const grade = place.querySelector("[data-part=grade]");
  if (grade) {
    const text = cell.score === null ? cell.shown : String(Number(cell.score.toPrecision(5)));
    if (grade.textContent !== text) {
      grade.textContent = text;
      grade.setAttribute("aria-label", `${cell.name}, ${cell.title}: ${cell.shown}`);
      place.classList.add("new");
    }
    if (cell.source) place.dataset.source = cell.source;
    else delete place.dataset.source;
  }
  const texts = {
    shown: cell.shown,
    words: cell.words,
    when: cell.when,
    feedback: cell.feedback ?? "",
  };
  for (const [name, text] of Object.entries(texts)) {
    const part = place.querySelector(`[data-part=${name}]`);
    if (part && part.textContent !== text) {
      part.textContent = text;
      place.classList.add("new");
    }
  }
}

async function follow(root) {
  try {
    const answer = await fetch(root.dataset.follow, { headers: { Accept: "application/json" } });
    if (answer.ok) {
      const book = await answer.json();
      const places = root.dataset.item ? [root] : root.querySelectorAll("[data-item]");
      for (const place of places) {
        const cell = book.cells.find((each) =>
          each.person === place.dataset.person && String(each.line_item) === place.dataset.item);
        if (cell) write(place, cell);
      }
    }
  } catch { /* The next turn tries again. */ }
  setTimeout(follow, document.hidden ? PAUSE_MS * 4 : PAUSE_MS, root);
}

document.querySelectorAll("[data-follow]").forEach((root) => follow(root));

// Counts an attempt's time down and hands the form in at the end. The server's clock decides: what
// counts is how much was left when the page was made, so that a wrong clock here changes nothing.

const WARN_MIN = [10, 5, 1];
const SHOW_SECONDS_BELOW = 120;
const FOLDED = "countdown-folded";

export default function countdown(box) {
  const [show, say] = [box.querySelector("[data-show]"), box.querySelector("[data-say]")];
  const { seconds, minutes, clock, warning, last, over } = box.dataset;
  const end = Date.now() + Number(seconds) * 1000;
  const left = () => Math.max(0, Math.ceil((end - Date.now()) / 1000));
  let open = WARN_MIN.filter((minute) => minute * 60 < left());

  function words(rest) {
    if (rest >= SHOW_SECONDS_BELOW) return minutes.replace("{minutes}", Math.ceil(rest / 60));
    const second = String(rest % 60).padStart(2, "0");
    return clock.replace("{clock}", `${Math.floor(rest / 60)}:${second}`);
  }

  function tick() {
    const rest = left();
    show.textContent = words(rest);
    // After a sleeping laptop wakes up several are due: the nearest is true.
    const due = open.findLast((minute) => rest <= minute * 60);
    open = open.filter((minute) => rest > minute * 60);
    if (due) say.textContent = due === 1 ? last : warning.replace("{minutes}", due);
    if (rest > 0) return window.setTimeout(tick, 1000);
    show.textContent = "";
    say.textContent = over;
    say.classList.remove("visually-hidden");
    const button = document.querySelector("[data-hand-in]");
    return button?.form.requestSubmit(button);
  }

  tick();
  const fold = box.querySelector("details");
  try {
    fold.open = !sessionStorage.getItem(FOLDED);
    fold.addEventListener("toggle", () => sessionStorage.setItem(FOLDED, fold.open ? "" : "yes"));
  } catch {} // A browser that keeps nothing for a framed page shows it on each page anew.
}

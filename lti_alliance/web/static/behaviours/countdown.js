// Counts an attempt's time down and hands the form in at the end. The server's clock decides: what
// counts is how much was left when the page was made, so that a wrong clock here changes nothing.

const WARN_MIN = [10, 5, 1];
const SHOW_SECONDS_BELOW = 120;

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
    show.textContent = ` (${words(rest)})`;
    const due = open.filter((minute) => rest <= minute * 60);
    open = open.filter((minute) => rest > minute * 60);
    // After a sleeping laptop wakes up several are due: the nearest is true.
    if (due.length) {
      const minute = due.at(-1);
      say.textContent = minute === 1 ? last : warning.replace("{minutes}", minute);
    }
    if (rest > 0) window.setTimeout(tick, 1000);
    else finish();
  }

  function finish() {
    show.textContent = "";
    say.textContent = over;
    say.classList.remove("visually-hidden");
    const button = document.querySelector("[data-hand-in]");
    button?.form.requestSubmit(button);
  }

  tick();
}

// Counts words while they are written, as the server does: letters and digits, held together by
// hyphens and apostrophes. The limits are advice and nothing is cut.

const WORD = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu;

export default function wordCount(output) {
  const text = document.getElementById(output.dataset.counts);
  const { min, max, below, within, above } = output.dataset;
  const count = () => {
    const words = (text.value.match(WORD) ?? []).length;
    const [sentence, difference] =
      words < Number(min) ? [below, min - words] : words > Number(max) ? [above, words - max] : [within, 0];
    output.dataset.state = sentence === within ? "within" : "outside";
    output.textContent = sentence.replace("{words}", words).replace("{difference}", difference);
  };
  text.addEventListener("input", count);
  count();
}

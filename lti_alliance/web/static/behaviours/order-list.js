// Moves the lines of an ordering up and down; the places in their lists follow.

export default function orderList(list) {
  const rows = () => [...list.children];
  const place = (row) => row.querySelector("select").selectedIndex;
  const looks = { className: "visually-hidden", ariaLive: "polite" };
  const said = Object.assign(document.createElement("p"), looks);
  list.after(said);
  if (rows().every(place)) list.append(...rows().sort((a, b) => place(a) - place(b)));
  for (const row of rows()) {
    for (const way of ["up", "down"]) {
      const button = document.createElement("button");
      const className = "button button-second button-small";
      Object.assign(button, { type: "button", className, textContent: list.dataset[way] });
      button.setAttribute("aria-describedby", (row.querySelector("label").id ||= `${row.querySelector("select").id}-text`));
      button.addEventListener("click", () => {
        if (way === "up") row.previousElementSibling?.before(row);
        else row.nextElementSibling?.after(row);
        rows().forEach((each, index) => (each.querySelector("select").selectedIndex = index + 1));
        button.focus();
        const { moved } = list.dataset;
        said.textContent = moved.replace("{place}", place(row)).replace("{total}", rows().length);
        list.dispatchEvent(new Event("input", { bubbles: true }));
      });
      row.append(button);
    }
  }
}

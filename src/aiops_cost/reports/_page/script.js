// Adds to a page that is whole without it: amounts under the pointer, tables that sort and filter.
(() => {
  "use strict";
  const make = (name, kind) => Object.assign(document.createElement(name), { className: kind || "" });

  const tip = make("div", "tip");
  tip.hidden = true;
  document.body.append(tip);
  const over = (event) => {
    const mark = event.target.closest(".chart svg [aria-label]");
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.getAttribute("aria-label").replace(": ", ":\n").replaceAll(", ", "\n");
    const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const y = event.clientY - tip.offsetHeight - 12;
    tip.style.left = `${Math.max(8, x)}px`;
    tip.style.top = `${y < 8 ? event.clientY + 18 : y}px`;
  };
  addEventListener("pointermove", over, { passive: true });
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

  const key = (row, index) => {
    const cell = row.cells[index];
    return cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b
    : typeof a === "number" ? 1 : typeof b === "number" ? -1 : a.localeCompare(b, "en", { numeric: true });

  for (const table of document.querySelectorAll("table")) {
    const body = table.tBodies[0];
    if (body.rows.length < 3) continue;
    const heads = [...table.tHead.rows[0].cells];
    for (const [index, head] of heads.entries()) {
      if (!head.hasAttribute("data-sorts")) continue;
      const button = make("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const numbers = head.classList.contains("n");
        const was = head.getAttribute("aria-sort");
        const now = was === "descending" || (!was && !numbers) ? "ascending" : "descending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", now);
        const sign = now === "ascending" ? 1 : -1;
        body.append(...[...body.rows].sort((a, b) => sign * compare(key(a, index), key(b, index))));
      });
    }
    if (!table.classList.contains("long")) continue;
    const box = make("div", "filter");
    const input = make("input");
    input.type = "search";
    input.placeholder = "Filter rows";
    input.setAttribute("aria-label", `Filter rows of ${table.caption.textContent}`);
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase();
      for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      if (table.tFoot) table.tFoot.hidden = wanted !== "";
    });
    box.append(input);
    table.parentElement.before(box);
  }
})();

// Tables that sort by clicking a column heading: by the cells' values or text. Empty cells stay last, totals first.

const words = new Intl.Collator(document.documentElement.lang || undefined, { numeric: true });

function valueOf(row, at) {
  const cell = row.cells[at];
  const value = cell.dataset.value ?? cell.textContent.trim();
  return value === "" || Number.isNaN(Number(value)) ? value : Number(value);
}

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return words.compare(String(one), String(other));
}

function sort(table, head, at) {
  const down = head.getAttribute("aria-sort") === "descending" ? 1 : -1; // the largest first
  for (const each of head.parentElement.cells) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down < 0 ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows].filter((row) => !("pinned" in row.dataset));
  const full = rows.filter((row) => valueOf(row, at) !== "");
  full.sort((one, other) => down * compare(valueOf(one, at), valueOf(other, at)));
  table.tBodies[0].append(...full, ...rows.filter((row) => valueOf(row, at) === ""));
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  [...table.tHead.rows[0].cells].forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(head.firstChild.textContent.trim());
    head.firstChild.replaceWith(button);
    button.addEventListener("click", () => sort(table, head, at));
  });
}

// A batch and its text: marks, tables, one row unrolled. Data is put in as text only.
// State that outlives new data (text or ids, the row unrolled) is kept with the element it belongs to.

const views = new WeakMap();
const TIGHT_LETTERS = 40; // rows up to this long let x and y stand side by side where the page is wide

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".batch");
  let view = views.get(root);
  if (!view) {
    view = new BatchView(root);
    views.set(root, view);
  }
  view.show(data);
}

class BatchView {
  constructor(root) {
    this.root = root;
    this.cells = "text"; // what the cells show: "text" or "ids"
    this.row = 0; // which row is unrolled
    this.pinned = null; // the cell that was clicked
    this.build();
    this.listen();
    this.matchTheme();
  }

  // ---- the parts, made once

  build() {
    this.text = make("div", { className: "text", "data-testid": "batch-text", role: "region", tabindex: 0 });
    this.status = make("p", { className: "status", "data-testid": "batch-status", role: "status", "aria-live": "polite" });
    this.modes = ["text", "ids"].map((mode) => make("button", { type: "button", "data-mode": mode, text: mode }));
    this.toggle = make("div", { className: "toggle", role: "group", "aria-label": "What the cells show" }, ...this.modes);
    this.tables = { x: this.table("x"), y: this.table("y") };
    this.unrolledTitle = make("h4");
    this.unrolled = make("ol", { className: "unrolled", "data-testid": "batch-unrolled", tabindex: 0 });
    this.root.replaceChildren(
      make("h4", { text: "The text, with this batch’s windows marked" }),
      this.text,
      make("div", { className: "tables" }, this.tables.x.figure, this.tables.y.figure),
      make("div", { className: "bar" }, this.toggle, this.status),
      this.unrolledTitle,
      this.unrolled,
    );
  }

  table(name) {
    const caption = make("figcaption");
    const head = make("thead");
    const body = make("tbody");
    const grid = make("table", { role: "grid", "data-testid": `batch-${name}`, "data-grid": name }, head, body);
    const scroll = make("div", { className: "scroll" }, grid);
    return { caption, head, body, grid, scroll, figure: make("figure", { className: name }, caption, scroll) };
  }

  listen() {
    this.root.addEventListener("pointerover", (event) => {
      const cell = event.target.closest("td");
      if (cell && event.pointerType !== "touch") this.point(cell);
    });
    this.root.addEventListener("pointerleave", () => (this.pinned ? this.point(this.pinned) : this.unpoint()));
    this.root.addEventListener("focusin", (event) => {
      const cell = event.target.closest("td");
      if (cell) this.point(cell);
    });
    this.root.addEventListener("click", (event) => {
      const { mode, row } = event.target.dataset;
      const cell = event.target.closest("td");
      if (mode) this.setMode(mode);
      else if (row !== undefined) {
        this.unroll(Number(row));
        const begins = this.places.get(this.data.rows[row].start);
        if (begins) this.scrollTo(begins);
      }
      else if (cell) {
        this.pinned = cell;
        this.unroll(Number(cell.dataset.b));
        this.point(cell);
      }
    });
    this.root.addEventListener("keydown", (event) => this.move(event));
    const scrolls = [this.tables.x.scroll, this.tables.y.scroll]; // both show the same columns
    for (const one of scrolls) {
      one.addEventListener("scroll", () => scrolls.forEach((other) => (other.scrollLeft = one.scrollLeft)));
    }
  }

  matchTheme() {
    // the page's own colours say whether it is dark; they arrive as CSS variables and can change at any time
    const probe = () => {
      const color = getComputedStyle(this.root).getPropertyValue("--st-background-color").trim();
      const match = /^#([0-9a-f]{6})/i.exec(color);
      const value = match ? parseInt(match[1], 16) : 0xffffff;
      const light = (value >> 16) * 0.299 + ((value >> 8) & 255) * 0.587 + (value & 255) * 0.114;
      this.root.dataset.theme = light < 128 ? "dark" : "light";
    };
    this.probe = probe;
    probe();
  }

  // ---- new data

  show(data) {
    this.probe();
    if (this.data && JSON.stringify(this.data) === JSON.stringify(data)) return;
    this.data = data;
    this.pinned = null;
    this.row = Math.min(this.row, data.rows.length - 1);
    this.root.classList.toggle("long", data.excerpts.length > 1 || data.num_tokens > 400);
    const tight = data.block_size > 12 && this.widthInLetters(data) <= TIGHT_LETTERS;
    this.root.classList.toggle("tight", tight);
    this.root.classList.toggle("broad", data.block_size > 12 && !tight);
    this.showText();
    for (const name of ["x", "y"]) this.showTable(name);
    this.setMode(this.cells);
    this.unroll(this.row);
    this.unpoint();
  }

  // of a table's row, where every column is as wide as its longest token
  widthInLetters({ rows, block_size: T }) {
    let letters = 0;
    for (let i = 0; i <= T; i++) letters += Math.max(...rows.map((row) => [...row.tokens[i]].length));
    return letters;
  }

  showText() {
    const { rows, excerpts, block_size: T, first_row: first, unit } = this.data;
    const levels = this.levels();
    const fragment = document.createDocumentFragment();
    this.places = new Map(); // token number in the text -> its element
    for (const [number, excerpt] of excerpts.entries()) {
      if (excerpt.start > 0 || number > 0) fragment.append(make("span", { className: "gap", text: " … " }));
      const breaks = new Set(excerpt.breaks);
      for (const [i, token] of excerpt.tokens.entries()) {
        const at = excerpt.start + i;
        const element = make("span", { className: "token", text: token });
        const shadows = [];
        for (const [b, row] of rows.entries()) {
          if (at === row.start) {
            fragment.append(make("span", { className: "tag", text: String(first + b), title: `row ${first + b} begins` }));
          }
          if (at >= row.start && at <= row.start + T) {
            element.classList.add("marked");
            element.classList.toggle(`in-${b}`, true);
            const color = at < row.start + T ? "var(--x)" : "var(--y)";
            const offset = 3 + 4 * levels[b];
            shadows.push(`0 ${offset}px 0 -1px ${color}`);
            if (shadows.length > 1 || levels[b] > 0) shadows.push(`0 ${offset - 2}px 0 -1px var(--paper)`);
          }
        }
        // nearer lines hide the farther ones' bodies: the paper between them keeps them apart
        element.style.boxShadow = shadows.sort((p, q) => parseInt(p.slice(2)) - parseInt(q.slice(2))).join(", ");
        this.places.set(at, element);
        fragment.append(element);
        if (breaks.has(i)) fragment.append(document.createElement("br"));
      }
    }
    const last = excerpts[excerpts.length - 1];
    if (last && last.start + last.tokens.length < this.data.num_tokens) {
      fragment.append(make("span", { className: "gap", text: " …" }));
    }
    this.text.setAttribute("aria-label", `The text, ${this.data.num_tokens} ${unit}s, around the windows of this batch`);
    this.text.replaceChildren(fragment);
    const firstTag = this.text.querySelector(".tag");
    if (firstTag) this.scrollTo(firstTag);
  }

  // windows that overlap get lines at different heights
  levels() {
    const { rows, block_size: T } = this.data;
    const levels = new Array(rows.length).fill(0);
    const ends = [];
    for (const [b, row] of [...rows.entries()].sort((p, q) => p[1].start - q[1].start)) {
      let level = ends.findIndex((end) => end < row.start);
      if (level < 0) level = ends.length;
      ends[level] = row.start + T;
      levels[b] = Math.min(level, 4);
    }
    return levels;
  }

  showTable(name) {
    const { rows, block_size: T, first_row: first } = this.data;
    const { caption, head, body, grid } = this.tables[name];
    const shift = name === "y" ? 1 : 0;
    caption.replaceChildren(
      make("b", { text: name }),
      ` (B, T): ${name === "x" ? "what the model reads" : "the right answers, x one token on"}`,
    );
    grid.setAttribute("aria-label", name === "x" ? "x, the input" : "y, the targets");
    grid.setAttribute("aria-rowcount", rows.length + 1);
    const header = make("tr", {}, make("th", { scope: "col", text: "t =" }));
    for (let t = 0; t < T; t++) {
      header.append(make("th", { scope: "col", className: t % 8 ? "between" : "eighth", text: String(t) }));
    }
    head.replaceChildren(header);
    const lines = document.createDocumentFragment();
    for (const [b, row] of rows.entries()) {
      const button = make("button", {
        type: "button",
        "data-row": b,
        title: `Unroll row ${first + b}; it starts at ${row.start}`,
        text: `row ${first + b}`,
      });
      const line = make("tr", { "data-b": b }, make("th", { scope: "row" }, button));
      for (let t = 0; t < T; t++) {
        line.append(make("td", { role: "gridcell", tabindex: b + t === 0 ? 0 : -1, "data-b": b, "data-t": t, "data-i": t + shift }));
      }
      lines.append(line);
    }
    body.replaceChildren(lines);
  }

  setMode(mode) {
    this.cells = mode;
    for (const button of this.modes) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    const key = mode === "text" ? "tokens" : "ids";
    for (const { body } of Object.values(this.tables)) {
      for (const cell of body.querySelectorAll("td")) {
        cell.textContent = this.data.rows[cell.dataset.b][key][cell.dataset.i];
      }
    }
  }

  // ---- one row as its T predictions

  unroll(b) {
    this.row = b;
    const { rows, block_size: T, first_row: first } = this.data;
    const { tokens } = rows[b];
    this.unrolledTitle.textContent = `Row ${first + b} is ${T} question${T > 1 ? "s" : ""}`;
    this.unrolled.setAttribute("aria-label", this.unrolledTitle.textContent);
    const longest = 24;
    const lines = document.createDocumentFragment();
    for (let t = 0; t < T; t++) {
      const from = Math.max(0, t + 1 - longest);
      const context = (from ? "…" : "") + tokens.slice(from, t + 1).join("");
      lines.append(
        make("li", {}, "when the input is ", make("code", { className: "x", text: context }),
          " the target is ", make("code", { className: "y", text: tokens[t + 1] })),
      );
    }
    this.unrolled.replaceChildren(lines);
    this.unrolled.scrollTop = 0;
    for (const line of this.root.querySelectorAll("tbody tr")) {
      line.classList.toggle("chosen", Number(line.dataset.b) === b);
    }
    for (const token of this.text.querySelectorAll(".chosen")) token.classList.remove("chosen");
    for (const token of this.text.querySelectorAll(`.in-${b}`)) token.classList.add("chosen");
  }

  // ---- pointing

  point(cell) {
    this.clear();
    const { b, t, i } = cell.dataset;
    const name = cell.closest("table").dataset.grid;
    const row = this.data.rows[b];
    const number = this.data.first_row + Number(b);
    const place = this.places.get(row.start + Number(i));
    const same = name === "x" ? ["y", Number(t) - 1] : ["x", Number(t) + 1];
    const twin = this.tables[same[0]].body.querySelector(`td[data-b="${b}"][data-t="${same[1]}"]`);
    cell.classList.add("here");
    if (twin) twin.classList.add("here");
    if (place) {
      place.classList.add("here", name);
      this.scrollTo(place);
    }
    const it = `${name}[${number}, ${t}] is “${row.tokens[i]}” (id ${row.ids[i]}), ${this.data.unit} ${row.start + Number(i)} of the text, counted from 0.`;
    const target = row.tokens[Number(t) + 1];
    const rest = name === "x"
      ? ` Its target, y[${number}, ${t}], is “${target}”.`
      : ` It is the target after “${row.tokens[t]}”.`;
    this.status.textContent = it + rest;
  }

  clear() {
    for (const element of this.root.querySelectorAll(".here")) element.classList.remove("here", "x", "y");
  }

  unpoint() {
    this.clear();
    this.status.textContent = "Point at a cell, or move with the arrow keys, to see where in the text it comes from. · is a space.";
  }

  // within the text's own box, by whole lines: the page must not move, and no line is cut
  scrollTo(element) {
    const box = this.text.getBoundingClientRect();
    const at = element.getBoundingClientRect();
    if (at.top < box.top || at.bottom > box.bottom) {
      const line = parseFloat(getComputedStyle(this.text).lineHeight);
      const top = this.text.scrollTop + at.top - box.top - box.height / 3;
      this.text.scrollTop = line * Math.round(top / line);
    }
  }

  move(event) {
    const cell = event.target.closest("td");
    if (!cell) return;
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    let [b, t] = [Number(cell.dataset.b), Number(cell.dataset.t)];
    if (step) [b, t] = [b + step[0], t + step[1]];
    else if (event.key === "Home") t = 0;
    else if (event.key === "End") t = this.data.block_size - 1;
    else return;
    event.preventDefault();
    const next = cell.closest("tbody").querySelector(`td[data-b="${b}"][data-t="${t}"]`);
    if (!next) return;
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}

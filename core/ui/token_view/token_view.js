// Predictions as a heat map: one cell a position, and a panel on the cell pointed at. Data is put in as text only.
// State that outlives new data (the cell that was chosen) is kept with the element it belongs to.

const views = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".tokens");
  let view = views.get(root);
  if (!view) {
    view = new TokenView(root);
    views.set(root, view);
  }
  view.show(data);
}

// ---- numbers: three significant digits

function powerOfTen(mantissa, exponent) {
  const raised = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  return `${mantissa} × 10${[...String(exponent)].map((sign) => raised[sign]).join("")}`;
}

function digits(value) {
  if (value === 0) return "0";
  if (value >= 99.95) return String(Math.round(value));
  if (value >= 0.001) return value.toPrecision(3);
  const [mantissa, exponent] = value.toExponential(2).split("e");
  return powerOfTen(mantissa, exponent);
}

function percent(probability) {
  return `${digits(100 * probability)}%`;
}

// exp(-loss) as it stands behind "ln": near 1, and too near 0 for a float, its digits still have to tell the loss
function chance(loss) {
  const rest = -Math.expm1(-loss);
  if (rest > 0 && rest < 0.005) return (1 - rest).toFixed(Math.min(12, 2 - Math.floor(Math.log10(rest))));
  if (loss < 600) return digits(Math.exp(-loss));
  const exponent = Math.floor(-loss / Math.LN10);
  return powerOfTen((10 ** (-loss / Math.LN10 - exponent)).toFixed(2), exponent);
}

const TINTS = 40; // the style sheet has this many; a style of its own for every cell would take three times as long
const CONTEXT_TOKENS = 24;
const CONTEXT_LENGTH = 40; // in letters: 24 long tokens would fill the panel
const LINES = 6; // of bars: the five likeliest, and the right one

class TokenView {
  constructor(root) {
    this.root = root;
    this.chosen = null; // the cell that was clicked or moved to: [b, t], b counts the rows that are drawn
    this.pointed = null; // the cell under the pointer
    this.build();
    this.listen();
  }

  // ---- the parts, made once

  build() {
    this.about = make("p", { className: "about" });
    this.legend = make("div", { className: "legend" });
    this.head = make("thead");
    this.body = make("tbody");
    this.grid = make("table", { role: "grid" }, this.head, this.body);
    this.mean = make("p", { className: "mean", "data-testid": "token-mean" });
    this.spoken = make("p", { className: "spoken" });
    this.title = make("h4");
    this.sentence = make("p", { className: "sentence" });
    this.loss = make("p", { className: "sum" });
    this.bars = make("ol");
    this.hint = make("p", { className: "hint" });
    const words = make("div", { className: "words" }, this.title, this.sentence);
    const seen = make("div", { className: "seen", "aria-hidden": "true" }, words, this.bars, this.loss);
    this.root.replaceChildren(
      make("div", { className: "key" }, this.about, this.legend),
      make("div", { className: "parts" },
        make("div", { className: "map" }, make("div", { className: "scroll" }, this.grid), this.mean),
        make("div", { className: "panel" },
          make("div", { "data-testid": "token-detail", role: "status", "aria-live": "polite", "aria-atomic": "true" }, this.spoken, seen),
          this.hint)),
    );
  }

  listen() {
    const cellOf = (event) => event.target.closest("td[data-t]");
    this.root.addEventListener("pointerover", (event) => {
      const cell = cellOf(event);
      if (cell && event.pointerType !== "touch") this.point(this.placeOf(cell));
    });
    this.root.addEventListener("pointerleave", () => this.point(null));
    this.root.addEventListener("click", (event) => {
      const cell = cellOf(event);
      if (!cell) return;
      const again = this.chosen && this.cellAt(this.chosen) === cell;
      this.choose(again ? null : this.placeOf(cell));
    });
    this.root.addEventListener("keydown", (event) => this.move(event));
    // the theme can change without new data; the style sheet turns a change of colour into an event
    this.root.addEventListener("transitionend", () => this.matchTheme());
  }

  matchTheme() {
    const color = getComputedStyle(this.root).getPropertyValue("--st-background-color").trim();
    const match = /^#([0-9a-f]{6})/i.exec(color);
    const value = match ? parseInt(match[1], 16) : 0xffffff;
    const light = (value >> 16) * 0.299 + ((value >> 8) & 255) * 0.587 + (value & 255) * 0.114;
    this.root.dataset.theme = light < 128 ? "dark" : "light";
  }

  // ---- new data

  show(data) {
    this.matchTheme();
    const text = JSON.stringify(data);
    if (text === this.drawn) return;
    this.drawn = text;
    const shape = `${data.rows.length} ${data.block_size}`;
    if (shape !== this.shape) this.chosen = this.pointed = null;
    const kept = shape === this.shape && data.mode === this.data.mode;
    this.shape = shape;
    this.data = data;
    this.root.dataset.mode = data.mode;
    this.root.dataset.unit = data.unit;
    this.root.classList.toggle("roomy", data.block_size <= 16);
    this.root.classList.toggle("dense", data.block_size > 40);
    this.showLegend();
    if (!kept) this.layOut(); // otherwise the cells stay, and with them the focus
    this.fill();
    const focused = this.root.getRootNode().activeElement?.closest?.("td[data-t]");
    if (!this.chosen && focused && this.root.contains(focused)) this.chosen = this.placeOf(focused);
    this.choose(this.chosen);
  }

  showLegend() {
    const { mode, unit, uniform_nats: uniform } = this.data;
    const shown = mode === "loss";
    this.about.textContent = shown
      ? `Each cell is a target ${unit}, tinted by its loss in nats.`
      : `Each cell is an input ${unit}, tinted by the probability that the model gives to the right next one.`;
    const ends = shown
      ? ["0: certain and right", `${digits(this.most())} and more`]
      : ["0: ruled out", `${percent(this.likeliest())}: the most in this batch`];
    const bar = make("div", { className: "tints" });
    const parts = [bar, make("div", { className: "ends" }, ...ends.map((text) => make("span", { text })))];
    if (shown) {
      bar.append(make("i"));
      bar.style.setProperty("--tick", uniform / this.most());
      parts.unshift(make("div", { className: "blind", text: `a blind guess: ln V = ${digits(uniform)}` }));
    }
    this.legend.replaceChildren(...parts);
    this.grid.setAttribute("aria-label", shown ? "Targets and their losses" : "Inputs and the right answers’ probabilities");
    this.mean.textContent = shown ? `Mean of the whole batch: ${this.data.mean} nats per token` : "";
    this.mean.hidden = !shown;
  }

  most() {
    return 1.5 * this.data.uniform_nats || 1;
  }

  // of the probabilities that the right tokens got: before training all are small, and their tints must still differ
  likeliest() {
    let least = Infinity;
    for (const { losses } of this.data.rows) for (const loss of losses) if (loss !== null && loss < least) least = loss;
    return least < Infinity ? Math.exp(-least) : 1;
  }

  layOut() {
    const { rows, block_size: T, mode } = this.data;
    const header = make("tr", {}, make("th", { scope: "col", text: "t =" }));
    for (let t = 0; t < T; t++) header.append(make("th", { scope: "col", text: t % 8 && T > 16 ? "" : String(t) }));
    if (mode === "loss") header.append(make("th", { scope: "col", className: "row-mean", text: "mean" }));
    this.head.replaceChildren(header);
    const lines = document.createDocumentFragment();
    this.heads = [];
    this.means = [];
    this.cells = rows.map((_, b) => {
      const line = make("tr");
      this.heads.push(line.appendChild(make("th", { scope: "row" })));
      const cells = Array.from({ length: T }, (_, t) => {
        return line.appendChild(make("td", { role: "gridcell", tabindex: -1, "data-b": b, "data-t": t }));
      });
      if (mode === "loss") this.means.push(line.appendChild(make("td", { role: "gridcell", className: "row-mean" })));
      lines.append(line);
      return cells;
    });
    this.body.replaceChildren(lines);
  }

  fill() {
    const { rows, mode } = this.data;
    const shift = mode === "loss" ? 1 : 0;
    const [most, likeliest] = [this.most(), this.likeliest()];
    for (const [b, row] of rows.entries()) {
      this.heads[b].textContent = `row ${row.row}`;
      if (this.means[b]) this.means[b].textContent = row.mean;
      for (const [t, cell] of this.cells[b].entries()) {
        const loss = row.losses[t];
        const strength = mode === "loss" ? Math.min(1, loss / most) : Math.exp(-loss) / likeliest;
        const text = row.tokens[t + shift];
        const tint = loss === null ? "0" : String(Math.round(TINTS * strength));
        if (cell.textContent !== text) cell.textContent = text;
        if (cell.dataset.tint !== tint) cell.dataset.tint = tint;
        cell.classList.toggle("lost", loss === null);
      }
    }
  }

  // ---- pointing

  cellAt([b, t]) {
    return this.cells[b]?.[t];
  }

  placeOf(cell) {
    return [Number(cell.dataset.b), Number(cell.dataset.t)];
  }

  point(place) {
    this.pointed = place;
    this.update();
  }

  choose(place) {
    this.chosen = place;
    this.update();
  }

  // what the panel is on before anything is pointed at
  usual() {
    const { rows, block_size: T, mode } = this.data;
    let place = [0, T - 1];
    if (mode !== "loss") return place;
    let worst = -1;
    for (const [b, { losses }] of rows.entries()) {
      for (const [t, loss] of losses.entries()) {
        if (loss !== null && loss > worst) [worst, place] = [loss, [b, t]];
      }
    }
    return place;
  }

  update() {
    for (const element of this.marked ?? []) element.classList.remove("here", "chosen");
    if (!this.data.rows.length) return;
    const rest = this.chosen ?? this.usual();
    const place = this.pointed ?? rest;
    const [here, stop] = [this.cellAt(place), this.cellAt(rest)];
    here.classList.add("here");
    this.heads[place[0]].classList.add("here");
    if (this.chosen) stop.classList.add("chosen");
    this.marked = [here, this.heads[place[0]], stop];
    if (this.stop) this.stop.tabIndex = -1;
    this.stop = stop;
    stop.tabIndex = 0;
    this.hint.textContent = this.chosen
      ? "This cell stays. Click it again, or press Escape, to let it go."
      : "Point at a cell, or move with the arrow keys. A click keeps it.";
    this.detail(place);
  }

  detail([b, t]) {
    const row = this.data.rows[b];
    const context = this.contextOf(row, t);
    const right = row.tokens[t + 1];
    const loss = row.losses[t];
    const guesses = this.guesses(row, t);
    const known = loss !== null;
    this.title.textContent = `Row ${row.row}, position ${t}`;
    this.sentence.replaceChildren(
      "after ", make("code", { className: "x", text: `“${context}”` }),
      " the right answer is ", make("code", { className: "y", text: `“${right}”` }),
    );
    this.loss.textContent = known ? `loss = −ln ${chance(loss)} = ${digits(loss)} nats` : "The loss is not a number here.";
    this.bars.replaceChildren(...guesses.map((guess) => this.bar(guess)));
    const list = guesses.map((guess) => `“${guess.name}” ${percent(guess.probability)}${guess.right ? ", right" : ""}`);
    this.spoken.textContent =
      `Row ${row.row}, position ${t}: after “${context}” the right answer is “${right}”. ` +
      `${known ? `Its loss is ${digits(loss)} nats` : "Its loss is not a number"}. The model says: ${list.join("; ")}.`;
  }

  contextOf(row, t) {
    const letters = row.tokens.slice(Math.max(0, t + 1 - CONTEXT_TOKENS), t + 1).map((token) => [...token]);
    let length = letters.reduce((sum, token) => sum + token.length, 0);
    while (letters.length > 1 && length > CONTEXT_LENGTH) length -= letters.shift().length;
    const whole = letters.length === t + 1;
    return (whole ? "" : "…") + letters.map((token) => token.join("")).join("");
  }

  // the likeliest tokens, and behind them the right one if it is not among them. Two tokens can look the same, a space
  // and a middle dot: of these the right one is that with the probability which the loss tells
  guesses(row, t) {
    const name = row.tokens[t + 1];
    const own = row.losses[t] === null ? null : Math.exp(-row.losses[t]);
    const guesses = row.top[t].map(([i, probability]) => ({ name: this.data.names[i], probability, right: false }));
    if (own === null) return guesses;
    const alike = guesses.filter((guess) => guess.name === name);
    const apart = (guess) => Math.abs(guess.probability - own);
    const best = alike.sort((p, q) => apart(p) - apart(q))[0];
    if (best && apart(best) <= 0.002 + 0.05 * own) best.right = true;
    else guesses.push({ name, probability: own, right: true });
    return guesses.slice(0, LINES);
  }

  bar({ name, probability, right }) {
    const filled = make("i");
    filled.style.width = `${100 * Math.min(1, probability)}%`;
    return make("li", { className: right ? "guess right" : "guess" },
      make("code", { text: name, title: name }),
      make("span", { className: "track" }, filled),
      make("span", { className: "share", text: percent(probability) }),
      make("span", { className: "mark", text: right ? "✓ right" : "" }));
  }

  move(event) {
    const cell = event.target.closest("td[data-t]");
    if (!cell) return;
    const last = [this.cells.length - 1, this.data.block_size - 1];
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    let [b, t] = this.placeOf(cell);
    if (event.key === "Escape") return this.choose(null);
    if (step) [b, t] = [b + step[0], t + step[1]];
    else if (event.key === "Home") [b, t] = [event.ctrlKey ? 0 : b, 0];
    else if (event.key === "End") [b, t] = [event.ctrlKey ? last[0] : b, last[1]];
    else if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    const next = this.cellAt([b, t]);
    if (!next) return;
    this.pointed = null;
    this.choose([b, t]);
    next.focus();
  }
}

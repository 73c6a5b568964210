// What every page shares: the theme, numbers, sortable tables, and tables drawn from columns of data.
"use strict";
const fb = (window.fb = {});

fb.data = (id = "page-data") => { const at = document.getElementById(id); return at ? JSON.parse(at.textContent) : null; };
fb.missing = "–";
fb.number = (value, digits = 2) => value === null || value === undefined ? fb.missing
  : (Math.abs(value) < 0.5 / 10 ** digits ? 0 : value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
// Decimals that suit a whole column, so that its numbers line up.
fb.digits = (values) => {
  const known = values.filter((value) => value !== null).map(Math.abs), most = Math.max(0, ...known);
  return known.every(Number.isInteger) ? 0 : most >= 1e4 ? 0 : most >= 10 ? 2 : most >= 1 ? 3 : Math.min(8, 3 - Math.floor(Math.log10(most || 1)));
};
fb.places = (values) => Math.max(0, ...values.filter((value) => value !== null).map((value) => (String(+value.toPrecision(6)).split(".")[1] || "").length));
// Words with true minus signs; dates and ranges do not break. The same as `typeset` of base.py.
fb.typeset = (text) => text.replace(/(\d)-(?=\d)/g, "$1\u2011").replace(/(?<![\p{L}\p{N}_])(?<![\p{L}\p{N}_]\()-(?=[\d$.]*\d)/gu, "−");
fb.percent = (value, digits = 2) => value === null || value === undefined ? fb.missing : fb.number(100 * value, digits) + "%";
fb.auto = (value) => value === null || value === undefined ? fb.missing
  : Math.abs(value) >= 1e5 ? fb.number(value, 0) : Number.isInteger(value) ? fb.number(value, 0) : Math.abs(value) >= 100 ? fb.number(value, 1) : Math.abs(value) >= 1 ? fb.number(value, 2) : Number(value.toPrecision(3)).toString().replace("-", "−");
fb.element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) name === "on" ? Object.entries(value).forEach(([e, f]) => made.addEventListener(e, f)) : value !== null && made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
};

// Theme: the reader's choice, else the system's. Charts listen for "themechange".
fb.dark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};
fb.colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
fb.announceTheme = () => document.dispatchEvent(new Event("themechange"));
document.getElementById("theme").addEventListener("click", () => {
  const theme = fb.dark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try { localStorage.setItem("flowbt-theme", theme); } catch (e) { /* a page from disk may have no storage */ }
  fb.announceTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", fb.announceTheme);

// Sorting. Missing values always go last.
fb.order = (a, b, down) => {
  const empty = (x) => x === null || x === undefined || x === "" || Number.isNaN(x);
  if (empty(a) || empty(b)) return empty(a) - empty(b);
  const sign = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  return down ? -sign : sign;
};
fb.read = (cell) => {
  if (!cell) return null;
  if (cell.dataset.value !== undefined) return cell.dataset.value === "" ? null : Number.isNaN(+cell.dataset.value) ? cell.dataset.value : +cell.dataset.value;
  const text = cell.textContent.trim();
  if (text === fb.missing || text === "") return null;
  const plain = text.replace(/−/g, "-").replace(/[,%$\s]/g, "");
  return /^[-+]?\d*\.?\d+(e[-+]?\d+)?$/i.test(plain) ? +plain : text;
};
fb.headButton = (th, click) => {
  const button = fb.element("button", { type: "button", class: "sort" });
  button.append(...th.childNodes);
  button.addEventListener("click", click);
  th.append(button);
};
fb.sortable = (table) => {
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  heads.forEach((th, column) => fb.headButton(th, () => {
    const down = th.getAttribute("aria-sort") === "ascending" || (th.getAttribute("aria-sort") === null && th.classList.contains("num"));
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    th.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort((a, b) => fb.order(fb.read(a.cells[column]), fb.read(b.cells[column]), down)));
  }));
};
document.querySelectorAll("table.sortable").forEach(fb.sortable);

// A table over columns of data: sorted, filtered and shown a page at a time. Column: {name, kind, values, label?}.
fb.DataTable = class {
  constructor(table, pager, columns, { size = 25, onChoose = null } = {}) {
    Object.assign(this, { table, pager, columns, size, onChoose, page: 0, sorted: null, down: false, chosen: null, keep: () => true });
    table.replaceChildren(fb.element("thead"), fb.element("tbody"));
    this.length = columns.length ? columns[0].values.length : 0;
    this.show(columns);
  }
  head(columns) {
    this.columns = columns;
    const row = fb.element("tr");
    columns.forEach((column, at) => {
      const th = fb.element("th", { scope: "col", class: column.kind === "text" || column.kind === "date" ? null : "num" }, column.label ?? column.name);
      if (!column.unsorted) fb.headButton(th, () => this.sort(at));
      row.append(th);
    });
    this.table.tHead.replaceChildren(row);
    this.sorted = null;
  }
  sort(at) {
    this.down = this.sorted === at ? !this.down : !["text", "date"].includes(this.columns[at].kind);
    this.sorted = at;
    [...this.table.tHead.rows[0].cells].forEach((th, i) => i === at ? th.setAttribute("aria-sort", this.down ? "descending" : "ascending") : th.removeAttribute("aria-sort"));
    this.page = 0;
    this.show();
  }
  filter(keep) { this.keep = keep; this.page = 0; this.show(); }
  text(column, value) {
    if (value === null) return fb.missing;
    if (column.kind.startsWith("fixed")) return fb.number(value, +column.kind.slice(5));
    return column.kind === "percent" ? fb.percent(value) : column.kind === "number" ? fb.auto(value) : String(value);
  }
  show(columns = null) {
    if (columns) this.head(columns);
    this.rows = [];
    for (let i = 0; i < this.length; i++) if (this.keep(i)) this.rows.push(i);
    if (this.sorted !== null) { const values = this.columns[this.sorted].values; this.rows.sort((a, b) => fb.order(values[a], values[b], this.down)); }
    const pages = Math.max(1, Math.ceil(this.rows.length / this.size));
    this.page = Math.min(this.page, pages - 1);
    const body = this.table.tBodies[0];
    body.replaceChildren(...this.rows.slice(this.page * this.size, (this.page + 1) * this.size).map((i) => this.line(i)));
    if (!this.rows.length) body.append(fb.element("tr", {}, fb.element("td", { colspan: this.columns.length }, "Nothing matches.")));
    const step = (by, label) => fb.element("button", { type: "button", on: { click: () => { this.page += by; this.show(); } } }, label);
    const back = step(-1, "Previous"), next = step(1, "Next");
    back.disabled = this.page === 0; next.disabled = this.page === pages - 1;
    this.pager.replaceChildren(...(pages > 1 ? [back, `page ${this.page + 1} of ${pages}`, next] : []));
  }
  line(i) {
    const cells = this.columns.map((column) => {
      const value = column.values[i];
      const kind = column.kind === "text" ? "" : column.kind === "date" ? "date" : "num" + (column.signed && value < 0 ? " neg" : "");
      return fb.element("td", { class: kind || null }, column.render ? column.render(i) : this.text(column, value));
    });
    const row = fb.element("tr", { "data-row": i, tabindex: this.onChoose ? 0 : null }, ...cells);
    if (this.onChoose) {
      row.classList.toggle("chosen", this.chosen === i);
      const choose = () => { this.chosen = i; [...this.table.tBodies[0].rows].forEach((r) => r.classList.toggle("chosen", r === row)); this.onChoose(i); };
      row.addEventListener("click", choose);
      row.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(); });
    }
    return row;
  }
};

// A filter box: words must all be contained; `name>number` (or <, =) compares a column.
fb.matcher = (text, columns) => {
  const tests = text.trim().split(/\s+/).filter(Boolean).map((word) => {
    const rule = word.match(/^(.+?)(>=|<=|>|<|=)(-?[\d.]+)(%?)$/);
    const column = rule && columns.find((c) => [c.name, c.label].some((name) => name?.toLowerCase() === rule[1].toLowerCase()));
    if (column) {
      const limit = +rule[3] / (rule[4] ? 100 : 1);
      const compare = { ">": (x) => x > limit, "<": (x) => x < limit, ">=": (x) => x >= limit, "<=": (x) => x <= limit, "=": (x) => x === limit }[rule[2]];
      return (i) => column.values[i] !== null && compare(column.values[i]);
    }
    const wanted = word.toLowerCase();
    return (i) => columns.some((c) => c.values[i] !== null && String(c.values[i]).toLowerCase().includes(wanted));
  });
  return (i) => tests.every((test) => test(i));
};

// Mark the section in view in the navigation.
if ("IntersectionObserver" in window) {
  const links = new Map([...document.querySelectorAll("nav .links a[href^='#']")].map((a) => [a.getAttribute("href").slice(1), a]));
  const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (!entry.isIntersecting) return;
    links.forEach((a) => a.removeAttribute("aria-current"));
    links.get(entry.target.id)?.setAttribute("aria-current", "true");
  }), { rootMargin: "-15% 0px -75% 0px" });
  links.forEach((_, id) => { const section = document.getElementById(id); if (section) seen.observe(section); });
}

// Answers as they are now: trials and walk-forwards may have come since the page was written.
document.querySelectorAll("[data-told]").forEach((cell) => {
  const now = (window.flowbtBeliefs || {})[cell.dataset.told], told = cell.querySelector(".told");
  if (!now || !told) return;
  told.className = `told ${now.tone}`;
  told.textContent = now.answer;
  told.nextElementSibling.textContent = fb.typeset(now.sentence);
});
document.querySelectorAll("[data-belief]").forEach((answer) => {
  const now = (window.flowbtBeliefs || {})[answer.dataset.belief];
  if (!now) return;
  answer.className = `answer ${now.tone}`;
  answer.querySelector(".sentence").textContent = fb.typeset(now.sentence);
  const held = answer.querySelector(".held"), against = now.checks.find((check) => check.name === "holding");
  if (held && against) held.textContent = `Against holding: ${fb.typeset(against.words)}.`;
  answer.querySelector(".do").textContent = `Next: ${now.do}.`;
  answer.querySelector(".checks").replaceChildren(...now.checks.map((check) => fb.element("li", { class: check.state, title: fb.typeset(check.words) }, check.name)));
});

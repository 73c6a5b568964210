// The browser page: find, sort, tick and compare runs; when served, tags, notes and progress too.
"use strict";
(() => {
  const { runs: columnsOf, count, live } = fb.data(), runs = unpacked(columnsOf, count), at = (id) => document.getElementById(id), ticked = new Set();
  const measure = (name) => runs.map((run) => run[name]);
  const words = (run) => run.named.map((name, k) => `${name}=${run.values[k]}`).join(" ");

  const spark = (run) => {
    const points = run.spark.filter((y) => y !== null), w = 96, h = 24;
    if (points.length < 2) return "";
    const low = Math.min(...points), high = Math.max(...points), range = high - low || 1;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS(svg.namespaceURI, "path");
    svg.setAttribute("viewBox", `0 0 ${w} ${h}`); svg.setAttribute("class", points.at(-1) >= 1 ? "spark" : "spark down"); svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `value from 1 to ${fb.number(points.at(-1))}`);
    path.setAttribute("d", points.map((y, i) => `${i ? "L" : "M"}${((i / (points.length - 1)) * w).toFixed(1)} ${(h - 2 - ((y - low) / range) * (h - 4)).toFixed(1)}`).join(""));
    svg.append(path);
    return svg;
  };
  const tick = (i) => {
    const box = fb.element("input", { type: "checkbox", "aria-label": `tick ${runs[i].strategy} ${runs[i].id}` });
    box.checked = ticked.has(i);
    box.addEventListener("change", () => { box.checked ? ticked.add(i) : ticked.delete(i); at("compare").disabled = ticked.size < 2; at("compare").textContent = ticked.size ? `Compare ${ticked.size} ticked runs` : "Compare ticked runs"; });
    return box;
  };
  const name = (i) => {
    const run = runs[i], badges = [...(run.synthetic ? [fb.element("span", { class: "badge synthetic" }, "SYNTHETIC")] : []), ...(run.look_ahead ? [fb.element("span", { class: "badge leak", title: run.look_ahead }, "LOOK-AHEAD")] : []), ...run.tags.map((tag) => fb.element("span", { class: "badge" }, tag))];
    return fb.element("div", {}, fb.element("a", { href: run.href }, run.strategy), ...badges.flatMap((badge) => [" ", badge]), fb.element("div", { class: "range" }, words(run)), ...(run.answer ? [fb.element("div", { class: "range said" }, fb.typeset(run.sentence))] : []), ...(run.note ? [fb.element("div", { class: "notes" }, run.note)] : []),
      ...(live ? [fb.element("button", { type: "button", class: "quiet", on: { click: () => edit(i) } }, "tags and note")] : []));
  };
  const columns = [
    { name: "tick", label: "", kind: "text", values: runs.map(() => null), render: tick, unsorted: true },
    { name: "run", label: "Run", kind: "text", values: runs.map((run) => run.strategy), render: name },
    { name: "answer", label: "Believe it?", kind: "text", values: runs.map((run) => run.answer ?? ""), render: (i) => fb.element("span", { class: `told ${runs[i].tone ?? ""}` }, runs[i].answer ?? "–") },
    { name: "value", label: "Value", kind: "number", values: runs.map((run) => run.spark.at(-1) ?? null), render: (i) => spark(runs[i]) },
    { name: "sharpe", label: "Sharpe", kind: "fixed2", values: measure("sharpe"), signed: true },
    { name: "cagr", label: "CAGR, %", kind: "fixed1", values: measure("cagr").map((x) => x === null ? null : 100 * x), signed: true },
    { name: "drawdown", label: "Max drawdown, %", kind: "fixed1", values: measure("max_drawdown").map((x) => x === null ? null : 100 * x) },
    { name: "trades", label: "Trades", kind: "number", values: measure("trades") },
    { name: "from", label: "From", kind: "date", values: runs.map((run) => run.from?.slice(0, 10) ?? null) },
    { name: "to", label: "To", kind: "date", values: runs.map((run) => run.to?.slice(0, 10) ?? null) },
    { name: "made", label: "Made", kind: "date", values: runs.map((run) => run.created?.slice(0, 16).replace("T", " ") ?? null) },
    { name: "id", label: "Id", kind: "text", values: runs.map((run) => run.id) },
  ];
  const found = [...columns, { name: "all", values: runs.map((run) => `${run.thesis} ${words(run)} ${run.tags.join(" ")} ${run.note} ${(run.symbols || []).join(" ")}`) }];
  const table = new fb.DataTable(at("run-table"), at("run-pager"), columns, { size: 50 });
  const fillTags = () => {
    const tags = [...new Set(runs.flatMap((run) => run.tags))].sort(), had = at("tag").value;
    at("tag").replaceChildren(fb.element("option", { value: "" }, "any"), ...tags.map((tag) => fb.element("option", { value: tag }, tag)));
    at("tag").value = tags.includes(had) ? had : "";
  };
  const update = () => {
    const text = fb.matcher(at("find").value, found), kind = at("kind").value, tag = at("tag").value;
    table.filter((i) => text(i) && (!kind || (kind === "SYNTHETIC") === !!runs[i].synthetic) && (!tag || runs[i].tags.includes(tag)));
    at("run-count").textContent = `${fb.number(table.rows.length, 0)} of ${fb.number(runs.length, 0)} runs`;
  };
  let waiting;
  at("find").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(update, 80); });
  ["kind", "tag"].forEach((id) => at(id).addEventListener("change", update));
  fillTags(); update();

  // Compare: the full page when served; here, lines and key measures side by side.
  at("compare").addEventListener("click", () => {
    const chosen = [...ticked].map((i) => runs[i]);
    if (live) { location.href = "compare?" + chosen.map((run) => "run=" + encodeURIComponent(run.id)).join("&"); return; }
    const rows = [["Sharpe", "sharpe", 1, 2], ["CAGR, %", "cagr", 100, 1], ["Volatility, %", "volatility", 100, 1], ["Max drawdown, %", "max_drawdown", 100, 1], ["Trades", "trades", 1, 0], ["Win rate, %", "win_rate", 100, 0]];
    at("side-table").replaceChildren(
      fb.element("thead", {}, fb.element("tr", {}, fb.element("th", {}, "Measure"), ...chosen.map((run) => fb.element("th", { class: "num" }, `${run.strategy} ${run.id.slice(0, 6)}`)))),
      fb.element("tbody", {}, ...rows.map(([label, key, by, digits]) => fb.element("tr", {}, fb.element("th", {}, label), ...chosen.map((run) => fb.element("td", { class: "num" }, run[key] === null ? fb.missing : fb.number(by * run[key], digits)))))));
    at("side-command").textContent = `flowbt compare ${chosen.map((run) => run.id).join(" ")} --html`;
    at("side").showModal();
    const palette = fb.palette();
    fb.chart("side-chart", () => ({ traces: chosen.map((run, k) => ({ y: run.spark, x: run.spark.map((_, i) => i / (run.spark.length - 1)), name: `${run.strategy} ${run.id.slice(0, 6)}`.replace(/</g, "&lt;"), type: "scatter", mode: "lines", line: { color: palette[k % palette.length], dash: k < palette.length ? "solid" : "dot" } })), layout: { hovermode: "closest", xaxis: { tickformat: ".0%", title: { text: "of each run's span" } } } }));
    fb.redraw("side-chart");
  });

  // The rows of `results/packing.py`, out of its columns.
  function unpacked(columns, count) {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", level = (a, b) => a === "." ? null : 64 * letters.indexOf(a) + letters.indexOf(b);
    const cell = (column, i) => Array.isArray(column) ? column[i] : column.of[column.at[i]];
    const line = ([low, high, points = ""]) => Array.from({ length: points.length / 2 }, (_, i) => level(points[2 * i], points[2 * i + 1])).map((y) => y === null ? null : low + ((high - low) * y) / 4095);
    return Array.from({ length: count }, (_, i) => {
      const run = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, cell(column, i)])), figures = run.figures.split(" ");
      return { ...run, spark: line(run.spark), sentence: run.words.map((text, k) => text + (figures[k] ?? "")).join(""), href: `${run.folder}/${run.id}/tearsheet.html` };
    });
  }

  function edit(i) {
    const run = runs[i], dialog = at("marks");
    at("marks-tags").value = run.tags.join(" "); at("marks-note").value = run.note;
    dialog.returnValue = "cancel";
    dialog.onclose = async () => {
      if (dialog.returnValue !== "save") return;
      const body = JSON.stringify({ run: run.id, tags: at("marks-tags").value.split(/\s+/).filter(Boolean), note: at("marks-note").value });
      const answer = await fetch("api/mark", { method: "POST", headers: { "Content-Type": "application/json", "X-Flowbt": "page" }, body });
      if (answer.ok) { Object.assign(run, await answer.json()); fillTags(); update(); }
      else at("run-count").textContent = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".headline")?.textContent ?? "not saved";
    };
    dialog.showModal();
  }

  // Progress of running sweeps and galleries, every two seconds.
  async function poll() {
    try {
      const states = (await (await fetch("api/progress")).json()).filter((state) => state.age < 60 && state.done < state.total && (state.state ?? "running") === "running");
      at("running").hidden = !states.length;
      at("progress").replaceChildren(...states.map((state) => fb.element("p", { class: "work" }, fb.element("b", {}, state.title), " ", fb.element("progress", { max: state.total, value: state.done, "aria-label": state.title }),
        ` ${fb.number(state.done, 0)} of ${fb.number(state.total, 0)}${state.words ? ", " + state.words : ""}`)));
    } catch (e) { at("running").hidden = true; return; }
    setTimeout(poll, 2000);
  }
  if (live) poll();
  document.body.dataset.drawn = "true";
})();

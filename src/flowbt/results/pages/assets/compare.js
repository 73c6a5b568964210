// The charts and trade tables of a comparison.
"use strict";
(() => {
  const data = fb.data(), dashes = ["solid", "solid", "dash", "dot", "dashdot", "longdash"];
  const colour = (at) => { const all = fb.palette(); return all[[0, 1, 2, 5, 4, 3, 6, 7][at % 8] % all.length]; };
  const lines = (series, form) => series.map((y, at) => ({
    x: data.equity.labels, y, name: data.runs[at].label.replace(/</g, "&lt;"), type: "scatter", mode: "lines", hovertemplate: form, line: { color: colour(at), width: at === 0 ? 1.9 : 1.4, dash: dashes[Math.floor(at / 8) % 6] },
  }));
  fb.chart("equity-chart", () => {
    const log = document.querySelector('input[name="scale"]:checked').value === "log";
    document.querySelectorAll("[data-line]").forEach((patch) => { patch.style.background = colour(+patch.dataset.line); });
    return { traces: lines(data.equity.lines, "%{y:.3f}"), layout: { yaxis: { type: log ? "log" : "linear", title: { text: "value of 1 invested" }, tickformat: ".3~f" } } };
  });
  fb.chart("underwater-chart", () => ({ traces: lines(data.equity.underwater, "%{y:.1%}"), layout: { yaxis: { title: { text: "below the highest" }, tickformat: ".0%" }, showlegend: false } }));
  document.querySelectorAll('input[name="scale"]').forEach((input) => input.addEventListener("change", () => fb.redraw("equity-chart")));
  document.getElementById("only-differing").addEventListener("change", (event) => document.querySelectorAll("table.inputs").forEach((table) => table.classList.toggle("only", event.target.checked)));
  const kinds = { what: "text", symbol: "text", side: "text", entry: "date", exit_first: "date", exit_other: "date", return_first: "percent", return_other: "percent" };
  document.querySelectorAll("[data-trades]").forEach((table) => {
    const rows = data.trades[+table.dataset.trades].rows;
    const columns = Object.entries(kinds).map(([name, kind]) => ({ name, kind, label: name.replace("_", ", "), signed: kind === "percent", values: rows.map((row) => row[name]) }));
    new fb.DataTable(table, document.querySelector(`[data-pager="${table.dataset.trades}"]`), columns, { size: 15 });
  });
  fb.drawAll().then(() => fb.zoomTogether(["equity-chart", "underwater-chart"]));
})();

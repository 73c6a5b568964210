// The charts of a sweep: luck, maps of two parameters, one parameter at a time, trials as lines and rows.
"use strict";
(() => {
  const data = fb.data(), at = (id) => document.getElementById(id), safe = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;");
  const scale = () => fb.dark() ? [[0, "#3a2a1c"], [0.5, "#22272e"], [1, "#56b4e9"]] : [[0, "#d98a4e"], [0.5, "#f3f0ea"], [1, "#0072b2"]];

  if (data.histogram.counts) fb.chart("histogram-chart", () => {
    const h = data.histogram, line = (x, name, dash, y) => ({ x: [x, x], y: [0, y], type: "scatter", mode: "lines", name, line: { width: 1.6, dash, color: fb.colour(dash === "dash" ? "placebo" : "loss") }, hoverinfo: "name" });
    const top = Math.max(...h.counts), all = [h.middle[0] - h.width / 2, h.middle.at(-1) + h.width / 2, h.best, ...(h.noise || []), ...(h.luck ? [h.luck] : [])];
    const reach = [Math.min(...all) - h.width / 3, Math.max(...all) + h.width / 3];
    return {
      traces: [
        { x: h.middle, y: h.counts, width: h.width, type: "bar", name: "trials", marker: { color: fb.fade(fb.colour("strategy"), 0.7) }, hovertemplate: "Sharpe %{x:.2f}: %{y} trials<extra></extra>" },
        ...(h.luck === null || h.luck === undefined ? [] : [line(h.luck, "expected best of luck", "dash", top)]), line(h.best, "best trial", "solid", top),
      ],
      layout: {
        hovermode: "closest", bargap: 0.05, margin: { ...fb.layout().margin, b: 46 }, xaxis: { title: { text: "Sharpe, a year" }, range: reach }, yaxis: { title: { text: "trials" } },
        shapes: h.noise ? [{ type: "rect", x0: h.noise[0], x1: h.noise[1], yref: "paper", y0: 0, y1: 1, line: { width: 0 }, fillcolor: fb.fade(fb.colour("placebo"), 0.16) }] : [],
        annotations: h.noise ? [{ x: h.noise[0], yref: "paper", y: 0.98, yanchor: "top", xanchor: "left", xshift: 4, text: "best of noise", showarrow: false, font: { size: 11, color: fb.colour("ink") } }] : [],
      },
    };
  });

  if (data.maps.length) fb.chart("map-chart", () => {
    const map = data.maps[+at("pair").value], metric = at("metric").value, over = document.querySelector('input[name="over"]:checked').value;
    const z = map[over][metric], flat = z.flat().filter((v) => v !== null), most = Math.max(...flat.map(Math.abs), 1e-9), share = ["cagr", "max_drawdown"].includes(metric);
    const signed = metric !== "trades", form = share ? ".1%" : metric === "trades" ? ",.0f" : ".2f", few = z.length * z[0].length <= 150 && at("map-chart").clientWidth / (z[0].length + 3) > 36;
    return {
      traces: [{
        type: "heatmap", z, x: map.x_labels.map(safe), y: map.y_labels.map(safe), colorscale: signed ? scale() : [[0, fb.colour("panel")], [1, fb.colour("strategy")]], zmin: signed ? -most : 0, zmax: most, xgap: 2, ygap: 2, hoverongaps: false,
        texttemplate: few ? `%{z:${form}}` : "", textfont: { size: 11 }, colorbar: { thickness: 10, outlinewidth: 0, tickformat: form },
        hovertemplate: `${safe(map.x)} %{x}<br>${safe(map.y)} %{y}<br>${safe(data.labels[metric])} %{z:${form}}<extra></extra>`,
      }],
      layout: { hovermode: "closest", margin: { ...fb.layout().margin, r: 60, b: 46 }, xaxis: { type: "category", title: { text: safe(map.x) } }, yaxis: { type: "category", title: { text: safe(map.y) }, automargin: true } },
    };
  });

  fb.chart("curve-chart", () => {
    const name = at("parameter").value, c = data.curves[name], x = c.labels.map(safe), colour = fb.colour("strategy");
    const line = (y, more) => ({ x, y, type: "scatter", mode: "lines", line: { width: 0, color: colour }, hoverinfo: "skip", showlegend: false, ...more });
    return {
      traces: [line(c.low), line(c.high, { fill: "tonexty", fillcolor: fb.fade(colour, 0.18) }), line(c.middle, { name: "median", showlegend: true, mode: "lines+markers", line: { width: 1.8, color: colour }, hovertemplate: "%{y:.2f}", hoverinfo: "all" }),
        { x, y: c.best, type: "scatter", mode: "markers", name: "best", marker: { color: fb.colour("placebo"), size: 7, symbol: "diamond" }, hovertemplate: "%{y:.2f}" }],
      layout: { xaxis: { type: "category", title: { text: safe(name) } }, yaxis: { title: { text: "Sharpe, a year" } }, margin: { ...fb.layout().margin, b: 46 } },
    };
  });

  // Parallel lines: every axis scaled to 0..1; five shades by rank of Sharpe. Categories take their order of appearance.
  const columns = data.trials, by = Object.fromEntries(columns.map((c) => [c.name, c])), axes = [...data.parameters, "sharpe"].map((name) => by[name]).filter(Boolean);
  const places = axes.map((axis) => {
    const known = [...new Set(axis.values.filter((v) => v !== null))].sort((a, b) => fb.order(a, b)), even = axis.kind === "text" || known.length <= 24 && axis.name !== "sharpe";
    const low = known[0], range = known.at(-1) - low || 1;
    const place = (v) => v === null ? null : even ? (known.length > 1 ? known.indexOf(v) / (known.length - 1) : 0.5) : (v - low) / range;
    const apart = (i) => (even ? (((i * 0.618034) % 1) - 0.5) * 0.04 : 0); // lines of a grid side by side, not on top of each other
    return { at: axis.values.map((v, i) => (v === null ? null : place(v) + apart(i))), ticks: even && known.length <= 12 ? known : even ? known.filter((_, i) => i % Math.ceil(known.length / 8) === 0) : [low, low + range / 2, low + range], place };
  });
  let keep = () => true;
  fb.chart("lines-chart", () => {
    const ranked = columns[0].values.map((_, i) => i).filter((i) => by.sharpe.values[i] !== null).sort((a, b) => by.sharpe.values[a] - by.sharpe.values[b]), colour = fb.colour("strategy");
    const path = (rows) => { const x = [], y = []; rows.forEach((i) => { places.forEach((p, k) => { x.push(k); y.push(p.at[i]); }); x.push(null); y.push(null); }); return { x, y }; };
    const trace = (rows, tone, alpha, width) => ({ ...path(rows), type: "scatter", mode: "lines", line: { width, color: fb.fade(tone, alpha) }, hoverinfo: "skip" });
    const inside = ranked.filter(keep), outside = ranked.filter((i) => !keep(i)), step = Math.ceil(inside.length / 5) || 1;
    const shades = [0, 1, 2, 3, 4].map((k) => trace(inside.slice(k * step, (k + 1) * step), k < 2 ? fb.colour("benchmark") : colour, [0.10, 0.14, 0.16, 0.28, 0.55][k], [0.8, 0.8, 0.9, 1, 1.3][k]));
    const marks = places.flatMap((p, k) => p.ticks.map((v) => ({ x: k, y: p.place(v), text: safe(typeof v === "number" ? fb.auto(+v.toPrecision(3)) : v), showarrow: false, xanchor: k === places.length - 1 ? "left" : "right", xshift: k === places.length - 1 ? 6 : -6, font: { size: 11, color: fb.colour("ink") }, bgcolor: fb.fade(fb.colour("paper"), 0.7) })));
    return {
      traces: [trace(outside, fb.colour("benchmark"), 0.05, 0.6), ...shades],
      layout: {
        hovermode: false, showlegend: false, dragmode: false, annotations: marks, margin: { l: 60, r: 50, t: 30, b: 20 },
        xaxis: { tickvals: axes.map((_, k) => k), ticktext: axes.map((a) => safe(a.label || a.name)), side: "top", showgrid: true, range: [-0.15, axes.length - 0.8], zeroline: false, fixedrange: true }, yaxis: { visible: false, range: [-0.06, 1.06], fixedrange: true },
      },
    };
  });

  const table = new fb.DataTable(at("trial-table"), at("trial-pager"), columns.map((c) => ({ ...c, kind: data.parameters.includes(c.name) && c.kind === "number" ? `fixed${fb.places(c.values)}` : c.kind, signed: ["sharpe", "cagr", "total_return"].includes(c.name) })), { size: 25 });
  const count = () => { at("trial-count").textContent = `${fb.number(table.rows.length, 0)} of ${fb.number(table.length, 0)} shown trials`; };
  let waiting;
  at("find").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { keep = fb.matcher(at("find").value, columns); table.filter(keep); count(); fb.redraw("lines-chart"); }, 120); });
  count();
  ["pair", "metric"].forEach((id) => at(id)?.addEventListener("change", () => fb.redraw("map-chart")));
  document.querySelectorAll('input[name="over"]').forEach((input) => input.addEventListener("change", () => fb.redraw("map-chart")));
  at("parameter").addEventListener("change", () => fb.redraw("curve-chart"));
  fb.drawAll();
})();

// The charts of a walk-forward: value in the test windows, and the chosen metric inside and outside of each.
"use strict";
(() => {
  const data = fb.data(), modes = Object.keys(data.lines), colours = ["strategy", "placebo"];
  fb.chart("value-chart", () => ({
    traces: modes.map((mode, k) => ({ x: data.lines[mode].labels, y: data.lines[mode].value, name: mode, type: "scatter", mode: "lines", line: { width: 1.7, color: fb.colour(colours[k % 2]) }, hovertemplate: "%{y:.3f}" })),
    layout: { yaxis: { title: { text: "value of 1 invested" }, tickformat: ".3~f" } },
  }));
  fb.chart("windows-chart", () => {
    const rows = data.windows[modes[0]], bar = (key, name, colour) => ({ x: rows.map((row) => row.test_from), y: rows.map((row) => row[key] ?? null), name, type: "bar", marker: { color: fb.fade(fb.colour(colour), 0.75) }, hovertemplate: "%{y:.2f}" });
    return { traces: [bar("inside", `${data.metric} inside`, "benchmark"), bar("outside", `${data.metric} outside`, "strategy")], layout: { barmode: "group", yaxis: { title: { text: data.metric } }, xaxis: { type: "category", automargin: true, title: { text: `first day of the test window, ${modes[0]}`, standoff: 12 } } } };
  });
  fb.drawAll();
})();

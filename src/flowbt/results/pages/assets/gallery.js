// Each strategy's Sharpe with its interval, over the range of its own placebos.
"use strict";
(() => {
  const d = fb.data(), safe = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;");
  if (d.names.length) fb.chart("forest-chart", () => {
    const rows = d.names.map((_, i) => i).reverse(), y = rows.map((i) => safe(d.names[i])), of = (key) => rows.map((i) => d[key][i]);
    const widths = rows.map((i) => d.placebo_high[i] === null ? null : d.placebo_high[i] - d.placebo_low[i]);
    return {
      traces: [
        { type: "bar", orientation: "h", y, x: widths, base: of("placebo_low"), width: 0.5, name: "placebos, middle 90%", marker: { color: fb.fade(fb.colour("benchmark"), 0.32) }, hovertemplate: "%{y}: placebos %{base:.2f} to %{x:.2f}<extra></extra>" },
        { type: "scatter", mode: "markers", y, x: of("sharpe"), name: "Sharpe, 95% (filled: beats its placebos)", marker: { size: 8, color: rows.map((i) => fb.colour(d.beats[i] ? "strategy" : "placebo")), symbol: rows.map((i) => (d.beats[i] ? "circle" : "circle-open")) },
          error_x: { type: "data", symmetric: false, array: rows.map((i) => d.sharpe_high[i] === null ? 0 : d.sharpe_high[i] - d.sharpe[i]), arrayminus: rows.map((i) => d.sharpe_low[i] === null ? 0 : d.sharpe[i] - d.sharpe_low[i]), color: fb.colour("soft"), thickness: 1, width: 0 }, hovertemplate: "%{y}: %{x:.2f}<extra></extra>" },
      ],
      layout: { hovermode: "closest", barmode: "overlay", margin: { l: 8, r: 12, t: 30, b: 42 }, xaxis: { title: { text: "Sharpe, a year" }, zeroline: true, showgrid: true }, yaxis: { type: "category", automargin: true, showgrid: false, tickfont: { size: 11 } } },
    };
  });
  fb.drawAll();
})();

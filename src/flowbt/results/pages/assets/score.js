// The scoreboard's filter and the charts of a claim's page.
"use strict";
(() => {
  const box = document.getElementById("filter"), shown = document.getElementById("shown");
  if (box) {
    const rows = [...document.querySelectorAll("#claims table.score tbody tr")];
    const apply = () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row) => { row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word)); });
      shown.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
    };
    box.addEventListener("input", apply);
    apply();
  }

  const data = fb.data();
  if (!data || !fb.chart) {
    document.body.dataset.drawn = "true";
    return;
  }
  const format = data.percent ? "+.2%" : "+.3~g";
  if (data.curve.length) {
    fb.chart("curve-chart", () => {
      const x = data.curve.map((_, i) => i + 1), tone = (r) => fb.colour(r.p !== null && r.p <= data.level ? "strategy" : "benchmark");
      const known = data.curve.map((r) => r.low !== null);
      return {
        traces: [{
          x, y: data.curve.map((r) => r.effect), text: data.curve.map((r) => r.label), type: "scatter", mode: "markers", name: "effect",
          marker: { color: data.curve.map(tone), size: data.curve.map((r) => (r.reported ? 13 : 6)), symbol: data.curve.map((r) => (r.reported ? "diamond" : "circle")) },
          error_y: {
            type: "data", symmetric: false, thickness: 1, width: 0, color: fb.fade(fb.colour("soft"), 0.5),
            array: data.curve.map((r, i) => (known[i] ? r.high - r.effect : 0)), arrayminus: data.curve.map((r, i) => (known[i] ? r.effect - r.low : 0)),
          },
          customdata: data.curve.map((r) => [r.p, r.n, r.n_effective]),
          hovertemplate: `%{text}<br>effect %{y:${format}}, p %{customdata[0]:.3f}, n %{customdata[1]} (%{customdata[2]})<extra></extra>`,
        }],
        layout: {
          hovermode: "closest", showlegend: false, margin: { l: 64, r: 12, t: 26, b: 48 }, xaxis: { title: { text: "definitions, sorted by effect" }, zeroline: false },
          yaxis: { title: { text: `effect${data.percent ? "" : `, ${data.units}`}` }, tickformat: data.percent ? ".1%" : "" },
          shapes: data.stated === null ? [] : [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: data.stated, y1: data.stated, line: { color: fb.colour("placebo"), dash: "dash", width: 1.4 } }],
        },
      };
    });
  }
  if (data.path) {
    fb.chart("path-chart", () => {
      const x = data.path.mean.map((_, i) => i + data.path.from), own = fb.colour("strategy");
      return {
        traces: [
          { x: [...x, ...[...x].reverse()], y: [...data.path.high, ...[...data.path.low].reverse()], type: "scatter", fill: "toself", fillcolor: fb.fade(own, 0.16), line: { width: 0 }, hoverinfo: "skip", name: "95% band" },
          { x, y: data.path.baseline, type: "scatter", mode: "lines", name: "any session", line: { color: fb.colour("benchmark"), dash: "dash", width: 1.3 }, hovertemplate: "%{y:+.2%}" },
          { x, y: data.path.mean, type: "scatter", mode: "lines", name: "after the event", line: { color: own, width: 2 }, hovertemplate: "%{y:+.2%}" },
        ],
        layout: {
          margin: { l: 64, r: 12, t: 26, b: 48 }, xaxis: { title: { text: "sessions from the event" }, zeroline: true }, yaxis: { tickformat: ".1%", title: { text: "log return" } },
          shapes: data.horizon && data.horizon <= x[x.length - 1] ? [{ type: "line", yref: "paper", y0: 0, y1: 1, x0: data.horizon, x1: data.horizon, line: { color: fb.colour("placebo"), dash: "dot", width: 1.2 } }] : [],
        },
      };
    });
  }
  fb.drawAll();
})();

// Charts: one look for all of them, redrawn when the theme changes, zoomed together when they share the time axis.
"use strict";
fb.charts = new Map(); // id -> function that draws it

fb.palette = () => ["strategy", "placebo", "gain", "loss", "benchmark"].map(fb.colour).concat(fb.dark() ? ["#cc79a7", "#f0e442", "#b39ddb"] : ["#a8517f", "#8a7d00", "#5e4b9c"]);
fb.lineColour = (name) => fb.colour(name) || fb.colour("strategy");

fb.layout = (extra = {}) => {
  const ink = fb.colour("soft"), line = fb.colour("line"), narrow = innerWidth < 640;
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: fb.colour("benchmark"), zerolinewidth: 1, tickcolor: line, fixedrange: false };
  const { xaxis = {}, yaxis = {}, ...rest } = extra;
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: getComputedStyle(document.body).fontFamily, size: narrow ? 11 : 12, color: ink },
    margin: { l: narrow ? 50 : 64, r: 12, t: 26, b: 30 }, hovermode: "x unified", dragmode: narrow ? false : "zoom", showlegend: true,
    hoverlabel: { bgcolor: fb.colour("panel"), bordercolor: line, font: { color: fb.colour("ink"), size: 12 } },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", xanchor: "left", bgcolor: "rgba(0,0,0,0)" },
    xaxis: { ...axis, showgrid: false, ...xaxis }, yaxis: { ...axis, automargin: narrow, ...yaxis }, ...rest,
  };
};
fb.config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "toImage"] };

// Register a chart by the id of its element; `make` returns {traces, layout}.
fb.chart = (id, make) => {
  const at = document.getElementById(id);
  if (!at) return;
  const draw = () => {
    const { traces, layout } = make();
    return Plotly.react(at, traces, fb.layout(layout), fb.config).then(() => { at.dataset.drawn = "true"; });
  };
  fb.charts.set(id, draw);
};
fb.redraw = (...ids) => (ids.length ? ids : [...fb.charts.keys()]).forEach((id) => fb.charts.get(id)?.());
document.addEventListener("themechange", () => fb.redraw());

// Paper is white: charts are drawn light for printing, and as they were afterwards.
addEventListener("beforeprint", () => {
  fb.unprinted = document.documentElement.dataset.theme ?? "";
  document.documentElement.dataset.theme = "light";
  fb.redraw();
});
addEventListener("afterprint", () => {
  if (fb.unprinted) document.documentElement.dataset.theme = fb.unprinted;
  else delete document.documentElement.dataset.theme;
  fb.redraw();
});

// Draw one chart per frame, in page order, so that the text can be read at once.
fb.drawAll = async () => {
  for (const [, draw] of fb.charts) {
    await new Promise((done) => setTimeout(done, 0));
    await draw();
  }
  document.body.dataset.drawn = "true";
};

// Charts of the same time axis zoom together.
fb.zoomTogether = (ids) => {
  const all = ids.map((id) => document.getElementById(id)).filter(Boolean);
  let busy = false;
  all.forEach((source) => source.on("plotly_relayout", (event) => {
    const range = event["xaxis.range[0]"] ? [event["xaxis.range[0]"], event["xaxis.range[1]"]] : null;
    if (busy || (!range && !event["xaxis.autorange"])) return;
    busy = true;
    const update = range ? { "xaxis.range": range, "xaxis.autorange": false } : { "xaxis.autorange": true };
    Promise.all(all.filter((other) => other !== source).map((other) => Plotly.relayout(other, update))).finally(() => { busy = false; });
  }));
};

// Shading by state: one filled step line per state on a hidden second axis. `codes` has a state number per label.
fb.shading = (labels, regime) => {
  const colours = fb.stateColours(regime.names);
  return regime.names.map((name, code) => ({
    x: labels, y: regime.codes.map((c) => (c === code ? 1 : 0)), type: "scatter", mode: "lines", line: { width: 0, shape: "hv" }, fill: "tozeroy",
    fillcolor: fb.fade(colours[code], fb.dark() ? 0.24 : 0.15), yaxis: "y2", hoverinfo: "skip", showlegend: false, name,
  }));
};
fb.stateColours = (names) => { // warm for the side that is feared, blue for the other, the rest in turn
  const rest = fb.palette().filter((colour) => colour !== fb.colour("strategy") && colour !== fb.colour("loss"));
  let turn = 0;
  return names.map((name) => name === "unknown" ? fb.colour("line") : /^(short|negative|below)|over/i.test(name) ? fb.colour("loss") : /^(long|positive|above)|under/i.test(name) ? fb.colour("strategy") : rest[turn++ % rest.length]);
};
fb.fade = (hex, alpha) => {
  const n = parseInt(hex.slice(1), 16);
  return hex.length === 7 ? `rgba(${n >> 16},${(n >> 8) & 255},${n & 255},${alpha})` : hex;
};

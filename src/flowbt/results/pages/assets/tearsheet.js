// The charts and the trade table of a tearsheet.
"use strict";
(() => {
  const data = fb.data(), at = (id) => document.getElementById(id), labels = data.labels;
  const chosen = (name, other) => document.querySelector(`input[name="${name}"]:checked`)?.value ?? other;
  const line = (name, y, more = {}) => ({
    x: labels, y, name: data.names[name] || name, type: "scatter", mode: "lines",
    line: { color: fb.lineColour(name), width: name === "strategy" ? 1.9 : 1.3, dash: name === "placebo" ? "dot" : "solid" }, ...more,
  });

  fb.chart("glance-chart", () => ({
    traces: Object.entries(data.equity).filter(([name]) => name !== "placebo").reverse().map(([name, y]) => line(name, y, { hovertemplate: "%{y:.3f}" })),
    layout: { yaxis: { title: { text: "value of 1 invested" }, tickformat: ".3~f" }, margin: { l: 52, r: 8, t: 22, b: 26 }, legend: { ...fb.layout().legend, traceorder: "reversed" } },
  }));
  fb.chart("equity-chart", () => {
    const scale = chosen("scale", "linear"), shade = at("shade")?.value, series = scale === "matched" ? { ...data.equity, ...data.matched } : data.equity;
    const regime = shade ? data.regimes[shade] : null;
    showKey(regime);
    return {
      traces: [...(regime ? fb.shading(labels, regime) : []), ...Object.entries(series).reverse().map(([name, y]) => line(name, y, { hovertemplate: "%{y:.3f}" }))],
      layout: {
        yaxis: { type: scale === "linear" ? "linear" : "log", title: { text: "value of 1 invested" }, tickformat: ".3~f", ...(scale === "linear" ? {} : { nticks: 8 }) },
        yaxis2: { overlaying: "y", range: [0, 1], visible: false, fixedrange: true }, legend: { ...fb.layout().legend, traceorder: "reversed" },
      },
    };
  });
  function showKey(regime) {
    const key = at("shade-key");
    if (!regime) return key.replaceChildren();
    const colours = fb.stateColours(regime.names);
    key.replaceChildren(...regime.names.map((name, code) => {
      const patch = fb.element("i"); patch.style.background = fb.fade(colours[code], 0.45);
      return fb.element("span", {}, patch, `${name} (${fb.percent(regime.codes.filter((c) => c === code).length / regime.codes.length, 0)} of the time)`);
    }));
  }

  fb.chart("underwater-chart", () => ({
    traces: Object.entries(data.underwater).filter(([name]) => name !== "placebo").reverse().map(([name, y]) => line(name, y, {
      hovertemplate: "%{y:.1%}", ...(name === "strategy" ? { fill: "tozeroy", fillcolor: fb.fade(fb.colour("strategy"), 0.18) } : {}),
    })),
    layout: { yaxis: { title: { text: "below the highest" }, tickformat: ".0%", rangemode: "tozero" }, showlegend: false },
  }));

  const rolled = (key, title, zero) => () => ({
    traces: [line("strategy", data.rolling[chosen("window", Object.keys(data.rolling).at(-1))]?.[key] || [], { name: title, hovertemplate: "%{y:.2f}" })],
    layout: { yaxis: { title: { text: title }, zeroline: true }, showlegend: false, shapes: zero === null ? [] : [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: zero, y1: zero, line: { width: 1, dash: "dot", color: fb.colour("benchmark") } }] },
  });
  if (Object.keys(data.rolling).length) {
    fb.chart("sharpe-chart", rolled("sharpe", "Sharpe, a year", 0));
    fb.chart("beta-chart", rolled("beta", "beta", 0));
  }
  fb.chart("exposure-chart", () => {
    const area = (name, y, colour, alpha) => ({ x: labels, y, name, type: "scatter", mode: "lines", hovertemplate: "%{y:.1%}", line: { width: 0.4, shape: "hv", color: colour }, fill: "tozeroy", fillcolor: fb.fade(colour, alpha) });
    const { exposure = [], gross = [] } = data.exposure, hedged = gross.some((g, i) => Math.abs(g - Math.abs(exposure[i])) > 1e-3);
    return {
      traces: [...(hedged ? [area("gross", gross, fb.colour("benchmark"), 0.18)] : []), area("net", exposure, fb.colour("strategy"), 0.55)],
      layout: { yaxis: { title: { text: "exposure, of equity" }, tickformat: ".0%" }, showlegend: hedged },
    };
  });

  if (Object.keys(data.greeks || {}).length) {
    fb.chart("greeks-chart", () => {
      const colours = fb.palette(), dashes = { residual: "dot", costs: "dash" };
      return {
        traces: Object.entries(data.greeks).map(([name, y], n) => ({
          x: labels, y, name, type: "scatter", mode: "lines", hovertemplate: "%{y:,.0f}", line: { color: colours[n % colours.length], width: 1.4, dash: dashes[name] || "solid" },
        })),
        layout: { yaxis: { title: { text: "$ since the start" }, tickformat: ",.3~s", zeroline: true } },
      };
    });
  }
  fb.chart("distribution-chart", () => {
    const d = data.distribution;
    const edge = (x, text) => ({ x, yref: "paper", y: 1, text, showarrow: false, yanchor: "bottom", font: { size: 11 } });
    return {
      traces: [
        { x: d.middle, y: d.counts, width: d.width, type: "bar", name: "returns", hovertemplate: "%{x:.2%}: %{y}<extra></extra>", marker: { color: d.middle.map((x) => (x < 0 ? fb.fade(fb.colour("loss"), 0.75) : fb.fade(fb.colour("strategy"), 0.8))) } },
        { x: d.middle, y: d.normal, type: "scatter", mode: "lines", name: "normal", line: { color: fb.colour("soft"), width: 1.2, dash: "dot" }, hoverinfo: "skip" },
      ],
      layout: {
        hovermode: "closest", bargap: 0.04, showlegend: false, margin: { ...fb.layout().margin, b: 46 }, xaxis: { title: { text: `return of a ${data.unit}` }, tickformat: ".1%" }, yaxis: { title: { text: `${data.unit}s` } },
        shapes: d.var > -1e-4 ? [] : [{ type: "line", x0: d.var, x1: d.var, yref: "paper", y0: 0, y1: 1, line: { width: 1, dash: "dash", color: fb.colour("loss") } }], annotations: d.var > -1e-4 ? [] : [edge(d.var, "worst 5%")],
      },
    };
  });

  // Columns as people read them; only gains and losses are coloured by sign.
  function dressed(column) {
    const names = { entry_label: "entered", exit_label: "left", pnl: "pnl, $", mae: "MAE", mfe: "MFE" };
    const kind = column.kind === "number" ? `fixed${fb.digits(column.values)}` : column.kind;
    return { ...column, kind, label: names[column.name] || column.name.replace("@", " @ ").replace(/_/g, " "), signed: column.name === "pnl" || column.name === "return" };
  }

  // Trades: one state for the chart and the table.
  const columns = data.trades.columns.map(dressed), by = Object.fromEntries(columns.map((c) => [c.name, c.values]));
  let picked = null;
  const symbol = () => at("trade-symbol")?.value, keep = () => {
    const side = at("trade-side").value, outcome = at("trade-outcome").value, text = fb.matcher(at("trade-text").value, columns);
    return (i) => (!side || by.side[i] === side) && (!outcome || (outcome === "win") === by.pnl[i] > 0) && text(i);
  };
  const features = columns.filter((c) => c.name.endsWith("@entry"));
  const words = (i) => [`${by.side[i]} ${by.symbol[i]}`, `${by.entry_label[i]} → ${by.exit_label[i] ?? "open"}`, `return ${fb.percent(by.return[i])}, ${by.reason?.[i] ?? ""}`, ...features.map((c) => `${c.name.replace("@entry", "")} ${fb.auto(typeof c.values[i] === "number" ? c.values[i] : null)}`)]
    .map((text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;")).join("<br>");

  // An option structure's own price is no place on the chart of what it is written on: its marks lie on that.
  const level = (i, label, price) => by.money ? data.prices.close[by.symbol[i]]?.[data.prices.labels.findLastIndex((one) => one <= label)] ?? null : price;
  fb.chart("trades-chart", () => {
    const name = symbol(), ok = keep(), rows = by.symbol.map((_, i) => i).filter((i) => by.symbol[i] === name && ok(i));
    const [open, high, low] = data.prices.ohl[name] || [], grey = { line: { color: fb.colour("benchmark"), width: 0.8 }, fillcolor: fb.fade(fb.colour("benchmark"), 0.25) };
    const price = open ? {
      x: data.prices.labels, open, high, low, close: data.prices.close[name], type: "candlestick", name, increasing: { ...grey, fillcolor: "rgba(0,0,0,0)" }, decreasing: grey, hoverinfo: "x+y",
    } : { x: data.prices.labels, y: data.prices.close[name] || [], type: "scatter", mode: "lines", name: name, line: { color: fb.colour("benchmark"), width: 1.1 }, hoverinfo: "skip" };
    const marks = (wins) => {
      const mine = rows.filter((i) => (by.pnl[i] > 0) === wins), colour = fb.colour(wins ? "gain" : "loss"), path = { x: [], y: [] };
      mine.forEach((i) => { path.x.push(by.entry_label[i], by.exit_label[i], null); path.y.push(level(i, by.entry_label[i], by.entry_price[i]), level(i, by.exit_label[i] ?? "9", by.exit_price[i]), null); });
      return [
        { ...path, type: "scatter", mode: "lines", line: { color: colour, width: 1.4 }, hoverinfo: "skip", showlegend: false },
        { x: mine.map((i) => by.entry_label[i]), y: mine.map((i) => level(i, by.entry_label[i], by.entry_price[i])), type: "scatter", mode: "markers", name: wins ? "gains" : "losses", text: mine.map(words), hovertemplate: "%{text}<extra></extra>",
          marker: { color: colour, size: 9, symbol: mine.map((i) => (by.side[i] === "short" ? "triangle-down" : "triangle-up")), line: { width: 0.5, color: fb.colour("panel") } } },
        { x: mine.map((i) => by.exit_label[i]), y: mine.map((i) => level(i, by.exit_label[i] ?? "9", by.exit_price[i])), type: "scatter", mode: "markers", marker: { color: colour, size: 6, symbol: "circle-open" }, hoverinfo: "skip", showlegend: false },
      ];
    };
    const ring = picked !== null && by.symbol[picked] === name ? [{ x: [by.entry_label[picked]], y: [level(picked, by.entry_label[picked], by.entry_price[picked])], type: "scatter", mode: "markers", showlegend: false, hoverinfo: "skip", marker: { size: 20, symbol: "circle-open", line: { width: 2 }, color: fb.colour("ink") } }] : [];
    return { traces: [price, ...marks(true), ...marks(false), ...ring], layout: { hovermode: "closest", xaxis: { rangeslider: { visible: false } }, yaxis: { title: { text: `price of ${name || ""}` } }, uirevision: name } };
  });
  fb.chart("feature-chart", () => {
    const feature = at("trade-feature").value, y = data.prices.features[feature]?.[symbol()] || [];
    return { traces: [{ x: data.prices.labels, y, type: "scatter", mode: "lines", name: feature, line: { color: fb.colour("placebo"), width: 1.1 }, hovertemplate: "%{y:.4~g}<extra></extra>" }],
      layout: { showlegend: false, yaxis: { title: { text: innerWidth < 640 ? "" : `${feature.replace(/\(.*\)/, "")}<br>of ${symbol()}` }, zeroline: true } } };
  });

  if (at("trade-table") && columns.length) {
    const plain = columns.filter((column) => !column.name.includes("@") && !["entry_bar", "exit_bar"].includes(column.name));
    const table = new fb.DataTable(at("trade-table"), at("trade-pager"), plain, { onChoose: (i) => {
      picked = i;
      if (data.prices.close[by.symbol[i]]) at("trade-symbol").value = by.symbol[i];
      fb.redraw("trades-chart");
    } });
    at("trade-seen")?.addEventListener("change", (event) => table.show(event.target.checked ? columns : plain));
    const update = () => { table.filter(keep()); at("trade-count").textContent = `${fb.number(table.rows.length, 0)} of ${fb.number(data.trades.total, 0)} trades`; fb.redraw("trades-chart"); };
    at("trade-symbol").addEventListener("change", () => fb.redraw("trades-chart", "feature-chart"));
    at("trade-feature")?.addEventListener("change", () => fb.redraw("feature-chart"));
    ["trade-side", "trade-outcome"].forEach((id) => at(id).addEventListener("change", update));
    let waiting;
    at("trade-text").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(update, 120); });
    at("trade-count").textContent = `${fb.number(table.rows.length, 0)} of ${fb.number(data.trades.total, 0)} trades`;
  }
  document.querySelectorAll('input[name="scale"]').forEach((input) => input.addEventListener("change", () => fb.redraw("equity-chart")));
  document.querySelectorAll('input[name="window"]').forEach((input) => input.addEventListener("change", () => fb.redraw("sharpe-chart", "beta-chart")));
  at("shade")?.addEventListener("change", () => fb.redraw("equity-chart"));
  fb.drawAll().then(() => fb.zoomTogether(["equity-chart", "underwater-chart", "sharpe-chart", "beta-chart", "exposure-chart", "greeks-chart"].filter((id) => fb.charts.has(id)))).then(() => fb.zoomTogether(["trades-chart", "feature-chart"].filter((id) => fb.charts.has(id))));
})();

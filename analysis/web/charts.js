// SPDX-License-Identifier: Apache-2.0
// What all pages share: elements, values in the units that people read, tables, and charts by
// Chart.js. Data of jobs comes into the page as text nodes only.
"use strict";

const epmt = (() => {
  const charts = []; // {chart, build}: drawn anew when the colours change

  // ---- elements ----
  // element("a", {href: "/"}, "text", child, [children]): texts become text nodes, never markup.
  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === false || value === null || value === undefined) continue;
      if (typeof value === "function") made.addEventListener(name, value);
      else made.setAttribute(name, value === true ? "" : String(value));
    }
    made.append(...children.flat(Infinity)
      .filter((child) => child !== null && child !== undefined));
    return made;
  }

  // ---- values ----
  // The endings of names, as `epmt show` has them (storage/query.h).
  const ENDING = /_(s|bytes|mib|share|line|level|callers)$/;

  function ending(name) {
    const found = ENDING.exec(name);
    return found ? found[1] : "";
  }

  const LABELS = { cpu_s: "CPU time", mpi_share: "time in MPI", mpi_s: "time in MPI",
    io_wait_s: "waited for files", cpu_wait_s: "waited for a CPU", rssmax_bytes: "peak memory",
    exitcode: "exit code", mpirank: "rank" };

  function label(name) {
    return LABELS[name] || name.replace(ENDING, "").replaceAll("_", " ")
      .replace(/\bmpi\b/g, "MPI").replace(/\bcpu(s?)\b/g, "CPU$1");
  }

  // Three digits that count, in the largest unit of which there is a whole one.
  function scaled(value, units) {
    const size = Math.abs(value);
    const [from, unit] = units.find(([least]) => size >= least) || units[units.length - 1];
    const shown = value / from;
    const digits = Math.abs(shown) >= 99.95 ? 0 : Math.abs(shown) >= 9.995 ? 1 : 2;
    return `${shown.toFixed(from <= 1e-9 ? 0 : digits)} ${unit}`;
  }

  function seconds(value) {
    const units = [[1, "s"], [1e-3, "ms"], [1e-6, "us"], [1e-9, "ns"]];
    if (value === 0) return "0 s";
    return scaled(value, value >= 10000 ? [[3600, "h"], ...units] : units);
  }

  function bytes(value) {
    if (Math.abs(value) < 1024) return `${Math.round(value)} B`;
    return scaled(value, [[2 ** 50, "PiB"], [2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"],
      [1024, "KiB"]]);
  }

  function plain(value) {
    if (typeof value !== "number") return String(value);
    return Number.isInteger(value) ? value.toLocaleString("en") : String(+value.toPrecision(4));
  }

  const LEVELS = ["single", "funneled", "serialized", "multiple"];

  // Numbers that name something are not to be grouped by thousands.
  const NAMES = /(^|_)(id|pid|tid|rank|ranks|exitcode|signal|thread|bucket|process|jobid)$/;

  function format(name, value) {
    if (value === null || value === undefined) return "";
    switch (ending(name)) {
    case "s": return seconds(Number(value));
    case "bytes": return bytes(Number(value));
    case "mib": return bytes(Number(value) * 2 ** 20);
    case "share": return `${(Number(value) * 100).toFixed(1)} %`;
    case "level": return LEVELS[value] || String(value);
    default: return NAMES.test(name) ? String(value) : plain(value);
    }
  }

  // ---- tables ----
  // A table of the JSON, {columns, rows}, as a list of objects.
  function objects(table) {
    return table.rows.map((row) =>
      Object.fromEntries(table.columns.map((name, i) => [name, row[i]])));
  }

  // What has a value anywhere: a column that nobody measured is left out.
  function known(table, names) {
    return table.columns.map((name, i) => ({ name, i })).filter(({ name, i }) =>
      (!names || names.includes(name)) && table.rows.some((row) => row[i] !== null));
  }

  function isNumber(table, i) {
    return table.rows.some((row) => typeof row[i] === "number");
  }

  function order(body, i, up) {
    const value = (row) => row.cells[i].dataset.value;
    const rows = [...body.rows].sort((a, b) => {
      const x = value(a), y = value(b);
      if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
      const by = isNaN(x) || isNaN(y) ? (x < y ? -1 : x > y ? 1 : 0) : x - y;
      return up ? by : -by;
    });
    body.append(...rows);
  }

  function sortable(head, body) {
    [...head.cells].forEach((cell, i) => {
      cell.firstChild.addEventListener("click", () => {
        const up = cell.getAttribute("aria-sort") === "descending";
        for (const other of head.cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", up ? "ascending" : "descending");
        order(body, i, up);
      });
    });
  }

  // options: caption; columns (names of those shown); cell(name, value, row) may return an element
  // or a text in place of the formatted value.
  function table(data, options = {}) {
    const columns = known(data, options.columns);
    const numbers = columns.map(({ i }) => isNumber(data, i));
    const head = element("tr", {}, columns.map(({ name }, n) =>
      element("th", { scope: "col", class: numbers[n] ? "number" : null },
        element("button", { type: "button", title: "sort" }, label(name)))));
    const body = element("tbody", {}, data.rows.map((row) =>
      element("tr", {}, columns.map(({ name, i }, n) => {
        const own = options.cell && options.cell(name, row[i], row);
        return element("td", { class: numbers[n] ? "number" : null, "data-value": row[i] },
          own ?? format(name, row[i]));
      }))));
    sortable(head, body);
    return element("div", { class: "wide", tabindex: "0", role: "region",
      "aria-label": options.caption || "table" },
    element("table", {},
      options.caption ? element("caption", { class: "unseen" }, options.caption) : null,
      element("thead", {}, head), body));
  }

  // A table that is only made when somebody opens it.
  function folded(title, make) {
    const details = element("details", {}, element("summary", {}, title));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(make());
    });
    return details;
  }

  // ---- colours ----
  const colours = new Map();

  function colour(name) {
    if (!colours.has(name))
      colours.set(name,
        getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
    return colours.get(name);
  }

  function series(i) {
    return colour(`c${i % 8}`);
  }

  function mix(a, b, share) {
    const part = (text, i) => parseInt(text.slice(1 + 2 * i, 3 + 2 * i), 16);
    const mixed = [0, 1, 2].map((i) => Math.round(part(a, i) + (part(b, i) - part(a, i)) * share));
    return `rgb(${mixed.join(",")})`;
  }

  // The colour of a share of the scale, 0 to 1.
  function heat(share) {
    const part = Math.max(0, Math.min(1, share));
    return part < 0.5 ? mix(colour("heat-low"), colour("heat-mid"), part * 2)
      : mix(colour("heat-mid"), colour("heat-high"), part * 2 - 1);
  }

  // ---- charts ----
  function axis(title, unit, more, ticks) {
    return {
      title: { display: Boolean(title), text: title, color: colour("text") },
      ticks: { color: colour("text"), autoSkipPadding: 12,
        ...(unit ? { callback: (value) => format(unit, value) } : {}), ...ticks },
      grid: { color: colour("line") },
      ...more,
    };
  }

  // Whole units of bytes beside an axis: powers of two, at most some eight.
  function byteStep(sets) {
    const most = Math.max(1, ...sets.flatMap((set) => set.values.filter((value) => value !== null)));
    return 2 ** Math.max(0, Math.ceil(Math.log2(most / 8)));
  }

  // What fits beside an axis.
  function short(text) {
    const letters = [...text];
    return letters.length > 40 ? `${letters.slice(0, 39).join("")}\u2026` : text;
  }

  // Options that all charts share, and those of one.
  function options(more) {
    return {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      normalized: true,
      ...more,
      plugins: {
        legend: { labels: { color: colour("text"), boxWidth: 14 } },
        ...(more.plugins || {}),
      },
    };
  }

  // Arrow keys go through the values: the tooltip is shown and read out.
  function keyboard(chart, canvas, said) {
    let at = 0, index = -1;
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key] || 0;
      const other = { ArrowDown: 1, ArrowUp: -1 }[event.key] || 0;
      const sets = chart.data.datasets.map(({ data: values }, set) => ({ set, count: values.length }))
        .filter(({ count }) => count);
      if (!(step || other) || !sets.length) return;
      event.preventDefault();
      at = (at + other + sets.length) % sets.length;
      const { set, count } = sets[at];
      index = (Math.min(index, count - 1) + step + count) % count;
      const active = [{ datasetIndex: set, index }];
      chart.setActiveElements(active);
      chart.tooltip.setActiveElements(active, { x: 0, y: 0 });
      chart.update();
      const shown = chart.tooltip;
      said.textContent = [...(shown.title || []),
        ...(shown.body || []).flatMap((part) => part.lines)].join(", ");
    });
  }

  // A page that was asked again has other figures: Chart.js holds on to those that went away.
  function forget() {
    for (let i = charts.length; i-- > 0;) {
      if (charts[i].chart.canvas.isConnected) continue;
      charts[i].chart.destroy();
      charts.splice(i, 1);
    }
  }

  // A figure: title, what it shows, the chart, the same as a table. build() returns Chart.js's
  // configuration in the colours of now; height: of the canvas, in px.
  function figure({ title, text, build, height, data, tableOptions, before }) {
    const canvas = element("canvas", { role: "img", tabindex: "0",
      "aria-label": `${title}. ${text || ""} The arrow keys go through the values; a table follows.` });
    const box = element("div", { class: "chart" }, canvas);
    const said = element("div", { class: "unseen", "aria-live": "polite" });
    if (height) box.style.height = `${height}px`;
    const made = element("figure", {},
      element("figcaption", {}, element("strong", {}, title),
        text ? element("span", { class: "faint" }, text) : null),
      before, box, said,
      data ? folded(`Table: ${title}`, () => table(data(), { caption: title, ...tableOptions }))
        : null);
    // Chart.js measures its parent: it must stand in the page first.
    queueMicrotask(() => {
      forget();
      const chart = new Chart(canvas, build());
      charts.push({ title, chart, build });
      keyboard(chart, canvas, said);
    });
    return made;
  }

  function recolour() {
    colours.clear();
    for (const { chart, build } of charts) {
      const { data, options: shown } = build();
      chart.data = data;
      chart.options = shown;
      chart.update();
    }
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);

  // Cells [column, row, value]: one series of bars from i to i + 1 for every row.
  function heatmapConfig({ columns, rows, cells, unit, xTitle, yTitle }) {
    const most = Math.max(...cells.map(([, , value]) => value || 0), 0);
    const grid = rows.map(() => columns.map(() => null));
    for (const [column, row, value] of cells) grid[row][column] = value;
    return {
      type: "bar",
      data: {
        labels: columns,
        datasets: rows.map((name, y) => ({
          label: name,
          values: grid[y],
          data: grid[y].map((value) => (value === null ? null : [y, y + 1])),
          backgroundColor: grid[y].map((value) =>
            (value === null ? "transparent" : heat(most ? value / most : 0))),
          grouped: false,
          barPercentage: 1,
          categoryPercentage: 1,
        })),
      },
      options: options({
        scales: {
          x: axis(xTitle, "", { grid: { display: false } }),
          y: axis(yTitle, "", {
            reverse: true, min: 0, max: rows.length, grid: { display: false },
            ticks: { color: colour("text"), autoSkip: false,
              callback: (value) => rows[Math.floor(value)] },
            afterBuildTicks: (scale) => {
              scale.ticks = rows.map((_, y) => ({ value: y + 0.5 }));
            },
          }),
        },
        plugins: {
          legend: { display: false },
          tooltip: { callbacks: { label: ({ dataset, dataIndex }) =>
            `${dataset.label}: ${format(unit, dataset.values[dataIndex])}` } },
        },
      }),
    };
  }

  // cells: a list of [column, row, value] by index. The rest as figure().
  function heatmap(shown) {
    const most = Math.max(...shown.cells.map(([, , value]) => value || 0), 0);
    return figure({
      ...shown,
      build: () => heatmapConfig(shown),
      height: shown.height || 90 + 24 * shown.rows.length,
      before: element("div", { class: "scale" }, element("span", {}, format(shown.unit, 0)),
        element("span", { class: "ramp", "aria-hidden": "true" }),
        element("span", {}, format(shown.unit, most))),
    });
  }

  function ganttSet(name, n, bars) {
    return {
      label: name,
      backgroundColor: series(n),
      borderColor: colour("back"),
      borderWidth: 0.5,
      borderSkipped: false,
      minBarLength: 2,
      grouped: false,
      barPercentage: 0.9,
      categoryPercentage: 0.9,
      data: bars.filter((bar) => bar.series === n)
        .map((bar) => ({ y: String(bar.lane), x: [bar.start, bar.end], text: bar.label })),
    };
  }

  // Bars from start to end. lanes: names from top to bottom; bars: {lane, start, end, label,
  // series}; series: names, one colour each.
  function gantt({ lanes, bars, series: names, ...shown }) {
    const build = () => ({
      type: "bar",
      data: {
        labels: lanes.map((_, i) => String(i)), // names may stand twice
        datasets: names.map((name, n) => ganttSet(name, n, bars)).filter((set) => set.data.length),
      },
      options: options({
        indexAxis: "y",
        scales: {
          x: axis("time since the job began", "time_s", { min: 0 }),
          y: axis("", "", { ticks: { color: colour("text"), autoSkip: false,
            callback: (value) => short(lanes[value]) } }),
        },
        plugins: { tooltip: { callbacks: {
          title: ([{ raw }]) => lanes[raw.y],
          label: ({ raw }) => `${raw.text}: ${seconds(raw.x[0])} to ${seconds(raw.x[1])}`,
        } } },
      }),
    });
    return figure({ ...shown, build, height: shown.height || 90 + 22 * lanes.length });
  }

  // Bars or lines over labels. sets: {label, values, type, stack}; unit: the ending of its name.
  function bars({ labels, sets, unit, xTitle, yTitle, stacked, horizontal, ...shown }) {
    const build = () => ({
      type: "bar",
      data: {
        labels,
        datasets: sets.map((set, n) => ({
          type: set.type || "bar",
          label: set.label,
          data: set.values,
          backgroundColor: series(set.colour === undefined ? n : set.colour),
          borderColor: series(set.colour === undefined ? n : set.colour),
          borderWidth: set.type === "line" ? 1.5 : 0,
          pointRadius: labels.length > 60 ? 0 : 2,
          order: set.type === "line" ? 0 : 1,
          ...(stacked ? { stack: set.type === "line" ? `line ${n}` : "bars" } : {}),
        })),
      },
      options: options({
        indexAxis: horizontal ? "y" : "x",
        interaction: { mode: "index", intersect: false, axis: horizontal ? "y" : "x" },
        scales: {
          [horizontal ? "y" : "x"]: axis(xTitle, "", { stacked: Boolean(stacked),
            ...(horizontal ? { ticks: { color: colour("text"), autoSkip: false } } : {}) }),
          [horizontal ? "x" : "y"]: axis(yTitle, unit, { stacked: Boolean(stacked),
            beginAtZero: true },
          ending(unit) === "bytes" ? { stepSize: byteStep(sets) } : {}),
        },
        plugins: { tooltip: { callbacks: { label: ({ dataset, raw }) =>
          `${dataset.label}: ${format(unit, raw)}` } } },
      }),
    });
    return figure({ ...shown, build,
      height: shown.height || (horizontal ? 90 + 26 * labels.length : 0) });
  }

  // ---- data ----
  // What the page is about: embedded in a report, else asked of the server. The server's words for
  // a failure are {"error": text}.
  async function data(url) {
    const embedded = document.getElementById("epmt-data");
    if (embedded) return JSON.parse(embedded.textContent);
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    const said = await answer.json().catch(() => ({ error: `${answer.status} ${answer.statusText}` }));
    if (!answer.ok || said.error) throw new Error(said.error || answer.statusText);
    return said;
  }

  // Shows what went wrong in place of the page.
  function fail(error) {
    document.querySelector("main").replaceChildren(
      element("p", { role: "alert" }, `This page could not be shown: ${error.message}`));
    document.body.dataset.ready = "failed";
  }

  // Runs a page's script; body[data-ready] tells that it is done.
  function page(run) {
    Promise.resolve().then(run)
      .then(() => new Promise((done) => setTimeout(done)))
      .then(() => {
        document.body.dataset.ready = "yes";
      })
      .catch(fail);
  }

  return { bars, charts, data, element, figure, folded, format, gantt, heatmap, known, label,
    objects, page, table };
})();

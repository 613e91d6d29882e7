// SPDX-License-Identifier: Apache-2.0
// What the pages beside that of a job share: arguments of the address, links, and asking anew.
"use strict";

const pages = (() => {
  const { element, format } = epmt;

  // The arguments of the page, without empty ones.
  function query(pairs) {
    const made = new URLSearchParams();
    for (const [name, value] of pairs) {
      if (value !== "" && value !== null && value !== undefined) made.append(name, value);
    }
    const text = made.toString();
    return text ? `?${text}` : "";
  }

  function arguments_() {
    return new URLSearchParams(location.search);
  }

  // What people call a job.
  function jobName(row) {
    const id = row.jobid === null || row.jobid === undefined ? row.uuid : row.jobid;
    return row.jobname ? `${id} (${row.jobname})` : String(id);
  }

  function jobLink(row, text) {
    return element("a", { href: `job${query([["id", row.uuid]])}` },
      text || (row.jobid === null ? row.uuid : String(row.jobid)));
  }

  // A word as a POSIX shell takes it.
  function shell(word) {
    return /^[A-Za-z0-9_./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  }

  function say(text) {
    const status = document.getElementById("status");
    if (status) status.textContent = text;
  }

  // Puts what went wrong beside the form, so that it can be corrected.
  function complain(error) {
    const status = document.getElementById("status");
    status.replaceChildren(element("span", { role: "alert" }, error.message));
  }

  // A form whose fields are arguments of the page, filled from the address.
  function fill(form, given) {
    for (const field of form.elements) {
      if (field.name) field.value = given.get(field.name) || "";
    }
  }

  function pairs(form) {
    return [...form.elements].filter((field) => field.name && field.type !== "checkbox")
      .map((field) => [field.name, field.value.trim()]);
  }

  function options(list, values) {
    list.replaceChildren(...values.map((value) => element("option", { value })));
  }

  // A time as the database has it (us since epoch) as text in UTC.
  function utc(us) {
    return us === null ? "" : new Date(us / 1000).toISOString().slice(0, 16).replace("T", " ");
  }

  // ---- values of features, by their unit in the database ----
  const UNITS = { us: ["x_s", 1e-6], ns: ["x_s", 1e-9], KiB: ["x_bytes", 1024], B: ["x_bytes", 1],
    "512 B": ["x_bytes", 512], share: ["x_share", 1] };

  // The value in the unit that `format(name, ...)` takes.
  function measured(unit, value) {
    const [name, scale] = UNITS[unit] || ["x", 1];
    return { name, value: typeof value === "number" ? value * scale : value };
  }

  function measure(unit, value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "string") return value; // inf
    const shown = measured(unit, value);
    return format(shown.name, shown.value);
  }

  // Box plots, one below the other: rows of {name, low, q1, median, q3, high, points}, points of
  // {value, text}; all in one unit.
  function boxes({ unit, rows, ...shown }) {
    const scale = (value) => measured(unit, value).value;
    const { name } = measured(unit, 0);
    const label = (row, i) => `${i}`;
    const colour = (c) => getComputedStyle(document.documentElement).getPropertyValue(`--${c}`);
    const bar = (title, from, to, c, thickness) => ({
      type: "bar", label: title, backgroundColor: colour(c), grouped: false,
      barPercentage: thickness, categoryPercentage: 0.9, minBarLength: 2, order: 2 - thickness,
      data: rows.map((row, i) => ({ y: label(row, i), x: [scale(from(row)), scale(to(row))] })) });
    const point = (title, of, c, style, order) => ({
      type: "scatter", label: title, backgroundColor: colour(c), borderColor: colour(c),
      pointStyle: style, radius: 5, order, data: rows.flatMap((row, i) => of(row)
        .filter(({ value }) => typeof value === "number")
        .map(({ value, text }) => ({ x: scale(value), y: label(row, i), text }))) });
    const axis = (more) => ({ ticks: { color: colour("text"), autoSkip: false, ...more.ticks },
      grid: { color: colour("line") }, ...more.own });
    return epmt.figure({ ...shown, height: 110 + 34 * rows.length, build: () => ({
      type: "bar",
      data: { labels: rows.map(label), datasets: [
        bar("limits of what is usual", (row) => row.low, (row) => row.high, "c4", 0.25),
        bar("the middle half", (row) => row.q1, (row) => row.q3, "c0", 0.8),
        point("median", (row) => [{ value: row.median, text: "median" }], "text", "rectRot", -1),
        point("outliers", (row) => row.points, "c5", "circle", -2)] },
      options: { animation: false, responsive: true, maintainAspectRatio: false, indexAxis: "y",
        scales: {
          x: axis({ ticks: { autoSkip: true, callback: (value) => format(name, value) } }),
          y: axis({ own: { type: "category", labels: rows.map(label) },
            ticks: { callback: (value) => rows[value].name } }) },
        plugins: { legend: { labels: { color: colour("text"), usePointStyle: true } },
          tooltip: { callbacks: {
            title: ([{ raw }]) => rows[Number(raw.y)].name,
            label: ({ dataset, raw }) => (Array.isArray(raw.x)
              ? `${dataset.label}: ${format(name, raw.x[0])} to ${format(name, raw.x[1])}`
              : `${raw.text}: ${format(name, raw.x)}`) } } } } }) });
  }

  // The lists that fields offer.
  async function choices() {
    const answer = await epmt.data("api/choices");
    options(document.getElementById("users"), answer.users.rows.map(([user]) => user));
    options(document.getElementById("tags"),
      answer.tags.rows.map(([key, value]) => `${key}:${value}`));
  }

  function count(number, unit) {
    return `${number.toLocaleString("en")} ${unit}${number === 1 ? "" : "s"}`;
  }

  return { arguments: arguments_, boxes, choices, count, measure, measured, complain, fill, format,
    jobLink, jobName, options, pairs, query, say, shell, utc };
})();

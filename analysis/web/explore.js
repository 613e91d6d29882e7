// SPDX-License-Identifier: Apache-2.0
// The page of experiments: all of them, the components of one, the jobs of a component by time. Each
// is an address of its own.
"use strict";

(() => {
  const { bars, element, folded, objects, table } = epmt;
  const { measure, measured, query } = pages;
  const given = pages.arguments();
  const experiment = given.get("exp"), component = given.get("component");
  const metric = given.get("metric") || "duration", limit = given.get("limit") || "";
  const place = document.getElementById("shown"), form = document.getElementById("filter");

  function address(changes) {
    return `explore${query(Object.entries({ exp: experiment, component, limit,
      metric: metric === "duration" ? "" : metric, ...changes }))}`;
  }

  function where() {
    const parts = [element("a", { href: "explore" }, "All experiments")];
    if (experiment) {
      parts.push(" / ", component ? element("a", { href: address({ component: "" }) }, experiment)
        : element("span", {}, experiment));
    }
    if (component) parts.push(" / ", element("span", {}, component));
    document.getElementById("where").replaceChildren(...parts);
    document.getElementById("title").textContent = component ? `${experiment}: ${component}`
      : experiment || "Experiments";
    document.title = `epmt: ${document.getElementById("title").textContent}`;
  }

  function stars(score) {
    return score ? `${"*".repeat(score)} (${score} of 3 methods)` : "";
  }

  function drawExperiments(answer) {
    pages.say(answer.experiments.rows.length ? ""
      : "No job has the tag exp_name: EPMT_JOB_TAGS=exp_name:...;exp_component:...;exp_time:... sets "
        + "it for epmt start.");
    if (!answer.experiments.rows.length) return;
    place.replaceChildren(table(answer.experiments, { caption: "Experiments",
      cell(name, value) {
        if (name === "latest") return pages.utc(value);
        return name !== "experiment" ? null
          : element("a", { href: `explore${query([["exp", value]])}` }, value);
      } }));
  }

  // A table of values in the unit of the metric.
  function valuesTable(data, columns, unit, caption, link) {
    const texts = new Set(["component", "time", "jobid", "jobs"]);
    return table(data, { caption, columns, cell(name, value, row) {
      const linked = link(name, value, row);
      if (linked) return linked;
      if (name === "share") return measure("share", value);
      if (name === "cv") return value === null ? "" : `${(value * 100).toFixed(1)} %`;
      if (name === "score") return stars(value) || "\u2013";
      return texts.has(name) ? null : measure(unit, value);
    } });
  }

  function jobsLink(pairs) {
    return `./${query([["tag", pairs.filter(([, value]) => value !== "")
      .map(([key, value]) => `${key}:${value}`).join(";")]])}`;
  }

  function drawComponents(answer, unit) {
    const rows = objects(answer.components), name = metric.replaceAll("_", " ");
    const data = answer.components;
    return [valuesTable(data, data.columns, unit, "Components, the dearest first",
      (column, value) => (column === "component"
        ? element("a", { href: address({ component: value }) }, value) : null)),
    bars({ title: `${name} of the components`, horizontal: true, unit: measured(unit, 0).name,
      labels: rows.map((row) => row.component),
      sets: [{ label: name, values: rows.map((row) => measured(unit, row.sum).value) }] })];
  }

  // A bar for each, those that stand out in another colour.
  function overTime(title, rows, unit) {
    const labels = rows.map((row) => row.time || row.jobid || "?");
    const value = (row) => measured(unit, row.value).value;
    return bars({ title, text: "What two methods or more call an outlier is marked.", labels,
      unit: measured(unit, 0).name, stacked: true,
      sets: [{ label: "usual", values: rows.map((row) => (row.score < 2 ? value(row) : null)) },
        { label: "outlier", colour: 5,
          values: rows.map((row) => (row.score >= 2 ? value(row) : null)) }] });
  }

  function drawSegments(answer, unit) {
    const rows = objects(answer.segments);
    if (!rows.length) return [element("p", {}, "This component has no jobs with that value.")];
    const at = answer.segments.columns.indexOf("time");
    return [overTime(`${metric.replaceAll("_", " ")} by time`, rows, unit),
      valuesTable(answer.segments, ["time", "jobid", "value", "score"], unit, "Jobs by time",
        (column, value, row) => (column === "jobid"
          ? element("a", { href: jobsLink([["exp_name", experiment], ["exp_component", component],
            ["exp_time", row[at]]]) }, value) : null))];
  }

  function drawTotals(answer, unit) {
    const rows = objects(answer.totals);
    if (!rows.length) return [];
    return [element("h2", {}, "Time segments"),
      overTime(`${metric.replaceAll("_", " ")} of all components by time`, rows, unit),
      folded("Table: time segments", () => valuesTable(answer.totals, ["time", "value", "score"],
        unit, "Time segments", (column, value) => (column === "time" && value
          ? element("a", { href: jobsLink([["exp_name", experiment], ["exp_time", value]]) }, value)
          : null)))];
  }

  function drawMissing(answer) {
    const rows = objects(answer.missing);
    if (!rows.length) {
      return [element("p", { id: "missing" }, answer.too_many_segments
        ? "There should be too many time segments to list those that are missing."
        : "No time segment is missing.")];
    }
    const byComponent = new Map();
    for (const row of rows) {
      if (!byComponent.has(row.component)) byComponent.set(row.component, []);
      byComponent.get(row.component).push(row.time);
    }
    return [element("h2", {}, `${answer.missing_count} time segments are missing`),
      element("ul", { id: "missing" }, [...byComponent].map(([name, times]) =>
        element("li", {}, `${name}: ${times.slice(0, 100).join(", ")}${
          times.length > 100 ? ` and ${times.length - 100} more` : ""}`)))];
  }

  function drawForm(answer) {
    const list = form.elements.metric;
    list.replaceChildren(...objects(answer.metrics).map((row) =>
      element("option", { value: row.name }, row.name.replaceAll("_", " "))));
    list.value = metric;
    form.elements.limit.value = limit;
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      location.href = address({ metric: list.value, limit: form.elements.limit.value });
    });
  }

  async function show() {
    where();
    try {
      const answer = await epmt.data(`api/explore${query([["exp", experiment],
        ["component", component], ["metric", metric], ["limit", limit]])}`);
      if (!experiment) {
        drawExperiments(answer);
        return;
      }
      const unit = (objects(answer.metrics).find((row) => row.name === metric) || {}).unit;
      drawForm(answer);
      pages.say("");
      place.replaceChildren(...(component ? drawSegments(answer, unit)
        : [...drawComponents(answer, unit), ...drawTotals(answer, unit)]), ...drawMissing(answer));
    } catch (error) {
      pages.complain(error);
    }
  }

  epmt.page(show);
})();

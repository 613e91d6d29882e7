// SPDX-License-Identifier: Apache-2.0
// The page of reference models, and that of one. It only reads: what changes a model is shown as a
// command.
"use strict";

(() => {
  const { element, objects, table } = epmt;
  const { measure, query, shell } = pages;
  const name = pages.arguments().get("name");

  function command(text) {
    return element("p", {}, element("code", {}, text));
  }

  function modelsTable(models) {
    const shown = ["name", "active", "made at", "user", "jobs", "operations", "tags", "features",
      "methods", "id"];
    const data = { columns: shown, rows: objects(models).map((model) => [model.name,
      model.enabled ? "yes" : "no", pages.utc(model.created_at), model.user, model.jobs,
      model.operations, model.tags, model.features, model.methods, model.id]) };
    return table(data, { caption: "Models", cell(column, value) {
      if (column === "name") {
        return element("a", { href: `models${query([["name", value]])}` }, value);
      }
      return column === "features" || column === "methods" ? String(value).replaceAll(",", ", ")
        : null;
    } });
  }

  function usual(features) {
    const rows = objects(features);
    const shown = ["operation", "feature", "count", "min", "q1", "median", "q3", "max", "mean", "sd"]
      .filter((column) => column !== "operation" || rows.some((row) => row.operation));
    const data = { columns: shown, rows: rows.map((row) => shown.map((column) => row[column])) };
    const byRow = new Map(data.rows.map((row, i) => [row, rows[i]]));
    const texts = new Set(["operation", "feature", "count"]);
    return table(data, { caption: "What is usual in it", cell: (column, value, row) => (
      texts.has(column) ? null : measure(byRow.get(row).unit, value)) });
  }

  function boxes(features) {
    const whole = objects(features).filter((row) => !row.operation);
    return whole.map((row) => pages.boxes({ title: row.feature.replaceAll("_", " "),
      text: "From the least to the greatest of the model's jobs.", unit: row.unit,
      rows: [{ ...row, name: "the model", low: row.min, high: row.max, points: [] }] }));
  }

  function drawModel(answer) {
    const [model] = objects(answer.models);
    const jobs = objects(answer.jobs);
    document.getElementById("model").replaceChildren(
      element("h2", {}, `Model ${model.name}`),
      element("p", {}, element("a", { href: `outliers${query([["model", model.name]])}` },
        "Outliers among all jobs, by this model"),
      model.enabled ? "" : " (it is disabled: no question uses it)"),
      usual(answer.features),
      element("h3", {}, `Its ${jobs.length} jobs`),
      element("ul", {}, jobs.map((job) => element("li", {}, job.present
        ? pages.jobLink(job) : `${job.jobid} (no longer in the database)`))),
      ...boxes(answer.features),
      element("h3", {}, "To change it"),
      command(`epmt models ${model.enabled ? "disable" : "enable"} ${shell(model.name)}`),
      command(`epmt models delete ${shell(model.name)}`));
  }

  epmt.page(async () => {
    const answer = await epmt.data("api/models");
    pages.say(answer.models.rows.length ? ""
      : "There is no model yet. Select three jobs or more on the page of jobs, or: ");
    if (!answer.models.rows.length) {
      document.getElementById("models").replaceChildren(
        command("epmt models create NAME --tag KEY:VALUE"));
    } else {
      document.getElementById("models").replaceChildren(modelsTable(answer.models));
    }
    if (name) drawModel(await epmt.data(`api/model${query([["name", name]])}`));
  });
})();

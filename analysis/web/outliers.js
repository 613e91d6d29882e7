// SPDX-License-Identifier: Apache-2.0
// The page of outliers: a question to `epmt outliers` as a form, its answer as box plots and a
// table, and why a job stands out.
"use strict";

(() => {
  const { element, folded, objects, table } = epmt;
  const { measure, query } = pages;
  const form = document.getElementById("filter"), found = document.getElementById("found");
  const BOXES = 25; // of one chart
  let jobs = []; // uuids that the address names
  let cause = ""; // the job whose causes are asked for
  let asked = 0;

  function methods() {
    return [...form.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value);
  }

  function all() {
    return [...pages.pairs(form), ["method", methods().join()], ["cause", cause],
      ...jobs.map((uuid) => ["job", uuid])];
  }

  function go() {
    history.pushState(null, "", `outliers${query(all())}`);
    return show();
  }

  function read() {
    const given = pages.arguments();
    pages.fill(form, given);
    if (!form.elements.compared.value) form.elements.compared.value = "jobs";
    jobs = given.getAll("job");
    cause = given.get("cause") || "";
    form.dataset.methods = given.get("method") || "";
  }

  function drawMethods(answer) {
    const box = document.getElementById("methods");
    box.replaceChildren(element("legend", {}, "Methods"), objects(answer.methods).map((row) => {
      const input = element("input", { type: "checkbox", value: row.name });
      input.checked = row.used === 1;
      return element("label", { title: row.description }, input, ` ${row.name.replaceAll("_", " ")}`);
    }).reduce((parts, part) => {
      parts.append(part);
      return parts;
    }, element("span", {})));
    if (answer.features) {
      pages.options(document.getElementById("features"), objects(answer.features)
        .map((row) => row.name));
    }
  }

  function drawChosen() {
    const box = document.getElementById("chosen");
    box.hidden = !jobs.length && !cause;
    box.replaceChildren(
      jobs.length ? element("span", {}, `Among ${jobs.length} chosen jobs. `) : "",
      element("button", { type: "button", click: () => {
        jobs = [];
        cause = "";
        go();
      } }, jobs.length ? "All jobs" : "Back to the outliers"));
  }

  // Who a row is, within its group.
  function who(row, names) {
    const job = names.get(row.job_id);
    const parts = [`job ${job && job.jobid !== null ? job.jobid : row.jobid}`,
      row.rank === null ? null : `rank ${row.rank}`, row.hostname, row.exename,
      row.pid === null ? null : `pid ${row.pid}`, row.tid === null ? null : `thread ${row.tid}`];
    return parts.filter(Boolean).join(" ");
  }

  // One chart for each feature: a box for each group.
  function charts(answer, names) {
    const rows = objects(answer.rows), features = [...new Set(rows.map((row) => row.feature))];
    return features.filter((name) => name !== "distance").map((name) => {
      const own = rows.filter((row) => row.feature === name), groups = new Map();
      for (const row of own) {
        const key = JSON.stringify([row.group, row.median, row.count]);
        if (!groups.has(key)) groups.set(key, { ...row, name: row.group || "all", points: [] });
        if (row.points > 0) {
          groups.get(key).points.push({ value: row.value, text: who(row, names) });
        }
      }
      const shown = [...groups.values()].slice(0, BOXES);
      return pages.boxes({ title: name.replaceAll("_", " "), unit: own[0].unit, rows: shown,
        text: groups.size > BOXES ? `The first ${BOXES} of ${groups.size} groups.`
          : "What is usual, and what is not." });
    });
  }

  const COLUMNS = ["job", "group", "rank", "hostname", "exename", "pid", "tid", "feature", "value",
    "median", "points", "flagged", "why"];

  function rowsTable(answer, names) {
    const rows = objects(answer.rows);
    const causes = answer.compared === "jobs" || answer.compared === "operations";
    const data = { columns: COLUMNS, rows: rows.map((row) => COLUMNS.map((name) => {
      if (name === "job") return names.get(row.job_id) ? names.get(row.job_id).jobid : row.jobid;
      if (name === "group") return row.group || null;
      if (name === "why") return causes ? row.job_id : null;
      return row[name];
    })) };
    const byRow = new Map(data.rows.map((row, i) => [row, rows[i]]));
    return table(data, { caption: `Outliers among ${answer.compared}`, cell(name, value, row) {
      const of = byRow.get(row), job = names.get(of.job_id);
      if (name === "job" && job) return pages.jobLink(job);
      if (name === "value" || name === "median") return measure(of.unit, value);
      if (name === "flagged") return String(value).replaceAll("_", " ");
      if (name === "why" && job && value !== null) {
        return element("a", { href: `outliers${query([...all().filter(([key]) => key !== "cause"),
          ["cause", job.uuid]])}` }, "why?");
      }
      return null;
    } });
  }

  function draw(answer) {
    const names = new Map(objects(answer.jobs).map((job) => [job.id, job]));
    pages.say(answer.found === 0 && answer.groups === 0
      ? "There are not enough that could be compared: a group needs 4, a model 1."
      : `${answer.found} found among ${answer.values} values in ${answer.groups} groups${
        answer.small ? `; ${answer.small} groups were too small to compare` : ""}${
        answer.found > answer.rows.rows.length
          ? `; the ${answer.rows.rows.length} most unusual are shown` : ""}.`);
    found.replaceChildren(...(answer.rows.rows.length ? [rowsTable(answer, names),
      ...charts(answer, names)] : []));
  }

  async function drawCauses(answer) {
    const rows = objects(answer.causes);
    const shown = ["operation", "feature", "value", "median", "z_score", "modified_z_score",
      "ratio"].filter((name) => name !== "operation" || rows.some((row) => row.operation));
    const data = { columns: shown, rows: rows.map((row) => shown.map((name) => row[name])) };
    const byRow = new Map(data.rows.map((row, i) => [row, rows[i]]));
    pages.say(`Features by which the job stands out from ${answer.references} others: those with the `
      + "greatest ratio of its score to the greatest among the others first.");
    const [job] = objects((await epmt.data(`api/jobs${query([["job", cause]])}`)).jobs);
    found.replaceChildren(element("h2", {}, "Why the job ",
      pages.jobLink(job, pages.jobName(job)), " stands out"),
    table(data, { caption: "Causes", cell: (name, value, row) => (
      name === "value" || name === "median" ? measure(byRow.get(row).unit, value) : null) }),
    folded("Features that are compared", () => table(answer.features, {
      columns: ["name", "description", "unit"] })));
  }

  async function show() {
    const mine = ++asked;
    pages.say("Looking for outliers...");
    drawChosen();
    try {
      const answer = await epmt.data(`api/${cause ? "cause" : "outliers"}${query([
        ...pages.pairs(form), ["method", form.dataset.methods || methods().join()],
        ["job", ""], ...jobs.map((uuid) => ["job", uuid]), ["cause", cause]])}`);
      if (mine !== asked) return;
      form.dataset.methods = "";
      drawMethods(answer);
      if (cause) await drawCauses(answer);
      else draw(answer);
    } catch (error) {
      if (mine !== asked) return;
      found.replaceChildren();
      pages.complain(error);
    }
  }

  async function models() {
    const answer = await epmt.data("api/models"), list = form.elements.model;
    list.append(...objects(answer.models).filter((model) => model.enabled)
      .map((model) => element("option", { value: model.name }, model.name)));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    cause = "";
    go();
  });
  document.getElementById("reset").addEventListener("click", () => {
    const { compared } = form.elements, kept = compared.value;
    pages.fill(form, new URLSearchParams());
    compared.value = kept;
    jobs = [];
    cause = "";
    go();
  });
  window.addEventListener("popstate", () => {
    read();
    show();
  });
  epmt.page(async () => {
    await models();
    read();
    await show();
    await pages.choices();
  });
})();

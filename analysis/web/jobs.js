// SPDX-License-Identifier: Apache-2.0
// The page of jobs. What is shown is in the address, so that it can be kept, sent and gone back to;
// the database finds, orders and counts.
"use strict";

(() => {
  const { bars, element, format, label, objects } = epmt;
  const { query } = pages;
  const SHOWN = ["jobid", "jobname", "user", "start", "duration_s", "exitcode", "failed",
    "processes", "ranks", "hosts", "cpu_s", "efficiency_share", "mpi_share", "imbalance_share",
    "rssmax_mib", "read_mib", "written_mib", "tags"];
  const PAGES = [5, 30, 50, 100, 1000];
  const TEXTS = new Set(["jobid", "jobname", "user", "start", "end", "hostname", "reason", "tags"]);
  const HIDDEN = new Set(["id", "uuid"]);
  const byId = (id) => document.getElementById(id);
  const form = byId("filter");
  const selected = new Map(); // uuid: job, also of other pages
  let state; // what the address says
  let last; // the answer that is shown
  let asked = 0; // answers that come late are dropped

  function read() {
    const given = pages.arguments();
    state = {
      order: given.get("order") || "start",
      way: given.get("way") === "up" ? "up" : "down",
      limit: Number(given.get("limit")) || 50,
      offset: Number(given.get("offset")) || 0,
      columns: given.get("columns") ? given.get("columns").split(",") : SHOWN,
      raw: given.get("raw") === "1",
    };
    pages.fill(form, given);
  }

  function filters() {
    return pages.pairs(form);
  }

  function all() {
    return [...filters(), ["order", state.order === "start" ? "" : state.order],
      ["way", state.way === "up" ? "up" : ""], ["limit", state.limit === 50 ? "" : state.limit],
      ["offset", state.offset || ""], ["raw", state.raw ? "1" : ""],
      ["columns", state.columns.join() === SHOWN.join() ? "" : state.columns.join()]];
  }

  function go(change) {
    Object.assign(state, change);
    history.pushState(null, "", `./${query(all())}`);
    return show();
  }

  // ---- the table ----
  function tagsOf(answer) {
    const tags = new Map();
    for (const [id, key, value] of answer.tags.rows) {
      if (!tags.has(id)) tags.set(id, new Map());
      tags.get(id).set(key, value);
    }
    return tags;
  }

  function cellText(name, value) {
    if (value === null || value === undefined) return "";
    if (state.raw) return String(value);
    if (name === "complete" || name === "ended") return value ? "yes" : "no";
    if (name === "start" || name === "end") return value.replace("T", " ").replace("Z", "");
    return name === "exitcode" ? String(value) : format(name, value);
  }

  function cell(name, job, tags) {
    if (name === "jobid") {
      return element("th", { scope: "row" }, pages.jobLink(job));
    }
    if (name.startsWith("tag:")) {
      const own = tags.get(job.id);
      return element("td", {}, (own && own.get(name.slice(4))) || "");
    }
    const bad = (name === "failed" && job.failed) || (name === "exitcode" && job.exitcode);
    const kind = name === "start" || name === "end" ? "time" : TEXTS.has(name) ? "" : "number";
    return element("td", { class: `${kind} ${bad ? "bad" : ""}`.trim()
      || null, "data-value": job[name] }, cellText(name, job[name]));
  }

  function heading(name) {
    const way = state.order !== name ? null : state.way === "up" ? "ascending" : "descending";
    const text = name.startsWith("tag:") ? name.slice(4) : label(name);
    return element("th", { scope: "col", "aria-sort": way,
      class: TEXTS.has(name) || name.startsWith("tag:") ? null : "number" },
    element("button", { type: "button", title: "sort", "data-order": name, click: () => go({
      order: name, offset: 0,
      way: state.order === name && state.way === "down" ? "up" : "down" }) }, text));
  }

  // Jobs of the same component of the same experiment can be compared.
  function kin(job, tags) {
    const own = tags.get(job.id);
    return own && own.get("exp_name") !== undefined
      ? JSON.stringify([own.get("exp_name"), own.get("exp_component")]) : null;
  }

  function row(job, columns, tags, kinds) {
    const box = element("input", { type: "checkbox", "aria-label": `select job ${job.jobid}`,
      change: () => {
        if (box.checked) selected.set(job.uuid, { ...job, kin: kin(job, tags) });
        else selected.delete(job.uuid);
        draw();
        const again = document.querySelector(`tr[data-uuid="${job.uuid}"] input`);
        if (again) again.focus();
      } });
    box.checked = selected.has(job.uuid);
    return element("tr", { "data-uuid": job.uuid, "aria-selected": box.checked ? "true" : null,
      class: kinds.has(kin(job, tags)) ? "comparable" : null,
      title: kinds.has(kin(job, tags)) ? "of the same experiment and component as one selected"
        : null },
    element("td", {}, box), columns.map((name) => cell(name, job, tags)));
  }

  // Unless somebody has chosen them, columns without a value on this page are left out.
  function shownColumns(jobs) {
    return state.columns !== SHOWN ? state.columns
      : SHOWN.filter((name) => name === "jobid" || name === state.order
        || jobs.some((job) => job[name] !== null));
  }

  function draw() {
    const tags = tagsOf(last), jobs = objects(last.jobs);
    const kinds = new Set([...selected.values()].map((job) => job.kin).filter(Boolean));
    const columns = shownColumns(jobs);
    const everything = element("input", { type: "checkbox", "aria-label": "select all shown",
      change: () => {
        for (const job of jobs) {
          if (everything.checked) selected.set(job.uuid, { ...job, kin: kin(job, tags) });
          else selected.delete(job.uuid);
        }
        draw();
      } });
    everything.checked = jobs.length > 0 && jobs.every((job) => selected.has(job.uuid));
    byId("jobs").replaceChildren(element("div", { class: "wide whole", tabindex: "0",
      role: "region", "aria-label": "Jobs" },
    element("table", {},
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, everything),
        columns.map(heading))),
      element("tbody", {}, jobs.map((job) => row(job, columns, tags, kinds))))));
    drawSelection();
    drawColumns(tags);
  }

  // ---- what can be done with those selected ----
  function drawSelection() {
    const jobs = [...selected.values()], box = byId("selection");
    box.hidden = jobs.length === 0;
    if (box.hidden) return;
    const ids = jobs.map((job) => ["job", job.uuid]);
    const link = (page, text, least) => (jobs.length < least
      ? element("span", { class: "faint" }, `${text}: ${least} or more jobs`)
      : element("a", { href: `${page}${query(ids)}` }, text));
    const command = `epmt models create NAME ${jobs.map((job) => job.uuid).join(" ")}`;
    box.replaceChildren(element("strong", {}, `${jobs.length} selected`),
      link("compare", "Compare", 2), link("outliers", "Outliers among them", 4),
      jobs.length < 3 ? element("span", { class: "faint" }, "Model of them: 3 or more jobs")
        : element("details", {}, element("summary", {}, "Model of them"),
          element("p", {}, "This page only reads. A model is made by: ",
            element("code", {}, command))),
      element("button", { type: "button", click: () => {
        selected.clear();
        draw();
      } }, "Select none"));
  }

  function drawColumns(tags) {
    const keys = [...new Set([...tags.values()].flatMap((own) => [...own.keys()]))].sort();
    const names = [...last.jobs.columns.filter((name) => !HIDDEN.has(name)),
      ...new Set([...keys.map((key) => `tag:${key}`),
        ...state.columns.filter((name) => name.startsWith("tag:"))])];
    const boxes = names.map((name) => {
      const box = element("input", { type: "checkbox", value: name, change: () => {
        const chosen = box.checked ? [...state.columns, name]
          : state.columns.filter((other) => other !== name);
        go({ columns: names.filter((other) => chosen.includes(other)) });
      } });
      box.checked = state.columns.includes(name);
      return element("label", {}, box, " ",
        name.startsWith("tag:") ? `tag ${name.slice(4)}` : label(name));
    });
    const raw = element("input", { type: "checkbox", id: "raw",
      change: () => go({ raw: raw.checked }) });
    raw.checked = state.raw;
    byId("columns").replaceChildren(element("summary", {}, "Columns"),
      element("label", {}, raw, " numbers as the database has them (seconds, MiB, parts of 1)"),
      element("div", { class: "columns" }, boxes));
  }

  // ---- pages ----
  function pager() {
    const from = state.offset, to = from + last.jobs.rows.length, total = last.total;
    const button = (text, offset, usable) => element("button", { type: "button",
      disabled: !usable, click: () => go({ offset }) }, text);
    const end = total ? Math.floor((total - 1) / state.limit) * state.limit : 0;
    const size = element("select", { "aria-label": "jobs on a page", change: () => go({
      limit: Number(size.value), offset: 0 }) },
    [...new Set([...PAGES, state.limit])].sort((a, b) => a - b)
      .map((n) => element("option", { value: n, selected: n === state.limit }, String(n))));
    return [button("First", 0, from > 0), button("Previous", Math.max(0, from - state.limit), from > 0),
      element("span", { "data-total": total }, total ? `${(from + 1).toLocaleString("en")}\u2013${
        to.toLocaleString("en")} of ${total.toLocaleString("en")}` : "none"),
      button("Next", from + state.limit, to < total), button("Last", end, from < end),
      element("label", {}, size, " on a page")];
  }

  // ---- all jobs that were found ----
  function width(seconds) {
    for (const [unit, text] of [[86400, "day"], [3600, "hour"], [60, "minute"]]) {
      if (seconds % unit === 0) return pages.count(seconds / unit, text);
    }
    return `${seconds} s`;
  }

  function buckets({ buckets: table, bucket_s: step }) {
    const found = new Map(objects(table).map((row) => [row.start_s, row]));
    const starts = table.rows.map((row) => row[0]);
    const every = [];
    for (let at = Math.min(...starts); starts.length && at <= Math.max(...starts); at += step) {
      every.push(found.get(at) || { start_s: at, jobs: 0, failed: 0, cpu_s: 0 });
    }
    return every;
  }

  function drawOverview(answer) {
    const { sums } = answer, every = buckets(answer);
    byId("overview").replaceChildren(
      element("p", { id: "sums" }, element("strong", { "data-jobs": sums.jobs },
        pages.count(sums.jobs, "job")),
      sums.jobs ? ` of ${pages.count(sums.users, "user")}, ${sums.failed} failed, ${
        format("cpu_s", sums.cpu_s || 0)} of CPU time, begun from ${pages.utc(sums.first)} to ${
        pages.utc(sums.last)} UTC` : ""),
      every.length < 2 ? "" : bars({
        title: "When they began", text: `Each bar: ${width(answer.bucket_s)}.`,
        labels: every.map((row) => pages.utc(row.start_s * 1e6)), stacked: true, unit: "jobs",
        sets: [{ label: "well", values: every.map((row) => row.jobs - row.failed) },
          { label: "failed", values: every.map((row) => row.failed), colour: 5 }],
        data: () => answer.buckets, height: 150 }));
  }

  let overviewOf = null; // the filters it was made with

  async function overview() {
    const wanted = query(filters());
    if (wanted === overviewOf) return;
    overviewOf = wanted;
    const answer = await epmt.data(`api/overview${wanted}`);
    if (overviewOf === wanted) drawOverview(answer);
  }

  async function show() {
    const mine = ++asked;
    try {
      const answer = await epmt.data(`api/jobs${query([...filters(), ["order", state.order],
        ["way", state.way], ["limit", state.limit], ["offset", state.offset]])}`);
      if (mine !== asked) return;
      last = answer;
      draw();
      byId("pager").replaceChildren(...pager());
      byId("pager-top").replaceChildren(...pager());
      pages.say(answer.total ? "" : "No job is as asked for.");
      await overview();
    } catch (error) {
      if (mine === asked) pages.complain(error);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go({ offset: 0 });
  });
  byId("reset").addEventListener("click", () => {
    pages.fill(form, new URLSearchParams());
    go({ offset: 0 });
  });
  window.addEventListener("popstate", () => {
    read();
    show();
  });
  epmt.page(async () => {
    read();
    await show();
    await pages.choices();
  });
})();

// SPDX-License-Identifier: Apache-2.0
// The page of a comparison: of the jobs that the address names (job=UUID), or of groups of jobs by
// their tags (group=KEY:VALUE;...).
"use strict";

(() => {
  const { bars, element, gantt, objects, table } = epmt;
  const { measure, query } = pages;
  const form = document.getElementById("filter"), place = document.getElementById("compared");
  const SHOWN = 12; // of a chart

  // What a side is called: the job, where it is one.
  function sidesOf(answer, jobs) {
    const byUuid = new Map(jobs.map((job) => [job.uuid, job]));
    return objects(answer.sides).map((side) => {
      const job = byUuid.get(side.label);
      return job ? { ...side, job, name: pages.jobName(job) }
        : { ...side, name: `${side.label} (${side.jobs} jobs)` };
    });
  }

  // Values of a row, in the order of the sides.
  function values(row, sides) {
    return sides.map((_, i) => row[`side${i}`]);
  }

  function change(value) {
    return value === null ? "" : `${value > 0 ? "+" : ""}${(value * 100).toFixed(
      Math.abs(value) < 0.1 ? 1 : 0)} %`;
  }

  function partTable(part, rows, sides) {
    const columns = ["name", "change", ...sides.map((_, i) => `side${i}`)];
    const data = { columns, rows: rows.map((row) => columns.map((name) => row[name])) };
    const byRow = new Map(data.rows.map((row, i) => [row, rows[i]]));
    const made = table(data, { caption: part.title, cell(name, value, row) {
      if (name === "change") return change(value);
      return name === "name" ? String(value).replaceAll("_", " ")
        : measure(byRow.get(row).unit, value);
    } });
    // The sides by their names.
    for (const head of made.querySelectorAll("th button")) {
      const side = /^side(\d+)$/.exec(head.textContent);
      if (side) head.textContent = sides[Number(side[1])].name;
    }
    return made;
  }

  // Metrics have many units: each as a part of its greatest value.
  function metricsChart(rows, sides) {
    const shown = rows.slice(0, SHOWN);
    const most = shown.map((row) => Math.max(...values(row, sides).map((value) => value || 0)));
    return bars({ title: "What differs most", text: "Each as a part of its greatest value.",
      labels: shown.map((row) => row.name.replaceAll("_", " ")), unit: "x_share", horizontal: true,
      sets: sides.map((side, i) => ({ label: side.name,
        values: shown.map((row, n) => (most[n] ? (row[`side${i}`] || 0) / most[n] : null)) })),
      height: 110 + 22 * shown.length * Math.min(sides.length, 3) });
  }

  function partChart(part, rows, sides) {
    const shown = rows.slice(0, SHOWN), { unit } = shown[0];
    return bars({ title: part.title, labels: shown.map((row) => row.name),
      unit: pages.measured(unit, 0).name, horizontal: true,
      sets: sides.map((side, i) => ({ label: side.name,
        values: shown.map((row) => pages.measured(unit, row[`side${i}`]).value) })),
      height: 110 + 22 * shown.length * Math.min(sides.length, 3) });
  }

  // When the jobs ran, by the clock.
  function lanes(jobs) {
    const times = jobs.map((job) => ({ job, start: Date.parse(job.start) / 1000 }))
      .filter(({ job, start }) => !isNaN(start) && job.duration_s !== null);
    if (!times.length) return "";
    const first = Math.min(...times.map(({ start }) => start));
    return gantt({ title: "When they ran", text: `From ${pages.utc(first * 1e6)} UTC on.`,
      lanes: times.map(({ job }) => pages.jobName(job)), series: ["jobs"],
      bars: times.map(({ job, start }, lane) => ({ lane, start: start - first,
        end: start - first + job.duration_s, label: pages.jobName(job), series: 0 })) });
  }

  function draw(answer, jobs) {
    const sides = sidesOf(answer, jobs), all = objects(answer.differences);
    const head = element("ul", {}, sides.map((side) => element("li", {},
      side.job ? pages.jobLink(side.job, side.name)
        : element("a", { href: `./${query([["tag", side.label]])}` }, side.name))));
    const parts = objects(answer.parts).map((part) => {
      const rows = all.filter((row) => row.part === part.name);
      if (!rows.length) return null;
      return [element("h2", {}, part.title[0].toUpperCase() + part.title.slice(1)),
        partTable(part, rows, sides),
        part.name === "metrics" ? metricsChart(rows, sides) : partChart(part, rows, sides)];
    });
    place.replaceChildren(...[head, parts, lanes(jobs)].flat(Infinity).filter(Boolean));
    pages.say(all.length ? "Where a side is a group, the mean of its jobs counts."
      : "There is no difference.");
  }

  async function show() {
    const given = pages.arguments(), uuids = given.getAll("job");
    const asked = [...uuids.map((uuid) => ["job", uuid]),
      ...given.getAll("group").map((tags) => ["group", tags])];
    const groups = form.querySelectorAll("input[name=group]");
    given.getAll("group").slice(0, 2).forEach((tags, i) => {
      groups[i].value = tags;
    });
    form.elements.key.value = given.get("key") || "";
    if (asked.filter(([, value]) => value).length < 2) {
      pages.say("Select two jobs or more on the page of jobs, or name two groups here.");
      return;
    }
    try {
      const answer = await epmt.data(`api/compare${query([...asked, ["key", given.get("key")]])}`);
      const jobs = uuids.length ? objects((await epmt.data(`api/jobs${query([
        ...uuids.map((uuid) => ["job", uuid]), ["limit", 100]])}`)).jobs) : [];
      draw(answer, uuids.map((uuid) => jobs.find((job) => job.uuid === uuid)).filter(Boolean));
    } catch (error) {
      pages.complain(error);
    }
  }

  epmt.page(async () => {
    await show();
    await pages.choices();
  });
})();

// SPDX-License-Identifier: Apache-2.0
// The page of one job: the sections of epmt_json_job (analysis/json_job.h), top to bottom.
"use strict";

(() => {
  const { bars, element, figure, folded, format, gantt, heatmap, label, objects, table } = epmt;

  function job(page) {
    return page.job;
  }

  // Sum of what is known; null where nothing is.
  function sum(values) {
    const found = values.filter((value) => value !== null);
    return found.length ? found.reduce((a, b) => a + b, 0) : null;
  }

  function facts(record, names) {
    return element("dl", { class: "facts" }, names
      .filter((name) => record[name] !== null && record[name] !== undefined)
      .map((name) => element("div", {}, element("dt", {}, label(name)),
        element("dd", { "data-fact": name, "data-value": record[name] },
          format(name, record[name])))));
  }

  // Arguments as the database has them: a JSON array, cut where it was long.
  function words(text) {
    try {
      return JSON.parse(text || "[]").join(" ");
    } catch {
      return `${text}\u2026`;
    }
  }

  function about(first, last) {
    return first === last ? `${first}` : `${first}\u2013${last}`;
  }

  // ---- head ----
  function state({ ended, complete, failed }) {
    const words = [ended ? ["it has ended", ""] : ["it had not ended when its file was made", "warn"],
      complete === 0 ? ["not every rank reported", "warn"] : null,
      failed ? [`${failed} processes failed`, "bad"] : ["no process failed", "good"]];
    return element("p", {}, words.filter(Boolean).flatMap(([text, kind], i) =>
      [i ? "; " : "", element("span", { class: kind || null }, text)]));
  }

  function head(page) {
    const { jobid, uuid, jobname } = job(page);
    const name = `Job ${jobid === null ? uuid : jobid}`;
    document.title = `epmt: ${name}`;
    return [element("h1", {}, jobname ? `${name}: ${jobname}` : name), state(job(page)),
      facts(job(page), ["user", "start", "duration_s", "exitcode", "processes", "threads",
        ...(job(page).ranks_reported ? ["ranks_reported"] : []), "hosts", "cpus", "cpu_s", "efficiency_share", "mpi_share",
        "imbalance_share", "rssmax_bytes", "read_bytes", "written_bytes", "io_wait_s",
        "cpu_wait_s"])];
  }

  // ---- what stands out ----
  const GRAVE = { problem: "bad", warning: "warn" };

  function findings(page) {
    if (!page.findings.rows.length) return [element("p", {}, "Nothing stands out.")];
    return [element("ul", { class: "findings" }, objects(page.findings).map((row) =>
      element("li", { "data-finding": row.name },
        element("strong", { class: GRAVE[row.severity] || null }, `${row.severity}: ${row.title}.`),
        ` ${row.text || ""}`)))];
  }

  // ---- time line ----
  const STATES = ["ended well", "ended badly", "end not seen", "MPI step"];
  const GROUPS = ["processes of a program", "", "", "MPI step"]; // colours as above

  function stateOf(row) {
    if (row.signal || row.exitcode || row.state === "killed") return 1;
    return row.end_s === null ? 2 : 0;
  }

  function stepBars(page) {
    return objects(page.steps).map((row) => ({
      name: `MPI step ${row.step}`, start: row.start_s,
      end: row.end_s === null ? job(page).duration_s : row.end_s,
      label: `${row.ranks === null ? "?" : row.ranks} ranks`, series: STATES.length - 1 }));
  }

  function processBars(page) {
    return objects(page.processes).sort((a, b) => a.start_s - b.start_s || a.id - b.id)
      .map((row) => ({
        name: `${row.program} (${row.rank === null ? `pid ${row.pid}` : `rank ${row.rank}`})`,
        start: row.start_s, end: row.end_s === null ? job(page).duration_s : row.end_s,
        label: `${row.state}, ${format("cpu_s", row.cpu_s)} CPU`, series: stateOf(row) }));
  }

  function groupBars(page) {
    return objects(page.groups).map((row) => ({
      name: row.step ? `${row.program} (step ${row.step})` : row.program,
      start: row.start_s, end: row.end_s,
      label: `${row.processes} processes, ${format("cpu_s", row.cpu_s)} CPU`, series: 0 }));
  }

  function lanesOf(found) {
    const lanes = [...new Set(found.map((bar) => bar.name))];
    return { lanes, bars: found.map((bar) => ({ ...bar, lane: lanes.indexOf(bar.name) })) };
  }

  function timeline(page) {
    const each = page.processes.rows.length <= 60;
    const found = [...stepBars(page), ...(each ? processBars(page) : groupBars(page))]
      .filter((bar) => bar.start !== null && bar.end !== null);
    if (!found.length) return [element("p", {}, "No process with a start is known.")];
    // Every process has a lane of its own, those of one program one lane.
    const placed = each ? { lanes: found.map((bar) => bar.name),
      bars: found.map((bar, lane) => ({ ...bar, lane })) } : lanesOf(found);
    return [
      gantt({ title: "When what ran", text: each ? "Every process from its start to its end."
        : "Processes by program; those that began in the same twentieth of the job are one bar.",
      ...placed, series: each ? STATES : GROUPS,
      data: () => (each ? page.processes : page.groups) }),
      titled("Table: MPI steps", page.steps),
      element("h3", {}, "Most CPU time"),
      table(page.consumers, { caption: "Processes by CPU time",
        columns: ["program", "rank", "host", "pid", "state", "duration_s", "cpu_s",
          "rssmax_bytes", "threads", "arguments"],
        cell: (name, value) => (name === "arguments" ? words(value) : null) })];
  }

  // ---- MPI ranks ----
  function rankLabels(step) {
    return objects(step.ranks).map((row) => about(row.first_rank, row.last_rank));
  }

  function bucketText(step) {
    const most = Math.max(...objects(step.ranks).map((row) => row.ranks));
    return most > 1 ? ` Neighbouring ranks, up to ${most}, are one column.` : "";
  }

  function balance(step) {
    const rows = objects(step.ranks), column = (name) => rows.map((row) => row[name]);
    const several = rows.some((row) => row.ranks > 1);
    return bars({ title: `Balance of the ranks: step ${step.step}`,
      text: "Mean time of a rank outside and inside MPI: the ranks with most time outside are " +
        `those that the others wait for.${bucketText(step)}`,
      labels: rankLabels(step), unit: "time_s", xTitle: "rank", yTitle: "time", stacked: true,
      sets: [{ label: "outside MPI", values: column("outside_s") },
        { label: "in MPI", values: column("mpi_s") },
        several ? { label: "outside MPI, most of a rank", values: column("most_outside_s"),
          type: "line", colour: 5 } : null].filter(Boolean),
      data: () => step.ranks });
  }

  function functionHeat(step) {
    const cells = objects(step.heat), ranks = objects(step.ranks);
    const time = new Map();
    for (const cell of cells)
      time.set(cell.function, (time.get(cell.function) || 0) + cell.mean_s * cell.ranks);
    const rows = [...time.keys()].sort((a, b) => time.get(b) - time.get(a));
    const at = new Map(ranks.map((row, i) => [row.bucket, i]));
    if (!rows.length) return null;
    return heatmap({ title: `Time in MPI by rank and function: step ${step.step}`,
      text: `Mean time of a rank.${bucketText(step)}`, columns: rankLabels(step), rows,
      unit: "time_s", xTitle: "rank", yTitle: "",
      cells: cells.map((cell) => [at.get(cell.bucket), rows.indexOf(cell.function), cell.mean_s]),
      data: () => ({ columns: ["ranks", ...rows.map((name) => `${name}_s`)],
        rows: ranks.map((row) => [about(row.first_rank, row.last_rank), ...rows.map((name) => {
          const cell = cells.find((one) => one.bucket === row.bucket && one.function === name);
          return cell ? cell.mean_s : null;
        })]) }) });
  }

  // A table with a heading, nothing where it has no rows.
  function titled(title, data, open) {
    if (!data.rows.length) return null;
    return open ? [element("h3", {}, title), table(data, { caption: title })]
      : folded(title, () => table(data, { caption: title }));
  }

  function mpiStep(step) {
    return element("div", { "data-step": step.step },
      balance(step), functionHeat(step),
      titled("Functions by time (min, mean, max: of a rank)", step.functions, true),
      titled("Ranks with most time outside MPI (the others wait for them)", step.busiest, true),
      titled("Ranks with least time outside MPI (they wait)", step.idlest, true),
      titled("Call sites", step.callsites), titled("Who sent most to whom", step.messages),
      titled("Calls by size", step.sizes));
  }

  function mpi(page) {
    if (!page.mpi.length) return [element("p", {}, "The job had no MPI ranks.")];
    const more = page.steps.rows.length > page.mpi.length
      ? element("p", { class: "faint" },
        `The ${page.mpi.length} steps with most ranks; the table below the time line has more.`)
      : null;
    return [more, page.mpi.map(mpiStep)];
  }

  // ---- threads ----
  function threads(page) {
    const cells = objects(page.threads);
    if (!cells.length) return [element("p", {}, "Every process had one thread.")];
    const columns = [], rows = [];
    for (const cell of cells) {
      columns[cell.bucket] = cell.first_rank === null ? `process ${cell.process}`
        : `rank ${about(cell.first_rank, cell.last_rank)}`;
      rows[cell.thread] = `thread ${cell.thread}`;
    }
    const shown = (title, name, text) => (cells.some((cell) => cell[name])
      ? heatmap({ title, text: `${text} Mean where several processes are one column.`, columns,
        rows, unit: "time_s", xTitle: "process", yTitle: "",
        cells: cells.map((cell) => [cell.bucket, cell.thread, cell[name]]),
        data: () => page.threads }) : null);
    return [
      shown("CPU time of the threads", "mean_cpu_s", "Threads by when they began."),
      shown("Time that the threads waited for a CPU", "mean_cpu_wait_s",
        "Ready to run, while others ran: more threads than CPUs."),
      titled("Processes with several threads, by CPU time", page.thread_processes, true)];
  }

  // ---- I/O and memory ----
  // What the ranks used, where it was measured.
  function rankUse(step) {
    const rows = objects(step.ranks), labels = rankLabels(step);
    const shown = (title, text, unit, yTitle, sets) => {
      const known = sets.filter(({ name }) => rows.some((row) => row[name]));
      return known.length ? bars({ title: `${title}: step ${step.step}`,
        text: `${text}${bucketText(step)}`, labels, unit, xTitle: "rank", yTitle,
        sets: known.map(({ name, ...set }) => ({ ...set, values: rows.map((row) => row[name]) })),
        data: () => step.ranks }) : null;
    };
    return [
      shown("Peak memory of the ranks", "The most of a rank.", "memory_bytes", "memory",
        [{ name: "rssmax_bytes", label: "peak memory", colour: 2 }]),
      shown("Storage and the ranks", "What came from and went to storage, in all.", "moved_bytes",
        "bytes", [{ name: "read_bytes", label: "read from storage", colour: 2 },
          { name: "written_bytes", label: "written to storage", colour: 3 }]),
      shown("Waiting for files", "Time in which ranks waited for storage, in all.", "time_s",
        "time", [{ name: "io_wait_s", label: "waited for files", colour: 5 }])];
  }

  function inputOutput(page) {
    const programs = objects(page.programs).filter((row) => row.read_bytes !== null ||
      row.written_bytes !== null || row.asked_to_read_bytes !== null).slice(0, 15);
    const column = (name) => programs.map((row) => row[name]);
    const shown = [];
    if (programs.length)
      shown.push(bars({ title: "Input and output by program",
        text: "What was asked of the kernel, and what went to or came from storage. As the kernel " +
          "counts, a process has what those had for which it waited.",
        labels: programs.map((row) => row.program), unit: "moved_bytes", horizontal: true,
        height: 110 + 56 * programs.length,
        sets: [{ label: "asked to read", values: column("asked_to_read_bytes") },
          { label: "asked to write", values: column("asked_to_write_bytes") },
          { label: "read from storage", values: column("read_bytes") },
          { label: "written to storage", values: column("written_bytes") }],
        data: () => page.programs }));
    for (const step of page.mpi)
      shown.push(...rankUse(step));
    shown.push(titled("Programs", page.programs, true), titled("Hosts", page.hosts, true));
    return shown;
  }

  // ---- process tree ----
  // Nodes by their path; a node whose parent was left out stands at the top.
  function treeOf(page) {
    const nodes = objects(page.tree), byPath = new Map(nodes.map((node) => [node.path, node]));
    const roots = [];
    for (const node of nodes) {
      const cut = node.path.lastIndexOf("/");
      node.name = node.path.slice(cut + 1);
      node.children = node.children || [];
      const parent = cut < 0 ? null : byPath.get(node.path.slice(0, cut));
      if (!parent) roots.push(node);
      else (parent.children = parent.children || []).push(node);
    }
    return roots;
  }

  function nodeText(node, whole) {
    const many = node.processes > 1 ? `${node.processes} \u00d7 ` : "";
    const cost = node.inclusive_cpu_s === null ? "CPU unknown"
      : `${format("cpu_s", node.inclusive_cpu_s)}, of it ${format("cpu_s", node.cpu_s)} itself`;
    return [`${many}${node.name} `,
      element("meter", { min: 0, max: whole || 1, value: node.inclusive_cpu_s || 0,
        "aria-label": `CPU time with its children: ${cost}` }), cost,
      node.failed ? element("span", { class: "bad" }, `, ${node.failed} failed`) : "",
      element("span", { class: "faint" }, ` ${words(node.arguments)}`)];
  }

  // Children are made when somebody opens their parent.
  function branch(node, whole, depth) {
    if (!node.children.length)
      return element("li", { class: "leaf", "data-path": node.path }, nodeText(node, whole));
    const details = element("details", {}, element("summary", {}, nodeText(node, whole)));
    const open = () => {
      if (details.open && details.children.length === 1)
        details.append(element("ul", {}, node.children.map((child) =>
          branch(child, whole, depth + 1))));
    };
    details.addEventListener("toggle", open);
    if (depth < 2) {
      details.open = true;
      open();
    }
    return element("li", { "data-path": node.path }, details);
  }

  function tree(page) {
    const roots = treeOf(page);
    const whole = Math.max(0, ...roots.map((node) => node.inclusive_cpu_s || 0));
    return [element("p", { class: "faint" }, "CPU time of a process and all below it. Processes " +
      "of one name below the same names are one line; the 300 dearest lines are here."),
    element("div", { class: "tree" },
      element("ul", {}, roots.map((node) => branch(node, whole, 0))))];
  }

  // ---- counters, crashes, metadata ----
  function counters(page) {
    if (!page.counters.rows.length) return [element("p", {}, "No events were counted.")];
    return [table(page.counters, { caption: "Events over all threads" }),
      page.ratios ? titled("Ratios", page.ratios, true) : null];
  }

  // A list as the database has it, else the text as it is.
  function stack(text) {
    try {
      return JSON.parse(text).join("\n");
    } catch {
      return text;
    }
  }

  function crash(row) {
    const how = row.signal ? `signal ${row.signal}`
      : row.state === "killed" ? "it vanished" : `exit code ${row.exitcode}`;
    const who = row.first_rank === null ? `pid ${row.pid}`
      : `rank ${about(row.first_rank, row.last_rank)}`;
    return element("div", { class: "crash" },
      element("h3", {}, `${row.program || "?"}: ${how}`),
      element("p", {}, row.processes > 1 ? `${row.processes} processes, first ` : "", who,
        row.host ? ` on ${row.host}` : ""),
      row.stack ? element("pre", { tabindex: "0", "aria-label": "stack" }, stack(row.stack)) : null);
  }

  function crashes(page) {
    if (!page.crashes.rows.length) return [element("p", {}, "No process failed.")];
    return objects(page.crashes).map(crash);
  }

  function metadata(page) {
    return [facts(job(page), ["uuid", "jobid", "jobname", "user", "cluster", "hostname", "scheduler",
      "account", "queue", "nodes", "submit", "start", "end", "reason", "restart", "creator",
      "script"]),
    titled("Tags", page.tags, true), titled("Attributes", page.attributes, true)];
  }

  // ---- the page ----
  const SECTIONS = [
    ["findings", "What stands out", findings],
    ["timeline", "Time line", timeline],
    ["mpi", "MPI ranks", mpi],
    ["threads", "Threads", threads],
    ["io", "I/O and memory", inputOutput],
    ["tree", "Process tree", tree],
    ["counters", "Counters", counters],
    ["crashes", "Failures", crashes],
    ["metadata", "Metadata", metadata],
  ];

  function show(page) {
    const made = SECTIONS.map(([id, title, make]) => ({ id, title, parts: make(page) }))
      .filter(({ parts }) => parts);
    document.querySelector("main").replaceChildren(...head(page),
      element("nav", { "aria-label": "Sections of this page" }, element("ul", {},
        made.map(({ id, title }) => element("li", {}, element("a", { href: `#${id}` }, title))))),
      ...made.map(({ id, title, parts }) =>
        element("section", { id, "aria-labelledby": `${id}-title` },
          element("h2", { id: `${id}-title` }, title), parts)));
  }

  epmt.page(async () => {
    if (document.getElementById("epmt-data"))
      document.querySelectorAll(".server-only").forEach((part) => part.remove());
    show(await epmt.data(`api/job${location.search}`));
  });
})();

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

  return { arguments: arguments_, complain, fill, format, jobLink, jobName, options, pairs, query,
    say, shell, utc };
})();

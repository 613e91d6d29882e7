// SPDX-License-Identifier: Apache-2.0
// A page as one self-contained file: what it takes from web/ and its data are put inside.
#ifndef EPMT_ANALYSIS_PAGE_H
#define EPMT_ANALYSIS_PAGE_H

#include <jansson.h>

#include "common/err.h"
#include "storage/strbuf.h"

// Appends the page `name` (job.html) of the directory `web` (share/epmt/web) to `page`, with its
// style sheets and scripts inside and `data` as the JSON that its script finds. A policy (CSP) in
// the page allows these scripts and styles, by their SHA-256, and nothing else: no request leaves
// it, and no text of a job can become script. Returns 0 or -1 with err (NOT_FOUND, IO, BAD_INPUT,
// MEMORY).
int epmt_page_embed(struct epmt_strbuf *page, const char *web, const char *name, const json_t *data,
                    struct epmt_error *err);

// Appends data as JSON that is safe between <script> and </script>: ASCII, without < > &.
// Returns 0, or -1 without memory.
int epmt_page_add_json(struct epmt_strbuf *text, const json_t *data);

#endif

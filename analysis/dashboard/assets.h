// SPDX-License-Identifier: Apache-2.0
// Pages and what belongs to them: a fixed list of files, all in memory before the first request. No
// path of a request ever reaches the file system.
#ifndef EPMT_ANALYSIS_DASHBOARD_ASSETS_H
#define EPMT_ANALYSIS_DASHBOARD_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

#define EPMT_HTML "text/html; charset=utf-8"
#define EPMT_CSS "text/css; charset=utf-8"
#define EPMT_JS "text/javascript; charset=utf-8"
#define EPMT_SVG "image/svg+xml"

// X(path of the URL, file, type)
#define EPMT_ASSETS(X)                              \
    X("/", "jobs.html", EPMT_HTML)                  \
    X("/job", "job.html", EPMT_HTML)                \
    X("/web/job.js", "job.js", EPMT_JS)             \
    X("/web/style.css", "style.css", EPMT_CSS)      \
    X("/web/pages.css", "pages.css", EPMT_CSS)      \
    X("/web/icon.svg", "icon.svg", EPMT_SVG)        \
    X("/favicon.ico", "icon.svg", EPMT_SVG)         \
    X("/web/chart.min.js", "chart.min.js", EPMT_JS) \
    X("/web/charts.js", "charts.js", EPMT_JS)       \
    X("/web/pages.js", "pages.js", EPMT_JS)         \
    X("/web/jobs.js", "jobs.js", EPMT_JS)

enum {
#define EPMT_ASSET_ONE(...) +1
    EPMT_ASSET_COUNT = 0 EPMT_ASSETS(EPMT_ASSET_ONE)
#undef EPMT_ASSET_ONE
};

struct epmt_asset {
    const char *path, *type;
    bool is_page;
    char *data;
    size_t len;
    char etag[20];
};

// Reads all of them from the directory. Returns 0 or -1 with err.
int epmt_assets_load(struct epmt_asset assets[EPMT_ASSET_COUNT], const char *dir,
                     struct epmt_error *err);
void epmt_assets_free(struct epmt_asset assets[EPMT_ASSET_COUNT]);

// NULL: there is none of that path.
const struct epmt_asset *epmt_assets_find(const struct epmt_asset assets[EPMT_ASSET_COUNT],
                                          const char *path);

#endif

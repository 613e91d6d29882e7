// SPDX-License-Identifier: Apache-2.0
// The page says itself what it needs: a line `<link rel="stylesheet" href="web/NAME">` becomes a
// style element, `<script src="web/NAME"></script>` a script element. The policy goes behind the
// line of the character set, the data before the first script. The icon is left out: a file has
// none.
#include "analysis/page.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/iox.h"

#define ICON "<link rel=\"icon\""
#define CHARSET "<meta charset=\"utf-8\">"
#define HASH_LEN BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE)

static const struct {
    const char *before, *after; // in the page, around the name
    const char *open, *close;   // of the element that takes its place
    bool is_script;
} kinds[] = {
    {"<link rel=\"stylesheet\" href=\"web/", "\">", "<style>", "</style>", false},
    {"<script src=\"web/", "\"></script>", "<script>", "</script>", true},
};
#define KINDS (sizeof kinds / sizeof *kinds)

struct embedding {
    const char *web;
    const json_t *data;
    struct epmt_strbuf head, rest; // up to the policy, and behind it
    struct epmt_strbuf hashes[KINDS];
    bool has_charset, has_data;
    struct epmt_error *err;
};

static int read_file(struct epmt_strbuf *text, const char *path, struct epmt_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
    size_t len = 0;

    if (fd < 0)
        return epmt_errf_errno(err, errno == ENOENT ? EPMT_ERR_NOT_FOUND : EPMT_ERR_IO,
                               "cannot read %s", path);
    void *data = epmt_map_file(fd, &len, &error);
    close(fd);
    if (error) {
        errno = -error;
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot read %s", path);
    }
    epmt_strbuf_add(text, data, len);
    if (data)
        munmap(data, len);
    return 0;
}

int epmt_page_add_json(struct epmt_strbuf *text, const json_t *data) {
    char *json = json_dumps(data, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);

    if (!json)
        return -1;
    // These stand in strings only, where an escape means the same.
    for (const char *at = json; *at;) {
        size_t len = strcspn(at, "<>&");
        epmt_strbuf_add(text, at, len);
        at += len;
        if (*at)
            epmt_strbuf_printf(text, "\\u%04x", (unsigned)*at++);
    }
    free(json);
    return text->failed ? -1 : 0;
}

static void add_hash(struct epmt_strbuf *hashes, const char *text, size_t len) {
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char base64[HASH_LEN];

    sha256_init(&context);
    sha256_update(&context, len, (const uint8_t *)text);
    sha256_digest(&context, sizeof digest, digest);
    base64_encode_raw(base64, sizeof digest, digest);
    epmt_strbuf_printf(hashes, " 'sha256-%.*s'", (int)HASH_LEN, base64);
}

// What a browser would take for the end of the element, or read in another way than it was hashed.
static bool can_stand_inside(const struct epmt_strbuf *text) {
    return text->len == strlen(epmt_strbuf_text(text)) && !strchr(epmt_strbuf_text(text), '\r') &&
           !strcasestr(epmt_strbuf_text(text), "</script") &&
           !strcasestr(epmt_strbuf_text(text), "</style") &&
           !strstr(epmt_strbuf_text(text), "<!--");
}

static int add_asset(struct embedding *to, size_t kind, const char *name, size_t len) {
    struct epmt_strbuf asset = {0};
    char path[4096];
    int status = -1;

    if (memchr(name, '/', len) || !epmt_fmt(path, sizeof path, "%s/%.*s", to->web, (int)len, name))
        return epmt_errf(to->err, EPMT_ERR_BAD_INPUT, "the page asks for web/%.*s", (int)len, name);
    if (!read_file(&asset, path, to->err)) {
        status = can_stand_inside(&asset)
                     ? 0
                     : epmt_errf(to->err, EPMT_ERR_BAD_INPUT, "%s cannot stand in a page", path);
    }
    if (!status) {
        epmt_strbuf_puts(&to->rest, kinds[kind].open);
        epmt_strbuf_add(&to->rest, epmt_strbuf_text(&asset), asset.len);
        epmt_strbuf_puts(&to->rest, kinds[kind].close);
        add_hash(&to->hashes[kind], epmt_strbuf_text(&asset), asset.len);
    }
    epmt_strbuf_free(&asset);
    return status;
}

static int add_data(struct embedding *to) {
    to->has_data = true;
    epmt_strbuf_puts(&to->rest, "<script type=\"application/json\" id=\"epmt-data\">");
    if (epmt_page_add_json(&to->rest, to->data))
        return epmt_errf(to->err, EPMT_ERR_MEMORY, "out of memory");
    epmt_strbuf_puts(&to->rest, "</script>\n");
    return 0;
}

static int add_line(struct embedding *to, const char *line, size_t len) {
    for (size_t i = 0; i < KINDS; i++) {
        size_t before = strlen(kinds[i].before), after = strlen(kinds[i].after);
        if (len < before + after || memcmp(line, kinds[i].before, before) ||
            memcmp(line + len - after, kinds[i].after, after))
            continue;
        if (kinds[i].is_script && !to->has_data && add_data(to))
            return -1;
        return add_asset(to, i, line + before, len - before - after);
    }
    if (len < strlen(ICON) || memcmp(line, ICON, strlen(ICON)))
        epmt_strbuf_add(to->has_charset ? &to->rest : &to->head, line, len);
    return 0;
}

static int add_lines(struct embedding *to, const char *text) {
    while (*text) {
        size_t len = strcspn(text, "\n");
        bool had_charset = to->has_charset;
        if (add_line(to, text, len))
            return -1;
        to->has_charset |= len == strlen(CHARSET) && !memcmp(text, CHARSET, len);
        epmt_strbuf_puts(had_charset ? &to->rest : &to->head, "\n");
        text += len + (text[len] == '\n');
    }
    return 0;
}

static void join(struct epmt_strbuf *page, const struct embedding *from) {
    epmt_strbuf_add(page, epmt_strbuf_text(&from->head), from->head.len);
    epmt_strbuf_printf(page,
                       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                       "style-src%s; script-src%s; base-uri 'none'; form-action 'none'\">\n",
                       epmt_strbuf_text(&from->hashes[0]), epmt_strbuf_text(&from->hashes[1]));
    epmt_strbuf_add(page, epmt_strbuf_text(&from->rest), from->rest.len);
}

int epmt_page_embed(struct epmt_strbuf *page, const char *web, const char *name, const json_t *data,
                    struct epmt_error *err) {
    struct embedding to = {.web = web, .data = data, .err = err};
    struct epmt_strbuf template = {0};
    char path[4096];
    int status = -1;

    if (!epmt_fmt(path, sizeof path, "%s/%s", web, name))
        return epmt_errf(err, EPMT_ERR_NOT_FOUND, "%s is too long a path", web);
    if (!read_file(&template, path, err))
        status = add_lines(&to, epmt_strbuf_text(&template));
    if (!status && (!to.has_charset || !to.has_data))
        status = epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s is no page of epmt", path);
    if (!status)
        join(page, &to);
    if (!status && (page->failed || to.head.failed || to.rest.failed || to.hashes[0].failed ||
                    to.hashes[1].failed || template.failed))
        status = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    epmt_strbuf_free(&template);
    epmt_strbuf_free(&to.head);
    epmt_strbuf_free(&to.rest);
    for (size_t i = 0; i < KINDS; i++)
        epmt_strbuf_free(&to.hashes[i]);
    return status;
}

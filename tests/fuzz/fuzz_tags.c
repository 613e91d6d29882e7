// SPDX-License-Identifier: Apache-2.0
// Tags, annotations and names: any bytes, as they stand in somebody's environment. Tags keep within
// their limits and their text; what is shown has nothing in it that a terminal would obey.
#include <stdlib.h>
#include <string.h>

#include "cli/printable.h"
#include "storage/annotate.h"
#include "storage/tags.h"
#include "tests/fuzz/fuzz.h"

static bool is_utf8(struct epmt_bytes text) {
    for (uint64_t i = 0; i < text.len;) {
        size_t len = epmt_utf8_len(text.data + i, text.len - i);
        if (!len)
            return false;
        i += len;
    }
    return true;
}

static void try_tags(struct epmt_bytes text) {
    struct epmt_tags tags = {0};

    if (epmt_tags_parse(&tags, text))
        abort();
    for (size_t i = 0; i < tags.count; i++) {
        const struct epmt_tag *tag = &tags.tags[i];
        if (!tag->key.len || tag->key.len > EPMT_TAG_KEY_MAX ||
            tag->value.len > EPMT_TAG_VALUE_MAX || !is_utf8(tag->key) || !is_utf8(tag->value) ||
            memchr(tag->key.data, ';', tag->key.len) || memchr(tag->key.data, ':', tag->key.len))
            abort();
        for (size_t j = 0; j < i; j++) {
            if (tags.tags[j].key.len == tag->key.len &&
                !memcmp(tags.tags[j].key.data, tag->key.data, tag->key.len))
                abort();
        }
    }
    epmt_tags_free(&tags);
}

static void try_annotations(const char *text) {
    struct epmt_annotations annotations = {0};
    char *copy = strdup(text), *words[] = {copy, copy};

    if (!copy)
        abort();
    int status = epmt_annotations_parse(&annotations, words, 2, NULL);
    const char *equals = strchr(text, '=');
    bool good = equals && equals != text && equals[1];
    if (good != !status || (good && annotations.count != 1))
        abort();
    epmt_annotations_free(&annotations);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct epmt_bytes bytes = {(const char *)data, len};
    struct epmt_strbuf clean = {0}, shown = {0};

    epmt_strbuf_add_clean(&clean, bytes);
    try_tags((struct epmt_bytes){epmt_strbuf_text(&clean), clean.len});
    try_annotations(epmt_strbuf_text(&clean));
    epmt_strbuf_add_printable(&shown, bytes);
    for (size_t i = 0; i < shown.len; i++) {
        if ((unsigned char)shown.data[i] < 0x20 || shown.data[i] == 0x7f)
            abort();
    }
    if (!is_utf8((struct epmt_bytes){epmt_strbuf_text(&shown), shown.len}))
        abort();
    epmt_strbuf_free(&clean);
    epmt_strbuf_free(&shown);
    return 0;
}

uint8_t *fuzz_seed(unsigned n, size_t *len) {
    static const char *const seeds[] = {"op:run;model:am4",
                                        " a : b ;; c ; d:e:f ;a:x",
                                        "key=value",
                                        "k=",
                                        "'; drop table jobs; --:\"x\"",
                                        "\x1b]0;title\x07\x1b[31m\n\t\r\xc2\x9b\xe2\x80\xae",
                                        "\xff\xfe;\xc3\xa9:\xf0\x9f\x98\x80",
                                        "\\x41;\\:\\;"};

    if (n >= sizeof seeds / sizeof *seeds)
        return NULL;
    *len = strlen(seeds[n]);
    return (uint8_t *)strdup(seeds[n]);
}

// SPDX-License-Identifier: Apache-2.0
// Lists, from the JSON in which a job file has them; what is read is written as JSON again, and
// must read the same.
#include <stdlib.h>
#include <string.h>

#include "storage/jobfile_scan.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct epmt_strbuf list = {0}, json = {0}, again = {0};

    if (!epmt_list_from_json(&list, (struct epmt_bytes){(const char *)data, len})) {
        epmt_strbuf_add_json_list(&json, (struct epmt_bytes){epmt_strbuf_text(&list), list.len});
        if (epmt_list_from_json(&again, (struct epmt_bytes){epmt_strbuf_text(&json), json.len}) ||
            again.len != list.len ||
            memcmp(epmt_strbuf_text(&again), epmt_strbuf_text(&list), list.len) != 0)
            abort();
    }
    epmt_strbuf_free(&list);
    epmt_strbuf_free(&json);
    epmt_strbuf_free(&again);
    return 0;
}

uint8_t *fuzz_seed(unsigned n, size_t *len) {
    static const char *const seeds[] = {"[]", "[\"a\", \"b c\", \"\"]",
                                        "[\"\\u00e9\\ud83d\\ude00\\udcff\\n\\/\\\"\\\\\"]",
                                        " [ \"\xc3\xa9\" , \"\xf0\x9f\x98\x80\" ] "};

    if (n >= sizeof seeds / sizeof *seeds)
        return NULL;
    *len = strlen(seeds[n]);
    return (uint8_t *)strdup(seeds[n]);
}

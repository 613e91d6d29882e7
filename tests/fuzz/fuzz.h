// SPDX-License-Identifier: Apache-2.0
// A fuzz target: LLVMFuzzerTestOneInput, as libFuzzer and AFL call it, and seeds that our own
// writer makes. fuzz_main.c drives it where neither is at hand.
#ifndef EPMT_TESTS_FUZZ_H
#define EPMT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

// Makes the n-th seed. Returns its bytes, to be freed, or NULL where there are no more.
uint8_t *fuzz_seed(unsigned n, size_t *len);

#endif

// SPDX-License-Identifier: Apache-2.0
// The least that a preload can be: a constructor and a destructor that do nothing.
static volatile int alive;

static __attribute__((constructor)) void begin(void) {
    alive = 1;
}

static __attribute__((destructor)) void end(void) {
    alive = 0;
}

// SPDX-License-Identifier: Apache-2.0
// What every process of the guest touches stands together, right behind the initialized data: each
// page that is touched is a page fault, and a copy in every child of fork.
#ifndef EPMT_COMMON_HOT_H
#define EPMT_COMMON_HOT_H

// For a variable without an initializer. Lower orders stand first; the linker sorts by name
// (preload/CMakeLists.txt).
#define EPMT_HOT(order) __attribute__((section(".bss.0.epmt_hot." #order)))

#endif

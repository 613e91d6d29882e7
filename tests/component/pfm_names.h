// SPDX-License-Identifier: Apache-2.0
// The names alone: the kernel's header of events and that of libpfm4 do not go together.
#ifndef PFM_NAMES_H
#define PFM_NAMES_H

extern const char *const pfm_names[]; // ended by NULL

#endif

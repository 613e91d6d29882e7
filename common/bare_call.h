// SPDX-License-Identifier: Apache-2.0
// A system call as the kernel has it: the result or -errno, inlined, without the C library.
// EPMT_HAS_BARE_CALL says whether this processor's is known.
#ifndef EPMT_COMMON_BARE_CALL_H
#define EPMT_COMMON_BARE_CALL_H

#if defined __x86_64__ || defined __aarch64__
#define EPMT_HAS_BARE_CALL 1

static inline long epmt_bare_call(long number, long a, long b, long c, long d, long e, long f) {
#ifdef __x86_64__
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
#else
    register long x8 __asm__("x8") = number, result __asm__("x0") = a, x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(result)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
#endif
    return result;
}
#else
#define EPMT_HAS_BARE_CALL 0
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// The C library's functions on bytes and texts, for this library alone (hidden): each that is taken
// from libc is a symbol that the loader looks up in every process, for more than all its calls
// cost.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/poison.h"

// These loops are not to become calls of what they are.
#ifndef __clang__ // which -fno-builtin is enough for
#pragma GCC optimize "no-tree-loop-distribute-patterns"
#endif

// Whatever its address.
typedef uint64_t word __attribute__((aligned(1), may_alias));

void *memcpy(void *restrict to, const void *restrict from, size_t len) {
    unsigned char *t = to;
    const unsigned char *f = from;

#ifdef __x86_64__
    if (len >= 128) { // less is not worth its start
        __asm__ volatile("rep movsb" : "+D"(t), "+S"(f), "+c"(len) : : "memory");
        return to;
    }
#endif
    for (; len >= sizeof(word); len -= sizeof(word), t += sizeof(word), f += sizeof(word))
        *(word *)t = *(const word *)f;
    while (len--)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t len) {
    unsigned char *t = to;
    const unsigned char *f = from;

    if ((uintptr_t)t - (uintptr_t)f >= len) // it does not run into what it reads
        return memcpy(to, from, len);
    while (len--)
        t[len] = f[len];
    return to;
}

void *memset(void *to, int value, size_t len) {
    unsigned char *t = to;
    const word all = (unsigned char)value * UINT64_C(0x0101010101010101);

#ifdef __x86_64__
    if (len >= 128) {
        __asm__ volatile("rep stosb" : "+D"(t), "+c"(len) : "a"(value) : "memory");
        return to;
    }
#endif
    for (; len >= sizeof(word); len -= sizeof(word), t += sizeof(word))
        *(word *)t = all;
    while (len--)
        *t++ = (unsigned char)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t len) {
    const unsigned char *x = a, *y = b;

    for (; len; x++, y++, len--) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

void *memchr(const void *in, int value, size_t len) {
    const unsigned char *at = in;

    for (; len; at++, len--) {
        if (*at == (unsigned char)value)
            return (void *)at;
    }
    return NULL;
}

void *memmem(const void *in, size_t len, const void *what, size_t what_len) {
    for (const char *at = in; len >= what_len; at++, len--) {
        if (!memcmp(at, what, what_len))
            return (void *)at;
    }
    return NULL;
}

size_t strlen(const char *text) {
    const char *end = text;

    while (*end)
        end++;
    return (size_t)(end - text);
}

size_t strnlen(const char *text, size_t max) {
    size_t len = 0;

    while (len < max && text[len])
        len++;
    return len;
}

int strncmp(const char *a, const char *b, size_t len) {
    for (; len; a++, b++, len--) {
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    }
    return 0;
}

int strcmp(const char *a, const char *b) {
    return strncmp(a, b, (size_t)-1);
}

char *strchrnul(const char *text, int value) {
    while (*text && *text != (char)value)
        text++;
    return (char *)text;
}

char *strchr(const char *text, int value) {
    char *at = strchrnul(text, value);

    return *at == (char)value ? at : NULL;
}

char *strrchr(const char *text, int value) {
    const char *last = NULL;

    for (;; text++) {
        if (*text == (char)value)
            last = text;
        if (!*text)
            return (char *)last;
    }
}

size_t strcspn(const char *text, const char *stop) {
    size_t len = 0;

    while (text[len] && !strchr(stop, text[len]))
        len++;
    return len;
}

size_t strspn(const char *text, const char *of) {
    size_t len = 0;

    while (text[len] && strchr(of, text[len]))
        len++;
    return len;
}

char *strstr(const char *in, const char *what) {
    return memmem(in, strlen(in), what, strlen(what));
}

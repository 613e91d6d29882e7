// SPDX-License-Identifier: Apache-2.0
#include "pmpi/announce.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/prim.h"

#include "common/poison.h"

static long system_call(long number, long a, long b, long c) {
    int saved = errno;
    long result = syscall(number, a, b, c);

    if (result < 0)
        result = -errno;
    errno = saved;
    return result;
}

static int new_socket(void) {
    long fd = system_call(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || fd > 2)
        return (int)fd;
    // Never one of the program's standard descriptors.
    long high = system_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
    epmt_prim_close((int)fd);
    return (int)high;
}

static long name_of(struct sockaddr_un *address, uint64_t step, int64_t number) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    epmt_fmt(address->sun_path + 1, sizeof address->sun_path - 1, "epmt-%lu-%016lx-%ld",
             (unsigned long)epmt_prim_exec_euid(), (unsigned long)step, (long)number);
    return (long)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address->sun_path + 1));
}

int epmt_announce(uint64_t step, int64_t number) {
    struct sockaddr_un address;
    int fd = new_socket();

    if (fd < 0)
        return fd;
    long len = name_of(&address, step, number);
    long status = system_call(SYS_bind, fd, (long)&address, len);
    if (status < 0) {
        epmt_prim_close(fd);
        return (int)status;
    }
    return fd;
}

uint64_t epmt_announced(uint64_t step, int64_t count) {
    struct sockaddr_un address;
    uint64_t found = 0;
    int fd = new_socket();

    if (fd < 0)
        return 0;
    for (int64_t number = 0; number < count; number++) {
        long len = name_of(&address, step, number);
        found += system_call(SYS_connect, fd, (long)&address, len) == 0;
    }
    epmt_prim_close(fd);
    return found;
}

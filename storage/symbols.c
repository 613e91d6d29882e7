// SPDX-License-Identifier: Apache-2.0
#include "storage/symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/hash.h"
#include "metadata/mpi_tables.h"
#include "storage/strbuf.h"

// The module that was looked into last: the frames of one stack, and the ranks of one job, share
// few.
struct module {
    char *path;
    int fd;
    Elf *elf;
};

static void close_module(struct module *module) {
    if (module->elf)
        elf_end(module->elf);
    if (module->fd >= 0)
        close(module->fd);
    free(module->path);
    *module = (struct module){.fd = -1};
}

static Elf *open_module(struct module *module, const char *path, size_t len) {
    struct stat st;

    if (module->path && strlen(module->path) == len && !memcmp(module->path, path, len))
        return module->elf;
    close_module(module);
    module->path = strndup(path, len);
    if (!module->path)
        return NULL;
    // Whatever a journal names is opened: a device or a pipe must not hold us up.
    module->fd = open(module->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (module->fd >= 0 && !fstat(module->fd, &st) && S_ISREG(st.st_mode))
        module->elf = elf_begin(module->fd, ELF_C_READ, NULL);
    return module->elf;
}

// The address, as symbols have it, of an offset in the file.
static bool address_of(Elf *elf, uint64_t offset, uint64_t *address) {
    size_t count;

    if (elf_getphdrnum(elf, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr part;
        if (!gelf_getphdr(elf, (int)i, &part) || part.p_type != PT_LOAD)
            continue;
        if (offset >= part.p_offset && offset - part.p_offset < part.p_filesz) {
            *address = offset - part.p_offset + part.p_vaddr;
            return true;
        }
    }
    return false;
}

// The function that holds the address, in one symbol table.
static const char *in_table(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, uint64_t address,
                            uint64_t *into) {
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;

    for (size_t i = 0; data && i < count; i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, (int)i, &symbol) || GELF_ST_TYPE(symbol.st_info) != STT_FUNC ||
            address < symbol.st_value || address - symbol.st_value >= symbol.st_size)
            continue;
        *into = address - symbol.st_value;
        return elf_strptr(elf, header->sh_link, symbol.st_name);
    }
    return NULL;
}

static const char *name_of(Elf *elf, uint64_t offset, uint64_t *into) {
    uint64_t address;
    Elf_Scn *section = NULL;

    if (!elf || !address_of(elf, offset, &address))
        return NULL;
    while ((section = elf_nextscn(elf, section))) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) ||
            (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM))
            continue;
        const char *name = in_table(elf, section, &header, address, into);
        if (name)
            return name;
    }
    return NULL;
}

// Appends function+0xoffset, after `before`, where the frame can be named.
static void add_name(struct module *module, const char *frame, const char *before,
                     struct epmt_strbuf *list) {
    const char *plus = strrchr(frame, '+');
    const char *name = NULL;
    uint64_t into = 0;

    if (frame[0] == '/' && plus && !strncmp(plus, "+0x", 3) && !strchr(plus, ' '))
        name = name_of(open_module(module, frame, (size_t)(plus - frame)),
                       strtoull(plus + 3, NULL, 16), &into);
    // A frame that has its name is left: its "+" is the name's.
    if (name && !strchr(frame, ' '))
        epmt_strbuf_printf(list, "%s%s+0x%" PRIx64, before, name, into);
}

// Appends one frame with its name, and the NUL that ends it.
static void name_frame(struct module *module, const char *frame, struct epmt_strbuf *list) {
    epmt_strbuf_puts(list, frame);
    add_name(module, frame, " ", list);
    epmt_strbuf_add(list, "", 1);
}

// Appends the name of one frame alone, and the NUL that ends it.
static void name_caller(struct module *module, const char *frame, struct epmt_strbuf *list) {
    add_name(module, frame, "", list);
    epmt_strbuf_add(list, "", 1);
}

// Goes through the frames of a stack.
static void name_frames(struct module *module, struct epmt_bytes stack, struct epmt_strbuf *list,
                        void (*name)(struct module *, const char *, struct epmt_strbuf *)) {
    for (uint64_t at = 0; at < stack.len;) {
        const char *frame = stack.data + at;
        size_t len = strnlen(frame, stack.len - at);
        if (len == stack.len - at) // not ended: nothing of ours
            break;
        name(module, frame, list);
        at += len + 1;
    }
}

static int name_stack(struct epmt_jobfold *fold, struct module *module,
                      const struct epmt_record *process, struct epmt_error *err) {
    struct epmt_bytes stack = process->value[EPMT_COL_crashstack].text;
    struct epmt_strbuf list = {0};
    struct epmt_record named;

    name_frames(module, stack, &list, name_frame);
    int status = list.failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory") : 0;
    if (!status && list.len > stack.len) {
        epmt_record_clear(&named);
        epmt_record_set_u(&named, EPMT_COL_image, process->value[EPMT_COL_image].u);
        // It replaces what the process wrote, and is older than anything it may still write.
        epmt_record_set_u(&named, EPMT_COL_revision, process->value[EPMT_COL_revision].u);
        epmt_record_set_text(&named, EPMT_COL_crashstack, list.data, list.len);
        status = epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &named, err);
    }
    epmt_strbuf_free(&list);
    return status;
}

static bool is_of_host(const struct epmt_record *process, const char *host) {
    struct epmt_bytes name = process->value[EPMT_COL_hostname].text;

    return epmt_record_has(process, EPMT_COL_hostname) && name.len == strlen(host) &&
           !memcmp(name.data, host, name.len);
}

int epmt_symbols_name_crashes(struct epmt_jobfold *fold, struct epmt_error *err) {
    struct module module = {.fd = -1};
    struct epmt_record process;
    struct utsname host;
    int status = 0;

    if (uname(&host) || elf_version(EV_CURRENT) == EV_NONE)
        return 0;
    for (uint64_t i = 0; !status && i < epmt_fold_process_count(fold); i++) {
        epmt_fold_process(fold, i, &process);
        if (epmt_record_has(&process, EPMT_COL_crashstack) && is_of_host(&process, host.nodename))
            status = name_stack(fold, &module, &process, err);
    }
    close_module(&module);
    return status;
}

// The names of stacks that were asked about; ranks of a job have the same ones. The texts of a fold
// are kept once each, so equal addresses are equal stacks.
#define KNOWN 1024

struct callsites {
    struct epmt_jobfold *fold;
    struct module module;
    struct utsname host;
    struct {
        const char *stack;
        struct epmt_strbuf names;
    } known[KNOWN];
    struct epmt_record record, process;
};

static const struct epmt_strbuf *names_of(struct callsites *c, struct epmt_bytes stack) {
    size_t at = epmt_hash_finish((uintptr_t)stack.data) % KNOWN;

    if (c->known[at].stack != stack.data) {
        c->known[at].stack = stack.data;
        epmt_strbuf_reset(&c->known[at].names);
        name_frames(&c->module, stack, &c->known[at].names, name_caller);
    }
    return &c->known[at].names;
}

static bool is_to_be_named(struct callsites *c) {
    uint64_t place;

    if (epmt_record_has(&c->record, EPMT_MPI_CALLSITE_COL_names) ||
        !epmt_record_has(&c->record, EPMT_MPI_CALLSITE_COL_stack))
        return false;
    place = epmt_fold_find_process(c->fold, c->record.value[EPMT_MPI_CALLSITE_COL_image].u);
    if (place == UINT64_MAX)
        return false;
    epmt_fold_process(c->fold, place, &c->process);
    return is_of_host(&c->process, c->host.nodename);
}

static int name_callsite(struct callsites *c, struct epmt_error *err) {
    const struct epmt_strbuf *names =
        names_of(c, c->record.value[EPMT_MPI_CALLSITE_COL_stack].text);

    if (names->failed)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    // Where no frame has a name there are only the ends of the items.
    bool any = false;
    for (size_t i = 0; i < names->len; i++)
        any |= names->data[i] != '\0';
    if (!any)
        return 0;
    epmt_record_set_text(&c->record, EPMT_MPI_CALLSITE_COL_names, names->data, names->len);
    return epmt_fold_add_record(c->fold, EPMT_ROW_MPI_CALLSITE, &c->record, err);
}

int epmt_symbols_name_callsites(struct epmt_jobfold *fold, struct epmt_error *err) {
    uint64_t count = epmt_fold_mpi_count(fold, EPMT_ROW_MPI_CALLSITE);
    struct callsites *c = count ? calloc(1, sizeof *c) : NULL;
    int status = 0;

    if (!count)
        return 0;
    if (!c)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    c->fold = fold;
    c->module.fd = -1;
    if (!uname(&c->host) && elf_version(EV_CURRENT) != EV_NONE) {
        for (uint64_t i = 0; !status && i < count; i++) {
            epmt_fold_mpi(fold, EPMT_ROW_MPI_CALLSITE, i, &c->record);
            if (is_to_be_named(c))
                status = name_callsite(c, err);
        }
    }
    close_module(&c->module);
    for (int i = 0; i < KNOWN; i++)
        epmt_strbuf_free(&c->known[i].names);
    free(c);
    return status;
}

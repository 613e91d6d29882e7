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

// Appends one frame with its name, and the NUL that ends it.
static void name_frame(struct module *module, const char *frame, struct epmt_strbuf *list) {
    const char *plus = strrchr(frame, '+');
    const char *name = NULL;
    uint64_t into = 0;

    epmt_strbuf_puts(list, frame);
    if (frame[0] == '/' && plus && !strncmp(plus, "+0x", 3) && !strchr(plus, ' '))
        name = name_of(open_module(module, frame, (size_t)(plus - frame)),
                       strtoull(plus + 3, NULL, 16), &into);
    // A frame that has its name is left: its "+" is the name's.
    if (name && !strchr(frame, ' '))
        epmt_strbuf_printf(list, " %s+0x%" PRIx64, name, into);
    epmt_strbuf_add(list, "", 1);
}

static int name_stack(struct epmt_jobfold *fold, struct module *module,
                      const struct epmt_record *process, struct epmt_error *err) {
    struct epmt_bytes stack = process->value[EPMT_COL_crashstack].text;
    struct epmt_strbuf list = {0};
    struct epmt_record named;

    for (uint64_t at = 0; at < stack.len;) {
        const char *frame = stack.data + at;
        size_t len = strnlen(frame, stack.len - at);
        if (len == stack.len - at) // not ended: nothing of ours
            break;
        name_frame(module, frame, &list);
        at += len + 1;
    }
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

int epmt_symbols_name_crashes(struct epmt_jobfold *fold, struct epmt_error *err) {
    struct module module = {.fd = -1};
    struct epmt_record process;
    struct utsname host;
    int status = 0;

    if (uname(&host) || elf_version(EV_CURRENT) == EV_NONE)
        return 0;
    for (uint64_t i = 0; !status && i < epmt_fold_process_count(fold); i++) {
        epmt_fold_process(fold, i, &process);
        struct epmt_bytes name = process.value[EPMT_COL_hostname].text;
        if (epmt_record_has(&process, EPMT_COL_crashstack) &&
            epmt_record_has(&process, EPMT_COL_hostname) && name.len == strlen(host.nodename) &&
            !memcmp(name.data, host.nodename, name.len))
            status = name_stack(fold, &module, &process, err);
    }
    close_module(&module);
    return status;
}

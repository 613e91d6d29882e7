// SPDX-License-Identifier: Apache-2.0
// The tables of a job file that follow no dictionary of rows, as lists of their members.
#include <string.h>

#include "storage/jobfile_layout.h"

// X(name, kind, unit, source, description)
// clang-format off
#define ATTRIBUTES(X) \
    X("scope", TEXT, "-", "epmt", "what the fact is about: job, step <key>, env stop, ...") \
    X("key", TEXT, "-", "epmt", "name of the fact; with the scope it stands once") \
    X("value", TEXT, "-", "scheduler, library, MPI", "the fact; numbers are decimal, times us since epoch")
#define ENVIRONMENT(X) \
    X("name", TEXT, "-", "environ(7)", "variable at the start of the job") \
    X("value", TEXT, "-", "environ(7)", "its value; (hidden) where it may be a secret")
#define HOSTS(X) \
    X("hostname", TEXT, "-", "/processes", "name of the host") \
    X("bootid", TEXT, "-", "/processes", "boot of its kernel") \
    X("processes", UINT, "count", "/processes", "rows of /processes there")
#define STEPS(X) \
    X("key", TEXT, "-", "launcher's environment", "launcher's key of the MPI world") \
    X("ranks_expected", INT, "count", "MPI_Comm_size", "size of the world") \
    X("ranks_reported", INT, "count", "/processes", "ranks whose row says how they ended") \
    X("complete", INT, "-", "/processes", "1: all of them have") \
    X("start", INT, "us since epoch", "/processes", "first start of a rank") \
    X("end", INT, "us since epoch", "/processes", "last end of a rank") \
    X("library", TEXT, "-", "MPI_Get_library_version", "MPI library") \
    X("libversion", TEXT, "-", "MPI library", "its version") \
    X("thread_level", TEXT, "-", "MPI_Query_thread", "thread level that MPI gave, 0 to 3") \
    X("standard", TEXT, "-", "MPI_Get_version", "version of the MPI standard") \
    X("thread_asked", TEXT, "-", "MPI_Init_thread", "thread level that was asked for") \
    X("nodes", TEXT, "count", "MPI_Comm_split_type", "nodes of the world") \
    X("launcher", TEXT, "-", "environment", "what started it") \
    X("jobstep", TEXT, "-", "environment", "the launcher's own name of the step") \
    X("parent", TEXT, "-", "MPI_Comm_get_parent", "step that spawned this one")
#define COLUMNS(X) \
    X("table", TEXT, "-", "epmt", "path of the table, without the first slash") \
    X("name", TEXT, "-", "epmt", "column") \
    X("bit", INT, "-", "epmt", "its bit in the column valid; missing where the table has none") \
    X("type", TEXT, "-", "epmt", "int, uint, real, state, text or list") \
    X("unit", TEXT, "-", "epmt", "unit, - where there is none") \
    X("scope", TEXT, "-", "epmt", "process, thread, both; key or value") \
    X("fold", TEXT, "-", "epmt", "how threads make the process: none, sum, min, max") \
    X("missing", TEXT, "-", "epmt", "what stands in the cell of a missing value") \
    X("source", TEXT, "-", "epmt", "where the values come from") \
    X("description", TEXT, "-", "epmt", "what they mean")
#define LONG_TEXTS(X) \
    X("table", TEXT, "-", "epmt", "path of the table") \
    X("row", UINT, "-", "epmt", "row in it, from 0") \
    X("column", TEXT, "-", "epmt", "column in it") \
    X("offset", UINT, "B", "epmt", "where the value begins in /texts") \
    X("length", UINT, "B", "epmt", "its length there")
#define CRASHES(X) \
    X("image", UINT, "-", "/processes", "key of the process image") \
    X("mpirank", INT, "-", "/processes", "its rank; missing if not MPI") \
    X("hostname", TEXT, "-", "/processes", "its host") \
    X("exename", TEXT, "-", "/processes", "its program") \
    X("pid", INT, "-", "/processes", "its process id") \
    X("time", INT, "us since epoch", "/processes", "when it ended") \
    X("signal", INT, "-", "signal(7)", "number of the signal") \
    X("signame", TEXT, "-", "signal(7)", "name of the signal") \
    X("frames", UINT, "count", "/crash_frames", "frames of its stack; 0 where none was recorded") \
    X("top", TEXT, "-", "libunwind", "innermost frame")
#define CRASH_FRAMES(X) \
    X("image", UINT, "-", "/processes", "key of the process image") \
    X("frame", UINT, "-", "libunwind", "number of the frame, 0 the innermost") \
    X("module", TEXT, "-", "dl_iterate_phdr(3)", "file of the program or library") \
    X("offset", UINT, "B", "libunwind", "offset of the program counter in that file") \
    X("function", TEXT, "-", "symbol table of the module", "function; empty where unknown") \
    X("into", UINT, "B", "symbol table of the module", "offset of the program counter in the function")
// clang-format on

struct small_member {
    const char *name;
    enum epmt_member_kind kind;
    const char *unit, *source, *description;
};

#define MEMBER(name, kind, unit, source, description) \
    {name, EPMT_MEMBER_##kind, unit, source, description},

#define MEMBERS_MAX 16

static const struct {
    const char *path, *title;
    struct small_member members[MEMBERS_MAX]; // ended by one without a name
} small_tables[] = {
    [EPMT_TABLE_ATTRIBUTES] = {"/job/attributes",
                               "facts about the job and its steps",
                               {ATTRIBUTES(MEMBER)}},
    [EPMT_TABLE_ENVIRONMENT] = {"/job/environment",
                                "environment of the job; secrets are hidden",
                                {ENVIRONMENT(MEMBER)}},
    [EPMT_TABLE_HOSTS] = {"/hosts", "hosts that processes ran on", {HOSTS(MEMBER)}},
    [EPMT_TABLE_STEPS] = {"/steps",
                          "MPI worlds and launches; times are us since epoch",
                          {STEPS(MEMBER)}},
    [EPMT_TABLE_COLUMNS] = {"/columns",
                            "what the columns of the other tables are",
                            {COLUMNS(MEMBER)}},
    [EPMT_TABLE_LONG_TEXTS] = {"/long_texts",
                               "values in full, in /texts, that a cell could not hold unchanged",
                               {LONG_TEXTS(MEMBER)}},
    [EPMT_TABLE_CRASHES] = {"/crashes",
                            "processes that a signal ended; made from /processes",
                            {CRASHES(MEMBER)}},
    [EPMT_TABLE_CRASH_FRAMES] = {"/crash_frames",
                                 "stacks of /crashes, a row per frame; made from /processes",
                                 {CRASH_FRAMES(MEMBER)}},
};

void epmt_layout_of_small(struct epmt_layout *layout, enum epmt_small_table table) {
    memset(layout, 0, sizeof *layout);
    layout->path = small_tables[table].path;
    layout->title = small_tables[table].title;
    for (const struct small_member *member = small_tables[table].members; member->name; member++) {
        epmt_layout_add(layout, member->name, member->kind, -1);
        struct epmt_member *added = &layout->members[layout->count - 1];
        added->unit = member->unit;
        added->source = member->source;
        added->description = member->description;
    }
    epmt_layout_place(layout);
}

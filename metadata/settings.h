// SPDX-License-Identifier: Apache-2.0
// The settings: one row declares one. A setting x_y is the variable EPMT_X_Y in the environment
// and x_y in the settings files. The guest reads the environment only; `epmt run` and
// `epmt source` export to it what the files say.
#ifndef EPMT_METADATA_SETTINGS_H
#define EPMT_METADATA_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

// X(name, type, default, who, description)
//   type  TEXT, NUMBER (0 or more), SWITCH (0 or 1; also yes/no, true/false, on/off)
//   who   GUEST the preload reads it, CLI only the epmt command does
// clang-format off
#define EPMT_SETTINGS(X) \
    X(output_prefix, TEXT, "/tmp/epmt/", GUEST, "directory of all job directories: <output_prefix>/<user>/<job id>/; `epmt` makes a relative path absolute") \
    X(disable, SWITCH, 0, GUEST, "1: the preload does nothing") \
    X(log, TEXT, "", GUEST, "where the preload writes its messages: a file, or stderr; empty: nowhere") \
    X(verbose, NUMBER, 0, GUEST, "how much is said: 0 faults, 1 life cycle, 2 details") \
    X(arrival_timeout, NUMBER, 600, GUEST, "seconds that MPI_Finalize waits for the last rank to arrive") \
    X(partial_timeout, NUMBER, 5, GUEST, "seconds that it waits for ranks of its host that left no record: they do not carry the preload") \
    X(finalize_timeout, NUMBER, 30, GUEST, "seconds for the reduction and the job file after the last arrival") \
    X(chunk_kib, NUMBER, 256, GUEST, "KiB of one message of the reduction") \
    X(memory_mib, NUMBER, 64, GUEST, "MiB that the reduction may use on any rank, whatever the size of the job") \
    X(thread_rows_mib, NUMBER, 64, GUEST, "MiB per process for the rows of ended threads; more threads are counted, without rows") \
    X(exclude, TEXT, "", GUEST, "programs that are not recorded: patterns with * and ?, separated by colons") \
    X(crash_stack, NUMBER, 1, GUEST, "stacks of crashes: 0 of nobody, 1 of MPI ranks, 2 of every process that `epmt run` or `epmt source` starts (loads libunwind into each)") \
    X(events, TEXT, "", GUEST, "events to count in every thread: names of libpfm4, perf or PAPI, separated by commas (`epmt events` lists them); PAPIEX_OPTIONS stands for it where it is not set") \
    X(mpi_profile, SWITCH, 1, GUEST, "0: calls, time and bytes of the MPI functions are not recorded") \
    X(mpi_messages, SWITCH, 0, GUEST, "1: messages and bytes by receiver are recorded too") \
    X(mpi_callsites, NUMBER, 0, GUEST, "frames of the stack by which MPI calls are told apart; 0: they are not (loads libunwind)") \
    X(mpi_sizes, SWITCH, 0, GUEST, "1: calls and bytes by size are recorded too") \
    X(mpi_tvars, NUMBER, 1, GUEST, "control and performance variables of MPI: 0 not read, 1 where the interface to them is open already or costs nothing, 2 always (Open MPI loads all its plugins for it: 0.2 s and more in MPI_Finalize)") \
    X(env_drop, TEXT, "LS_COLORS:LSCOLORS:_*:BASH_FUNC_*", CLI, "variables of a job's environment that are not stored: patterns with * and ?, separated by colons, in capitals or not") \
    X(env_hide, TEXT, "*PASSWORD*:*PASSWD*:*PASSPHRASE*:*SECRET*:*TOKEN*:*CREDENTIAL*:*COOKIE*:*KEY*:*_PWD:*_PASS:PASS:EPMT_DB_*", CLI, "variables whose value is not stored, and patterns of secrets; a URL with a password is hidden whatever its name") \
    X(env_keep, TEXT, "KEYBOARD*:KEYMAP*", CLI, "variables that env_hide does not hide") \
    X(ingest_dir, TEXT, "", CLI, "directory that `epmt daemon` watches; empty: output_prefix") \
    X(ingest_interval, NUMBER, 60, CLI, "seconds after which it looks there in any case") \
    X(ingest_remove_on_success, SWITCH, 1, CLI, "1: it removes what it has submitted") \
    X(ingest_failed_dir, TEXT, "", CLI, "directory that it moves damaged files to; empty: they stay") \
    X(stage_command, TEXT, "", CLI, "command that `epmt stage` calls with a file and stage_command_dest behind its words (`mv`, `gcp -cd`): <job id>.h5, or <job id>.tgz where there is more than it; empty: it moves the parts there itself") \
    X(stage_command_dest, TEXT, "./", CLI, "directory that `epmt stage` moves jobs to: one that all hosts share") \
    X(archive_max_mib, NUMBER, 65536, CLI, "MiB that an archive may take unpacked; 0: no limit") \
    X(archive_max_entries, NUMBER, 1000000, CLI, "entries that an archive may have; 0: no limit") \
    X(archive_max_ratio, NUMBER, 500, CLI, "times that an archive of more than 64 MiB unpacked may be larger than packed; 0: no limit") \
    X(retire_jobs_ndays, NUMBER, 14, CLI, "days after its end that `epmt retire` leaves a job in the database; 0: for ever") \
    X(retire_jobs_per_delete_max, NUMBER, 20, CLI, "jobs that `epmt retire` deletes in one transaction") \
    X(retire_models_ndays, NUMBER, 0, CLI, "days after it was made that `epmt retire` leaves a reference model in the database; 0: for ever") \
    X(events_byhost, TEXT, "", CLI, "more events on hosts whose name matches: PATTERN=EVENT,EVENT;PATTERN=..., with * and ? in the patterns") \
    X(events_bycpu, TEXT, "", CLI, "the same by the CPU's family/model/stepping in /proc/cpuinfo, as 6/85/*") \
    X(remote_command, TEXT, "", CLI, "command that executes another on a host of the job (`ssh -o BatchMode=yes`, `srun -N1 -n1 -w %h`; %h is the host, else it follows): `epmt stage` and `epmt stop` collect through it what lies on the other hosts; empty: they do not") \
    X(remote_hosts, TEXT, "", CLI, "hosts to collect from, beside those that the scheduler and the job file name: h1,h2 or h[1-4]") \
    X(remote_timeout, NUMBER, 60, CLI, "seconds that nothing comes from a host until it is given up") \
    X(db_url, TEXT, "", CLI, "database: sqlite:///PATH; empty: epmt/epmt.db in the user's data directory")
// clang-format on

// Variables of the tool before epmt, which count where the setting's own variable is not in the
// environment. X(variable, setting)
#define EPMT_SETTING_ALIASES(X)     \
    X(PAPIEX_OUTPUT, output_prefix) \
    X(PAPIEX_OPTIONS, events)

#define EPMT_SETTING_TEXT_FIELD const char *
#define EPMT_SETTING_NUMBER_FIELD uint64_t
#define EPMT_SETTING_SWITCH_FIELD uint64_t

// The values. A TEXT points to a literal or to memory of whoever set it.
struct epmt_settings {
#define EPMT_SETTING_FIELD(name, type, def, who, description) EPMT_SETTING_##type##_FIELD name;
    EPMT_SETTINGS(EPMT_SETTING_FIELD)
#undef EPMT_SETTING_FIELD
};

enum epmt_setting_index {
#define EPMT_SETTING_ENUM(name, type, def, who, description) EPMT_SETTING_##name##_,
    EPMT_SETTINGS(EPMT_SETTING_ENUM)
#undef EPMT_SETTING_ENUM
        EPMT_SETTING_COUNT
};

enum epmt_setting_type { EPMT_SETTING_TEXT, EPMT_SETTING_NUMBER, EPMT_SETTING_SWITCH };

// Without pointers, which the loader would have to set in every process.
struct epmt_setting {
    char name[28];
    uint8_t type; // enum epmt_setting_type
    bool guest;
    uint16_t offset; // in struct epmt_settings
};

extern const struct epmt_setting epmt_setting_table[];
extern const int epmt_setting_count;

// The row of a setting, or NULL.
const struct epmt_setting *epmt_setting_find(const char *name);

// The variable of envp (its name, before the '=') that tells the setting: EPMT_<NAME>, else an
// alias. NULL where there is none.
const char *epmt_setting_in_environment(const struct epmt_setting *setting, char *const *envp);

// Sets every value to its default.
void epmt_settings_init(struct epmt_settings *settings);

// Sets one by its name; value must outlive settings. Returns 0; or -1 with err (USAGE) for an
// unknown name or a value of the wrong type, settings unchanged.
int epmt_settings_set(struct epmt_settings *settings, const char *name, const char *value,
                      struct epmt_error *err);

// Takes over what the environment says; a wrong value is passed over (the guest has nobody to
// tell), and the first one reported in err (may be NULL). Returns how many were wrong.
int epmt_settings_from_environment(struct epmt_settings *settings, char *const *envp,
                                   struct epmt_error *err);

// The value of a variable in envp, or NULL.
const char *epmt_environment_get(char *const *envp, const char *name);

#endif

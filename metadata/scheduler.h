// SPDX-License-Identifier: Apache-2.0
// What schedulers tell of a job in its environment: one row says where one thing stands.
// Guest-safe.
#ifndef EPMT_METADATA_SCHEDULER_H
#define EPMT_METADATA_SCHEDULER_H

#include <stdint.h>

// What is told. X(name)
#define EPMT_JOB_FACTS(X) \
    X(jobid)              \
    X(jobname) X(user) X(account) X(queue) X(cluster) X(nodes) X(nodelist) X(nodefile) X(script)

enum epmt_job_fact {
#define EPMT_JOB_FACT_ENUM(name) EPMT_JOB_FACT_##name,
    EPMT_JOB_FACTS(EPMT_JOB_FACT_ENUM)
#undef EPMT_JOB_FACT_ENUM
        EPMT_JOB_FACT_COUNT
};

// X(scheduler, fact, variable): of several rows for a fact the first whose variable is set and not
// empty counts. `any` is no scheduler. nodes: a number; nodelist: as the scheduler writes it;
// nodefile: a file with a host per line.
// clang-format off
#define EPMT_SCHEDULER_VARIABLES(X) \
    X(any, jobid, EPMT_JOB_ID) \
    X(slurm, jobid, SLURM_JOB_ID) \
    X(slurm, jobid, SLURM_JOBID) \
    X(pbs, jobid, PBS_JOBID) \
    X(pbs, jobid, PBS_JOB_ID) \
    X(lsf, jobid, LSB_JOBID) \
    X(loadleveler, jobid, LOADL_STEP_ID) \
    X(oar, jobid, OAR_JOB_ID) \
    X(flux, jobid, FLUX_JOB_ID) \
    X(cobalt, jobid, COBALT_JOBID) \
    X(sge, jobid, JOB_ID) \
    X(slurm, jobname, SLURM_JOB_NAME) \
    X(slurm, user, SLURM_JOB_USER) \
    X(slurm, account, SLURM_JOB_ACCOUNT) \
    X(slurm, queue, SLURM_JOB_PARTITION) \
    X(slurm, cluster, SLURM_CLUSTER_NAME) \
    X(slurm, nodes, SLURM_JOB_NUM_NODES) \
    X(slurm, nodes, SLURM_NNODES) \
    X(slurm, nodelist, SLURM_JOB_NODELIST) \
    X(slurm, nodelist, SLURM_NODELIST) \
    X(pbs, jobname, PBS_JOBNAME) \
    X(pbs, jobname, MOAB_JOBNAME) \
    X(pbs, user, PBS_O_LOGNAME) \
    X(pbs, user, MOAB_USER) \
    X(pbs, account, PBS_ACCOUNT) \
    X(pbs, account, MOAB_ACCOUNT) \
    X(pbs, queue, PBS_QUEUE) \
    X(pbs, queue, MOAB_CLASS) \
    X(pbs, cluster, PBS_SERVER) \
    X(pbs, nodes, PBS_NUM_NODES) \
    X(pbs, nodes, MOAB_NODECOUNT) \
    X(pbs, nodefile, PBS_NODEFILE) \
    X(lsf, jobname, LSB_JOBNAME) \
    X(lsf, user, LSB_SUB_USER) \
    X(lsf, user, LSFUSER) \
    X(lsf, account, LSB_PROJECT_NAME) \
    X(lsf, queue, LSB_QUEUE) \
    X(lsf, cluster, LSF_CLUSTER_NAME) \
    X(lsf, nodelist, LSB_MCPU_HOSTS) \
    X(lsf, nodelist, LSB_HOSTS) \
    X(lsf, nodefile, LSB_DJOB_HOSTFILE) \
    X(sge, jobname, JOB_NAME) \
    X(sge, user, SGE_O_LOGNAME) \
    X(sge, account, SGE_ACCOUNT) \
    X(sge, queue, QUEUE) \
    X(sge, cluster, SGE_CLUSTER_NAME) \
    X(sge, nodes, NHOSTS) \
    X(sge, nodefile, PE_HOSTFILE) \
    X(sge, script, JOB_SCRIPT) \
    X(flux, nodes, FLUX_JOB_NNODES) \
    X(loadleveler, jobname, LOADL_JOB_NAME) \
    X(loadleveler, user, LOADL_STEP_OWNER) \
    X(loadleveler, account, LOADL_STEP_ACCT) \
    X(loadleveler, queue, LOADL_STEP_CLASS) \
    X(loadleveler, nodelist, LOADL_PROCESSOR_LIST) \
    X(loadleveler, nodefile, LOADL_HOSTFILE) \
    X(loadleveler, script, LOADL_STEP_COMMAND) \
    X(oar, jobname, OAR_JOB_NAME) \
    X(oar, user, OAR_USER) \
    X(oar, account, OAR_PROJECT_NAME) \
    X(oar, nodefile, OAR_NODEFILE) \
    X(cobalt, nodelist, COBALT_PARTNAME) \
    X(cobalt, nodefile, COBALT_NODEFILE) \
    X(any, script, pp_script)
// clang-format on

// The scheduler whose job id stands in the environment: "slurm", ...; NULL: none. EPMT_JOB_ID alone
// is none.
const char *epmt_scheduler_name(char *const *envp);

// What the environment tells of a fact: of the job id whoever tells it, of others what that
// scheduler says. NULL: nothing.
const char *epmt_scheduler_fact(char *const *envp, enum epmt_job_fact fact);

#endif

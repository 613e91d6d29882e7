// SPDX-License-Identifier: Apache-2.0
// What backend.c needs of the MPI 5.0 standard ABI (ABI version 1.0), to be compiled where no MPI
// that has it is installed. The values are those of the standard's chapter on its ABI and of the
// MPI Forum's reference header (mpi-forum/mpi-abi-stubs, mpi.h): handles are pointers, those that
// MPI defines small numbers below 4096.
#ifndef EPMT_PMPI_ABI_MPI_H
#define EPMT_PMPI_ABI_MPI_H

#include <stdint.h>

#define EPMT_MPI_STANDARD_ABI 1 // tells this header from those of the families
#define MPI_ABI_VERSION 1

typedef int64_t MPI_Count;

typedef struct {
    int MPI_SOURCE, MPI_TAG, MPI_ERROR;
    int MPI_internal[5]; // the library's alone
} MPI_Status;

typedef struct MPI_ABI_Op *MPI_Op;
typedef struct MPI_ABI_Comm *MPI_Comm;
typedef struct MPI_ABI_Group *MPI_Group;
typedef struct MPI_ABI_Errhandler *MPI_Errhandler;
typedef struct MPI_ABI_Request *MPI_Request;
typedef struct MPI_ABI_Datatype *MPI_Datatype;

#define MPI_BAND ((MPI_Op)0x28)
#define MPI_NO_OP ((MPI_Op)0x3d)
#define MPI_COMM_NULL ((MPI_Comm)0x100)
#define MPI_COMM_WORLD ((MPI_Comm)0x101)
#define MPI_ERRORS_RETURN ((MPI_Errhandler)0x143)
#define MPI_REQUEST_NULL ((MPI_Request)0x180)
#define MPI_DATATYPE_NULL ((MPI_Datatype)0x200)
#define MPI_BYTE ((MPI_Datatype)0x247)

#define MPI_IN_PLACE ((void *)1)
#define MPI_STATUS_IGNORE ((MPI_Status *)0)
#define MPI_STATUSES_IGNORE ((MPI_Status *)0)

enum { MPI_PROC_NULL = -3, MPI_ROOT = -4, MPI_UNDEFINED = -32766 };

enum {
    MPI_THREAD_SINGLE = 0,
    MPI_THREAD_FUNNELED = 1024,
    MPI_THREAD_SERIALIZED = 2048,
    MPI_THREAD_MULTIPLE = 4096
};

enum { MPI_CART = 211, MPI_GRAPH = 212, MPI_DIST_GRAPH = 213 };

#define MPI_MAX_LIBRARY_VERSION_STRING 8192

// Never linked against: backend.c takes their types and finds them at run time.
int PMPI_Cancel(MPI_Request *request);
int PMPI_Cartdim_get(MPI_Comm comm, int *dimensions);
int PMPI_Comm_create(MPI_Comm comm, MPI_Group group, MPI_Comm *created);
int PMPI_Comm_create_group(MPI_Comm comm, MPI_Group group, int tag, MPI_Comm *created);
int PMPI_Comm_get_errhandler(MPI_Comm comm, MPI_Errhandler *handler);
int PMPI_Comm_get_parent(MPI_Comm *parent);
int PMPI_Comm_group(MPI_Comm comm, MPI_Group *group);
int PMPI_Comm_rank(MPI_Comm comm, int *rank);
int PMPI_Comm_remote_group(MPI_Comm comm, MPI_Group *group);
int PMPI_Comm_remote_size(MPI_Comm comm, int *size);
int PMPI_Comm_set_errhandler(MPI_Comm comm, MPI_Errhandler handler);
int PMPI_Comm_size(MPI_Comm comm, int *size);
int PMPI_Comm_test_inter(MPI_Comm comm, int *flag);
int PMPI_Dist_graph_neighbors_count(MPI_Comm comm, int *in, int *out, int *weighted);
int PMPI_Get_count(const MPI_Status *status, MPI_Datatype type, int *count);
int PMPI_Get_count_c(const MPI_Status *status, MPI_Datatype type, MPI_Count *count);
int PMPI_Get_library_version(char *version, int *len);
int PMPI_Get_processor_name(char *name, int *len);
int PMPI_Get_version(int *version, int *subversion);
int PMPI_Graph_neighbors_count(MPI_Comm comm, int rank, int *count);
int PMPI_Group_free(MPI_Group *group);
int PMPI_Group_translate_ranks(MPI_Group from, int count, const int ranks[], MPI_Group to,
                               int translated[]);
int PMPI_Iallreduce(const void *in, void *out, int count, MPI_Datatype type, MPI_Op op,
                    MPI_Comm comm, MPI_Request *request);
int PMPI_Irecv(void *data, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm,
               MPI_Request *request);
int PMPI_Isend(const void *data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
               MPI_Request *request);
int PMPI_Query_thread(int *provided);
int PMPI_Request_free(MPI_Request *request);
int PMPI_Test(MPI_Request *request, int *flag, MPI_Status *status);
int PMPI_Test_cancelled(const MPI_Status *status, int *flag);
int PMPI_Topo_test(MPI_Comm comm, int *kind);
int PMPI_Type_size_x(MPI_Datatype type, MPI_Count *size);

#endif

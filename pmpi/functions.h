// SPDX-License-Identifier: Apache-2.0
// The MPI functions that libepmt.so replaces, as MPI_X and PMPI_X: those of MPI-3.1 and what MPI-4
// added to it, as far as an MPI exports them. What is not wrapped, and why, stands in
// tests/lint/mpi_not_wrapped.txt; a test compares both lists with what the MPIs export.
//
// X(name, number of arguments, class, kind, roles)
//   kind   how the bytes are counted (pmpi/amounts.c); LIFE has wrappers of its own in pmpi/wrap.c,
//          and so have the DIRECT functions
//   roles  one letter per argument:
//     s  buffer that is sent from            r  buffer that is received into
//     n  count of what is sent (int)         N  the same (MPI_Count)
//     m  count of what is received (int)     M  the same (MPI_Count)
//     v  array of send counts (int)          V  the same (MPI_Count)
//     u  array of receive counts (int)       U  the same (MPI_Count)
//     d  datatype of what is sent            e  of what is received
//     w  array of send datatypes             x  array of receive datatypes
//     p  destination or target rank          q  source rank
//     o  root                                y  number of partitions
//     c  communicator                        i  window
//     O  operation
//     R  pointer to the request made         P  the same, of a persistent request
//     a  pointer to a request                l, A  number of requests, array of them
//     t  pointer to a status                 T  array of statuses
//     j  pointer to an index                 k  pointer to a flag
//     g, h  pointer to a number, array of indices
//     .  anything else
#ifndef EPMT_PMPI_FUNCTIONS_H
#define EPMT_PMPI_FUNCTIONS_H

// Their order is that of use: what a program calls stands on few pages.
// clang-format off
#define EPMT_MPI_FUNCTIONS_DIRECT(X) \
    X(Sendrecv, 12, P2P, SENDRECV, "sndp.rmeq.ct")

#define EPMT_MPI_FUNCTIONS_P2P(X) \
    X(Send, 6, P2P, SEND, "sndp.c") \
    X(Recv, 7, P2P, RECV, "rmeq.ct") \
    X(Isend, 7, P2P, SEND, "sndp.cR") \
    X(Irecv, 7, P2P, RECV, "rmeq.cR") \
    X(Iprobe, 5, P2P, NONE, "..c.t") \
    X(Probe, 4, P2P, NONE, "..ct") \
    X(Bsend, 6, P2P, SEND, "sndp.c") \
    X(Bsend_init, 7, P2P, SEND, "sndp.cP") \
    X(Buffer_attach, 2, P2P, NONE, "..") \
    X(Buffer_detach, 2, P2P, NONE, "..") \
    X(Ibsend, 7, P2P, SEND, "sndp.cR") \
    X(Improbe, 6, P2P, NONE, "..c..t") \
    X(Imrecv, 5, P2P, RECV, "rme.R") \
    X(Irsend, 7, P2P, SEND, "sndp.cR") \
    X(Isendrecv, 12, P2P, SENDRECV, "sndp.rmeq.cR") \
    X(Isendrecv_replace, 9, P2P, SENDRECV, "sndp.q.cR") \
    X(Issend, 7, P2P, SEND, "sndp.cR") \
    X(Mprobe, 5, P2P, NONE, "..c.t") \
    X(Mrecv, 5, P2P, RECV, "rme.t") \
    X(Pready, 2, P2P, NONE, "..") \
    X(Pready_list, 3, P2P, NONE, "...") \
    X(Pready_range, 3, P2P, NONE, "...") \
    X(Precv_init, 9, P2P, PRECV, "ryMeq.c.P") \
    X(Psend_init, 9, P2P, PSEND, "syNdp.c.P") \
    X(Recv_init, 7, P2P, RECV, "rmeq.cP") \
    X(Rsend, 6, P2P, SEND, "sndp.c") \
    X(Rsend_init, 7, P2P, SEND, "sndp.cP") \
    X(Send_init, 7, P2P, SEND, "sndp.cP") \
    X(Sendrecv_replace, 9, P2P, SENDRECV, "sndp.q.ct") \
    X(Ssend, 6, P2P, SEND, "sndp.c") \
    X(Ssend_init, 7, P2P, SEND, "sndp.cP") \
    X(Bsend_c, 6, P2P, SEND, "sNdp.c") \
    X(Bsend_init_c, 7, P2P, SEND, "sNdp.cP") \
    X(Buffer_attach_c, 2, P2P, NONE, "..") \
    X(Buffer_detach_c, 2, P2P, NONE, "..") \
    X(Ibsend_c, 7, P2P, SEND, "sNdp.cR") \
    X(Imrecv_c, 5, P2P, RECV, "rMe.R") \
    X(Irecv_c, 7, P2P, RECV, "rMeq.cR") \
    X(Irsend_c, 7, P2P, SEND, "sNdp.cR") \
    X(Isend_c, 7, P2P, SEND, "sNdp.cR") \
    X(Isendrecv_c, 12, P2P, SENDRECV, "sNdp.rMeq.cR") \
    X(Isendrecv_replace_c, 9, P2P, SENDRECV, "sNdp.q.cR") \
    X(Issend_c, 7, P2P, SEND, "sNdp.cR") \
    X(Mrecv_c, 5, P2P, RECV, "rMe.t") \
    X(Recv_c, 7, P2P, RECV, "rMeq.ct") \
    X(Recv_init_c, 7, P2P, RECV, "rMeq.cP") \
    X(Rsend_c, 6, P2P, SEND, "sNdp.c") \
    X(Rsend_init_c, 7, P2P, SEND, "sNdp.cP") \
    X(Send_c, 6, P2P, SEND, "sNdp.c") \
    X(Send_init_c, 7, P2P, SEND, "sNdp.cP") \
    X(Sendrecv_c, 12, P2P, SENDRECV, "sNdp.rMeq.ct") \
    X(Sendrecv_replace_c, 9, P2P, SENDRECV, "sNdp.q.ct") \
    X(Ssend_c, 6, P2P, SEND, "sNdp.c") \
    X(Ssend_init_c, 7, P2P, SEND, "sNdp.cP")

#define EPMT_MPI_FUNCTIONS_REQUEST(X) \
    X(Wait, 2, REQUEST, WAIT, "at") \
    X(Waitall, 3, REQUEST, WAITALL, "lAT") \
    X(Test, 3, REQUEST, TEST, "akt") \
    X(Waitany, 4, REQUEST, WAITANY, "lAjt") \
    X(Testall, 4, REQUEST, TESTALL, "lAkT") \
    X(Waitsome, 5, REQUEST, WAITSOME, "lAghT") \
    X(Testany, 5, REQUEST, TESTANY, "lAjkt") \
    X(Testsome, 5, REQUEST, TESTSOME, "lAghT") \
    X(Cancel, 1, REQUEST, NONE, ".") \
    X(Grequest_complete, 1, REQUEST, NONE, ".") \
    X(Grequest_start, 5, REQUEST, NONE, ".....") \
    X(Parrived, 3, REQUEST, NONE, "...") \
    X(Request_free, 1, REQUEST, REQUEST_FREE, "a") \
    X(Request_get_status, 3, REQUEST, NONE, "...") \
    X(Start, 1, REQUEST, START, "a") \
    X(Startall, 2, REQUEST, STARTALL, "lA") \
    X(Test_cancelled, 2, REQUEST, NONE, "..")

#define EPMT_MPI_FUNCTIONS_COLLECTIVE(X) \
    X(Barrier, 1, COLLECTIVE, NONE, "c") \
    X(Bcast, 5, COLLECTIVE, BCAST, "sndoc") \
    X(Reduce, 7, COLLECTIVE, REDUCE, "srnd.oc") \
    X(Allreduce, 6, COLLECTIVE, ALLREDUCE, "srnd.c") \
    X(Gather, 8, COLLECTIVE, GATHER, "sndrmeoc") \
    X(Allgather, 7, COLLECTIVE, ALLGATHER, "sndrmec") \
    X(Alltoall, 7, COLLECTIVE, ALLTOALL, "sndrmec") \
    X(Gatherv, 9, COLLECTIVE, GATHER, "sndru.eoc") \
    X(Allgatherv, 8, COLLECTIVE, ALLGATHER, "sndru.ec") \
    X(Alltoallv, 9, COLLECTIVE, ALLTOALL, "sv.dru.ec") \
    X(Scatter, 8, COLLECTIVE, SCATTER, "sndrmeoc") \
    X(Scatterv, 9, COLLECTIVE, SCATTER, "sv.drmeoc") \
    X(Allgather_init, 9, COLLECTIVE, ALLGATHER, "sndrmec.P") \
    X(Allgatherv_init, 10, COLLECTIVE, ALLGATHER, "sndru.ec.P") \
    X(Allreduce_init, 8, COLLECTIVE, ALLREDUCE, "srnd.c.P") \
    X(Alltoall_init, 9, COLLECTIVE, ALLTOALL, "sndrmec.P") \
    X(Alltoallv_init, 11, COLLECTIVE, ALLTOALL, "sv.dru.ec.P") \
    X(Alltoallw, 9, COLLECTIVE, ALLTOALL, "sv.wru.xc") \
    X(Alltoallw_init, 11, COLLECTIVE, ALLTOALL, "sv.wru.xc.P") \
    X(Barrier_init, 3, COLLECTIVE, NONE, "c.P") \
    X(Bcast_init, 7, COLLECTIVE, BCAST, "sndoc.P") \
    X(Exscan, 6, COLLECTIVE, EXSCAN, "srnd.c") \
    X(Exscan_init, 8, COLLECTIVE, EXSCAN, "srnd.c.P") \
    X(Gather_init, 10, COLLECTIVE, GATHER, "sndrmeoc.P") \
    X(Gatherv_init, 11, COLLECTIVE, GATHER, "sndru.eoc.P") \
    X(Iallgather, 8, COLLECTIVE, ALLGATHER, "sndrmecR") \
    X(Iallgatherv, 9, COLLECTIVE, ALLGATHER, "sndru.ecR") \
    X(Iallreduce, 7, COLLECTIVE, ALLREDUCE, "srnd.cR") \
    X(Ialltoall, 8, COLLECTIVE, ALLTOALL, "sndrmecR") \
    X(Ialltoallv, 10, COLLECTIVE, ALLTOALL, "sv.dru.ecR") \
    X(Ialltoallw, 10, COLLECTIVE, ALLTOALL, "sv.wru.xcR") \
    X(Ibarrier, 2, COLLECTIVE, NONE, "cR") \
    X(Ibcast, 6, COLLECTIVE, BCAST, "sndocR") \
    X(Iexscan, 7, COLLECTIVE, EXSCAN, "srnd.cR") \
    X(Igather, 9, COLLECTIVE, GATHER, "sndrmeocR") \
    X(Igatherv, 10, COLLECTIVE, GATHER, "sndru.eocR") \
    X(Ineighbor_allgather, 8, COLLECTIVE, NEIGHBOR_ALLGATHER, "sndrmecR") \
    X(Ineighbor_allgatherv, 9, COLLECTIVE, NEIGHBOR_ALLGATHER, "sndru.ecR") \
    X(Ineighbor_alltoall, 8, COLLECTIVE, NEIGHBOR_ALLTOALL, "sndrmecR") \
    X(Ineighbor_alltoallv, 10, COLLECTIVE, NEIGHBOR_ALLTOALL, "sv.dru.ecR") \
    X(Ineighbor_alltoallw, 10, COLLECTIVE, NEIGHBOR_ALLTOALL, "sv.wru.xcR") \
    X(Ireduce, 8, COLLECTIVE, REDUCE, "srnd.ocR") \
    X(Ireduce_scatter, 7, COLLECTIVE, REDUCE_SCATTER, "srud.cR") \
    X(Ireduce_scatter_block, 7, COLLECTIVE, REDUCE_SCATTER, "srnd.cR") \
    X(Iscan, 7, COLLECTIVE, ALLREDUCE, "srnd.cR") \
    X(Iscatter, 9, COLLECTIVE, SCATTER, "sndrmeocR") \
    X(Iscatterv, 10, COLLECTIVE, SCATTER, "sv.drmeocR") \
    X(Neighbor_allgather, 7, COLLECTIVE, NEIGHBOR_ALLGATHER, "sndrmec") \
    X(Neighbor_allgather_init, 9, COLLECTIVE, NEIGHBOR_ALLGATHER, "sndrmec.P") \
    X(Neighbor_allgatherv, 8, COLLECTIVE, NEIGHBOR_ALLGATHER, "sndru.ec") \
    X(Neighbor_allgatherv_init, 10, COLLECTIVE, NEIGHBOR_ALLGATHER, "sndru.ec.P") \
    X(Neighbor_alltoall, 7, COLLECTIVE, NEIGHBOR_ALLTOALL, "sndrmec") \
    X(Neighbor_alltoall_init, 9, COLLECTIVE, NEIGHBOR_ALLTOALL, "sndrmec.P") \
    X(Neighbor_alltoallv, 9, COLLECTIVE, NEIGHBOR_ALLTOALL, "sv.dru.ec") \
    X(Neighbor_alltoallv_init, 11, COLLECTIVE, NEIGHBOR_ALLTOALL, "sv.dru.ec.P") \
    X(Neighbor_alltoallw, 9, COLLECTIVE, NEIGHBOR_ALLTOALL, "sv.wru.xc") \
    X(Neighbor_alltoallw_init, 11, COLLECTIVE, NEIGHBOR_ALLTOALL, "sv.wru.xc.P") \
    X(Reduce_init, 9, COLLECTIVE, REDUCE, "srnd.oc.P") \
    X(Reduce_scatter, 6, COLLECTIVE, REDUCE_SCATTER, "srud.c") \
    X(Reduce_scatter_block, 6, COLLECTIVE, REDUCE_SCATTER, "srnd.c") \
    X(Reduce_scatter_block_init, 8, COLLECTIVE, REDUCE_SCATTER, "srnd.c.P") \
    X(Reduce_scatter_init, 8, COLLECTIVE, REDUCE_SCATTER, "srud.c.P") \
    X(Scan, 6, COLLECTIVE, ALLREDUCE, "srnd.c") \
    X(Scan_init, 8, COLLECTIVE, ALLREDUCE, "srnd.c.P") \
    X(Scatter_init, 10, COLLECTIVE, SCATTER, "sndrmeoc.P") \
    X(Scatterv_init, 11, COLLECTIVE, SCATTER, "sv.drmeoc.P") \
    X(Allgather_c, 7, COLLECTIVE, ALLGATHER, "sNdrMec") \
    X(Allgather_init_c, 9, COLLECTIVE, ALLGATHER, "sNdrMec.P") \
    X(Allgatherv_c, 8, COLLECTIVE, ALLGATHER, "sNdrU.ec") \
    X(Allgatherv_init_c, 10, COLLECTIVE, ALLGATHER, "sNdrU.ec.P") \
    X(Allreduce_c, 6, COLLECTIVE, ALLREDUCE, "srNd.c") \
    X(Allreduce_init_c, 8, COLLECTIVE, ALLREDUCE, "srNd.c.P") \
    X(Alltoall_c, 7, COLLECTIVE, ALLTOALL, "sNdrMec") \
    X(Alltoall_init_c, 9, COLLECTIVE, ALLTOALL, "sNdrMec.P") \
    X(Alltoallv_c, 9, COLLECTIVE, ALLTOALL, "sV.drU.ec") \
    X(Alltoallv_init_c, 11, COLLECTIVE, ALLTOALL, "sV.drU.ec.P") \
    X(Alltoallw_c, 9, COLLECTIVE, ALLTOALL, "sV.wrU.xc") \
    X(Alltoallw_init_c, 11, COLLECTIVE, ALLTOALL, "sV.wrU.xc.P") \
    X(Bcast_c, 5, COLLECTIVE, BCAST, "sNdoc") \
    X(Bcast_init_c, 7, COLLECTIVE, BCAST, "sNdoc.P") \
    X(Exscan_c, 6, COLLECTIVE, EXSCAN, "srNd.c") \
    X(Exscan_init_c, 8, COLLECTIVE, EXSCAN, "srNd.c.P") \
    X(Gather_c, 8, COLLECTIVE, GATHER, "sNdrMeoc") \
    X(Gather_init_c, 10, COLLECTIVE, GATHER, "sNdrMeoc.P") \
    X(Gatherv_c, 9, COLLECTIVE, GATHER, "sNdrU.eoc") \
    X(Gatherv_init_c, 11, COLLECTIVE, GATHER, "sNdrU.eoc.P") \
    X(Iallgather_c, 8, COLLECTIVE, ALLGATHER, "sNdrMecR") \
    X(Iallgatherv_c, 9, COLLECTIVE, ALLGATHER, "sNdrU.ecR") \
    X(Iallreduce_c, 7, COLLECTIVE, ALLREDUCE, "srNd.cR") \
    X(Ialltoall_c, 8, COLLECTIVE, ALLTOALL, "sNdrMecR") \
    X(Ialltoallv_c, 10, COLLECTIVE, ALLTOALL, "sV.drU.ecR") \
    X(Ialltoallw_c, 10, COLLECTIVE, ALLTOALL, "sV.wrU.xcR") \
    X(Ibcast_c, 6, COLLECTIVE, BCAST, "sNdocR") \
    X(Iexscan_c, 7, COLLECTIVE, EXSCAN, "srNd.cR") \
    X(Igather_c, 9, COLLECTIVE, GATHER, "sNdrMeocR") \
    X(Igatherv_c, 10, COLLECTIVE, GATHER, "sNdrU.eocR") \
    X(Ineighbor_allgather_c, 8, COLLECTIVE, NEIGHBOR_ALLGATHER, "sNdrMecR") \
    X(Ineighbor_allgatherv_c, 9, COLLECTIVE, NEIGHBOR_ALLGATHER, "sNdrU.ecR") \
    X(Ineighbor_alltoall_c, 8, COLLECTIVE, NEIGHBOR_ALLTOALL, "sNdrMecR") \
    X(Ineighbor_alltoallv_c, 10, COLLECTIVE, NEIGHBOR_ALLTOALL, "sV.drU.ecR") \
    X(Ineighbor_alltoallw_c, 10, COLLECTIVE, NEIGHBOR_ALLTOALL, "sV.wrU.xcR") \
    X(Ireduce_c, 8, COLLECTIVE, REDUCE, "srNd.ocR") \
    X(Ireduce_scatter_block_c, 7, COLLECTIVE, REDUCE_SCATTER, "srNd.cR") \
    X(Ireduce_scatter_c, 7, COLLECTIVE, REDUCE_SCATTER, "srUd.cR") \
    X(Iscan_c, 7, COLLECTIVE, ALLREDUCE, "srNd.cR") \
    X(Iscatter_c, 9, COLLECTIVE, SCATTER, "sNdrMeocR") \
    X(Iscatterv_c, 10, COLLECTIVE, SCATTER, "sV.drMeocR") \
    X(Neighbor_allgather_c, 7, COLLECTIVE, NEIGHBOR_ALLGATHER, "sNdrMec") \
    X(Neighbor_allgather_init_c, 9, COLLECTIVE, NEIGHBOR_ALLGATHER, "sNdrMec.P") \
    X(Neighbor_allgatherv_c, 8, COLLECTIVE, NEIGHBOR_ALLGATHER, "sNdrU.ec") \
    X(Neighbor_allgatherv_init_c, 10, COLLECTIVE, NEIGHBOR_ALLGATHER, "sNdrU.ec.P") \
    X(Neighbor_alltoall_c, 7, COLLECTIVE, NEIGHBOR_ALLTOALL, "sNdrMec") \
    X(Neighbor_alltoall_init_c, 9, COLLECTIVE, NEIGHBOR_ALLTOALL, "sNdrMec.P") \
    X(Neighbor_alltoallv_c, 9, COLLECTIVE, NEIGHBOR_ALLTOALL, "sV.drU.ec") \
    X(Neighbor_alltoallv_init_c, 11, COLLECTIVE, NEIGHBOR_ALLTOALL, "sV.drU.ec.P") \
    X(Neighbor_alltoallw_c, 9, COLLECTIVE, NEIGHBOR_ALLTOALL, "sV.wrU.xc") \
    X(Neighbor_alltoallw_init_c, 11, COLLECTIVE, NEIGHBOR_ALLTOALL, "sV.wrU.xc.P") \
    X(Reduce_c, 7, COLLECTIVE, REDUCE, "srNd.oc") \
    X(Reduce_init_c, 9, COLLECTIVE, REDUCE, "srNd.oc.P") \
    X(Reduce_scatter_block_c, 6, COLLECTIVE, REDUCE_SCATTER, "srNd.c") \
    X(Reduce_scatter_block_init_c, 8, COLLECTIVE, REDUCE_SCATTER, "srNd.c.P") \
    X(Reduce_scatter_c, 6, COLLECTIVE, REDUCE_SCATTER, "srUd.c") \
    X(Reduce_scatter_init_c, 8, COLLECTIVE, REDUCE_SCATTER, "srUd.c.P") \
    X(Scan_c, 6, COLLECTIVE, ALLREDUCE, "srNd.c") \
    X(Scan_init_c, 8, COLLECTIVE, ALLREDUCE, "srNd.c.P") \
    X(Scatter_c, 8, COLLECTIVE, SCATTER, "sNdrMeoc") \
    X(Scatter_init_c, 10, COLLECTIVE, SCATTER, "sNdrMeoc.P") \
    X(Scatterv_c, 9, COLLECTIVE, SCATTER, "sV.drMeoc") \
    X(Scatterv_init_c, 11, COLLECTIVE, SCATTER, "sV.drMeoc.P")

#define EPMT_MPI_FUNCTIONS_RMA(X) \
    X(Accumulate, 9, RMA, PUT, "sndp...Oi") \
    X(Compare_and_swap, 7, RMA, FETCH, "s.rdp.i") \
    X(Fetch_and_op, 7, RMA, FETCH, "srdp.Oi") \
    X(Get, 8, RMA, GET, "rmep...i") \
    X(Get_accumulate, 12, RMA, FETCH, "sndrmep...Oi") \
    X(Put, 8, RMA, PUT, "sndp...i") \
    X(Raccumulate, 10, RMA, PUT, "sndp...OiR") \
    X(Rget, 9, RMA, GET, "rmep...iR") \
    X(Rget_accumulate, 13, RMA, FETCH, "sndrmep...OiR") \
    X(Rput, 9, RMA, PUT, "sndp...iR") \
    X(Win_allocate, 6, RMA, NONE, "......") \
    X(Win_allocate_shared, 6, RMA, NONE, "......") \
    X(Win_attach, 3, RMA, NONE, "...") \
    X(Win_call_errhandler, 2, RMA, NONE, "..") \
    X(Win_complete, 1, RMA, NONE, ".") \
    X(Win_create, 6, RMA, NONE, "......") \
    X(Win_create_dynamic, 3, RMA, NONE, "...") \
    X(Win_create_errhandler, 2, RMA, NONE, "..") \
    X(Win_create_keyval, 4, RMA, NONE, "....") \
    X(Win_delete_attr, 2, RMA, NONE, "..") \
    X(Win_detach, 2, RMA, NONE, "..") \
    X(Win_fence, 2, RMA, NONE, "..") \
    X(Win_flush, 2, RMA, NONE, "..") \
    X(Win_flush_all, 1, RMA, NONE, ".") \
    X(Win_flush_local, 2, RMA, NONE, "..") \
    X(Win_flush_local_all, 1, RMA, NONE, ".") \
    X(Win_free, 1, RMA, NONE, ".") \
    X(Win_free_keyval, 1, RMA, NONE, ".") \
    X(Win_get_attr, 4, RMA, NONE, "....") \
    X(Win_get_errhandler, 2, RMA, NONE, "..") \
    X(Win_get_group, 2, RMA, NONE, "..") \
    X(Win_get_info, 2, RMA, NONE, "..") \
    X(Win_get_name, 3, RMA, NONE, "...") \
    X(Win_lock, 4, RMA, NONE, "....") \
    X(Win_lock_all, 2, RMA, NONE, "..") \
    X(Win_post, 3, RMA, NONE, "...") \
    X(Win_set_attr, 3, RMA, NONE, "...") \
    X(Win_set_errhandler, 2, RMA, NONE, "..") \
    X(Win_set_info, 2, RMA, NONE, "..") \
    X(Win_set_name, 2, RMA, NONE, "..") \
    X(Win_shared_query, 5, RMA, NONE, ".....") \
    X(Win_start, 3, RMA, NONE, "...") \
    X(Win_sync, 1, RMA, NONE, ".") \
    X(Win_test, 2, RMA, NONE, "..") \
    X(Win_unlock, 2, RMA, NONE, "..") \
    X(Win_unlock_all, 1, RMA, NONE, ".") \
    X(Win_wait, 1, RMA, NONE, ".") \
    X(Accumulate_c, 9, RMA, PUT, "sNdp...Oi") \
    X(Get_accumulate_c, 12, RMA, FETCH, "sNdrMep...Oi") \
    X(Get_c, 8, RMA, GET, "rMep...i") \
    X(Put_c, 8, RMA, PUT, "sNdp...i") \
    X(Raccumulate_c, 10, RMA, PUT, "sNdp...OiR") \
    X(Rget_accumulate_c, 13, RMA, FETCH, "sNdrMep...OiR") \
    X(Rget_c, 9, RMA, GET, "rMep...iR") \
    X(Rput_c, 9, RMA, PUT, "sNdp...iR") \
    X(Win_allocate_c, 6, RMA, NONE, "......") \
    X(Win_allocate_shared_c, 6, RMA, NONE, "......") \
    X(Win_create_c, 6, RMA, NONE, "......") \
    X(Win_shared_query_c, 5, RMA, NONE, ".....")

#define EPMT_MPI_FUNCTIONS_IO(X) \
    X(File_call_errhandler, 2, IO, NONE, "..") \
    X(File_close, 1, IO, NONE, ".") \
    X(File_create_errhandler, 2, IO, NONE, "..") \
    X(File_delete, 2, IO, NONE, "..") \
    X(File_get_amode, 2, IO, NONE, "..") \
    X(File_get_atomicity, 2, IO, NONE, "..") \
    X(File_get_byte_offset, 3, IO, NONE, "...") \
    X(File_get_errhandler, 2, IO, NONE, "..") \
    X(File_get_group, 2, IO, NONE, "..") \
    X(File_get_info, 2, IO, NONE, "..") \
    X(File_get_position, 2, IO, NONE, "..") \
    X(File_get_position_shared, 2, IO, NONE, "..") \
    X(File_get_size, 2, IO, NONE, "..") \
    X(File_get_type_extent, 3, IO, NONE, "...") \
    X(File_get_view, 5, IO, NONE, ".....") \
    X(File_iread, 5, IO, RECV, ".rmeR") \
    X(File_iread_all, 5, IO, RECV, ".rmeR") \
    X(File_iread_at, 6, IO, RECV, "..rmeR") \
    X(File_iread_at_all, 6, IO, RECV, "..rmeR") \
    X(File_iread_shared, 5, IO, RECV, ".rmeR") \
    X(File_iwrite, 5, IO, SEND, ".sndR") \
    X(File_iwrite_all, 5, IO, SEND, ".sndR") \
    X(File_iwrite_at, 6, IO, SEND, "..sndR") \
    X(File_iwrite_at_all, 6, IO, SEND, "..sndR") \
    X(File_iwrite_shared, 5, IO, SEND, ".sndR") \
    X(File_open, 5, IO, NONE, ".....") \
    X(File_preallocate, 2, IO, NONE, "..") \
    X(File_read, 5, IO, RECV, ".rmet") \
    X(File_read_all, 5, IO, RECV, ".rmet") \
    X(File_read_all_begin, 4, IO, NONE, ".rme") \
    X(File_read_all_end, 3, IO, RECV, ".rt") \
    X(File_read_at, 6, IO, RECV, "..rmet") \
    X(File_read_at_all, 6, IO, RECV, "..rmet") \
    X(File_read_at_all_begin, 5, IO, NONE, "..rme") \
    X(File_read_at_all_end, 3, IO, RECV, ".rt") \
    X(File_read_ordered, 5, IO, RECV, ".rmet") \
    X(File_read_ordered_begin, 4, IO, NONE, ".rme") \
    X(File_read_ordered_end, 3, IO, RECV, ".rt") \
    X(File_read_shared, 5, IO, RECV, ".rmet") \
    X(File_seek, 3, IO, NONE, "...") \
    X(File_seek_shared, 3, IO, NONE, "...") \
    X(File_set_atomicity, 2, IO, NONE, "..") \
    X(File_set_errhandler, 2, IO, NONE, "..") \
    X(File_set_info, 2, IO, NONE, "..") \
    X(File_set_size, 2, IO, NONE, "..") \
    X(File_set_view, 6, IO, NONE, "......") \
    X(File_sync, 1, IO, NONE, ".") \
    X(File_write, 5, IO, SEND, ".sndt") \
    X(File_write_all, 5, IO, SEND, ".sndt") \
    X(File_write_all_begin, 4, IO, SEND, ".snd") \
    X(File_write_all_end, 3, IO, NONE, ".st") \
    X(File_write_at, 6, IO, SEND, "..sndt") \
    X(File_write_at_all, 6, IO, SEND, "..sndt") \
    X(File_write_at_all_begin, 5, IO, SEND, "..snd") \
    X(File_write_at_all_end, 3, IO, NONE, ".st") \
    X(File_write_ordered, 5, IO, SEND, ".sndt") \
    X(File_write_ordered_begin, 4, IO, SEND, ".snd") \
    X(File_write_ordered_end, 3, IO, NONE, ".st") \
    X(File_write_shared, 5, IO, SEND, ".sndt") \
    X(File_get_type_extent_c, 3, IO, NONE, "...") \
    X(File_iread_all_c, 5, IO, RECV, ".rMeR") \
    X(File_iread_at_all_c, 6, IO, RECV, "..rMeR") \
    X(File_iread_at_c, 6, IO, RECV, "..rMeR") \
    X(File_iread_c, 5, IO, RECV, ".rMeR") \
    X(File_iread_shared_c, 5, IO, RECV, ".rMeR") \
    X(File_iwrite_all_c, 5, IO, SEND, ".sNdR") \
    X(File_iwrite_at_all_c, 6, IO, SEND, "..sNdR") \
    X(File_iwrite_at_c, 6, IO, SEND, "..sNdR") \
    X(File_iwrite_c, 5, IO, SEND, ".sNdR") \
    X(File_iwrite_shared_c, 5, IO, SEND, ".sNdR") \
    X(File_read_all_begin_c, 4, IO, NONE, ".rMe") \
    X(File_read_all_c, 5, IO, RECV, ".rMet") \
    X(File_read_at_all_begin_c, 5, IO, NONE, "..rMe") \
    X(File_read_at_all_c, 6, IO, RECV, "..rMet") \
    X(File_read_at_c, 6, IO, RECV, "..rMet") \
    X(File_read_c, 5, IO, RECV, ".rMet") \
    X(File_read_ordered_begin_c, 4, IO, NONE, ".rMe") \
    X(File_read_ordered_c, 5, IO, RECV, ".rMet") \
    X(File_read_shared_c, 5, IO, RECV, ".rMet") \
    X(File_write_all_begin_c, 4, IO, SEND, ".sNd") \
    X(File_write_all_c, 5, IO, SEND, ".sNdt") \
    X(File_write_at_all_begin_c, 5, IO, SEND, "..sNd") \
    X(File_write_at_all_c, 6, IO, SEND, "..sNdt") \
    X(File_write_at_c, 6, IO, SEND, "..sNdt") \
    X(File_write_c, 5, IO, SEND, ".sNdt") \
    X(File_write_ordered_begin_c, 4, IO, SEND, ".sNd") \
    X(File_write_ordered_c, 5, IO, SEND, ".sNdt") \
    X(File_write_shared_c, 5, IO, SEND, ".sNdt")

#define EPMT_MPI_FUNCTIONS_OTHER(X) \
    X(Add_error_class, 1, OTHER, NONE, ".") \
    X(Add_error_code, 2, OTHER, NONE, "..") \
    X(Add_error_string, 2, OTHER, NONE, "..") \
    X(Address, 2, OTHER, NONE, "..") \
    X(Alloc_mem, 3, OTHER, NONE, "...") \
    X(Attr_delete, 2, OTHER, NONE, "..") \
    X(Attr_get, 4, OTHER, NONE, "....") \
    X(Attr_put, 3, OTHER, NONE, "...") \
    X(Cart_coords, 4, OTHER, NONE, "....") \
    X(Cart_create, 6, OTHER, NONE, "......") \
    X(Cart_get, 5, OTHER, NONE, ".....") \
    X(Cart_map, 5, OTHER, NONE, ".....") \
    X(Cart_rank, 3, OTHER, NONE, "...") \
    X(Cart_shift, 5, OTHER, NONE, ".....") \
    X(Cart_sub, 3, OTHER, NONE, "...") \
    X(Cartdim_get, 2, OTHER, NONE, "..") \
    X(Close_port, 1, OTHER, NONE, ".") \
    X(Comm_accept, 5, OTHER, NONE, ".....") \
    X(Comm_call_errhandler, 2, OTHER, NONE, "..") \
    X(Comm_compare, 3, OTHER, NONE, "...") \
    X(Comm_connect, 5, OTHER, NONE, ".....") \
    X(Comm_create, 3, OTHER, NONE, "...") \
    X(Comm_create_errhandler, 2, OTHER, NONE, "..") \
    X(Comm_create_from_group, 5, OTHER, ERRHANDLER, ".....") \
    X(Comm_create_group, 4, OTHER, NONE, "....") \
    X(Comm_create_keyval, 4, OTHER, NONE, "....") \
    X(Comm_delete_attr, 2, OTHER, NONE, "..") \
    X(Comm_disconnect, 1, OTHER, HANDLE_FREE, ".") \
    X(Comm_dup, 2, OTHER, NONE, "..") \
    X(Comm_dup_with_info, 3, OTHER, NONE, "...") \
    X(Comm_free, 1, OTHER, HANDLE_FREE, ".") \
    X(Comm_free_keyval, 1, OTHER, NONE, ".") \
    X(Comm_get_attr, 4, OTHER, NONE, "....") \
    X(Comm_get_errhandler, 2, OTHER, NONE, "..") \
    X(Comm_get_info, 2, OTHER, NONE, "..") \
    X(Comm_get_name, 3, OTHER, NONE, "...") \
    X(Comm_get_parent, 1, OTHER, NONE, ".") \
    X(Comm_group, 2, OTHER, NONE, "..") \
    X(Comm_idup, 3, OTHER, NONE, "...") \
    X(Comm_idup_with_info, 4, OTHER, NONE, "....") \
    X(Comm_join, 2, OTHER, NONE, "..") \
    X(Comm_rank, 2, OTHER, NONE, "..") \
    X(Comm_remote_group, 2, OTHER, NONE, "..") \
    X(Comm_remote_size, 2, OTHER, NONE, "..") \
    X(Comm_set_attr, 3, OTHER, NONE, "...") \
    X(Comm_set_errhandler, 2, OTHER, ERRHANDLER, "..") \
    X(Comm_set_info, 2, OTHER, NONE, "..") \
    X(Comm_set_name, 2, OTHER, NONE, "..") \
    X(Comm_size, 2, OTHER, NONE, "..") \
    X(Comm_spawn, 8, OTHER, NONE, "........") \
    X(Comm_spawn_multiple, 9, OTHER, NONE, ".........") \
    X(Comm_split, 4, OTHER, NONE, "....") \
    X(Comm_split_type, 5, OTHER, NONE, ".....") \
    X(Comm_test_inter, 2, OTHER, NONE, "..") \
    X(Dims_create, 3, OTHER, NONE, "...") \
    X(Dist_graph_create, 9, OTHER, NONE, ".........") \
    X(Dist_graph_create_adjacent, 10, OTHER, NONE, "..........") \
    X(Dist_graph_neighbors, 7, OTHER, NONE, ".......") \
    X(Dist_graph_neighbors_count, 4, OTHER, NONE, "....") \
    X(Errhandler_create, 2, OTHER, NONE, "..") \
    X(Errhandler_free, 1, OTHER, NONE, ".") \
    X(Errhandler_get, 2, OTHER, NONE, "..") \
    X(Errhandler_set, 2, OTHER, ERRHANDLER, "..") \
    X(Error_class, 2, OTHER, NONE, "..") \
    X(Error_string, 3, OTHER, NONE, "...") \
    X(Finalized, 1, OTHER, NONE, ".") \
    X(Free_mem, 1, OTHER, NONE, ".") \
    X(Get_address, 2, OTHER, NONE, "..") \
    X(Get_count, 3, OTHER, NONE, "...") \
    X(Get_elements, 3, OTHER, NONE, "...") \
    X(Get_elements_x, 3, OTHER, NONE, "...") \
    X(Get_library_version, 2, OTHER, NONE, "..") \
    X(Get_processor_name, 2, OTHER, NONE, "..") \
    X(Get_version, 2, OTHER, NONE, "..") \
    X(Graph_create, 6, OTHER, NONE, "......") \
    X(Graph_get, 5, OTHER, NONE, ".....") \
    X(Graph_map, 5, OTHER, NONE, ".....") \
    X(Graph_neighbors, 4, OTHER, NONE, "....") \
    X(Graph_neighbors_count, 3, OTHER, NONE, "...") \
    X(Graphdims_get, 3, OTHER, NONE, "...") \
    X(Group_compare, 3, OTHER, NONE, "...") \
    X(Group_difference, 3, OTHER, NONE, "...") \
    X(Group_excl, 4, OTHER, NONE, "....") \
    X(Group_free, 1, OTHER, NONE, ".") \
    X(Group_from_session_pset, 3, OTHER, NONE, "...") \
    X(Group_incl, 4, OTHER, NONE, "....") \
    X(Group_intersection, 3, OTHER, NONE, "...") \
    X(Group_range_excl, 4, OTHER, NONE, "....") \
    X(Group_range_incl, 4, OTHER, NONE, "....") \
    X(Group_rank, 2, OTHER, NONE, "..") \
    X(Group_size, 2, OTHER, NONE, "..") \
    X(Group_translate_ranks, 5, OTHER, NONE, ".....") \
    X(Group_union, 3, OTHER, NONE, "...") \
    X(Info_create, 1, OTHER, NONE, ".") \
    X(Info_create_env, 3, OTHER, NONE, "...") \
    X(Info_delete, 2, OTHER, NONE, "..") \
    X(Info_dup, 2, OTHER, NONE, "..") \
    X(Info_free, 1, OTHER, NONE, ".") \
    X(Info_get, 5, OTHER, NONE, ".....") \
    X(Info_get_nkeys, 2, OTHER, NONE, "..") \
    X(Info_get_nthkey, 3, OTHER, NONE, "...") \
    X(Info_get_string, 5, OTHER, NONE, ".....") \
    X(Info_get_valuelen, 4, OTHER, NONE, "....") \
    X(Info_set, 3, OTHER, NONE, "...") \
    X(Initialized, 1, OTHER, NONE, ".") \
    X(Intercomm_create, 6, OTHER, NONE, "......") \
    X(Intercomm_create_from_groups, 8, OTHER, ERRHANDLER, "........") \
    X(Intercomm_merge, 3, OTHER, NONE, "...") \
    X(Is_thread_main, 1, OTHER, NONE, ".") \
    X(Keyval_create, 4, OTHER, NONE, "....") \
    X(Keyval_free, 1, OTHER, NONE, ".") \
    X(Lookup_name, 3, OTHER, NONE, "...") \
    X(Op_commutative, 2, OTHER, NONE, "..") \
    X(Op_create, 3, OTHER, NONE, "...") \
    X(Op_free, 1, OTHER, NONE, ".") \
    X(Open_port, 2, OTHER, NONE, "..") \
    X(Pack, 7, OTHER, NONE, ".......") \
    X(Pack_external, 7, OTHER, NONE, ".......") \
    X(Pack_external_size, 4, OTHER, NONE, "....") \
    X(Pack_size, 4, OTHER, NONE, "....") \
    X(Publish_name, 3, OTHER, NONE, "...") \
    X(Query_thread, 1, OTHER, NONE, ".") \
    X(Reduce_local, 5, OTHER, NONE, ".....") \
    X(Register_datarep, 5, OTHER, NONE, ".....") \
    X(Session_call_errhandler, 2, OTHER, NONE, "..") \
    X(Session_create_errhandler, 2, OTHER, NONE, "..") \
    X(Session_finalize, 1, OTHER, NONE, ".") \
    X(Session_get_errhandler, 2, OTHER, NONE, "..") \
    X(Session_get_info, 2, OTHER, NONE, "..") \
    X(Session_get_nth_pset, 5, OTHER, NONE, ".....") \
    X(Session_get_num_psets, 3, OTHER, NONE, "...") \
    X(Session_get_pset_info, 3, OTHER, NONE, "...") \
    X(Session_set_errhandler, 2, OTHER, NONE, "..") \
    X(Status_set_cancelled, 2, OTHER, NONE, "..") \
    X(Status_set_elements, 3, OTHER, NONE, "...") \
    X(Status_set_elements_x, 3, OTHER, NONE, "...") \
    X(Topo_test, 2, OTHER, NONE, "..") \
    X(Type_commit, 1, OTHER, NONE, ".") \
    X(Type_contiguous, 3, OTHER, NONE, "...") \
    X(Type_create_darray, 10, OTHER, NONE, "..........") \
    X(Type_create_f90_complex, 3, OTHER, NONE, "...") \
    X(Type_create_f90_integer, 2, OTHER, NONE, "..") \
    X(Type_create_f90_real, 3, OTHER, NONE, "...") \
    X(Type_create_hindexed, 5, OTHER, NONE, ".....") \
    X(Type_create_hindexed_block, 5, OTHER, NONE, ".....") \
    X(Type_create_hvector, 5, OTHER, NONE, ".....") \
    X(Type_create_indexed_block, 5, OTHER, NONE, ".....") \
    X(Type_create_keyval, 4, OTHER, NONE, "....") \
    X(Type_create_resized, 4, OTHER, NONE, "....") \
    X(Type_create_struct, 5, OTHER, NONE, ".....") \
    X(Type_create_subarray, 7, OTHER, NONE, ".......") \
    X(Type_delete_attr, 2, OTHER, NONE, "..") \
    X(Type_dup, 2, OTHER, NONE, "..") \
    X(Type_extent, 2, OTHER, NONE, "..") \
    X(Type_free, 1, OTHER, HANDLE_FREE, ".") \
    X(Type_free_keyval, 1, OTHER, NONE, ".") \
    X(Type_get_attr, 4, OTHER, NONE, "....") \
    X(Type_get_contents, 7, OTHER, NONE, ".......") \
    X(Type_get_envelope, 5, OTHER, NONE, ".....") \
    X(Type_get_extent, 3, OTHER, NONE, "...") \
    X(Type_get_extent_x, 3, OTHER, NONE, "...") \
    X(Type_get_name, 3, OTHER, NONE, "...") \
    X(Type_get_true_extent, 3, OTHER, NONE, "...") \
    X(Type_get_true_extent_x, 3, OTHER, NONE, "...") \
    X(Type_hindexed, 5, OTHER, NONE, ".....") \
    X(Type_hvector, 5, OTHER, NONE, ".....") \
    X(Type_indexed, 5, OTHER, NONE, ".....") \
    X(Type_lb, 2, OTHER, NONE, "..") \
    X(Type_match_size, 3, OTHER, NONE, "...") \
    X(Type_set_attr, 3, OTHER, NONE, "...") \
    X(Type_set_name, 2, OTHER, NONE, "..") \
    X(Type_size, 2, OTHER, NONE, "..") \
    X(Type_size_x, 2, OTHER, NONE, "..") \
    X(Type_struct, 5, OTHER, NONE, ".....") \
    X(Type_ub, 2, OTHER, NONE, "..") \
    X(Type_vector, 5, OTHER, NONE, ".....") \
    X(Unpack, 7, OTHER, NONE, ".......") \
    X(Unpack_external, 7, OTHER, NONE, ".......") \
    X(Unpublish_name, 3, OTHER, NONE, "...") \
    X(Get_count_c, 3, OTHER, NONE, "...") \
    X(Get_elements_c, 3, OTHER, NONE, "...") \
    X(Op_create_c, 3, OTHER, NONE, "...") \
    X(Pack_c, 7, OTHER, NONE, ".......") \
    X(Pack_external_c, 7, OTHER, NONE, ".......") \
    X(Pack_external_size_c, 4, OTHER, NONE, "....") \
    X(Pack_size_c, 4, OTHER, NONE, "....") \
    X(Reduce_local_c, 5, OTHER, NONE, ".....") \
    X(Register_datarep_c, 5, OTHER, NONE, ".....") \
    X(Type_contiguous_c, 3, OTHER, NONE, "...") \
    X(Type_create_darray_c, 10, OTHER, NONE, "..........") \
    X(Type_create_hindexed_block_c, 5, OTHER, NONE, ".....") \
    X(Type_create_hindexed_c, 5, OTHER, NONE, ".....") \
    X(Type_create_hvector_c, 5, OTHER, NONE, ".....") \
    X(Type_create_indexed_block_c, 5, OTHER, NONE, ".....") \
    X(Type_create_resized_c, 4, OTHER, NONE, "....") \
    X(Type_create_struct_c, 5, OTHER, NONE, ".....") \
    X(Type_create_subarray_c, 7, OTHER, NONE, ".......") \
    X(Type_get_contents_c, 9, OTHER, NONE, ".........") \
    X(Type_get_envelope_c, 6, OTHER, NONE, "......") \
    X(Type_get_extent_c, 3, OTHER, NONE, "...") \
    X(Type_get_true_extent_c, 3, OTHER, NONE, "...") \
    X(Type_indexed_c, 5, OTHER, NONE, ".....") \
    X(Type_size_c, 2, OTHER, NONE, "..") \
    X(Type_vector_c, 5, OTHER, NONE, ".....") \
    X(Unpack_c, 7, OTHER, NONE, ".......") \
    X(Unpack_external_c, 7, OTHER, NONE, ".......")

// What is called at the beginning and at the end of MPI.
#define EPMT_MPI_FUNCTIONS_LIFE(X) \
    X(Abort, 2, OTHER, LIFE, "..") \
    X(Finalize, 0, OTHER, LIFE, "") \
    X(Init, 2, OTHER, LIFE, "..") \
    X(Init_thread, 4, OTHER, LIFE, "....") \
    X(Session_init, 3, OTHER, LIFE, "...")
// clang-format on

#define EPMT_MPI_PROFILED(X)         \
    EPMT_MPI_FUNCTIONS_P2P(X)        \
    EPMT_MPI_FUNCTIONS_REQUEST(X)    \
    EPMT_MPI_FUNCTIONS_COLLECTIVE(X) \
    EPMT_MPI_FUNCTIONS_RMA(X)        \
    EPMT_MPI_FUNCTIONS_IO(X)         \
    EPMT_MPI_FUNCTIONS_OTHER(X)

#define EPMT_MPI_WRAPPED(X)      \
    EPMT_MPI_FUNCTIONS_DIRECT(X) \
    EPMT_MPI_PROFILED(X)         \
    EPMT_MPI_FUNCTIONS_LIFE(X)

enum epmt_mpi_function_index {
#define EPMT_MPI_INDEX_ENUM(name, ...) EPMT_MPI_##name,
    EPMT_MPI_WRAPPED(EPMT_MPI_INDEX_ENUM)
#undef EPMT_MPI_INDEX_ENUM
        EPMT_MPI_FUNCTION_COUNT
};

#endif

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""hello in Python, by mpi4py: the interpreter loads the MPI library late and RTLD_LOCAL."""

import sys

from mpi4py import MPI

world = MPI.COMM_WORLD
rank, size = world.Get_rank(), world.Get_size()
everyone = world.gather((rank, size), root=0)

if rank == 0:
    for its_rank, its_size in everyone:
        print(f"hello from rank {its_rank} of {its_size}")
    if everyone != [(i, size) for i in range(size)]:
        sys.exit(1)

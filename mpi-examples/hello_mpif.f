! SPDX-License-Identifier: Apache-2.0
! hello in FORTRAN 77 fixed form, by include 'mpif.h'.

      program hello
      implicit none
      include 'mpif.h'
      integer maxsiz
      parameter (maxsiz = 4096)
      integer mine(2), all(2, 0:maxsiz - 1), i, ierr
      logical wrong

      call mpi_init(ierr)
      call mpi_comm_rank(MPI_COMM_WORLD, mine(1), ierr)
      call mpi_comm_size(MPI_COMM_WORLD, mine(2), ierr)
      if (mine(2) .gt. maxsiz) then
        call mpi_abort(MPI_COMM_WORLD, 1, ierr)
      end if
      call mpi_gather(mine, 2, MPI_INTEGER, all, 2, MPI_INTEGER, 0,
     &                MPI_COMM_WORLD, ierr)

      wrong = .false.
      if (mine(1) .eq. 0) then
        do i = 0, mine(2) - 1
          write (*, '(a,i0,a,i0)') 'hello from rank ', all(1, i),
     &                             ' of ', all(2, i)
          wrong = wrong .or. all(1, i) .ne. i
     &                  .or. all(2, i) .ne. mine(2)
        end do
      end if
      call mpi_finalize(ierr)
      if (wrong) stop 1
      end

! SPDX-License-Identifier: Apache-2.0
! hello in Fortran 90, by `use mpi`.

program hello
  use mpi
  implicit none
  integer :: mine(2), i, ierr
  integer, allocatable :: all(:, :)
  logical :: wrong

  call MPI_Init(ierr)
  call MPI_Comm_rank(MPI_COMM_WORLD, mine(1), ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, mine(2), ierr)
  allocate (all(2, 0:mine(2) - 1))
  call MPI_Gather(mine, 2, MPI_INTEGER, all, 2, MPI_INTEGER, 0, MPI_COMM_WORLD, ierr)

  wrong = .false.
  if (mine(1) == 0) then
    do i = 0, mine(2) - 1
      write (*, '(a,i0,a,i0)') 'hello from rank ', all(1, i), ' of ', all(2, i)
      wrong = wrong .or. any(all(:, i) /= [i, mine(2)])
    end do
  end if
  call MPI_Finalize(ierr)
  if (wrong) stop 1
end program hello

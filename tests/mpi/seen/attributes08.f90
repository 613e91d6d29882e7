! SPDX-License-Identifier: Apache-2.0
! Attributes of MPI_COMM_WORLD with functions in Fortran (use mpi_f08): MPI calls them for the program's own
! MPI_Comm_dup alone. The argument is the file's name, to which the rank is added. Two ranks.
module functions08
    use mpi_f08
    implicit none
contains
    subroutine copy(comm, key, extra, value, new, flag, ierror)
        type(MPI_Comm) :: comm
        integer :: key, ierror
        integer(kind=MPI_ADDRESS_KIND) :: extra, value, new
        logical :: flag
        write (10, '(a,i0,1x,i0)') 'copied ', value, extra
        new = value + 1
        flag = .true.
        ierror = MPI_SUCCESS
    end subroutine

    subroutine release(comm, key, value, extra, ierror)
        type(MPI_Comm) :: comm
        integer :: key, ierror
        integer(kind=MPI_ADDRESS_KIND) :: value, extra
        write (10, '(a,i0,1x,i0)') 'released ', value, extra
        ierror = MPI_SUCCESS
    end subroutine
end module

program attributes08
    use functions08
    implicit none
    integer :: rank, ierror, key
    type(MPI_Comm) :: comm
    integer(kind=MPI_ADDRESS_KIND) :: extra = 5, value = 42
    logical :: flag
    character(len=1024) :: name

    call MPI_Init(ierror)
    call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierror)
    call get_command_argument(1, name)
    write (name, '(a,a,i0)') trim(name), '.', rank
    open (unit=10, file=name, action='write')
    write (10, '(a)') 'What MPI calls of the program: copies of an attribute, and their ends, by name and value.'
    call MPI_Comm_create_keyval(copy, release, key, extra, ierror)
    call MPI_Comm_set_attr(MPI_COMM_WORLD, key, value, ierror)
    call MPI_Comm_dup(MPI_COMM_WORLD, comm, ierror)
    call MPI_Comm_get_attr(comm, key, value, flag, ierror)
    write (10, '(a,i0,1x,l1)') 'got ', value, flag
    call MPI_Comm_free(comm, ierror)
    call MPI_Finalize(ierror)
    write (10, '(a,i0)') 'finalized ', ierror
end program

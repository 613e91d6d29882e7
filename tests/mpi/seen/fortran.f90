! SPDX-License-Identifier: Apache-2.0
! What Fortran sees of requests: each number of each status, what stands behind the statuses in
! memory, and the arguments that only Fortran has (MPI_STATUSES_IGNORE, MPI_BOTTOM, LOGICAL flags).
! The argument is the file's name, to which the rank is added. Two ranks.
program fortran
    use mpi
    implicit none
    integer, parameter :: n = 4, mark = -4711
    integer :: rank, other, ierror, total, class
    integer :: requests(n), statuses(MPI_STATUS_SIZE, n + 1), status(MPI_STATUS_SIZE)
    integer :: got(2, n), sent(2), indices(n), i, bottom
    integer(kind=MPI_ADDRESS_KIND) :: displacement(1)
    logical :: flag
    character(len=1024) :: name

    call MPI_Init(ierror)
    call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierror)
    call MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN, ierror)
    call get_command_argument(1, name)
    write (name, '(a,a,i0)') trim(name), '.', rank
    open (unit=10, file=name, action='write')
    other = ieor(rank, 1)
    sent = [rank, 7]

    call post(2)
    call MPI_Waitall(n, requests, statuses, ierror)
    call show('Waitall')
    call post(1)
    call MPI_Waitall(n, requests, statuses, ierror)
    call show('Waitall, narrow')
    call post(2)
    call MPI_Waitall(n, requests, MPI_STATUSES_IGNORE, ierror)
    call show('Waitall, ignored')
    call post(2)
    flag = .false.
    do while (.not. flag)
        call MPI_Testall(n, requests, flag, statuses, ierror)
    end do
    call show('Testall')
    call post(2)
    total = 0
    do while (total < n)
        call MPI_Waitsome(n, requests, i, indices, MPI_STATUSES_IGNORE, ierror)
        total = total + i
    end do
    call show('Waitsome, ignored')
    call post(2)
    do i = 1, n
        status = mark
        call MPI_Wait(requests(i), status, ierror)
        if (i <= 2) write (10, *) 'Wait', status(MPI_SOURCE), status(MPI_TAG)
    end do
    call show('Wait')
    call post(2)
    do i = 1, n
        call MPI_Wait(requests(i), MPI_STATUS_IGNORE, ierror)
    end do
    call show('Wait, ignored')

    ! A variable by its address alone.
    bottom = 100 + rank
    call MPI_Get_address(bottom, displacement(1), ierror)
    call MPI_Type_create_hindexed(1, [1], displacement, MPI_INTEGER, total, ierror)
    call MPI_Type_commit(total, ierror)
    call MPI_Bcast(MPI_BOTTOM, 1, total, 0, MPI_COMM_WORLD, ierror)
    call MPI_Get_address(bottom, displacement(1), ierror)
    write (10, *) 'Bcast of MPI_BOTTOM', ierror, bottom
    call MPI_Type_free(total, ierror)
    call MPI_Allreduce(MPI_IN_PLACE, sent, 2, MPI_INTEGER, MPI_SUM, MPI_COMM_WORLD, ierror)
    write (10, *) 'Allreduce in place', ierror, sent
    call MPI_Send(sent, 1, MPI_INTEGER, 99, 0, MPI_COMM_WORLD, ierror)
    call MPI_Error_class(ierror, class, i)
    write (10, *) 'Send to nobody', class
    close (10)
    call MPI_Finalize(ierror)

contains

    subroutine post(count)
        integer, intent(in) :: count
        integer :: k

        got = 0
        statuses = mark
        call MPI_Irecv(got(1, 1), 2, MPI_INTEGER, other, 1, MPI_COMM_WORLD, requests(1), ierror)
        call MPI_Irecv(got(1, 2), count, MPI_INTEGER, other, 2, MPI_COMM_WORLD, requests(2), ierror)
        call MPI_Barrier(MPI_COMM_WORLD, ierror)
        do k = 1, 2
            call MPI_Isend(sent, 2, MPI_INTEGER, other, k, MPI_COMM_WORLD, requests(2 + k), ierror)
        end do
        ! Behind those in order: now both have come, and nothing is left to chance.
        call MPI_Sendrecv(sent, 0, MPI_INTEGER, other, 3, got, 0, MPI_INTEGER, other, 3, &
                          MPI_COMM_WORLD, status, ierror)
    end subroutine

    subroutine show(what)
        character(len=*), intent(in) :: what
        integer :: k, length, result

        result = ierror
        call MPI_Error_class(ierror, class, k)
        write (10, *) what, class, got, requests == MPI_REQUEST_NULL
        do k = 1, n
            if (statuses(MPI_SOURCE, k) == mark) cycle
            length = -1
            if (k <= 2) call MPI_Get_count(statuses(:, k), MPI_INTEGER, length, ierror)
            ! Which source and tag the status of a send has is undefined.
            if (k <= 2) write (10, *) what, k, statuses(MPI_SOURCE, k), statuses(MPI_TAG, k), length
            if (result == MPI_SUCCESS) cycle ! then the error in the status is undefined
            call MPI_Error_class(statuses(MPI_ERROR, k), class, ierror)
            write (10, *) what, k, 'error', class
        end do
        write (10, *) what, 'behind', all(statuses(:, n + 1) == mark)
        call MPI_Barrier(MPI_COMM_WORLD, ierror)
    end subroutine
end program

// SPDX-License-Identifier: Apache-2.0
// What the calls that complete requests show: results, flags, indices, handles, and each field of
// the statuses, with and without statuses, with errors, for requests of all kinds. Two ranks.
#include "seen.h"

enum { MANY = 6, TAG = 40 };

static int other;
static int sent[MANY] = {10, 11, 12, 13, 14, 15};
static int got[MANY];

// A mixture: receives, sends, nothing, PROC_NULL. With `narrow` the second message does not fit.
static void post(MPI_Request *requests, int narrow) {
    memset(got, 0, sizeof got);
    MPI_Irecv(&got[0], 2, MPI_INT, other, TAG, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(&got[2], narrow ? 1 : 2, MPI_INT, other, TAG + 1, MPI_COMM_WORLD, &requests[1]);
    requests[2] = MPI_REQUEST_NULL;
    MPI_Irecv(&got[4], 1, MPI_INT, MPI_PROC_NULL, TAG, MPI_COMM_WORLD, &requests[3]);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Isend(&sent[0], 1, MPI_INT, other, TAG, MPI_COMM_WORLD, &requests[4]);
    MPI_Isend(&sent[1], 2, MPI_INT, other, TAG + 1, MPI_COMM_WORLD, &requests[5]);
    // Behind those two in order: now both have come, and nothing is left to chance.
    MPI_Sendrecv(NULL, 0, MPI_INT, other, TAG + 2, NULL, 0, MPI_INT, other, TAG + 2, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
}

static void show(const char *what, int result, MPI_Request *requests, MPI_Status *statuses) {
    SEEN("%s: class %d", what, seen_class(result));
    for (int i = 0; i < MANY; i++) {
        SEEN("%s: request %d null %d", what, i, requests[i] == MPI_REQUEST_NULL);
        if (statuses)
            seen_status(what, &statuses[i]);
    }
    for (int i = 0; i < MANY; i++)
        SEEN("%s: got %d", what, got[i]);
}

// What an error has left.
static void drain(MPI_Request *requests) {
    for (int i = 0; i < MANY; i++) {
        if (requests[i] != MPI_REQUEST_NULL)
            MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

static void all(int narrow) {
    MPI_Request requests[MANY];
    MPI_Status statuses[MANY];
    int result, flag = 0;

    post(requests, narrow);
    seen_mark(statuses, MANY);
    result = MPI_Waitall(MANY, requests, statuses);
    show("Waitall", result, requests, statuses);
    drain(requests);
    post(requests, narrow);
    result = MPI_Waitall(MANY, requests, MPI_STATUSES_IGNORE);
    show("Waitall, ignored", result, requests, NULL);
    drain(requests);
    post(requests, narrow);
    seen_mark(statuses, MANY);
    do
        result = MPI_Testall(MANY, requests, &flag, statuses);
    while (!result && !flag);
    show("Testall", result, requests, statuses);
    drain(requests);
    post(requests, narrow);
    do
        result = MPI_Testall(MANY, requests, &flag, MPI_STATUSES_IGNORE);
    while (!result && !flag);
    show("Testall, ignored", result, requests, NULL);
    drain(requests);
}

static void one_by_one(int narrow) {
    MPI_Request requests[MANY];
    MPI_Status status;
    int flag = 0;

    post(requests, narrow);
    for (int i = 0; i < MANY; i++) {
        int index = -5, result;
        seen_mark(&status, 1);
        switch (i) {
        case 0:
            result = MPI_Wait(&requests[i], &status);
            break;
        case 1:
            result = MPI_Waitany(1, &requests[i], &index, &status);
            break;
        case 2:
            result = MPI_Test(&requests[i], &flag, &status);
            break;
        default:
            do
                result = MPI_Testany(1, &requests[i], &index, &flag, &status);
            while (!result && !flag);
        }
        SEEN("one by one: class %d flag %d index %d", seen_class(result), flag, index);
        seen_status("one by one", &status);
    }
    drain(requests);
    post(requests, narrow);
    for (int i = 0; i < MANY; i++) {
        int index = -5, result = i % 2 ? MPI_Waitany(1, &requests[i], &index, MPI_STATUS_IGNORE)
                                       : MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
        SEEN("one by one, ignored: class %d index %d null %d", seen_class(result), index,
             requests[i] == MPI_REQUEST_NULL);
    }
    drain(requests);
}

static void some(int ignored) {
    MPI_Request requests[MANY];
    MPI_Status statuses[MANY];
    int indices[MANY], count, result, total = 0, order[MANY] = {0};

    post(requests, 0);
    do {
        seen_mark(statuses, MANY);
        result =
            MPI_Waitsome(MANY, requests, &count, indices, ignored ? MPI_STATUSES_IGNORE : statuses);
        if (count == MPI_UNDEFINED)
            break;
        for (int i = 0; i < count; i++) {
            order[indices[i]]++;
            if (!ignored && indices[i] < 2)
                SEEN("Waitsome: request %d source %d tag %d error %d", indices[i],
                     statuses[i].MPI_SOURCE, statuses[i].MPI_TAG, statuses[i].MPI_ERROR);
        }
        total += count;
    } while (!result);
    SEEN("Waitsome: class %d undefined %d total %d", seen_class(result), count == MPI_UNDEFINED,
         total);
    for (int i = 0; i < MANY; i++)
        SEEN("Waitsome: request %d %d times, got %d", i, order[i], got[i]);
    MPI_Barrier(MPI_COMM_WORLD);
}

static void persistent(void) {
    MPI_Request requests[2];
    MPI_Status statuses[2];

    MPI_Recv_init(&got[0], 2, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &requests[0]);
    MPI_Send_init(&sent[3], 1, MPI_INT, other, TAG + 3, MPI_COMM_WORLD, &requests[1]);
    for (int i = 0; i < 3; i++) {
        MPI_Startall(2, requests);
        seen_mark(statuses, 2);
        SEEN("persistent: %d", MPI_Waitall(2, requests, i == 1 ? MPI_STATUSES_IGNORE : statuses));
        seen_status("persistent", &statuses[0]);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    seen_mark(statuses, 1);
    SEEN("inactive: %d", MPI_Wait(&requests[0], statuses));
    seen_status("inactive", statuses);
    MPI_Request_free(&requests[0]);
    MPI_Request_free(&requests[1]);
}

static void cancelled(void) {
    MPI_Request request;
    MPI_Status status;
    int flag = 0;

    for (int i = 0; i < 2; i++) {
        MPI_Irecv(got, 1, MPI_INT, other, 999, MPI_COMM_WORLD, &request);
        MPI_Cancel(&request);
        seen_mark(&status, 1);
        if (i)
            MPI_Wait(&request, &status);
        else
            while (!flag)
                MPI_Test(&request, &flag, &status);
        MPI_Test_cancelled(&status, &flag);
        SEEN("cancelled: %d null %d error %d", flag, request == MPI_REQUEST_NULL, status.MPI_ERROR);
    }
}

static void datatypes(void) {
    MPI_Request request;
    MPI_Status status;
    MPI_Datatype type;
    int elements = -1, far[9] = {0};

    MPI_Type_vector(3, 1, 3, MPI_INT, &type);
    MPI_Type_commit(&type);
    MPI_Irecv(far, 1, type, other, TAG, MPI_COMM_WORLD, &request);
    MPI_Type_free(&type); // before the message comes
    MPI_Sendrecv(sent, 3, MPI_INT, other, TAG, got, 0, MPI_INT, MPI_PROC_NULL, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    seen_mark(&status, 1);
    MPI_Wait(&request, &status);
    MPI_Get_elements(&status, MPI_INT, &elements);
    seen_status("freed type", &status);
    SEEN("freed type: %d elements, %d %d %d", elements, far[0], far[3], far[6]);
    seen_mark(&status, 1);
    MPI_Sendrecv(sent, 0, MPI_INT, other, TAG, NULL, 0, MPI_INT, other, TAG, MPI_COMM_WORLD,
                 &status);
    seen_status("empty", &status);
    seen_mark(&status, 1);
    SEEN("narrow Sendrecv: class %d",
         seen_class(MPI_Sendrecv(sent, 3, MPI_INT, other, TAG, got, 1, MPI_INT, other, TAG,
                                 MPI_COMM_WORLD, &status)));
    SEEN("narrow Sendrecv, ignored: class %d",
         seen_class(MPI_Sendrecv(sent, 3, MPI_INT, other, TAG, got, 1, MPI_INT, other, TAG,
                                 MPI_COMM_WORLD, MPI_STATUS_IGNORE)));
}

static void matched(void) {
    MPI_Request request;
    MPI_Message message;
    MPI_Status status;

    MPI_Isend(sent, 3, MPI_INT, other, TAG, MPI_COMM_WORLD, &request);
    seen_mark(&status, 1);
    MPI_Mprobe(other, MPI_ANY_TAG, MPI_COMM_WORLD, &message, &status);
    seen_status("Mprobe", &status);
    seen_mark(&status, 1);
    MPI_Mrecv(got, 4, MPI_INT, &message, &status);
    seen_status("Mrecv", &status);
    SEEN("Mrecv: null %d", message == MPI_MESSAGE_NULL);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    MPI_Mprobe(MPI_PROC_NULL, 0, MPI_COMM_WORLD, &message, MPI_STATUS_IGNORE);
    SEEN("Mprobe: nobody %d", message == MPI_MESSAGE_NO_PROC);
    MPI_Imrecv(got, 4, MPI_INT, &message, &request);
    seen_mark(&status, 1);
    MPI_Wait(&request, &status);
    SEEN("Imrecv: source %d tag %d", status.MPI_SOURCE, status.MPI_TAG);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    if (argc < 2)
        return 2;
    seen_open(argv[1]);
    other = seen_rank ^ 1;
    for (int narrow = 0; narrow < 2; narrow++) {
        all(narrow);
        one_by_one(narrow);
    }
    some(0);
    some(1);
    persistent();
    cancelled();
    datatypes();
    matched();
    SEEN("no requests: %d", MPI_Waitall(0, NULL, MPI_STATUSES_IGNORE));
    MPI_Finalize();
    return 0;
}

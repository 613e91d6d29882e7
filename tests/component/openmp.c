// SPDX-License-Identifier: Apache-2.0
// OpenMP: a team of four threads, used twice.
#include <omp.h>
#include <stdio.h>

int main(void) {
    double sum = 0;

    for (int round = 0; round < 2; round++) {
#pragma omp parallel for num_threads(4) reduction(+ : sum)
        for (int i = 0; i < 1000000; i++)
            sum += 1.0 / (i + 1);
    }
    printf("%.3f\n", sum);
    return 0;
}

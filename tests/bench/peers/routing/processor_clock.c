// Preloaded into a program that is measured: seconds are those it used a processor, whoever else does, so a limit on the wall's
// seconds becomes a fair one on a shared machine. When it ends, it writes down the most memory it ever had.

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct timespec began;

__attribute__((constructor)) static void begin(void) { syscall(SYS_clock_gettime, CLOCK_REALTIME, &began); }

int clock_gettime(clockid_t clock, struct timespec *now) {
    int is_of_a_process = clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID || clock < 0;
    if (is_of_a_process) return (int)syscall(SYS_clock_gettime, clock, now);
    struct timespec used;
    syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &used);
    long nanoseconds = began.tv_nsec + used.tv_nsec;
    now->tv_sec = began.tv_sec + used.tv_sec + nanoseconds / 1000000000;
    now->tv_nsec = nanoseconds % 1000000000;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (now) *now = at.tv_sec;
    return at.tv_sec;
}

__attribute__((destructor)) static void end(void) {
    const char *file = getenv("PEAK_MEMORY_FILE");
    FILE *status = file ? fopen("/proc/self/status", "r") : NULL;
    FILE *told = status ? fopen(file, "w") : NULL;
    char line[256];
    while (told && fgets(line, sizeof line, status))
        if (!strncmp(line, "VmHWM:", 6)) fputs(line + 6, told);
    if (told) fclose(told);
    if (status) fclose(status);
}

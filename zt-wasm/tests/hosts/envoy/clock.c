// The clock of the tests' Envoy, to be preloaded: the day's time is what the file named by ZT_CLOCK holds, eight bytes of
// seconds. Clocks that only measure spans run on. (libfaketime stops Envoy before it starts: its allocator asks for the
// time while libraries are still being bound.)

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *now;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("ZT_CLOCK");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *seconds = mmap(NULL, sizeof *now, PROT_READ, MAP_SHARED, file, 0);
  if (seconds != MAP_FAILED) now = seconds;
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  if (now == NULL || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
    return (int)syscall(SYS_clock_gettime, clock, time);
  time->tv_sec = *now;
  time->tv_nsec = 0;
  return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  (void)zone;
  struct timespec read;
  if (clock_gettime(CLOCK_REALTIME, &read) != 0) return -1;
  time->tv_sec = read.tv_sec;
  time->tv_usec = read.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *result) {
  struct timespec read;
  clock_gettime(CLOCK_REALTIME, &read);
  if (result != NULL) *result = read.tv_sec;
  return read.tv_sec;
}

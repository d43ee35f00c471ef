/* Makes writes below a folder fail, for a process that loads this before its libraries (LD_PRELOAD).

   FAIL_BELOW  the folder; nothing else is touched
   FAIL_AT     the number of the first call that fails, from 1
   FAIL_ONCE   set: only that call fails; else all from it on, as on a disk that is full
   FAIL_ERRNO  the error
   FAIL_LOG    a file that is made when the first call fails

   Counted are calls that change what is on the disk, Python's and those of libraries in other languages alike:
   opening to write, writing, syncing, truncating, naming, linking, making folders. Removing always works. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int below(const char *path) {
    const char *folder = getenv("FAIL_BELOW");
    return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int fails_now(const char *what, const char *path) {
    const char *at = getenv("FAIL_AT"), *error = getenv("FAIL_ERRNO"), *log = getenv("FAIL_LOG");
    long first = at ? atol(at) : 0, number = atomic_fetch_add(&calls, 1) + 1;
    if (!first || number < first || (getenv("FAIL_ONCE") && number > first)) return 0;
    if (log) {
        char text[PATH_MAX + 64];
        int size = snprintf(text, sizeof text, "%ld %s %s\n", number, what, path);
        int file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (file >= 0) {
            syscall(SYS_write, file, text, size);
            syscall(SYS_close, file);
        }
    }
    errno = error ? atoi(error) : EIO;
    return 1;
}

static int path_fails(const char *what, int folder, const char *path) {
    char full[2 * PATH_MAX], link[64];
    if (path && path[0] != '/') {
        ssize_t size;
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        size = readlink(link, full, PATH_MAX - 1);
        if (size < 0) return 0;
        full[size] = '/';
        snprintf(full + size + 1, PATH_MAX, "%s", path);
        path = full;
    }
    return below(path) && fails_now(what, path);
}

static int file_fails(const char *what, int file) {
    char link[64], path[PATH_MAX];
    ssize_t size;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return below(path) && fails_now(what, path);
}

#define OPEN(name, parameters, folder, arguments)                                     \
    int name parameters {                                                             \
        mode_t mode = 0;                                                              \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                        \
            va_list rest;                                                             \
            va_start(rest, flags);                                                    \
            mode = va_arg(rest, mode_t);                                              \
            va_end(rest);                                                             \
        }                                                                             \
        if ((flags & (O_CREAT | O_WRONLY | O_RDWR | O_TRUNC)) && path_fails("open", folder, path)) return -1; \
        return REAL(name) arguments;                                                  \
    }

OPEN(open, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPEN(openat, (int folder, const char *path, int flags, ...), folder, (folder, path, flags, mode))
OPEN(openat64, (int folder, const char *path, int flags, ...), folder, (folder, path, flags, mode))

#define ON_FILE(type, name, parameters, arguments)  \
    type name parameters {                          \
        if (file_fails(#name, file)) return -1;     \
        return REAL(name) arguments;                \
    }

ON_FILE(ssize_t, write, (int file, const void *bytes, size_t size), (file, bytes, size))
ON_FILE(ssize_t, pwrite, (int file, const void *bytes, size_t size, off_t at), (file, bytes, size, at))
ON_FILE(ssize_t, pwrite64, (int file, const void *bytes, size_t size, off64_t at), (file, bytes, size, at))
ON_FILE(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count))
ON_FILE(int, fsync, (int file), (file))
ON_FILE(int, fdatasync, (int file), (file))
ON_FILE(int, ftruncate, (int file, off_t size), (file, size))
ON_FILE(int, ftruncate64, (int file, off64_t size), (file, size))

#define ON_PATH(name, parameters, folder, path, arguments)   \
    int name parameters {                                    \
        if (path_fails(#name, folder, path)) return -1;      \
        return REAL(name) arguments;                         \
    }

ON_PATH(rename, (const char *from, const char *to), AT_FDCWD, to, (from, to))
ON_PATH(renameat, (int a, const char *from, int b, const char *to), b, to, (a, from, b, to))
ON_PATH(renameat2, (int a, const char *from, int b, const char *to, unsigned flags), b, to, (a, from, b, to, flags))
ON_PATH(link, (const char *from, const char *to), AT_FDCWD, to, (from, to))
ON_PATH(linkat, (int a, const char *from, int b, const char *to, int flags), b, to, (a, from, b, to, flags))
ON_PATH(mkdir, (const char *path, mode_t mode), AT_FDCWD, path, (path, mode))
ON_PATH(mkdirat, (int folder, const char *path, mode_t mode), folder, path, (folder, path, mode))

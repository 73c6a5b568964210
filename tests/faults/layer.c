/* A layer between a process and its disk: what is done to files under one folder is counted, and at the n-th time it goes wrong.

   Preloaded (LD_PRELOAD), so that Python, Arrow and DuckDB are all behind it. `fault_arm(folder, at, how)` sets it going in a process.
   KILL      the process is gone before the call is made
   HALF      a write is cut in half, then the process is gone
   POWER     the process is gone, and of everything written but not flushed only half is left, whatever it is called by now
   FULL      from then on there is no space: writes, new files and folders are refused (ENOSPC)
   DENIED    from then on the folder may not be changed: opening for writing, making, renaming and removing are refused (EACCES)
   BROKEN    this one call is refused (EIO)
   HALT      the process stops (SIGSTOP) before the call, until somebody lets it go on
   TERM, INT, HUP   the process is sent that signal before the call */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT, KILL, HALF, POWER, FULL, DENIED, BROKEN, HALT, TERM, INT, HUP };
enum { OPENED = 1, WRITTEN = 2, FLUSHED = 4, MOVED = 8, REMOVED = 16, MADE = 32 };
#define NEEDS_SPACE (OPENED | WRITTEN | MADE)
#define NEEDS_RIGHTS (OPENED | MOVED | REMOVED | MADE)
#define MOST 256

static char folder[PATH_MAX];
static unsigned char kinds[1 << 16]; /* of each call that was seen */
static long at, seen;
static int how, armed;
static struct { int fd; ino_t inode; } dirty[MOST]; /* written and not flushed yet: a descriptor of our own */
static int dirties;

void fault_arm(const char *name, long n, int what) {
    if (!realpath(name, folder)) abort();
    at = n, how = what, seen = 0, dirties = 0, armed = 1;
}
long fault_seen(void) { return seen; }
const unsigned char *fault_kinds(void) { return kinds; }
void fault_disarm(void) { armed = 0; }

static int under(const char *path) { return strncmp(path, folder, strlen(folder)) == 0; }

static int file_here(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    return size > 0 ? (path[size] = 0, under(path)) : 0;
}
static int path_here(int fd, const char *path) {
    char start[PATH_MAX];
    if (!path) return 0;
    if (path[0] == '/') return under(path);
    return fd == AT_FDCWD ? getcwd(start, sizeof start) && under(start) : file_here(fd);
}

static void gone(void) {
    if (how == POWER)
        for (int i = 0; i < dirties; i++) {
            struct stat facts;
            if (!fstat(dirty[i].fd, &facts) && ftruncate64(dirty[i].fd, facts.st_size / 2)) continue;
        }
    _exit(137);
}

/* What to do with a call of this kind under the folder: 0 go on, else an errno. HALF is left to the writers. */
static int fault(int kind) {
    if (seen < (long)sizeof kinds) kinds[seen] = kind;
    int due = ++seen == at, over = seen >= at && at > 0;
    if (due && (how == KILL || how == POWER || (how == HALF && kind != WRITTEN))) gone();
    if (due && how == HALT) raise(SIGSTOP);
    if (due && how >= TERM) kill(getpid(), how == TERM ? SIGTERM : how == INT ? SIGINT : SIGHUP);
    if (due && how == BROKEN) return EIO;
    if (over && how == FULL && (kind & NEEDS_SPACE)) return ENOSPC;
    if (over && how == DENIED && (kind & NEEDS_RIGHTS)) return EACCES;
    return 0;
}
#define REFUSED(kind) int wrong = fault(kind); if (wrong) { errno = wrong; return -1; }
#define REAL(name, ...) static int (*real)(__VA_ARGS__); if (!real) real = dlsym(RTLD_NEXT, name)

static void soiled(int fd) {
    struct stat facts;
    if (how != POWER || fstat(fd, &facts) || dirties == MOST) return;
    for (int i = 0; i < dirties; i++) if (dirty[i].inode == facts.st_ino) return;
    dirty[dirties].fd = dup(fd), dirty[dirties++].inode = facts.st_ino;
}
static void cleaned(int fd) {
    struct stat facts;
    if (fstat(fd, &facts)) return;
    for (int i = 0; i < dirties; i++)
        if (dirty[i].inode == facts.st_ino) { close(dirty[i].fd); dirty[i] = dirty[--dirties]; return; }
}

static ssize_t (*write_now)(int, const void *, size_t);
ssize_t write(int fd, const void *data, size_t size) {
    if (!write_now) write_now = dlsym(RTLD_NEXT, "write");
    if (armed && size && file_here(fd)) {
        REFUSED(WRITTEN)
        if (how == HALF && seen == at) { write_now(fd, data, size / 2); gone(); }
        ssize_t done = write_now(fd, data, size);
        soiled(fd);
        return done;
    }
    return write_now(fd, data, size);
}
#define PWRITE(name) \
    ssize_t name(int fd, const void *data, size_t size, off_t where) { \
        static ssize_t (*real)(int, const void *, size_t, off_t); \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        if (armed && size && file_here(fd)) { \
            REFUSED(WRITTEN) \
            if (how == HALF && seen == at) { real(fd, data, size / 2, where); gone(); } \
            ssize_t done = real(fd, data, size, where); \
            soiled(fd); \
            return done; \
        } \
        return real(fd, data, size, where); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define COPY(name, arguments, call) \
    ssize_t name arguments { \
        static ssize_t (*real) arguments; \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        if (armed && size && file_here(to)) { \
            REFUSED(WRITTEN) \
            if (how == HALF && seen == at) { size /= 2; real call; gone(); } \
            ssize_t done = real call; \
            soiled(to); \
            return done; \
        } \
        return real call; \
    }
COPY(sendfile, (int to, int from, off_t *where, size_t size), (to, from, where, size))
COPY(sendfile64, (int to, int from, off64_t *where, size_t size), (to, from, where, size))
COPY(copy_file_range, (int from, off64_t *at_from, int to, off64_t *at_to, size_t size, unsigned flags), (from, at_from, to, at_to, size, flags))

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(#name, const char *, int, ...); \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        if (armed && (flags & (O_WRONLY | O_RDWR | O_CREAT)) && path_here(AT_FDCWD, path)) { REFUSED(OPENED) } \
        return real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
#define OPENAT(name) \
    int name(int fd, const char *path, int flags, ...) { \
        REAL(#name, int, const char *, int, ...); \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        if (armed && (flags & (O_WRONLY | O_RDWR | O_CREAT)) && path_here(fd, path)) { REFUSED(OPENED) } \
        return real(fd, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

#define FLUSH(name) \
    int name(int fd) { \
        REAL(#name, int); \
        if (armed && file_here(fd)) { REFUSED(FLUSHED) cleaned(fd); } \
        return real(fd); \
    }
FLUSH(fsync)
FLUSH(fdatasync)
#define CUT(name) \
    int name(int fd, off_t size) { \
        REAL(#name, int, off_t); \
        if (armed && file_here(fd)) { REFUSED(WRITTEN) if (how == HALF && seen == at) gone(); } \
        return real(fd, size); \
    }
CUT(ftruncate)
CUT(ftruncate64)

#define ON_PATH(name, kind, given, call, ...) \
    int name(__VA_ARGS__) { \
        REAL(#name, __VA_ARGS__); \
        if (armed && (given)) { REFUSED(kind) } \
        return real call; \
    }
ON_PATH(unlink, REMOVED, path_here(AT_FDCWD, path), (path), const char *path)
ON_PATH(rmdir, REMOVED, path_here(AT_FDCWD, path), (path), const char *path)
ON_PATH(unlinkat, REMOVED, path_here(fd, path), (fd, path, flags), int fd, const char *path, int flags)
ON_PATH(mkdir, MADE, path_here(AT_FDCWD, path), (path, mode), const char *path, mode_t mode)
ON_PATH(mkdirat, MADE, path_here(fd, path), (fd, path, mode), int fd, const char *path, mode_t mode)
ON_PATH(rename, MOVED, path_here(AT_FDCWD, old) || path_here(AT_FDCWD, new), (old, new), const char *old, const char *new)
ON_PATH(renameat, MOVED, path_here(from, old) || path_here(to, new), (from, old, to, new), int from, const char *old, int to, const char *new)
ON_PATH(link, MADE, path_here(AT_FDCWD, new), (old, new), const char *old, const char *new)
ON_PATH(symlink, MADE, path_here(AT_FDCWD, new), (old, new), const char *old, const char *new)

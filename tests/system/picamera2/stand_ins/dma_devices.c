/* SPDX-License-Identifier: Apache-2.0
 * LD_PRELOAD: answers /dev/udmabuf and /dev/dma_heap with memfd where the kernel has neither, so
 * that libcamera and picamera2 allocate their frame buffers as they do on a Pi. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_ours(const char *path) {
    return path && (!strcmp(path, "/dev/udmabuf") || !strncmp(path, "/dev/dma_heap/", 14));
}

#define OPEN(name)                                                                     \
    int name(const char *path, int flags, ...) {                                       \
        mode_t mode = 0;                                                               \
        if (flags & (O_CREAT | O_TMPFILE)) {                                           \
            va_list rest;                                                              \
            va_start(rest, flags);                                                     \
            mode = va_arg(rest, mode_t);                                               \
            va_end(rest);                                                              \
        }                                                                              \
        if (is_ours(path))                                                             \
            return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);  \
        return syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);         \
    }
OPEN(open)
OPEN(open64)

static int allocate(struct dma_heap_allocation_data *wanted) {
    int memory = memfd_create("dma-buf", MFD_CLOEXEC);
    if (memory < 0)
        return -1;
    if (ftruncate(memory, wanted->len)) {
        close(memory);
        return -1;
    }
    wanted->fd = memory;
    return 0;
}

int ioctl(int descriptor, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    switch (request & 0xffffffffUL) {
    case UDMABUF_CREATE & 0xffffffffUL:
        return fcntl(((struct udmabuf_create *)argument)->memfd, F_DUPFD_CLOEXEC, 0);
    case DMA_HEAP_IOCTL_ALLOC & 0xffffffffUL:
        return allocate(argument);
    case DMA_BUF_IOCTL_SYNC & 0xffffffffUL:
    case DMA_BUF_SET_NAME_A & 0xffffffffUL:
    case DMA_BUF_SET_NAME_B & 0xffffffffUL:
        return 0;
    }
    return syscall(SYS_ioctl, descriptor, request, argument);
}

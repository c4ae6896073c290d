// Runs a command of which every call of some kinds waits until a supervisor has answered it: seccomp_unotify(2).
// Usage: armed names               prints the number and the name of each call
//        armed CONTROL COMMAND...  writes the number of the listener's descriptor into the descriptor CONTROL
// strace(1) counts the calls of each thread by itself, and stops at all of them; this counts them together.
#define _GNU_SOURCE
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name) { SYS_##name, #name }

static const struct {
    int number;
    const char *name;
} calls[] = {
    CALL(bpf), CALL(openat), CALL(socket), CALL(bind), CALL(connect), CALL(listen), CALL(accept), CALL(accept4), CALL(setsockopt),
    CALL(getsockopt), CALL(getsockname), CALL(sendto), CALL(sendmsg), CALL(sendmmsg), CALL(recvfrom), CALL(recvmsg), CALL(shutdown),
    CALL(ioctl), CALL(flock), CALL(fcntl), CALL(dup), CALL(dup3), CALL(pipe2), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_pwait),
    CALL(ppoll), CALL(read), CALL(pread64), CALL(write), CALL(writev), CALL(lseek), CALL(getdents64), CALL(statx), CALL(newfstatat),
    CALL(fstat), CALL(readlinkat), CALL(faccessat), CALL(mkdirat), CALL(unlinkat), CALL(mount), CALL(statfs), CALL(mmap), CALL(clone),
    CALL(clone3), CALL(execve), CALL(wait4), CALL(kill), CALL(setns), CALL(getrandom), CALL(memfd_create), CALL(eventfd2),
    CALL(socketpair), CALL(ftruncate), CALL(prlimit64), CALL(perf_event_open),
#ifdef SYS_open
    CALL(open), CALL(stat), CALL(lstat), CALL(readlink), CALL(access), CALL(mkdir), CALL(unlink), CALL(rmdir), CALL(poll), CALL(pipe),
    CALL(dup2), CALL(epoll_wait), CALL(vfork), CALL(fork),
#endif
};

enum { COUNT = sizeof calls / sizeof *calls };

static struct sock_filter load(size_t offset) {
    return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset);
}

// The rest of the filter passes what is not compared: anonymous memory, which is the runtime's, and the word to the supervisor.
static int install(int control) {
    struct sock_filter code[2 * COUNT + 16], *next = code;
    const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct sock_filter notify = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    *next++ = load(offsetof(struct seccomp_data, nr));
    *next++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 4);
    *next++ = load(offsetof(struct seccomp_data, args[3]));
    *next++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 0, 1);
    *next++ = allow;
    *next++ = notify;
    *next++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 4);
    *next++ = load(offsetof(struct seccomp_data, args[0]));
    *next++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)control, 0, 1);
    *next++ = allow;
    *next++ = notify;
    for (int i = 0; i < COUNT; i++) {
        *next++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].number, 0, 1);
        *next++ = notify;
    }
    *next++ = allow;
    struct sock_fprog program = { (unsigned short)(next - code), code };
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "names") == 0) {
        for (int i = 0; i < COUNT; i++) {
            printf("%d %s\n", calls[i].number, calls[i].name);
        }
        return 0;
    }
    if (count < 3) {
        return 2;
    }
    int control = atoi(arguments[1]);
    int listener = install(control);
    // The answer fits into a pipe, and the descriptor stays open for the supervisor to take: it closes with exec.
    if (listener < 0 || write(control, &listener, sizeof listener) != sizeof listener) {
        perror("armed");
        return 125;
    }
    execvp(arguments[2], arguments + 2);
    return 127;
}
